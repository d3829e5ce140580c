"""Where the engine keeps what it knows: beside our tables, so that one backup holds both.

On PostgreSQL a schema of the same database: `pg_dump` reads both as of one moment. On SQLite a file of its own beside
ours, since the engine's tables have names such as `queues` and it writes at its own times. The two files are not of
one moment then, and need not be: stages are started from our tables, so an engine's file that is older, or lost, is
made up for by starting what our tables say is unfinished. A restored backup therefore needs ours alone.
"""

from __future__ import annotations

import importlib
import sqlite3
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Engine, event, make_url

from twin2multicloud.app.runs.engine import EngineError

SCHEMA: Final = "stages"
_SUFFIX: Final = "-stages"
_NEEDED: Final = (3, 42)
_PLACES: Final = 10
"""Connections of the engine to PostgreSQL at most."""


def store_engine(url: str, sqlite_module: ModuleType | None = None) -> Engine:
    """The SQLAlchemy engine for the database at our URL, `sqlite:///FILE` or `postgresql+psycopg://…`.

    `sqlite_module` stands in for Python's sqlite3. Raises `EngineError` for another database, or an SQLite too old.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=_PLACES, max_overflow=0, pool_pre_ping=True
        )
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        shown = parsed.render_as_string()
        raise EngineError(f"runs need an SQLite file or PostgreSQL, not {shown}: set the database's URL to one of them")
    module = usable_sqlite(sqlite_module)
    file = beside(Path(parsed.database))
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(file)), module=module)
    event.listen(engine, "connect", _prepare)
    return engine


def beside(file: Path) -> Path:
    """The engine's own file, beside ours."""
    return file.with_name(f"{file.stem}{_SUFFIX}{file.suffix}")


def usable_sqlite(
    module: ModuleType | None = None, python: tuple[int, ...] = tuple(sys.version_info[:2])
) -> ModuleType:
    """The module to reach SQLite through: the given one, else Python's own, else pysqlite3 if that is installed.

    DBOS writes `unixepoch('subsec')` from Python 3.12 on, which an older SQLite answers with NULL; its launch then
    fails without naming the cause. Raises `EngineError`.
    """
    found = module or sqlite3
    if _new_enough(found, python):
        return found
    if module is None and importlib.util.find_spec("pysqlite3") is not None:
        other = importlib.import_module("pysqlite3")
        if _new_enough(other, python):
            return other
    raise EngineError(
        f"SQLite {found.sqlite_version} is too old for Python {python[0]}.{python[1]}: runs need 3.42 or newer. "
        "Either pip install pysqlite3-binary, or use a Python from uv (uv python install), or PostgreSQL"
    )


def _new_enough(module: ModuleType, python: tuple[int, ...]) -> bool:
    version: tuple[int, ...] = module.sqlite_version_info
    return python < (3, 12) or version >= _NEEDED


def _prepare(connection: Any, _record: object) -> None:
    # What DBOS sets on engines that it makes itself, and what makes a commit three times quicker. A commit that a
    # power failure takes back is a stage that is started again.
    connection.isolation_level = "IMMEDIATE"
    for pragma in ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")
