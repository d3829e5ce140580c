"""Alerts as they come: how many are open, for the badge, and a message when some come up while somebody looks.

Messages are few: what comes within a moment is one, the next comes no sooner than after a while, and none tells what is
in view already.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.events import Event
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.gateway import Gateway
from twin2multicloud.app.ui.language import tr, trn
from twin2multicloud.app.ui.live import Live, Wanted
from twin2multicloud.app.ui.notices import Notices
from twin2multicloud.app.ui.places import Place
from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.errors import Twin2MultiCloudError

ALERTS: Final = Wanted(("alert",))
ODD_PRICES: Final = Wanted(("prices.findings",))
MOST_COUNTED: Final = 100
_GATHER_S: Final = 0.7
_APART_S: Final = 10.0


class Alerting(Store):
    """A session's view of open alerts: those that nobody looks after and nobody muted. `here` is the address in view,
    `go` shows another one.
    """

    def __init__(
        self, api: Gateway, live: Live, notices: Notices, go: Callable[[str], None], here: Callable[[], str]
    ) -> None:
        super().__init__()
        self.open = 0
        self._here = here
        self._new: list[Event] = []
        self._waiting: asyncio.TimerHandle | None = None
        self._told_at = -_APART_S
        self._api = api
        self._live = live
        self._notices = notices
        self._go = go
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: list[Callable[[], None]] = []

    def begin(self) -> None:
        """Count, and go on counting."""
        self._ends = [
            self._live.on(ALERTS, self._count),
            self._live.each(ALERTS, self._came),
            self._live.each(ODD_PRICES, self._odd),
        ]
        self._count()

    def stop(self) -> None:
        """Count no more."""
        for end in self._ends:
            end()
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self._new.clear()
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
        if event.kind != "alert" or event.severity not in ("warning", "error") or self._in_view(event):
            return
        self._new.append(event)
        if self._waiting is None:
            loop = asyncio.get_running_loop()
            at = max(loop.time() + _GATHER_S, self._told_at + _APART_S)
            self._waiting = loop.call_at(at, self._tell)

    def _odd(self, event: Event) -> None:
        """Prices want a decision: said at once, unless they are in view."""
        there = places.prices("findings")
        if Place.of(self._here()).path != there:
            self._notices.alert(event.message, label=tr("Show"), act=lambda: self._go(there))

    def _in_view(self, event: Event) -> bool:
        path = Place.of(self._here()).path
        return path == places.ALERTS or (event.twin is not None and path.startswith(places.of_twin(event.twin)))

    def _tell(self) -> None:
        self._waiting = None
        self._told_at = asyncio.get_running_loop().time()
        came, self._new = [event for event in self._new if not self._in_view(event)], []
        if not came:
            return
        gravest = max(came, key=lambda event: event.severity == "error")
        alert = gravest.data.get("alert")
        if len({event.data.get("alert") for event in came}) > 1:
            said = trn(
                "{count} new alert: {message}", "{count} new alerts: {message}", len(came), message=gravest.message
            )
            alert = None
        else:
            said = gravest.message
        path = places.asked(places.ALERTS, alert=alert if isinstance(alert, str) else None)
        self._notices.alert(said, label=tr("Show"), act=lambda: self._go(path))


def _open(api: Client) -> int:
    return sum(1 for _ in api.alerts.list(acknowledged=False, muted=False, limit=MOST_COUNTED))
