"""Connections and transactions: the same rules on SQLite and PostgreSQL.

A session reads (`read`) or writes (`write`); what is written is committed as a whole when the block ends, and nothing
of it when it raises. Events that a transaction gathers come last in it, since writing events takes turns. No network
and no long work belongs into a session.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from twin2multicloud.model.errors import UsageError

_PATIENCE_MS: Final = 30_000
_IMMEDIATE: Final = "t2m_immediate"
BeforeCommit = Callable[[Session], None]


class Database:
    """One database. Threads may share it; processes each open their own."""

    def __init__(self, url: str, *, pool: int = 48) -> None:
        self.url = read_url(url)
        self.engine = _engine(self.url, pool)
        self._writing = self.engine.execution_options(**{_IMMEDIATE: True})
        self._before_commit: list[BeforeCommit] = []
        self._after_commit: list[Callable[[Session], None]] = []

    @property
    def is_sqlite(self) -> bool:
        """Whether it is the embedded one."""
        return self.url.get_backend_name() == "sqlite"

    def last_before_commit(self, hook: BeforeCommit) -> None:
        """Have every writing session call this right before it commits."""
        self._before_commit.append(hook)

    def after_commit(self, hook: Callable[[Session], None]) -> None:
        """Have every writing session call this once it has committed."""
        self._after_commit.append(hook)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for looking. What is changed in it is thrown away."""
        with Session(self.engine, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session for changing, committed at its end. On SQLite it is the only one from its beginning on, so that
        what it read still holds when it writes.
        """
        with Session(self._writing, autoflush=False, expire_on_commit=False) as session:
            yield session
            session.flush()
            for hook in self._before_commit:
                hook(session)
            session.commit()
            for hook in self._after_commit:
                hook(session)

    def take_turns(self, session: Session, subject: str) -> None:
        """Have this writing session wait until no other one that takes turns at the same subject is left, and be the
        one from here on to its end. On SQLite writers take turns anyway.
        """
        if not self.is_sqlite:
            session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:subject, 0))"), {"subject": subject})

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def sqlite_url(file: Path) -> str:
    """The URL of an embedded database."""
    return f"sqlite:///{file}"


def read_url(url: str) -> URL:
    """A database's URL; `UsageError` for one that is none, or of a kind that is not supported. PostgreSQL is always
    spoken to through psycopg 3.
    """
    try:
        found = make_url(url)
    except Exception as error:
        raise UsageError("database_url is not a URL; write sqlite:///FILE or postgresql://USER@HOST/NAME") from error
    backend = found.get_backend_name()
    if backend == "sqlite":
        if not found.database or found.database == ":memory:":
            raise UsageError("database_url: sqlite needs a file, as in sqlite:////var/lib/twin2multicloud/app.db")
        return found.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return found.set(drivername="postgresql+psycopg")
    raise UsageError(f"database_url: {backend} is not supported; use sqlite or postgresql")


def _engine(url: URL, pool: int) -> Engine:
    # What is stored is nobody's business who reads logs: errors and logged statements come without their values.
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_size=pool // 2, max_overflow=pool // 2, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(
        url, pool_size=pool, max_overflow=pool, connect_args={"check_same_thread": False}, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # Transactions are begun by us, not by the driver, which would begin them late and deferred.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    # What was acknowledged survives the loss of power: resources that a state tells of do, too.
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(_IMMEDIATE, False)
    if immediate:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # which may find the database locked
    else:
        # To the driver itself: what SQLAlchemy does for a statement takes longer than all that a short one does.
        connection.connection.cursor().execute("BEGIN")
