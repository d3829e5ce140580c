"""What happens, as it happens: one stream of events per session, told to whichever parts of a screen want which."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from twin2multicloud.app.client.async_events import AsyncEvents
from twin2multicloud.app.schemas.events import Event
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.errors import Twin2MultiCloudError

_AT_MOST_EVERY_S: Final = 0.5


@dataclass(frozen=True)
class Wanted:
    """Which events: how their kind begins (any of `kinds`; none: all), of which twin and run."""

    kinds: tuple[str, ...] = ()
    twin: str | None = None
    run: str | None = None

    def fits(self, event: Event) -> bool:
        """Whether an event is wanted."""
        return (
            (not self.kinds or event.kind.startswith(self.kinds))
            and self.twin in (None, event.twin)
            and self.run in (None, event.run)
        )


class Live(Store):
    """A session's stream of what is worth knowing, from after the event `seen`: what happens between a view's loading
    and the stream's beginning is told as well. `problem`: why it is cut off now; it goes on by itself.
    """

    def __init__(self, source: AsyncEvents, seen: int | None = None) -> None:
        super().__init__()
        self.source = source
        self.seen = seen
        self.problem: str | None = None
        self.failure: Failure | None = None
        self._task: asyncio.Task[None] | None = None
        self._wants: list[tuple[Wanted, Callable[[Event], None]]] = []

    def begin(self) -> None:
        """Listen (again), from after what was told last."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen())

    def stop(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def each(self, wanted: Wanted, tell: Callable[[Event], None]) -> Callable[[], None]:
        """Have `tell` called with every event that is wanted; what is returned ends that."""
        entry = (wanted, tell)
        self._wants.append(entry)

        def end() -> None:
            if entry in self._wants:
                self._wants.remove(entry)

        return end

    def on(self, wanted: Wanted, happened: Callable[[], None]) -> Callable[[], None]:
        """Have `happened` called after events that are wanted, at once, then at most twice a second, the last one never
        left out. What is returned ends that.
        """
        loop = asyncio.get_running_loop()
        waiting: asyncio.TimerHandle | None = None
        last = -_AT_MOST_EVERY_S

        def now() -> None:
            nonlocal waiting, last
            waiting, last = None, loop.time()
            happened()

        def tell(_: Event) -> None:
            nonlocal waiting
            if waiting is None:
                waiting = loop.call_at(max(loop.time(), last + _AT_MOST_EVERY_S), now)

        end = self.each(wanted, tell)

        def end_all() -> None:
            end()
            if waiting is not None:
                waiting.cancel()

        return end_all

    async def _listen(self) -> None:
        try:
            following = self.source.follow(
                severity="info", after=self.seen, disconnected=self._cut_off, reconnected=self._back
            )
            async with aclosing(following) as events:
                async for event in events:
                    self.seen = event.id
                    for wanted, tell in tuple(self._wants):
                        if wanted.fits(event):
                            tell(event)
        except Twin2MultiCloudError as error:
            self.failure = Failure.of(error)
            self.problem = str(error)
            self.changed()

    def _cut_off(self, why: str) -> None:
        if self.problem != why:
            self.problem = why
            self.changed()

    def _back(self) -> None:
        if self.problem is not None:
            self.problem = None
            self.changed()
