"""Windows of browsers. What loads Flet comes with this module, and with nothing before it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from starlette.websockets import WebSocket

from twin2multicloud.app.ui.access import Access
from twin2multicloud.app.ui.web.connection import Page, WindowConnection
from twin2multicloud.app.ui.web.limits import Limits
from twin2multicloud.app.ui.web.sessions import Sessions


class Windows:
    """All windows of a process, and the sessions that they show. `page` shows the front end in a new one."""

    def __init__(self, page: Page, limits: Limits, executor: ThreadPoolExecutor) -> None:
        self.sessions = Sessions(limits)
        self._page = page
        self._limits = limits
        self._executor = executor

    async def show(self, socket: WebSocket, access: Access, still_in: Callable[[], Awaitable[bool]]) -> None:
        """Be there for one window, of somebody who was let in, until it goes."""
        await WindowConnection(socket, access, self._page, self.sessions, self._limits, self._executor, still_in).run()
