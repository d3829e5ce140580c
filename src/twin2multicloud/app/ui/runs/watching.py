"""A run as it goes: its events from the first one on, into its log and its progress, in batches that a screen can take.

A long log would take seconds to arrive from its beginning, so its newest lines are shown first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Final, Protocol

from twin2multicloud.app.schemas.events import Event
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.runs.lines import Lines, Log
from twin2multicloud.app.ui.runs.progress import ENDINGS, Progress
from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.errors import Twin2MultiCloudError

NEWEST: Final = 200
"""Lines that are shown at once."""
_SHOWN_EVERY_S: Final = 0.1
_STATUS: Final = ("run.", "stage.")
_AT_ONCE: Final = 200
"""Events after which others get their turn: a history arrives as fast as it is read."""


class Source(Protocol):
    """Where events are followed."""

    def follow(
        self,
        *,
        run: str | None = None,
        after: int | None = None,
        disconnected: Callable[[str], None] | None = None,
        reconnected: Callable[[], None] | None = None,
    ) -> AsyncGenerator[Event, None]:
        """See `AsyncEvents.follow`."""
        ...


class Connection(Store):
    """Whether a run's events arrive. `problem`: why they do not now; `failure`: why they will not any more."""

    def __init__(self) -> None:
        super().__init__()
        self.problem: str | None = None
        self.failure: Failure | None = None

    def put(self, problem: str | None, failure: Failure | None = None) -> None:
        """It is otherwise now."""
        if (problem, failure) != (self.problem, self.failure):
            self.problem, self.failure = problem, failure
            self.changed()


class Watching:
    """A run that is watched. `newest` asks for its newest events, the newest first; `moved` is called when it is in
    another status.
    """

    def __init__(
        self,
        run: str,
        source: Source,
        newest: Callable[[], Awaitable[list[Event]]],
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self.run = run
        self.log = Log()
        self.progress = Progress()
        self.connection = Connection()
        self._source = source
        self._newest = newest
        self._moved = moved
        self._task: asyncio.Task[None] | None = None
        self._batch: list[Event] = []
        self._due: asyncio.TimerHandle | None = None
        self._earlier: Lines | None = None
        self._until = 0

    def begin(self) -> None:
        """Watch, until `stop`."""
        if self._task is None:
            self._task = asyncio.create_task(self._watch())

    def stop(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._due is not None:
            self._due.cancel()
            self._due = None

    async def _watch(self) -> None:
        try:
            newest = await self._newest()
            if newest:
                self._begin_with(newest[::-1], whole=len(newest) < NEWEST)
            if newest and newest[0].kind in ENDINGS and not self.log.loading:
                return
            await self._follow()
        except Twin2MultiCloudError as error:
            self.connection.put(str(error), Failure.of(error))
            self.log.loading = False
            self.log.changed()

    def _begin_with(self, newest: list[Event], *, whole: bool) -> None:
        self.log.add(newest)
        self._until = newest[-1].id
        if whole:
            self._count(newest)
        else:
            self.log.loading, self._earlier = True, Lines()
        self.log.changed()
        self.progress.changed()
        self._moved()  # since it was asked for

    async def _follow(self) -> None:
        after = 0 if self._earlier is not None else self._until
        following = self._source.follow(
            run=self.run, after=after, disconnected=self.connection.put, reconnected=lambda: self.connection.put(None)
        )
        async with aclosing(following) as events:
            number = 0
            async for event in events:
                self._take(event)
                if event.kind in ENDINGS:
                    self._show()
                    return
                number += 1
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)

    def _take(self, event: Event) -> None:
        if self._earlier is None:
            self._batch.append(event)
            if self._due is None:
                self._due = asyncio.get_running_loop().call_later(_SHOWN_EVERY_S, self._show)
            return
        self._earlier.add(event)
        self.progress.take(event)
        if event.id >= self._until:
            earlier, self._earlier = self._earlier, None
            self.log.loading = False
            self.log.replace(earlier)
            self.log.changed()
            self.progress.changed()

    def _show(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
        batch, self._batch = self._batch, []
        if batch:
            self.log.add(batch)
            self._count(batch)
            self.log.changed()
            self.progress.changed()
            if any(event.kind.startswith(_STATUS) for event in batch):
                self._moved()

    def _count(self, events: list[Event]) -> None:
        for event in events:
            self.progress.take(event)
