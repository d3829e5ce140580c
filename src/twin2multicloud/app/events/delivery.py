"""Delivery of events to whoever watches: one reader of the log per process, however many watch.

Each watcher is a cursor. Those who watch the same selection share a ring of recent batches, encoded once; who begins
earlier than the ring, or falls out of it because their connection is slow, reads from the database until they have
caught up. So nothing is queued for anybody, and nothing is lost or told twice.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Final, Literal, Self

from twin2multicloud.app.db.database import Database
from twin2multicloud.app.errors import TooManyError, UnavailableError
from twin2multicloud.app.events.log import EventLog, newest
from twin2multicloud.app.events.ring import Channel, Gap
from twin2multicloud.app.events.selection import Selection
from twin2multicloud.app.events.shape import Batch, Encoded, read
from twin2multicloud.app.events.tailer import Pace, Tailer
from twin2multicloud.app.settings import StreamLimits
from twin2multicloud.runtime.ports import Clock

_RETRY_S: Final = 5
_HAND_ON_S: Final = 0.0004
"""What handing one batch to one watcher costs, generously, times four: then handing on takes a quarter of the time."""


@dataclass(frozen=True)
class Limits:
    """What bounds delivery. Seconds are of the event loop's clock."""

    tick_s: float = 1.0
    heartbeat_s: float = 15.0
    lifetime_s: float = 900.0
    """A stream ends after this (cleanly: its client comes again), so that no proxy's patience decides when."""
    recheck_s: float = 15.0
    """How long a stream outlives the permission to watch."""
    stuck_s: float = 30.0
    """How long a client may take nothing before it is let go."""
    gather_least_s: float = 0.01
    gather_most_s: float = 0.25
    ring_bytes: int = 64 << 20
    """Of all rings together; each has at most an eighth of it."""
    read_most: int = 500
    readers: int = 4
    """How many watchers may read from the database at once."""
    streams: int = 2_000
    streams_each: int = 500
    """How many streams one person may have."""

    @classmethod
    def of(cls, settings: StreamLimits) -> Self:
        """Those that an operator sets; the others are ours."""
        return cls(
            heartbeat_s=settings.heartbeat_s,
            lifetime_s=settings.lifetime_s,
            ring_bytes=settings.memory_bytes,
            streams=settings.at_once,
            streams_each=settings.each,
        )


@dataclass
class Figures:
    """What delivery has done; for metrics."""

    read: int = 0
    delivered: int = 0
    from_database: int = 0
    lag_s: float = 0.0
    """How old the newest event was when it was handed on."""
    ended: Counter[str] = field(default_factory=Counter)
    """Streams that ended, by reason."""


class Watcher:
    """A cursor into a selection: everything selected up to `cursor` was handed out by `next`."""

    def __init__(self, delivery: Delivery, selection: Selection, cursor: int, number: int) -> None:
        self.cursor = cursor
        self.number = number
        self.ended: Literal["stopping", "lost"] | None = None
        """Why the stream is to end: the process wants to, or nobody reads events any more."""
        self._delivery = delivery
        self._waits: asyncio.Future[None] | None = None
        self._channel = delivery.enter(self, selection)

    async def next(self) -> Batch | None:
        """What follows. None after a while without anything (a tick at most), and where a part had nothing."""
        found = self._channel.after(self.cursor)
        if found is None:
            # What this selection does not have was passed by.
            self.cursor = max(self.cursor, self._delivery.position)
            self._waits = asyncio.get_running_loop().create_future()
            try:
                await self._waits
            finally:
                self._waits = None
            found = self._channel.after(self.cursor)
        if isinstance(found, Gap):
            part = await self._delivery.read(self._channel.selection, self.cursor, found.until)
            self.cursor, batch = part.until, part.batch
        else:
            batch = found
        if batch is not None:
            self.cursor = max(self.cursor, batch.last)
            self._delivery.figures.delivered += len(batch)
        return batch

    def wake(self) -> None:
        """Let it look whether there is something."""
        if self._waits is not None and not self._waits.done():
            self._waits.set_result(None)

    def move(self, selection: Selection) -> None:
        """Go on with another selection: what may be seen changed."""
        if selection != self._channel.selection:
            self._delivery.leave(self, self._channel)
            self._channel = self._delivery.enter(self, selection)

    def leave(self) -> None:
        """Watch no longer."""
        self._delivery.leave(self, self._channel)


