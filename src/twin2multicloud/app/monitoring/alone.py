"""Of all processes that could do the same one does: the one that holds a lock, which the system gives back however that
process ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, text

from twin2multicloud.app.backend import Backend
from twin2multicloud.held import HeldFile


class Reach(StrEnum):
    """Which processes could ask the same sources, so that one of them does."""

    MACHINE = "machine"
    """Those that share a data directory: what is asked is in it."""
    INSTALLATION = "installation"
    """Those that share a database: what is asked answers everywhere."""


class Alone:
    """Whether this process is the one that does something."""

    def __init__(self, held: HeldFile | None = None, connection: Connection | None = None) -> None:
        self._held = held
        self._connection = connection

    def holds(self) -> bool:
        """Still. Raises `SQLAlchemyError` where the database cannot tell."""
        if self._connection is not None:
            self._connection.execute(text("SELECT 1"))
        return self._held is not None or self._connection is not None


@contextmanager
def the_only_one(backend: Backend, name: str, reach: Reach) -> Iterator[Alone]:
    """Be the one that does what is called so, of all within reach, if nobody else is."""
    if reach is Reach.MACHINE or backend.database.is_sqlite:
        database = Path(str(backend.database.url.database))
        here = backend.settings.data / f"{name}.lock"
        held = HeldFile.take(here if reach is Reach.MACHINE else database.with_name(f"{database.name}.{name}"))
        if held is None:
            yield Alone()
            return
        with held:
            yield Alone(held)
        return
    with backend.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        take = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
        if not connection.execute(take, {"name": name}).scalar():
            yield Alone()
            return
        try:
            yield Alone(connection=connection)
        finally:
            if not connection.invalidated:
                connection.execute(text("SELECT pg_advisory_unlock(hashtextextended(:name, 0))"), {"name": name})
