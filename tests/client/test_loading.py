"""What a command loads that works on the embedded backend: most of its processor time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_NEVER = (
    *("numpy", "psycopg", "alembic", "dbos", "authlib", "joserfc", "yaml"),
    *("twin2multicloud.optimizer", "twin2multicloud.deployer", "twin2multicloud.model.twin.reader"),
)
_BODIES = ("answers", "books", "catalogue", "placements", "questions")
_NOUNS = ("alerts", "audit", "catalogue", "connections", "events", "login_provider", "optimizing", "placements", "runs")


def test_a_list_of_twins_loads_what_twins_need(tmp_path: Path) -> None:
    modules = (
        *_NEVER,
        *(f"twin2multicloud.app.api.routes.{noun}" for noun in _NOUNS),
        *(f"twin2multicloud.app.schemas.{body}" for body in _BODIES),
    )
    code = (
        "import sys; from twin2multicloud.app.cli.main import run; assert run(['twins', 'list']) == 0; "
        f"print([name for name in {modules!r} if name in sys.modules])"
    )
    environment = {"T2M_DATA": str(tmp_path), "HOME": str(tmp_path), "PATH": ""}
    for _ in range(2):  # the first one makes the database
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120, check=True
        )
    assert done.stdout.splitlines()[-1] == "[]"
