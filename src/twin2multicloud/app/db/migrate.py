"""Bringing a database's tables to what this version expects, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from twin2multicloud.app.db import tables
from twin2multicloud.app.db.base import Base
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.revision import SCRIPTS, MigrationError, within

_LOCK: Final = 0x7432_6D6D
assert tables.__all__


def upgrade(database: Database, to: str = "head") -> None:
    """Bring the tables to a revision. Of several processes that do so at once one does it, the others wait."""
    with _alone(database) as connection:
        upgrade_within(connection, to)


def upgrade_within(connection: Connection, to: str) -> None:
    """The same within a transaction that is under way."""
    known = {each.revision for each in ScriptDirectory.from_config(_config(None)).walk_revisions()}
    there = within(connection)
    for revision_ in (there, None if to == "head" else to):
        if revision_ is not None and revision_ not in known:
            raise MigrationError(
                f"revision {revision_} is of a newer version of this program; use that version, "
                "or a backup of before the upgrade"
            )
    command.upgrade(_config(connection), to)


def downgrade(database: Database, to: str) -> None:
    """Take the tables back to an earlier revision ("base": to nothing)."""
    with _alone(database) as connection:
        command.downgrade(_config(connection), to)


def differences(database: Database) -> list[Any]:
    """In what the tables differ from what the code says: nothing, at the newest revision."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _thing, name, kind, *_: (
                    not (kind == "table" and str(name).startswith("dbos_"))
                ),
            },
        )
        found: list[Any] = compare_metadata(context, Base.metadata)
        return found


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    with database.engine.execution_options(t2m_immediate=True).begin() as connection:
        if not database.is_sqlite:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        yield connection


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    return config
