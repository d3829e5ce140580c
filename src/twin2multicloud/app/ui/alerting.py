"""Alerts as they come: how many are open, for the badge, and a message for each that comes up while somebody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.events import Event
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.gateway import Gateway
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.live import Live, Wanted
from twin2multicloud.app.ui.notices import Notices
from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.errors import Twin2MultiCloudError

ALERTS: Final = Wanted(("alert",))
MOST_COUNTED: Final = 100


class Alerting(Store):
    """A session's view of open alerts: those that nobody looks after and nobody muted."""

    def __init__(self, api: Gateway, live: Live, notices: Notices, go: Callable[[str], None]) -> None:
        super().__init__()
        self.open = 0
        self._api = api
        self._live = live
        self._notices = notices
        self._go = go
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Count, and go on counting."""
        self._ends = [self._live.on(ALERTS, self._count), self._live.each(ALERTS, self._came)]
        self._count()

    def stop(self) -> None:
        """Count no more."""
        for end in self._ends:
            end()
        for task in tuple(self._tasks):
            task.cancel()

    def _count(self) -> None:
        task = asyncio.create_task(self._counted())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _counted(self) -> None:
        try:
            number = await self._api.ask(_open)
        except Twin2MultiCloudError:
            return  # the connection's banner says so, and the next alert counts again
        if number != self.open:
            self.open = number
            self.changed()

    def _came(self, event: Event) -> None:
        if event.kind == "alert" and event.severity in ("warning", "error"):
            twin = event.twin
            path = places.twin(twin, "errors") if twin is not None else places.ALERTS
            self._notices.alert(event.message, label=tr("Show"), act=lambda: self._go(path))


def _open(api: Client) -> int:
    return sum(1 for _ in api.alerts.list(acknowledged=False, muted=False, limit=MOST_COUNTED))
