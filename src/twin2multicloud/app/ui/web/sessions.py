"""Sessions of the front end: a person's window, for as long as it is there and a while longer.

A window that is reloaded, or loses its connection, finds its session again; only the same person does. Flet keeps the
state of its widgets in a session, so that what nobody comes back for has to end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Iterator
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any, Final

from flet.messaging.connection import Connection
from flet.messaging.session import Session

from twin2multicloud.app.ui.access import Access
from twin2multicloud.app.ui.web.limits import Limits

_LOG: Final = logging.getLogger("twin2multicloud.ui")


class TooManyError(Exception):
    """There is no room for one more session."""


class UiSession(Session):
    """Flet's session. What goes wrong in it is in the log; the browser is told that it is, and no more. From then on it
    is `broken`: nobody knows what of the page is as it should be, so that a reload begins another one.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.broken = False
        self._updating: asyncio.Task[None] | None = None

    def error(self, message: str) -> None:
        """Show a failure in the place of the page."""
        if message.startswith("Exception in effect"):  # which Flet logs nowhere
            _LOG.error("a defect in an effect of the front end", exc_info=True)
        self.broken = True
        super().error("Something went wrong on our side. Reload the page; the server's log tells what it was.")

    def start_updates_scheduler(self) -> None:
        """Show components anew when they change, from now on. One that fails ends that for all of the page, of which
        Flet says nothing.
        """
        super().start_updates_scheduler()  # type: ignore[no-untyped-call]  # Flet does not say
        task: asyncio.Task[None] = getattr(self, "_Session__updates_task")  # noqa: B009  mypy knows of none
        if task is not self._updating:
            self._updating = task
            task.add_done_callback(self._updated)

    def _updated(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _LOG.error("a defect in a component of the front end: %s", type(error).__name__, exc_info=error)
            self.error("")


_BELONGING: Final[ContextVar[Live | None]] = ContextVar("t2m_ui_session", default=None)
"""Whose work is being done: it is handed on to whatever that begins."""


def belonging_to(live: Live) -> None:
    """What the caller begins from now on belongs to a session, and ends with it."""
    _BELONGING.set(live)


def _know_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Have sessions know which tasks are theirs. Flet begins some itself, for `page.run_task` and for effects of
    components, and ends them with nothing.
    """
    if loop.get_task_factory() is not None:
        return

    def make(loop: asyncio.AbstractEventLoop, work: Any, **given: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.Task(work, loop=loop, **given)
        context = given.get("context")
        live = _BELONGING.get() if context is None else context.get(_BELONGING)
        if live is not None:
            live.tasks.add(task)
            task.add_done_callback(live.tasks.discard)
        return task

    loop.set_task_factory(make)


@dataclass(eq=False)
class Live:
    """A session and what belongs to it. `tasks` are all that were begun for it, by whoever; `handling` counts those
    that were begun here.
    """

    session: UiSession
    access: Access
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    handling: int = 0
    ending: asyncio.TimerHandle | None = None

    def begin(self, work: Coroutine[Any, Any, None], what: str) -> None:
        """Work on something until the session ends. What it raises is logged, and shown."""
        belonging = copy_context()
        belonging.run(_BELONGING.set, self)
        self.handling += 1
        task = asyncio.create_task(work, context=belonging)
        task.add_done_callback(lambda done: self._done(done, what))

    def _done(self, task: asyncio.Task[Any], what: str) -> None:
        self.handling -= 1
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _LOG.error("a defect in %s of the front end: %s", what, type(error).__name__, exc_info=error)
            self.session.error("")


class Sessions:
    """All sessions of a process. To be used in one event loop."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._live: dict[str, Live] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._live)

    def __iter__(self) -> Iterator[Live]:
        return iter(self._live.values())

    def waiting_for(self, session_id: str, identity: str) -> Live | None:
        """A person's session whose window has gone, by its id, if it is any good."""
        found = self._live.get(session_id)
        if found is None or found.ending is None or found.session.broken or found.access.identity != identity:
            return None
        return found

    def add(self, connection: Connection, access: Access) -> Live:
        """A new session. Where there are as many as may be, one that waits for its window ends for it, the longest
        unused first; `TooManyError` without such a one.
        """
        _know_tasks(asyncio.get_running_loop())
        own = [each for each in self if each.access.identity == access.identity]
        if len(own) >= self._limits.each:
            self._make_room(own)
        elif len(self) >= self._limits.at_once:
            self._make_room(list(self))
        live = Live(UiSession(connection), access)
        self._live[live.session.id] = live
        return live

    def _make_room(self, among: list[Live]) -> None:
        waiting = [each for each in among if each.ending is not None]
        if not waiting:
            raise TooManyError
        self.end(min(waiting, key=lambda each: each.ending.when() if each.ending is not None else 0.0))

    def taken_up(self, live: Live) -> None:
        """A window came back."""
        assert live.ending is not None
        live.ending.cancel()
        live.ending = None

    def left(self, live: Live) -> None:
        """A session's window has gone: it is kept for a while, if it is any good."""
        if live.session.id not in self._live:
            return
        kept_s = 0.0 if live.session.broken else self._limits.kept_s
        live.ending = asyncio.get_running_loop().call_later(kept_s, self.end, live)
        live.begin(live.session.disconnect(int(self._limits.kept_s) + 1), "on_disconnect")

    def end(self, live: Live) -> None:
        """End a session and all that it works on."""
        if self._live.pop(live.session.id, None) is None:
            return
        if live.ending is not None:
            live.ending.cancel()
        live.session.close()  # type: ignore[no-untyped-call]  # Flet does not say
        for task in list(live.tasks):
            task.cancel()
        closing = asyncio.create_task(live.access.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def end_all(self) -> None:
        """The process ends."""
        for live in list(self):
            self.end(live)
