"""SQLite as the local stores use it: WAL, private files, transactions that are shared by whoever waits for one.

A write is a function over the connection. Writers that come while another one commits are gathered and share the next
transaction, so many small writers cost little more than one. Reads have a connection of their own and neither block
writers nor are blocked by them.

What SQLite or the file system refuses becomes a `StoreError`, with `quota` if the disk or the store is full.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from twin2multicloud.runtime.failures import StoreError

Gate = Callable[[str], None]
"""Called with the operation ("hot.put") before each read and write; raises a `StoreError` to make it fail."""

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_BUSY_S: Final = 5.0
_EXCLUSIVE_BUSY_S: Final = 0.5
_CHECKPOINT_BYTES: Final = 16 * 2**20
_FULL_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NEARLY_FULL_BYTES: Final = 256 * 2**10


def open_gate(operation: str) -> None:
    """The gate that lets everything pass."""


class _Ticket(Generic[T]):
    """One writer's part of a shared transaction."""

    __slots__ = ("after", "done", "result", "work")

    def __init__(self, work: Work[T], after: Callable[[], None] | None) -> None:
        self.work = work
        self.after = after
        self.done = False
        self.result: T


class Database:
    """One SQLite file. `schema` holds, per version, the statements that lead there from the version before.

    `exclusive` keeps every other process out as long as this one lives (and saves the locking); there is then one
    connection for reads and writes. `power_safe` makes each commit survive a power cut, not only the process's end.
    """

    def __init__(
        self,
        path: Path,
        schema: Sequence[Sequence[str]],
        *,
        page_bytes: int = 4096,
        exclusive: bool = False,
        power_safe: bool = False,
        gate: Gate = open_gate,
    ) -> None:
        self.path = path
        self.gate = gate
        self._page_bytes = page_bytes
        self._exclusive = exclusive
        self._power_safe = power_safe
        self._lock = threading.RLock()
        self._waiting: deque[_Ticket[Any]] = deque()
        with self.errors("open"):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # SQLite gives its -wal and -shm files the mode of the database itself.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._writer = self._connect()
            try:
                self._migrate(schema)
                self._reader = self._writer if exclusive else self._connect()
            except BaseException:
                self._writer.close()
                raise
        self._read_lock = self._lock if exclusive else threading.RLock()

    def _connect(self) -> sqlite3.Connection:
        # Who holds a file exclusively keeps it: no use to wait long.
        busy_s = _EXCLUSIVE_BUSY_S if self._exclusive else _BUSY_S
        # `isolation_level` None leaves BEGIN and COMMIT to us.
        connection = sqlite3.connect(self.path, timeout=busy_s, isolation_level=None, check_same_thread=False)
        pragmas = [f"page_size={self._page_bytes}", f"wal_autocheckpoint={_CHECKPOINT_BYTES // self._page_bytes}"]
        if self._exclusive:
            pragmas.append("locking_mode=EXCLUSIVE")
        pragmas += ["journal_mode=WAL", f"synchronous={'FULL' if self._power_safe else 'NORMAL'}"]
        deadline = time.monotonic() + busy_s
        try:
            for pragma in pragmas:
                while True:
                    try:
                        connection.execute(f"PRAGMA {pragma}").fetchall()
                        break
                    except sqlite3.OperationalError as error:
                        # Several openers of a new file: SQLite does not wait while it changes the journal's mode.
                        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                            raise
                        time.sleep(0.01)
        except BaseException:
            connection.close()
            raise
        return connection

    def _migrate(self, schema: Sequence[Sequence[str]]) -> None:
        connection = self._writer
        connection.execute("BEGIN IMMEDIATE")
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version > len(schema):
                raise StoreError(
                    f"{self.path} has version {version}; this release knows up to {len(schema)}: update it"
                )
            for statements in schema[version:]:
                for statement in statements:
                    connection.execute(statement)
            if version < len(schema):
                connection.execute(f"PRAGMA user_version={len(schema)}")
            connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def close(self) -> None:
        """Close the file; every later call fails."""
        with self._lock, self._read_lock:
            self._reader.close()
            self._writer.close()

    def limit(self, max_bytes: int | None) -> None:
        """Let the file grow to so many bytes at most (never below what it has); None = as far as the disk goes."""
        pages = 2**32 - 2 if max_bytes is None else max(1, max_bytes // self._page_bytes)
        with self.errors("limit"), self._lock:
            self._writer.execute(f"PRAGMA max_page_count={pages}").fetchall()

    def size_bytes(self) -> int:
        """What the store occupies on the disk."""
        return sum(
            path.stat().st_size for path in (self.path, self.path.with_name(f"{self.path.name}-wal")) if path.exists()
        )

    def write(self, operation: str, work: Work[T], after: Callable[[], None] | None = None, *, gated: bool = True) -> T:
        """Run `work` in a transaction and return its result once that is committed.

        Work may be run twice (after a rollback), so it changes nothing but the database. `after` is called when the
        commit has succeeded, before any later commit: the place to update what is kept in memory. Not `gated`: a
        further step of an operation that has passed the gate.
        """
        if gated:
            self.gate(operation)
        ticket = _Ticket(work, after)
        self._waiting.append(ticket)
        with self.errors(operation), self._lock:
            if not ticket.done:
                group = [self._waiting.popleft() for _ in range(len(self._waiting))]
                if ticket not in group:  # it was in a group that failed
                    group.append(ticket)
                try:
                    self._commit(group)
                except (sqlite3.Error, OSError, StoreError, ValueError, TypeError):
                    if len(group) == 1:
                        raise
                    # The others see that theirs is not done, and try again by themselves.
                    self._commit([ticket])
        return ticket.result

    def read(self, operation: str, work: Work[T]) -> T:
        """Run `work`, which reads only."""
        self.gate(operation)
        with self.errors(operation), self._read_lock:
            return work(self._reader)

    @contextmanager
    def held(self) -> Iterator[sqlite3.Connection]:
        """The writing connection while nothing can be committed, to read in step with `after`."""
        with self.errors("read"), self._lock:
            yield self._writer

    def _commit(self, group: list[_Ticket[Any]]) -> None:
        try:
            self._transact(group)
        except sqlite3.OperationalError as error:
            if not (self._is_full(error) and self._empty_journal()):
                raise
            self._transact(group)
        for ticket in group:
            ticket.done = True
        for ticket in group:
            if ticket.after is not None:
                ticket.after()

    def _transact(self, group: list[_Ticket[Any]]) -> None:
        connection = self._writer
        try:
            connection.execute("BEGIN IMMEDIATE")
            for ticket in group:
                ticket.result = ticket.work(connection)
            connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def _empty_journal(self) -> bool:
        """On a full disk: give the journal's space back, so that what is removed can be removed. Whether it was."""
        try:
            with self._read_lock:
                (busy, _, _) = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.OperationalError:
            return False
        return not busy

    def _roll_back(self) -> None:
        # Some errors roll back by themselves.
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    @contextmanager
    def errors(self, operation: str) -> Iterator[None]:
        """Turn what SQLite and the file system raise into a `StoreError`."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self.path.name}: {operation} failed: {error}", quota=self._is_full(error)) from error

    def _is_full(self, error: sqlite3.Error | OSError) -> bool:
        if isinstance(error, OSError):
            return error.errno in _FULL_ERRNOS
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return True
        # A full disk can also show as a failed write, for instance when the WAL index grows.
        return code == sqlite3.SQLITE_IOERR and shutil.disk_usage(self.path.parent).free < _NEARLY_FULL_BYTES
