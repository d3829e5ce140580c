"""The program of a stage's process: `python -m twin2multicloud.app.runs.child`, told on standard input what to do.

Settings come that way, too, since they may hold the database's password: others on the machine see arguments, and every
process below inherits the environment.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any, Final, Literal

import msgspec

from twin2multicloud.app.backend import Backend, open_backend
from twin2multicloud.app.cache_directory import CACHE
from twin2multicloud.app.correlation import correlated
from twin2multicloud.app.deploying.session import MIRRORS, SCENARIO, VERSIONS
from twin2multicloud.app.runs.children import Command
from twin2multicloud.app.runs.engine import Json
from twin2multicloud.app.runs.environment import CREDENTIALS
from twin2multicloud.app.runs.stage import StageExit, carry_out
from twin2multicloud.app.runs.targets.find import find_target
from twin2multicloud.app.settings import Settings

_PASSED_ON: Final = frozenset(
    {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "XDG_CACHE_HOME", "OPENBLAS_CORETYPE"}
    | {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
    | {CACHE, MIRRORS, SCENARIO, VERSIONS}
)
"""Of the server's environment: what programs need anywhere, and what says where Terraform's providers come from. The
backend's settings are not among it: they may hold secrets, and those that a stage needs come on standard input.
"""


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """What a stage's process is told."""

    run: str
    stage: str
    attempt: int
    settings: dict[str, Any]
    auth: Literal["local", "login"]
    keys: list[str]
    """Fingerprints of the master keys that the server has checked."""


def stage_command(backend: Backend, payload: Json) -> Command:
    """How the process of a stage is started."""
    assert isinstance(payload, dict)
    settings = backend.settings
    keys = sorted(backend.sealer.ring.fingerprints().values())
    told = Told(payload["run"], payload["stage"], payload["attempt"], settings_document(settings), settings.auth, keys)
    passed_on = _PASSED_ON | (CREDENTIALS if settings.auth == "local" else frozenset())
    environment = {name: text for name, text in os.environ.items() if name in passed_on}
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
        "prices": None if settings.prices is None else str(settings.prices.resolve()),
    }


def main() -> int:
    """Carry out the stage that standard input tells of."""
    # Interrupts before anything has begun are as good as those in between.
    signal.signal(signal.SIGTERM, _interrupted)
    try:
        told = msgspec.json.decode(sys.stdin.buffer.read(), type=Told)
        # A copy is not validated: how people sign in is no matter of a stage, only whether they do.
        settings = Settings(**told.settings).model_copy(update={"auth": told.auth})
        with open_backend(settings, checked_keys=told.keys) as backend, correlated(told.run):
            return carry_out(backend, told.run, told.stage, told.attempt, find_target)
    except KeyboardInterrupt:
        return StageExit.INTERRUPTED


def _interrupted(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
