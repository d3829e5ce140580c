"""Looking at an installation: what it stands on, whether each of it is as it must be, and what to do where not.

Nothing is changed, nothing raised: whatever cannot be found out is itself something that is told.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final, Literal

from sqlalchemy.exc import SQLAlchemyError

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.db import revision
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.opening import unopened
from twin2multicloud.app.db.sealing import KeyRing, SealError
from twin2multicloud.app.serving import served
from twin2multicloud.app.settings import Settings, read_settings
from twin2multicloud.model.errors import Twin2MultiCloudError

Verdict = Literal["ok", "warning", "wrong"]
_GIB: Final = 1 << 30
_LITTLE: Final = 2 * _GIB
_TOO_LITTLE: Final = _GIB // 5
_SKEW: Final = timedelta(seconds=60)
_SOON: Final = timedelta(days=14)
EXTRAS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws": ("boto3",),
    "azure": ("azure.identity", "azure.iot.hub", "azure.cosmos"),
    "gcp": ("google.cloud.firestore", "google.cloud.pubsub_v1", "google.cloud.storage"),
    "deploy": ("grpc", "google.protobuf"),
    "saml": ("minisaml",),
    "ui": ("flet", "flet_web", "brotli"),
}
"""A module of each optional part, which is there if the part is installed."""


@dataclass(frozen=True)
class Sign:
    """One thing that was looked at. `remedy` says what to do where it is not as it must be."""

    what: str
    verdict: Verdict
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What is looked at beside files and the network; tests say something else."""

    python: tuple[int, ...] = tuple(sys.version_info[:3])
    sqlite: str = sqlite3.sqlite_version
    installed: Callable[[str], bool] = lambda name: _installed(name)
    free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free
    core: Callable[[], str] = lambda: _core()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def examine_here(data: Path | None, here: Surroundings) -> Iterator[Sign]:
    """This machine, its settings and its data."""
    yield _python(here)
    settings, sign = _settings(data)
    yield sign
    yield _sqlite(here, settings)
    yield _terraform(here)
    yield from _extras(here)
    if settings is not None:
        yield from _data(settings, here)
        yield _port(settings)
        yield _keys(settings)
        yield _database(settings)


def examine_server(client: Client, here: Surroundings) -> Iterator[Sign]:
    """A server, and the key that it is asked with."""
    try:
        date = client.http.date()
    except Twin2MultiCloudError as error:
        yield Sign("server", "wrong", str(error), "start it (`twin2multicloud serve`), or correct --server")
        return
    yield Sign("server", "ok", f"{client.http.url} answers")
    if date is not None:
        yield _clock(date, here)
    yield _key(client)


# ── This machine ────────────────────────────────────────────────────────────────────────────────────────────
def _python(here: Surroundings) -> Sign:
    told = f"{'.'.join(map(str, here.python))} ({platform.python_implementation()}, {platform.system()})"
    if here.python < (3, 11):
        return Sign("python", "wrong", told, "3.11 or newer is needed: uv python install 3.13")
    return Sign("python", "ok", told)


def _settings(data: Path | None) -> tuple[Settings | None, Sign]:
    try:
        settings = read_settings(data=data)
    except Twin2MultiCloudError as error:
        remedy = "correct T2M_… in the environment, or the file that T2M_CONFIG names"
        return None, Sign("settings", "wrong", str(error), remedy)
    signing = "people sign in" if settings.auth == "login" else "for whoever has this account"
    return settings, Sign("settings", "ok", f"auth is '{settings.auth}', {signing}")


def _sqlite(here: Surroundings, settings: Settings | None) -> Sign:
    numbers = tuple(int(part) for part in here.sqlite.split("."))
    if here.python < (3, 12) or numbers >= (3, 42):
        return Sign("sqlite", "ok", here.sqlite)
    remedy = "pip install pysqlite3-binary, or use a Python from uv (uv python install), or PostgreSQL"
    text = f"{here.sqlite} is too old to carry out runs with on Python {here.python[0]}.{here.python[1]}"
    if here.installed("pysqlite3"):
        return Sign("sqlite", "ok", f"{here.sqlite}; pysqlite3 is used for runs")
    postgres = settings is not None and settings.url.startswith("postgresql")
    return Sign("sqlite", "warning" if postgres else "wrong", text, remedy)


def _terraform(here: Surroundings) -> Sign:
    try:
        return Sign("terraform", "ok", here.core())
    except Twin2MultiCloudError as error:
        text, _, remedy = str(error).partition(". ")
        return Sign("terraform", "warning", text, remedy or "install OpenTofu; deploying to clouds takes it")


def _extras(here: Surroundings) -> Iterator[Sign]:
    there = [name for name, modules in EXTRAS.items() if all(here.installed(module) for module in modules)]
    missing = [name for name in EXTRAS if name not in there]
    if there:
        yield Sign("extras", "ok", ", ".join(there))
    if missing:
        yield Sign(
            "extras",
            "warning",
            f"not installed: {', '.join(missing)}; needed only where that is used",
            f"pip install 'twin2multicloud[{','.join(missing)}]'",
        )


def _installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _core() -> str:
    from twin2multicloud.deployer.engine.binary import find_core

    return str(find_core())