@dataclass(frozen=True)
class Part:
    """A part of what was, and up to where it tells all."""

    batch: Batch | None
    until: int


class Delivery:
    """All of one process, which has one event loop. It reads only while somebody watches; `close` it at the end."""

    def __init__(
        self,
        database: Database,
        log: EventLog,
        clock: Clock,
        limits: Limits | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.limits = limits = limits or Limits()
        self.figures = Figures()
        self.position = 0
        """All events up to this one are known."""
        self._database = database
        self._clock = clock
        self._pace = pace or Pace()
        self._channels: dict[Selection, Channel] = {}
        self._watchers: set[Watcher] = set()
        self._holders: Counter[str] = Counter()
        self._numbers = count(1)
        self._starting = asyncio.Lock()
        self._readers = asyncio.Semaphore(limits.readers)
        self._stopping = False
        self._tailer: Tailer | None = None
        self._resting: list[Tailer] = []
        self._ticking: asyncio.Task[None] | None = None
        log.listen(self._committed)

    @property
    def watching(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def stop(self) -> None:
        """Have all streams end, and let no more begin: to be called before a server waits for its connections."""
        self._stopping = True
        self._end_all("stopping")

    async def close(self) -> None:
        """End all streams and reading."""
        self.stop()
        self._rest()
        for tailer in self._resting:
            await asyncio.to_thread(tailer.join)
        self._resting.clear()

    @asynccontextmanager
    async def watch(self, selection: Selection, after: int | None, holder: str) -> AsyncIterator[Watcher]:
        """Watch from after an event on; without one from now on, and so for one that does not exist yet. `holder` is
        who watches. `TooManyError` where they have too many streams, `UnavailableError` where the process has, or ends.
        """
        self._check(holder)
        self._holders[holder] += 1
        try:
            cursor = await self._begin(after)
            watcher = Watcher(self, selection, cursor, next(self._numbers))
            self._watchers.add(watcher)
            if self._stopping:
                watcher.ended = "stopping"
            try:
                yield watcher
            finally:
                self._watchers.discard(watcher)
                watcher.leave()
        finally:
            self._holders[holder] -= 1
            if not self._holders[holder]:
                del self._holders[holder]
            if not self._holders:
                self._rest()

    async def past(self, selection: Selection, after: int | None) -> AsyncGenerator[Batch]:
        """What there is after an event (without one: nothing), up to now."""
        until = await asyncio.to_thread(self._newest)
        cursor = until if after is None else after
        while cursor < until:
            part = await self.read(selection, cursor, until)
            cursor = part.until
            if part.batch is not None:
                self.figures.delivered += len(part.batch)
                yield part.batch

    def _check(self, holder: str) -> None:
        again = {"retry_after_s": _RETRY_S}
        if self._stopping:
            raise UnavailableError("the server stops; come again in a moment", details=again)
        if self._holders[holder] >= self.limits.streams_each:
            raise TooManyError(f"you have {self.limits.streams_each} streams open; close some", details=again)
        if self._holders.total() >= self.limits.streams:
            raise UnavailableError(f"{self.limits.streams} streams are open, as many as may be", details=again)

    def enter(self, watcher: Watcher, selection: Selection) -> Channel:
        """Have a watcher told of a selection's events."""
        channel = self._channels.get(selection)
        if channel is None:
            channel = self._channels[selection] = Channel(selection, self.position)
        channel.watchers.add(watcher)
        return channel

    def leave(self, watcher: Watcher, channel: Channel) -> None:
        """And no longer."""
        channel.watchers.discard(watcher)
        if not channel.watchers and self._channels.get(channel.selection) is channel:
            del self._channels[channel.selection]

    async def read(self, selection: Selection, after: int, until: int) -> Part:
        """Events from the database."""
        async with self._readers:
            found = await asyncio.to_thread(self._select, selection, after, until)
        self.figures.from_database += len(found)
        whole = len(found) < self.limits.read_most
        return Part(Batch(found) if found else None, until if whole else found[-1].event.id)

    def _select(self, selection: Selection, after: int, until: int) -> list[Encoded]:
        with self._database.read() as session:
            return read(session, after, until, self.limits.read_most, selection.where())

    async def _begin(self, after: int | None) -> int:
        """Have somebody read the log; the cursor to begin at."""
        async with self._starting:
            if self._tailer is None:
                self.position = await asyncio.to_thread(self._newest)
                hand_over = partial(self._hand_over, asyncio.get_running_loop())
                self._tailer = Tailer(self._database, self.position, hand_over, self._gather_s, self._pace)
                self._tailer.start()
                self._ticking = asyncio.create_task(self._tick(self._tailer))
        if after is None:
            return self.position
        return after if after <= self.position else min(after, await asyncio.to_thread(self._newest))

    def _rest(self) -> None:
        """Nobody watches: read no longer."""
        if self._tailer is not None:
            self._tailer.stop()
            self._resting = [each for each in (*self._resting, self._tailer) if each.alive]
            self._tailer = None
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
        self._channels.clear()

    def _end_all(self, why: Literal["stopping", "lost"]) -> None:
        for watcher in self._watchers:
            watcher.ended = why
            watcher.wake()

    def _newest(self) -> int:
        with self._database.read() as session:
            return newest(session)

    def _committed(self) -> None:
        if (tailer := self._tailer) is not None:
            tailer.wake()

    def _gather_s(self) -> float:
        return min(self.limits.gather_most_s, max(self.limits.gather_least_s, _HAND_ON_S * len(self._watchers)))

    def _hand_over(
        self, loop: asyncio.AbstractEventLoop, tailer: Tailer, events: Sequence[Encoded], position: int
    ) -> None:
        """From the tailer's thread to the loop's. It waits, so that reading never runs ahead of handing on."""
        done = threading.Event()
        loop.call_soon_threadsafe(self._publish, tailer, events, position, done)
        while not done.wait(0.5) and tailer is self._tailer:
            pass

    def _publish(self, tailer: Tailer, events: Sequence[Encoded], position: int, done: threading.Event) -> None:
        done.set()
        if tailer is not self._tailer:
            return
        self.position = position
        self.figures.read += len(events)
        self.figures.lag_s = max(0.0, self._clock.now() - events[-1].event.at.timestamp())
        runs: dict[str | None, list[Encoded]] = {}
        twins: dict[str | None, list[Encoded]] = {}
        for each in events:
            runs.setdefault(each.event.run, []).append(each)
            twins.setdefault(each.event.twin, []).append(each)
        most = min(self.limits.ring_bytes // 8, self.limits.ring_bytes // max(1, len(self._channels)))
        for selection, channel in self._channels.items():
            if selection.run is not None:
                channel.add(runs.get(selection.run, ()), most)
            elif selection.twin is not None:
                channel.add(twins.get(selection.twin, ()), most)
            else:
                channel.add(events, most)

    async def _tick(self, tailer: Tailer) -> None:
        while tailer.alive:
            for watcher in self._watchers:
                watcher.wake()
            await asyncio.sleep(self.limits.tick_s)
        # A defect, which the thread has told of. Clients come again, and with them a new reader.
        self._tailer = self._ticking = None
        self._channels.clear()
        self._end_all("lost")
