"""Of which version a database's tables are. What brings them to another one (`migrate`) takes long to load, and is
needed once in a while only.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from twin2multicloud.app.db.database import Database
from twin2multicloud.model.errors import Twin2MultiCloudError

SCRIPTS: Final = Path(__file__).parent / "migrations"
_TABLE: Final = "alembic_version"


class MigrationError(Twin2MultiCloudError):
    """The database is not as this version of the program needs it (exit code 6)."""

    exit_code = 6


@cache
def head() -> str:
    """The revision that this version expects: they are numbered, and each follows the one before."""
    return max(script.name.partition("_")[0] for script in (SCRIPTS / "versions").glob("[0-9]*_*.py"))


def of(database: Database) -> str | None:
    """The revision a database has; None for an empty one."""
    with database.engine.connect() as connection:
        return within(connection)


def within(connection: Connection) -> str | None:
    """The same within a transaction that is under way."""
    if not inspect(connection).has_table(_TABLE):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def check(database: Database) -> None:
    """`MigrationError` unless the tables are those that this version expects."""
    there = of(database)
    if there != head():
        raise MigrationError(
            f"the database is at revision {there or 'none'}, this version needs {head()}; `twin2multicloud db upgrade`"
        )
