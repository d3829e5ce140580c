"""What is not loaded before somebody comes: it would cost every server's start, and every command's."""

from __future__ import annotations

import pytest

from tests.runs.test_loading import loaded_by

_LATER = ("flet", "flet_web", "msgpack", "twin2multicloud.app.ui.access", "twin2multicloud.app.ui.main")


@pytest.mark.slow
def test_a_server_loads_the_front_end_when_somebody_comes() -> None:
    code = (
        "import tempfile, pathlib; from twin2multicloud.app import serving; "
        "from twin2multicloud.app.settings import Settings; "
        "settings = Settings(data=pathlib.Path(tempfile.mkdtemp()))\n"
        "with serving.open_app(settings) as (backend, app), serving.front_end(app, settings): serving.load(app)"
    )
    assert loaded_by(code, *_LATER) == []


def test_a_command_line_loads_nothing_of_it() -> None:
    code = "from twin2multicloud.app.cli.main import run; run(['ui', '--help'])"
    told = loaded_by(code, *_LATER, "starlette", "fastapi")
    assert "twin2multicloud" in told, "the help is shown"
    assert not {*_LATER, "starlette", "fastapi"} & set(told)
