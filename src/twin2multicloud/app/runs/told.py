"""What a stage's process is told, and how it is started.

Settings come on standard input, since they may hold the database's password: others on the machine see arguments, and
every process below inherits the environment.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Final, Literal

import msgspec

from twin2multicloud.app.backend import Backend
from twin2multicloud.app.cache_directory import CACHE
from twin2multicloud.app.deploying.variables import MIRRORS, SCENARIO, VERSIONS
from twin2multicloud.app.runs.children import Command
from twin2multicloud.app.runs.engine import Json
from twin2multicloud.app.runs.environment import CREDENTIALS
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
        "price_lists": _price_lists(settings),
    }


def _price_lists(settings: Settings) -> dict[str, Any]:
    key = settings.price_lists.google_api_key
    return {
        **settings.price_lists.model_dump(exclude={"google_api_key"}),
        "google_api_key": None if key is None else key.get_secret_value(),
    }


def told() -> Told:
    """What standard input tells this process; `msgspec.DecodeError` if it is nothing of ours."""
    return msgspec.json.decode(sys.stdin.buffer.read(), type=Told)


def settings_of(told: Told) -> Settings:
    """The settings that a stage was told."""
    # A copy is not validated: how people sign in is no matter of a stage, only whether they do.
    return Settings(**told.settings).model_copy(update={"auth": told.auth})
