"""Who of the servers lives. A stage that a dead one was carrying out is taken over by a living one.

No heartbeat and no clock: on PostgreSQL a server holds an advisory lock by a connection, on SQLite a file, and the
system lets go of either when the server dies, however it died.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from twin2multicloud.app.runs.engine import EngineError
from twin2multicloud.held import HeldFile

_LOOK_S: Final = 0.1
# A server whose machine lost its power says nothing: PostgreSQL finds out by probing.
_PROBES: Final = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")


class Presence(Protocol):
    """That this server lives, for the others to see."""

    def claim(self) -> None:
        """Show it. Raises `EngineError` if another living server goes by the same id."""

    def renew(self) -> None:
        """Show it again if the database was away for a while."""

    @contextmanager
    def dead(self, executor_id: str, /) -> Iterator[bool]:
        """Whether that server is dead; it cannot come to life for as long as the block lasts."""

    def release(self) -> None:
        """We are about to end."""


class OnFile:
    """For SQLite, whose file one server has: whoever else left stages behind is dead."""

    def __init__(self, file: Path, wait_s: float) -> None:
        self._file = file
        self._wait_s = wait_s
        self._held: HeldFile | None = None

    def claim(self) -> None:
        """As in `Presence`."""
        deadline = time.monotonic() + self._wait_s
        while (held := HeldFile.take(self._file)) is None:
            if time.monotonic() >= deadline:
                raise EngineError(
                    f"another server carries out stages on {self._file.with_suffix('')}: "
                    "stop it, or give both a PostgreSQL"
                )
            time.sleep(_LOOK_S)
        self._held = held

    def renew(self) -> None:
        """As in `Presence`: a file stays held."""

    @contextmanager
    def dead(self, _executor_id: str, /) -> Iterator[bool]:
        """As in `Presence`."""
        yield True

    def release(self) -> None:
        """As in `Presence`."""
        if self._held is not None:
            self._held.release()
            self._held = None


class OnPostgres:
    """For PostgreSQL: an advisory lock of a session that lasts as long as we do.

    It needs a session of its own, so not a pooler that shares sessions between transactions.
    """

    def __init__(self, url: sa.URL, executor_id: str, wait_s: float) -> None:
        self._engine: Engine = sa.create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 10}
        )
        self._executor_id = executor_id
        self._wait_s = wait_s
        self._session: Connection | None = None

    def claim(self) -> None:
        """As in `Presence`."""
        # A server that was just killed is noticed by the database within moments.
        deadline = time.monotonic() + self._wait_s
        while not self._try():
            if time.monotonic() >= deadline:
                raise EngineError(
                    f"another server goes by the id {self._executor_id!r} on this database: give each its own"
                )
            time.sleep(_LOOK_S)

    def renew(self) -> None:
        """As in `Presence`."""
        if self._session is not None:
            try:
                self._session.execute(sa.text("SELECT 1"))
            except SQLAlchemyError:
                self.release()
        if self._session is None:
            self._try()

    @contextmanager
    def dead(self, executor_id: str, /) -> Iterator[bool]:
        """As in `Presence`."""
        with self._engine.connect() as session:
            # The lock goes with the session, at the end of the block.
            yield _locked(session, executor_id)

    def release(self) -> None:
        """As in `Presence`."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _try(self) -> bool:
        session = self._engine.connect()
        try:
            for setting in _PROBES:
                session.execute(sa.text(f"SET {setting}"))
            taken = _locked(session, self._executor_id)
        except BaseException:
            session.close()
            raise
        if taken:
            self._session = session
        else:
            session.close()
        return taken


def _locked(session: Connection, executor_id: str) -> bool:
    digest = hashlib.sha256(f"twin2multicloud stages {executor_id}".encode()).digest()
    key = int.from_bytes(digest[:8], signed=True)
    return bool(session.execute(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar())
