"""States in one SQLite file, which several processes may use at once."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from twin2multicloud.deployer.state.document import StateDocument, read_document, with_serial
from twin2multicloud.deployer.state.errors import (
    LockedError,
    LockLostError,
    StateError,
)
from twin2multicloud.deployer.state.records import Holder, LockRequest, StateLock, StateVersion
from twin2multicloud.deployer.state.rules import (
    check_follows,
    check_keep,
    check_lock,
    md5_of,
    serial_after,
    unknown_version,
)
from twin2multicloud.runtime.ports import Clock

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS versions (
    stack TEXT NOT NULL, number INTEGER NOT NULL, serial INTEGER NOT NULL, lineage TEXT NOT NULL, md5 TEXT NOT NULL,
    size INTEGER NOT NULL, resources INTEGER NOT NULL, run_id TEXT NOT NULL, created REAL NOT NULL, restored INTEGER,
    content BLOB NOT NULL, PRIMARY KEY (stack, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS locks (
    stack TEXT NOT NULL PRIMARY KEY, id TEXT NOT NULL, lock BLOB NOT NULL
) STRICT, WITHOUT ROWID;
"""
_COLUMNS: Final = "stack, number, serial, lineage, md5, size, resources, run_id, created, restored"
_PATIENCE_S: Final = 10.0


