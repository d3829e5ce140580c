"""All that belongs to one open page: who looks, what they may, where they are, and what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

import flet as ft

from twin2multicloud.app.schemas.login import Me
from twin2multicloud.app.ui.access import Access
from twin2multicloud.app.ui.alerting import Alerting
from twin2multicloud.app.ui.failures import Failure
from twin2multicloud.app.ui.gateway import Gateway, Question
from twin2multicloud.app.ui.live import Live
from twin2multicloud.app.ui.notices import Notices
from twin2multicloud.app.ui.preferences import Currency, Preferences
from twin2multicloud.app.ui.store import Store
from twin2multicloud.app.ui.theme import Appearance
from twin2multicloud.app.ui.ticking import Ticking
from twin2multicloud.app.ui.viewport import Viewport
from twin2multicloud.model.errors import Twin2MultiCloudError

_KEY: Final = "twin2multicloud.session"
T = TypeVar("T")


@dataclass
class Session:
    """An open page. `now` is the time by the server's clock; `looked_at` whether a browser shows it now; `returns`
    changes whenever a browser shows it again, which was told of nothing meanwhile.
    """

    page: ft.Page
    access: Access
    api: Gateway
    live: Live
    notices: Notices
    alerting: Alerting
    preferences: Preferences
    appearance: Appearance
    viewport: Viewport
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ticking: Ticking = field(default_factory=Ticking)
    looked_at: bool = False
    returns: Store = field(default_factory=Store)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def me(self) -> Me:
        """Who looks."""
        return self.access.me

    @property
    def currency(self) -> Currency:
        """In what money is shown."""
        return self.preferences.choices.currency

    async def ask(self, question: Question[T]) -> T:
        """The API's answer (see `Gateway.ask`)."""
        return await self.api.ask(question)

    async def learn(self) -> None:
        """Ask anew who looks: they are in other workspaces by now, or may do something else there."""
        self.access.me = await self.ask(lambda api: api.login.me())

    def go(self, path: str) -> None:
        """Show another view."""
        self.page.navigate(path)

    def act(self, work: Awaitable[None], *, failed: Callable[[Failure], None] | None = None) -> None:
        """Carry something out that somebody asked for. What fails is told: by a notice, or to `failed`."""

        async def carried_out() -> None:
            try:
                await work
            except Twin2MultiCloudError as error:
                failure = Failure.of(error)
                if failed is not None:
                    failed(failure)
                else:
                    self.notices.fail(failure)

        task = asyncio.create_task(carried_out())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def begin(self) -> None:
        """Somebody looks (again)."""
        self.looked_at = True
        self.live.begin()
        self.alerting.begin()
        self.returns.changed()

    def pause(self) -> None:
        """Nobody looks for now."""
        self.looked_at = False
        self.live.stop()
        self.alerting.stop()

    def close(self) -> None:
        """The page is gone."""
        self.pause()
        self.ticking.stop()
        for task in tuple(self._tasks):
            task.cancel()


def keep(session: Session) -> None:
    """Have `current` find it from its page."""
    session.page.session.store.set(_KEY, session)


def current() -> Session:
    """The session of the page that is being shown or has an event now."""
    found = perhaps_current()
    assert found is not None
    return found


def perhaps_current() -> Session | None:
    """As `current`; None where nobody is signed in yet."""
    found = ft.context.page.session.store.get(_KEY)
    return found if isinstance(found, Session) else None
