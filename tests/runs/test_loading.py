"""What the processes of stages load: two of them per run, so that what they do not need is dear."""

from __future__ import annotations

import subprocess
import sys

import pytest

_NEVER = ("fastapi", "uvicorn", "alembic", "dbos", "rich", "typer", "httpx2", "authlib", "pydantic.v1")
"""What nothing in a stage works with."""
_DEPLOYING = ("numpy", "starlette", "twin2multicloud.optimizer", "twin2multicloud.app.optimizing.solver")
"""What some stages work with, which load it themselves."""


def loaded_by(code: str, *modules: str) -> list[str]:
    """Those of the modules that are there after some code has run in a process of its own."""
    asked = f"{code}\nimport sys\nprint(*(name for name in {modules!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout.split()


def test_a_stage_loads_neither_the_api_nor_the_optimizer() -> None:
    code = "import twin2multicloud.app.backend, twin2multicloud.app.runs.told, twin2multicloud.app.runs.stage"
    assert loaded_by(code, *_NEVER, *_DEPLOYING, "twin2multicloud.deployer.deploying") == []


@pytest.mark.parametrize(
    ("target", "others"),
    [("sandbox", (*_DEPLOYING, "twin2multicloud.deployer.deploying")), ("clouds", _DEPLOYING[-1:])],
)
def test_a_target_loads_what_it_works_with(target: str, others: tuple[str, ...]) -> None:
    code = f"from twin2multicloud.app.runs.targets.find import find_target; find_target({target!r})"
    assert loaded_by(code, *_NEVER, *others) == []


def test_the_program_of_a_stage_hears_interrupts_before_it_loads_anything() -> None:
    assert loaded_by("import twin2multicloud.app.runs.child", "sqlalchemy", "pydantic", "msgspec") == []


def test_a_simulated_cloud_does_not_load_what_draws_dashboards() -> None:
    """One of its processes is started per cloud, and again whenever a slot comes or goes."""
    assert loaded_by("import twin2multicloud.sandbox.cloud", *_NEVER[2:5], "numpy", "grafana_foundation_sdk") == []
