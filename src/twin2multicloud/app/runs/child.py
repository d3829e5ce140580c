"""The program of a stage's process: `python -m twin2multicloud.app.runs.child`, told on standard input what to do.

Settings come that way, too, since they may hold the database's password: others on the machine see arguments, and every
process below inherits the environment.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, Final

import msgspec

from twin2multicloud.app.backend import Backend, open_backend
from twin2multicloud.app.correlation import correlated
from twin2multicloud.app.runs.children import Command
from twin2multicloud.app.runs.engine import Json
from twin2multicloud.app.runs.stage import StageExit, carry_out
from twin2multicloud.app.runs.targets.find import find_target
from twin2multicloud.app.settings import Settings

_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "XDG_CACHE_HOME")
"""Of the server's environment. Others of ours (`T2M_…`) are passed on as well, but what may be secret."""
_SECRET: Final = ("KEY", "SECRET", "TOKEN", "PASSWORD", "DATABASE_URL")


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """What a stage's process is told."""

    run: str
    stage: str
    attempt: int
    settings: dict[str, Any]


def stage_command(backend: Backend, payload: Json) -> Command:
    """How the process of a stage is started."""
    assert isinstance(payload, dict)
    told = Told(payload["run"], payload["stage"], payload["attempt"], settings_document(backend.settings))
    environment = {
        name: text
        for name, text in os.environ.items()
        if name in _PASSED_ON or (name.startswith("T2M_") and not any(word in name for word in _SECRET))
    }
    return Command(
        (sys.executable, "-P", "-m", "twin2multicloud.app.runs.child"),
        {**environment, "OPENBLAS_NUM_THREADS": "1"},
        stdin=msgspec.json.encode(told),
    )


def settings_document(settings: Settings) -> dict[str, Any]:
    """The settings that a stage needs. Nobody signs in at one, so what is for that stays out."""
    return {
        "data": str(settings.data.resolve()),
        "database_url": settings.url,
        "keys_file": str(settings.keys.resolve()),
        "log_format": settings.log_format,
    }


def main() -> int:
    """Carry out the stage that standard input tells of."""
    # Interrupts before anything has begun are as good as those in between.
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        told = msgspec.json.decode(sys.stdin.buffer.read(), type=Told)
        settings = Settings(**told.settings)
        with open_backend(settings) as backend, correlated(told.run):
            return carry_out(backend, told.run, told.stage, told.attempt, find_target)
    except KeyboardInterrupt:
        return StageExit.INTERRUPTED


def _interrupted(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