# ── Its data ────────────────────────────────────────────────────────────────────────────────────────────────
def _data(settings: Settings, here: Surroundings) -> Iterator[Sign]:
    data = settings.data.absolute()
    if not data.exists():
        yield Sign("data", "ok", f"{data} is not there yet; it is made when it is needed")
        parent = next(each for each in data.parents if each.exists())
        if not os.access(parent, os.W_OK):
            yield Sign("data", "wrong", f"nothing can be made in {parent}", "choose another directory: --data DIR")
            return
        yield _space(parent, here)
        return
    if not os.access(data, os.W_OK | os.X_OK):
        yield Sign(
            "data", "wrong", f"{data} cannot be written to", f"chown it to this account: chown {os.getuid()} {data}"
        )
    elif data.stat().st_mode & 0o077:
        yield Sign("data", "wrong", f"{data} may be looked into by others of this machine", f"chmod 700 {data}")
    else:
        yield Sign("data", "ok", str(data))
    yield _space(data, here)


def _space(where: Path, here: Surroundings) -> Sign:
    free = here.free_bytes(where)
    told = f"{free / _GIB:,.1f} GiB are free on its disk"
    if free < _TOO_LITTLE:
        return Sign("disk", "wrong", told, "make room: a database that cannot grow loses what is written")
    return Sign("disk", "warning" if free < _LITTLE else "ok", told, "make room soon" if free < _LITTLE else "")


def _port(settings: Settings) -> Sign:
    other = served(settings.data)
    if other is not None:
        return Sign("port", "ok", f"served at {other.url} by process {other.pid}")
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((settings.host, settings.port))
        except OSError as error:
            return Sign(
                "port",
                "warning",
                f"{settings.host}:{settings.port} cannot be listened on ({error.strerror})",
                "serve on another one: --port 0 takes any that is free",
            )
    return Sign("port", "ok", f"{settings.host}:{settings.port} is free")


def _keys(settings: Settings) -> Sign:
    if not settings.keys.exists():
        if settings.database_url is None and not (settings.data / "app.db").exists():
            return Sign("keys", "ok", f"{settings.keys} is made with the database")
        return Sign(
            "keys",
            "wrong",
            f"{settings.keys} is not there, so no secret in the database can be opened",
            "put the keys.json back that was kept beside the backup; a new one opens nothing old. If it is lost, "
            "`twin2multicloud db discard-sealed` goes on without what only it opens",
        )
    try:
        ring = KeyRing.of(settings.keys)
    except Twin2MultiCloudError as error:
        return Sign("keys", "wrong", str(error), f"chmod 600 {settings.keys}, or put the old file back")
    except OSError as error:
        return Sign("keys", "wrong", f"{settings.keys}: {error.strerror}", "give this account the right to read it")
    refusal = _unopened(settings, ring)
    if refusal is not None:
        text, _, remedy = refusal.partition(". ")
        return Sign("keys", "wrong", text, remedy)
    return Sign("keys", "ok", f"{settings.keys}: {len(ring.keys)}, the current one is {ring.current}")


def _unopened(settings: Settings, ring: KeyRing) -> str | None:
    """Why the keys do not open what the database holds; None, too, where it does not answer, which is told apart."""
    if settings.database_url is None and not (settings.data / "app.db").exists():
        return None
    database = Database(settings.url)
    try:
        return unopened(database, ring, settings.keys)
    except (SQLAlchemyError, SealError):
        return None
    finally:
        database.close()


def _database(settings: Settings) -> Sign:
    database = Database(settings.url)
    try:
        told = database.url.render_as_string()
        if database.is_sqlite and not Path(str(database.url.database)).exists():
            return Sign("database", "ok", f"{told} is not there yet; it is made when it is needed")
        there, wanted = revision.of(database), revision.head()
    except SQLAlchemyError as error:
        cause = str(error.__cause__ or error).splitlines()[0][:200]
        return Sign("database", "wrong", f"{told} does not answer: {cause}", "start it, or correct T2M_DATABASE_URL")
    finally:
        database.close()
    if there is None:
        return Sign("database", "ok", f"{told} is empty; tables are made when they are needed")
    if there != wanted:
        remedy = "twin2multicloud db backup FILE && twin2multicloud db upgrade"
        return Sign("database", "wrong", f"{told} is at revision {there}, this version needs {wanted}", remedy)
    return Sign("database", "ok", f"{told}, revision {there}")


# ── A server ────────────────────────────────────────────────────────────────────────────────────────────────
def _clock(header: str, here: Surroundings) -> Sign:
    try:
        skew = here.now() - parsedate_to_datetime(header)
    except ValueError:
        return Sign("clock", "warning", f"the server's time cannot be read ({header[:60]})")
    told = f"{abs(skew.total_seconds()):,.0f} s {'ahead of' if skew > timedelta() else 'behind'} the server's"
    if abs(skew) > _SKEW:
        return Sign("clock", "warning", told, "set this machine's clock, or the server's (timedatectl set-ntp true)")
    return Sign("clock", "ok", "goes with the server's")


def _key(client: Client) -> Sign:
    """Whether the key holds, and for whom."""
    try:
        me = client.login.me()
    except Twin2MultiCloudError as error:
        return Sign("key", "wrong", str(error), f"twin2multicloud login --server {client.http.url}")
    return Sign("key", "ok", f"{me.name} ({me.email}), {', '.join(me.scopes)}")
