"""Durable queues of one process, in one SQLite file.

A message leaves the file only when it is acknowledged. Who has received which message is known in memory only: if the
process ends, everything that was not acknowledged is delivered again, in order. While the process lives, messages
that were handed out stay with the receiver until it acknowledges them or gives them back.

Senders and receivers that commit at the same time share a transaction. The bodies of messages that wait are kept in
memory up to a bound, so that a queue that is being emptied as fast as it is filled never reads the file.

Operations at the gate: queues.send, queues.receive, queues.ack, queues.nack.
"""

# ruff: noqa: S608 - statements are put together from constants and numbers of this module; values are bound

from __future__ import annotations

import heapq
import re
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from twin2multicloud.runtime.adapters.local.database import Database, Gate, open_gate
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.ports import Clock
from twin2multicloud.runtime.system_clock import SystemClock

_SCHEMA: Final = (("CREATE TABLE queues (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",),)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,119}")
_KEPT_BYTES: Final = 4 * 2**20
_LOADED: Final = 500


class QueueMessage(msgspec.Struct, frozen=True):
    """A message handed out. `attempts` counts how often it was given back before; `enqueued_at` is when it was sent."""

    id: int
    body: bytes
    attempts: int
    enqueued_at: float


class Queue:
    """One queue. Made by `Queues`."""

    def __init__(self, name: str, number: int, queues: Queues) -> None:
        self.name = name
        self._table = f"queue_{number}"
        self._database = queues.database
        self._clock = queues.clock
        self._monotonic = queues.monotonic
        self._kept_bytes = queues.kept_bytes
        self._loaded = queues.loaded
        self._changed = threading.Condition()
        self._listeners: list[Callable[[], None]] = []
        self._ready: deque[QueueMessage] = deque()
        self._ready_bytes = 0
        self._loaded_to = 0  # the last id that was taken from the file into memory
        self._returned: list[tuple[int, QueueMessage]] = []  # a heap by id
        self._delayed: list[tuple[float, int, QueueMessage]] = []  # a heap by when they are due
        self._claimed: dict[int, QueueMessage] = {}
        self._wakes = 0
        with self._database.held() as db:
            count, last = db.execute(f"SELECT count(*), max(id) FROM {self._table}").fetchone()
        self._depth = int(count)
        self._next_id = int(last or 0) + 1
        self._more_in_file = self._depth > 0

    def send(self, bodies: Sequence[bytes]) -> None:
        """Add messages at the end, in order and in one transaction."""
        if bodies:
            work, after = self.sending(bodies)
            self._database.write("queues.send", work, after)
            self.call_listeners()

    def sending(self, bodies: Sequence[bytes]) -> tuple[Callable[[sqlite3.Connection], None], Callable[[], None]]:
        """What to do in a transaction and after its commit so as to send these."""
        now_s = self._clock.now()
        insert = f"INSERT INTO {self._table} VALUES (?, ?, 0, ?)"
        sent: list[QueueMessage] = []

        def work(db: sqlite3.Connection) -> None:
            first = self._next_id
            self._next_id += len(bodies)
            sent[:] = [QueueMessage(first + n, body, 0, now_s) for n, body in enumerate(bodies)]
            db.executemany(insert, [(message.id, message.body, now_s) for message in sent])

        def after() -> None:
            with self._changed:
                self._depth += len(sent)
                for message in sent:
                    if self._more_in_file or self._ready_bytes >= self._kept_bytes:
                        self._more_in_file = True
                        break
                    self._keep(message)
                self._changed.notify_all()

        return work, after

    def receive(self, limit: int, max_bytes: int | None = None, *, sent_by: float | None = None) -> list[QueueMessage]:
        """Up to `limit` messages, in order; at once, so possibly none. With `max_bytes` their bodies have no more in
        all, unless the first alone has; with `sent_by`, which is a time of the clock, none comes after one that was
        sent later."""
        self._database.gate("queues.receive")
        received: list[QueueMessage] = []
        room = max_bytes
        while True:
            with self._changed:
                self._return_due()
                while len(received) < limit:
                    message = self._first()
                    if message is None:
                        break
                    if sent_by is not None and message.enqueued_at > sent_by:
                        return received
                    if room is not None:
                        if received and len(message.body) > room:
                            return received
                        room -= len(message.body)
                    self._take(message)
                    received.append(message)
                if len(received) >= limit or not self._more_in_file:
                    return received
            self._load()

    def ack(self, ids: Sequence[int]) -> None:
        """The messages are done with and removed. Those that are not handed out are no error."""
        claimed = sorted({id for id in ids if id in self._claimed})
        if not claimed:
            return
        if claimed[-1] - claimed[0] == len(claimed) - 1:

            def work(db: sqlite3.Connection) -> None:
                db.execute(f"DELETE FROM {self._table} WHERE id BETWEEN ? AND ?", (claimed[0], claimed[-1]))
        else:

            def work(db: sqlite3.Connection) -> None:
                db.executemany(f"DELETE FROM {self._table} WHERE id = ?", [(id,) for id in claimed])

        def after() -> None:
            with self._changed:
                for id in claimed:
                    if self._claimed.pop(id, None) is not None:
                        self._depth -= 1

        self._database.write("queues.ack", work, after)

    def nack(self, ids: Sequence[int], delay_s: float = 0.0) -> None:
        """Give messages back, to be delivered again (first, in order) after a delay. One more attempt is counted.

        Never fails: should the count not get into the file, the messages come back all the same.
        """
        given = [message for id in set(ids) if (message := self._claimed.get(id)) is not None]
        if not given:
            return
        rows = [(message.attempts + 1, message.id) for message in given]

        def work(db: sqlite3.Connection) -> None:
            db.executemany(f"UPDATE {self._table} SET attempts = ? WHERE id = ?", rows)

        def after() -> None:
            due = self._monotonic() + delay_s
            with self._changed:
                for message in given:
                    if self._claimed.pop(message.id, None) is None:
                        continue
                    again = QueueMessage(message.id, message.body, message.attempts + 1, message.enqueued_at)
                    if delay_s > 0:
                        heapq.heappush(self._delayed, (due, again.id, again))
                    else:
                        heapq.heappush(self._returned, (again.id, again))
                self._changed.notify_all()

        try:
            self._database.write("queues.nack", work, after)
        except StoreError:
            after()
        self.call_listeners()

    def wait(self, timeout_s: float) -> bool:
        """Sleep until a message can be received, at most so long, or until `wake`; whether one can."""
        deadline = self._monotonic() + timeout_s
        with self._changed:
            wakes = self._wakes
            while True:
                self._return_due()
                if self._returned or self._ready or self._more_in_file:
                    return True
                now = self._monotonic()
                if now >= deadline or self._wakes != wakes:
                    return False
                until = min(deadline, self._delayed[0][0]) if self._delayed else deadline
                self._changed.wait(max(until - now, 0.0))

    def wake(self) -> None:
        """Let whoever waits look again at once: there may be nothing more to wait for."""
        with self._changed:
            self._wakes += 1
            self._changed.notify_all()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener`, which must be quick, whenever messages have been sent or given back (from any thread)."""
        self._listeners.append(listener)

    def call_listeners(self) -> None:
        """Tell the listeners that something can be received."""
        for listener in self._listeners:
            listener()

    def depth(self) -> int:
        """Messages that are not acknowledged."""
        return self._depth

    def in_flight(self) -> int:
        """Messages that are handed out."""
        return len(self._claimed)

    def oldest_age(self) -> float:
        """Seconds since the oldest message that is not acknowledged was sent; 0 if there is none."""
        with self._database.held() as db:
            row = db.execute(f"SELECT at FROM {self._table} ORDER BY id LIMIT 1").fetchone()
        return 0.0 if row is None else max(0.0, self._clock.now() - row[0])

    def purge(self) -> int:
        """Remove every message that is not handed out; how many there were."""
        removed = 0
        while messages := self.receive(self._loaded):
            self.ack([message.id for message in messages])
            removed += len(messages)
        return removed

    def _first(self) -> QueueMessage | None:
        if self._returned:  # received before, so older than all that were not
            return self._returned[0][1]
        return self._ready[0] if self._ready else None

    def _take(self, message: QueueMessage) -> None:
        if self._returned:
            heapq.heappop(self._returned)
        else:
            self._ready.popleft()
            self._ready_bytes -= len(message.body)
        self._claimed[message.id] = message

    def _keep(self, message: QueueMessage) -> None:
        self._ready.append(message)
        self._ready_bytes += len(message.body)
        self._loaded_to = message.id

    def _return_due(self) -> None:
        if self._delayed:
            now = self._monotonic()
            while self._delayed and self._delayed[0][0] <= now:
                _, id, message = heapq.heappop(self._delayed)
                heapq.heappush(self._returned, (id, message))

    def _load(self) -> None:
        # Nothing is committed meanwhile, so no message is missed between the file and the memory.
        with self._database.held() as db, self._changed:
            if self._ready or not self._more_in_file:
                return
            query = f"SELECT id, body, attempts, at FROM {self._table} WHERE id > ? ORDER BY id LIMIT ?"
            rows = db.execute(query, (self._loaded_to, self._loaded + 1)).fetchall()
            for row in rows[: self._loaded]:
                self._keep(QueueMessage(*row))
            self._more_in_file = len(rows) > self._loaded


class Queues:
    """The queues of one process. The file can be open once at a time: whoever comes second gets a `StoreError`.

    `clock` dates messages; `monotonic` measures delays. Bodies of waiting messages are kept in memory up to
    `kept_bytes` per queue; beyond that, `loaded` messages at a time are read from the file.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        kept_bytes: int = _KEPT_BYTES,
        loaded: int = _LOADED,
        gate: Gate = open_gate,
    ) -> None:
        self.clock = clock or SystemClock()
        self.monotonic = monotonic
        self.kept_bytes = kept_bytes
        self.loaded = loaded
        self.database = Database(path, _SCHEMA, page_bytes=8192, exclusive=True, gate=gate)
        self._queues: dict[str, Queue] = {}
        self._lock = threading.Lock()
        with self.database.held() as db:
            rows = db.execute("SELECT name, number FROM queues ORDER BY number").fetchall()
        for name, number in rows:
            self._queues[name] = Queue(name, number, self)

    def close(self) -> None:
        """Close the file. What is not acknowledged is delivered again after the next start."""
        self.database.close()

    def queue(self, name: str) -> Queue:
        """The queue of that name, made if there is none."""
        found = self._queues.get(name)
        if found is None:
            with self._lock:
                found = self._queues.get(name) or self._create(name)
                self._queues[name] = found
        return found

    def send(self, bodies: Mapping[str, Sequence[bytes]]) -> None:
        """Add messages to several queues: to all or, if that fails, to none."""
        queues = [self.queue(name) for name, its in bodies.items() if its]
        parts = [queue.sending(bodies[queue.name]) for queue in queues]
        if not parts:
            return

        def work(db: sqlite3.Connection) -> None:
            for each, _ in parts:
                each(db)

        def after() -> None:
            for _, each in parts:
                each()

        self.database.write("queues.send", work, after)
        for queue in queues:
            queue.call_listeners()

    def depths(self) -> dict[str, int]:
        """Messages that are not acknowledged, by queue."""
        return {name: queue.depth() for name, queue in sorted(self._queues.items())}

    def _create(self, name: str) -> Queue:
        if _NAME.fullmatch(name) is None:
            raise ValueError(f"queue name {name[:80]!r}: use up to 120 of A-Z a-z 0-9 ._/-")

        def work(db: sqlite3.Connection) -> int:
            (number,) = db.execute("INSERT INTO queues (name) VALUES (?) RETURNING number", (name,)).fetchone()
            db.execute(
                f"CREATE TABLE queue_{number} (id INTEGER PRIMARY KEY, body BLOB NOT NULL, attempts INTEGER NOT NULL,"
                " at REAL NOT NULL)"
            )
            return int(number)

        return Queue(name, self.database.write("queues.create", work), self)