class SqliteStateStore:
    """See `StateStore`. The file is readable by its owner only, since states hold secrets."""

    def __init__(self, file: Path, clock: Clock) -> None:
        """Open the file, making it if need be."""
        self._clock = clock
        self._guard = threading.Lock()
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made by us before SQLite opens it: its journals take over the mode.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        file.chmod(0o600)
        self._connection = sqlite3.connect(file, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            # A state that was acknowledged must survive the loss of power: the resources do.
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            raise StateError(
                f"{file}: not a store of states: {error}. Name another file, or restore this one"
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def stacks(self) -> list[str]:
        """See `StateStore`."""
        with self._transaction() as db:
            rows = db.execute("SELECT stack FROM versions UNION SELECT stack FROM locks ORDER BY 1").fetchall()
        return [row[0] for row in rows]

    def current(self, stack: str) -> StateVersion | None:
        """See `StateStore`."""
        with self._transaction() as db:
            newest = _newest(db, stack)
        return newest if newest is not None and newest.size else None

    def content(self, stack: str, number: int | None = None) -> bytes:
        """See `StateStore`."""
        with self._transaction() as db:
            return _content(db, stack, number)

    def history(self, stack: str) -> list[StateVersion]:
        """See `StateStore`."""
        query = f"SELECT {_COLUMNS} FROM versions WHERE stack = ? ORDER BY number DESC"  # noqa: S608 (constant)
        with self._transaction() as db:
            return [StateVersion(*row) for row in db.execute(query, (stack,)).fetchall()]

    def write(self, stack: str, content: bytes, *, lock_id: str, holder: Holder) -> StateVersion:
        """See `StateStore`."""
        document = read_document(content)
        with self._transaction() as db:
            lock = _lock(db, stack)
            check_lock(stack, lock, lock_id)
            newest = _newest(db, stack)
            if newest is not None and newest.size:
                if md5_of(content) == newest.md5:
                    return newest
                check_follows(stack, document, newest)
            return self._append(db, stack, content, document, holder)

    def delete(self, stack: str, *, lock_id: str | None, holder: Holder) -> None:
        """See `StateStore`."""
        with self._transaction() as db:
            lock = _lock(db, stack)
            if lock is not None and lock.request.id != lock_id:
                raise LockedError(lock)
            newest = _newest(db, stack)
            if newest is not None and newest.size:
                gone = StateDocument(newest.serial, newest.lineage)
                self._append(db, stack, b"", gone, holder)

    def lock(self, stack: str, request: LockRequest, holder: Holder) -> StateLock:
        """See `StateStore`."""
        with self._transaction() as db:
            held = _lock(db, stack)
            if held is not None:
                raise LockedError(held)
            lock = StateLock(stack, request, holder, self._clock.now())
            db.execute("INSERT INTO locks VALUES (?, ?, ?)", (stack, request.id, msgspec.json.encode(lock)))
        return lock

    def unlock(self, stack: str, lock_id: str) -> None:
        """See `StateStore`."""
        with self._transaction() as db:
            lock = _lock(db, stack)
            if lock is None:
                return
            if lock.request.id != lock_id:
                raise LockLostError(f"{stack}: lock {lock_id} is not the stack's: {lock.describe()}")
            db.execute("DELETE FROM locks WHERE stack = ?", (stack,))

    def break_lock(self, stack: str) -> StateLock | None:
        """See `StateStore`."""
        with self._transaction() as db:
            lock = _lock(db, stack)
            db.execute("DELETE FROM locks WHERE stack = ?", (stack,))
        return lock

    def lock_of(self, stack: str) -> StateLock | None:
        """See `StateStore`."""
        with self._transaction() as db:
            return _lock(db, stack)

    def roll_back(self, stack: str, number: int, holder: Holder) -> StateVersion:
        """See `StateStore`."""
        with self._transaction() as db:
            lock = _lock(db, stack)
            if lock is not None:
                raise LockedError(lock)
            content = _content(db, stack, number)
            newest = _newest(db, stack)
            document = read_document(content)
            serial = serial_after(stack, number, document, newest)
            restored = StateDocument(serial, document.lineage, document.resources)
            return self._append(db, stack, with_serial(content, serial), restored, holder, restored=number)

    def prune(self, stack: str, keep: int) -> int:
        """See `StateStore`."""
        check_keep(stack, keep)
        with self._transaction() as db:
            newest = _newest(db, stack)
            limit = (newest.number if newest else 0) - keep
            return db.execute("DELETE FROM versions WHERE stack = ? AND number <= ?", (stack, limit)).rowcount

    def _append(
        self,
        db: sqlite3.Connection,
        stack: str,
        content: bytes,
        document: StateDocument,
        holder: Holder,
        restored: int | None = None,
    ) -> StateVersion:
        newest = _newest(db, stack)
        version = StateVersion(
            stack=stack,
            number=(newest.number if newest else 0) + 1,
            serial=document.serial,
            lineage=document.lineage,
            md5=md5_of(content),
            size=len(content),
            resources=len(document.resources),
            run_id=holder.run_id,
            created=self._clock.now(),
            restored=restored,
        )
        values = (*msgspec.structs.astuple(version), content)
        db.execute(f"INSERT INTO versions ({_COLUMNS}, content) VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608 (constant)
        return version

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One thread of this process and one process of this machine at a time."""
        with self._guard:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _newest(db: sqlite3.Connection, stack: str) -> StateVersion | None:
    query = f"SELECT {_COLUMNS} FROM versions WHERE stack = ? ORDER BY number DESC LIMIT 1"  # noqa: S608 (constant)
    row = db.execute(query, (stack,)).fetchone()
    return None if row is None else StateVersion(*row)


def _content(db: sqlite3.Connection, stack: str, number: int | None) -> bytes:
    newest = "SELECT max(number) FROM versions WHERE stack = ?1"
    query = f"SELECT content FROM versions WHERE stack = ?1 AND number = coalesce(?2, ({newest}))"  # noqa: S608 (constant)
    row = db.execute(query, (stack, number)).fetchone()
    if row is None or not row[0]:
        raise unknown_version(stack, number)
    content: bytes = row[0]
    return content


def _lock(db: sqlite3.Connection, stack: str) -> StateLock | None:
    row = db.execute("SELECT lock FROM locks WHERE stack = ?", (stack,)).fetchone()
    return None if row is None else msgspec.json.decode(row[0], type=StateLock)
