"""Follows the event log for one process: a thread that learns of new events by signal or by looking, reads each of
them once, and hands them on in order.

On SQLite it looks whether the file changed (`PRAGMA data_version`, which costs microseconds), since runs write from
processes of their own; commits of this process wake it at once. On PostgreSQL it listens to what every commit of events
notifies. When that connection breaks, it looks several times a second until there is another one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from twin2multicloud.app.db.database import Database
from twin2multicloud.app.events.shape import Encoded, read

_LOG: Final = logging.getLogger("twin2multicloud.events")
Publish = Callable[["Tailer", Sequence[Encoded], int], None]
"""Called with new events and the number up to which all events are known now."""


@dataclass(frozen=True)
class Pace:
    """How often it looks. `look_s` is the longest an event of another process on SQLite waits to be found."""

    look_s: float = 0.025
    notify_s: float = 0.25
    """How long it waits for a notification of PostgreSQL's before it looks nevertheless."""
    fallback_s: float = 0.2
    """How often it looks while nothing notifies."""
    reconnect_s: float = 2.0
    read_most: int = 1_000


class _Source(Protocol):
    """Where news come from."""

    def wait(self, wake: threading.Event) -> bool:
        """Whether there may be something new; returns soon in any case."""
        ...


class Tailer:
    """Follows from `position` on until it is stopped. `gather_s` tells how long to collect between two readings, so
    that handing on takes a small part of the time however many watch; the first event after a pause goes on at once.
    """

    def __init__(
        self, database: Database, position: int, publish: Publish, gather_s: Callable[[], float], pace: Pace
    ) -> None:
        self.position = position
        self._database = database
        self._publish = publish
        self._gather_s = gather_s
        self._pace = pace
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it still follows: a defect ends it."""
        return self._thread.is_alive()

    def wake(self) -> None:
        """Have it look now."""
        self._wake.set()

    def stop(self) -> None:
        """Have it end soon."""
        self._stopped.set()
        self._wake.set()

    def join(self) -> None:
        """Wait until it has ended."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                with self._source() as source:
                    self._follow(source)
            except DBAPIError as error:
                _LOG.warning("events cannot be read now: %s", error.orig)
                self._stopped.wait(self._pace.fallback_s)

    def _follow(self, source: _Source) -> None:
        news = True  # what was written before there was this source
        while not self._stopped.is_set():
            if news:
                self._read()
            news = source.wait(self._wake)

    def _read(self) -> None:
        begun = time.monotonic()
        more = True
        while more and not self._stopped.is_set():
            with self._database.read() as session:
                found = read(session, self.position, None, self._pace.read_most)
            more = len(found) == self._pace.read_most
            if found:
                self.position = found[-1].event.id
                self._publish(self, found, self.position)
        self._stopped.wait(max(0.0, self._gather_s() - (time.monotonic() - begun)))

    @contextmanager
    def _source(self) -> Iterator[_Source]:
        if self._database.is_sqlite:
            connection = self._database.engine.raw_connection()
            try:
                yield _Sqlite(connection.cursor(), self._pace)
            finally:
                connection.close()
            return
        # PostgreSQL's driver, which takes longer to load than most of what is done on SQLite.
        from twin2multicloud.app.events.notified import Notified

        source = Notified(self._database, self._pace)
        try:
            yield source
        finally:
            source.close()


class _Sqlite:
    def __init__(self, cursor: DBAPICursor, pace: Pace) -> None:
        self._cursor = cursor
        self._pace = pace
        self._seen = self._version()

    def wait(self, wake: threading.Event) -> bool:
        """See `_Source`."""
        woken = wake.wait(self._pace.look_s)
        wake.clear()
        version = self._version()
        changed, self._seen = version != self._seen, version
        return changed or woken

    def _version(self) -> int:
        self._cursor.execute("PRAGMA data_version")
        row = self._cursor.fetchone()
        assert row is not None
        return int(row[0])
