"""A refresh of prices, followed while it runs: its log line by line, and at the end what it changed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from twin2multicloud.app.schemas.books import BookDetail, TwinEffect
from twin2multicloud.app.schemas.events import Event
from twin2multicloud.app.schemas.runs import ENDED, Run
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.session import Session
from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.errors import Twin2MultiCloudError

_MOST_LINES: Final = 500
_BATCH_S: Final = 0.1


@dataclass(frozen=True)
class LogLine:
    """A line of its log."""

    at: datetime
    text: str
    severity: str


class Refresh(Store):
    """A run that refreshes prices. `run` None: not known yet; `book` is what it took up, with what that changed;
    `percent` of the lists were read, if it reads any.
    """

    def __init__(self, session: Session, run: str) -> None:
        super().__init__()
        self.lines: list[LogLine] = []
        self.run: Run | None = None
        self.book: BookDetail | None = None
        self.failure: Failure | None = None
        self.percent: int | None = None
        self._session = session
        self._id = run
        self._task: asyncio.Task[None] | None = None
        self._telling: asyncio.TimerHandle | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.failure is not None or (self.run is not None and self.run.status in ENDED)

    def begin(self) -> None:
        """Follow it, from its first line."""
        self._task = asyncio.create_task(self._follow())

    def stop(self) -> None:
        """Nobody looks any more."""
        if self._task is not None:
            self._task.cancel()
        if self._telling is not None:
            self._telling.cancel()

    def effect(self, twin: str) -> TwinEffect | None:
        """What it did to a twin's bill; None where that did not change."""
        found = () if self.book is None else self.book.twins
        return next((each for each in found if each.twin == twin), None)

    async def _follow(self) -> None:
        try:
            await self._look()
            events = self._session.live.source.follow(run=self._id, after=0)
            async with aclosing(events) as following:
                async for event in following:
                    if event.kind.startswith("run."):
                        await self._look()
                    else:
                        self._read(event)
                        self.lines = [*self.lines[1 - _MOST_LINES :], LogLine(event.at, event.message, event.severity)]
                    self._soon()
                    if event.kind.removeprefix("run.") in ENDED:
                        break
            await self._finish()
        except Twin2MultiCloudError as error:
            self.failure = Failure.of(error)
        self.changed()

    def _read(self, event: Event) -> None:
        percent = event.data.get("percent")
        if isinstance(percent, int):
            self.percent = percent

    async def look(self) -> None:
        """Look what became of it, after something was asked of it."""
        await self._look()
        self.changed()

    async def _look(self) -> None:
        self.run = await self._session.ask(lambda api: api.runs.get(self._id))

    async def _finish(self) -> None:
        taken: Any = ((self.run.result if self.run is not None else None) or {}).get("taken")
        if taken is not None:
            self.book = await self._session.ask(lambda api: api.prices.book_detail(int(taken["number"])))

    def _soon(self) -> None:
        """Show what has come, together with what comes within a moment."""
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(_BATCH_S, self._told)

    def _told(self) -> None:
        self._telling = None
        self.changed()
