"""A browser's window at the other end of a WebSocket: Flet's messages in and out, within limits.

flet-web has a class for that, which this one replaces: there a send that meets a disconnect leaves the session and its
tasks behind for ever, what waits for a slow browser grows without end, and anybody may take any session up again who
comes from the same address. What is used of flet is in `tests/ui/web/test_flet.py`, which fails if it changes.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, Final, cast

import flet as ft
import msgpack
from flet.controls.base_control import BaseControl
from flet.controls.context import _context_page, context
from flet.controls.exceptions import FletPageDisconnectedException
from flet.messaging.connection import Connection
from flet.messaging.protocol import (
    ControlEventBody,
    InvokeMethodResponseBody,
    Message,
    MessageAction,
    RegisterClientRequestBody,
    RegisterClientResponseBody,
    UpdateControlPropsBody,
    configure_encode_object_for_msgpack,
    decode_ext_from_msgpack,
)
from flet.pubsub.pubsub_hub import PubSubHub
from starlette.websockets import WebSocket, WebSocketDisconnect

from twin2multicloud.app.errors import BackendError
from twin2multicloud.app.ui.access import Access
from twin2multicloud.app.ui.web.limits import Limits
from twin2multicloud.app.ui.web.sessions import Live, Sessions, TooManyError, UiSession, belonging_to

Page = Callable[[ft.Page, Access], Awaitable[None]]
"""What shows the front end in a new window."""
INVALID: Final = 1003
TOO_LARGE: Final = 1009
DEFECT: Final = 1011
SLOW: Final = 1013
SIGNED_OUT: Final = 4401
SILENT: Final = 4408
FULL: Final = 4429
_EVENT_FOLLOWS_S: Final = 0.05
"""Within so long an event comes after what it changed in its widget, if one does."""
_MESSAGE: Final = 0x00
"""The first byte of a message; others are of widgets that send bytes of their own, of which we use none."""
_CURRENT_PAGE: Final = cast("ContextVar[ft.Page]", _context_page)
_encode: Final = configure_encode_object_for_msgpack(BaseControl)
_LOG: Final = logging.getLogger("twin2multicloud.ui")


class ClosedError(Exception):
    """The connection is to be closed, with a code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class WindowConnection(Connection):
    """One WebSocket, of somebody who was let in. `still_in` says whether they are signed in yet."""

    def __init__(
        self,
        socket: WebSocket,
        access: Access,
        page: Page,
        sessions: Sessions,
        limits: Limits,
        executor: ThreadPoolExecutor,
        still_in: Callable[[], Awaitable[bool]],
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Flet does not say
        self.loop = asyncio.get_running_loop()
        self.executor = executor
        # One for each: what a window tells others must not reach other people's.
        self.pubsubhub = PubSubHub(loop=self.loop, executor=executor)
        self.page_url = access.public_url
        self._socket = socket
        self._access = access
        self._page = page
        self._sessions = sessions
        self._limits = limits
        self._still_in = still_in
        self._live: Live | None = None
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._some = asyncio.Event()
        self._overflown = asyncio.Event()
        self._updates: list[UpdateControlPropsBody] = []

    async def run(self) -> None:
        """Accept, and be there until either side has enough. The session is left in order, whatever happened."""
        await self._socket.accept()
        tasks = [
            asyncio.create_task(work)
            for work in (self._receive_all(), self._send_all(), self._look_after(), self._give_up_on_the_slow())
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            if self._live is not None:
                self._sessions.left(self._live)
            else:
                await self._access.close()
        errors = [task.exception() for task in tasks if not task.cancelled()]
        if not any(isinstance(error, WebSocketDisconnect) for error in errors):
            await self._close(next(error for error in errors if error is not None))

    async def _close(self, error: BaseException) -> None:
        code, reason = DEFECT, "a defect of ours"
        if isinstance(error, ClosedError):
            code, reason = error.code, error.reason
        else:
            _LOG.error("a defect in a window's connection: %s", type(error).__name__, exc_info=error)
        with suppress(WebSocketDisconnect, RuntimeError):  # it may have gone at this very moment
            await self._socket.close(code, reason)

    def send_message(self, message: Message) -> None:
        """Have the browser be sent something. Threads may call this."""
        packed = b"\x00" + msgpack.packb([message.action, message.body], default=_encode)
        with self._lock:
            if self._overflown.is_set():
                return
            self._waiting.append(packed)
            self._waiting_bytes += len(packed)
            full = (
                self._waiting_bytes > self._limits.waiting_bytes or len(self._waiting) > self._limits.waiting_messages
            )
            if full:
                self._waiting.clear()
        changed = self._overflown if full else self._some
        if threading.get_ident() == self._thread:
            changed.set()
        else:
            self.loop.call_soon_threadsafe(changed.set)

    async def _send_all(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            while (packed := self._next()) is not None:
                await self._socket.send_bytes(packed)

    def _next(self) -> bytes | None:
        with self._lock:
            if not self._waiting:
                return None
            packed = self._waiting.popleft()
            self._waiting_bytes -= len(packed)
            return packed

    async def _give_up_on_the_slow(self) -> None:
        await self._overflown.wait()
        _LOG.warning("a browser takes too slowly what its window shows; it has to come again")
        raise ClosedError(SLOW, "too slow")

    async def _look_after(self) -> None:
        await asyncio.sleep(self._limits.register_s)
        if self._live is None:
            raise ClosedError(SILENT, "no window registered")
        while True:
            await asyncio.sleep(self._limits.check_s)
            # While the API does not answer, nobody is taken for signed out.
            with suppress(BackendError):
                if not await self._still_in():
                    raise ClosedError(SIGNED_OUT, "signed out")

    async def _receive_all(self) -> None:
        tokens, at = float(self._limits.burst), self.loop.time()
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message.get("code", 1006))
            # Who sends faster than that is read more slowly; nothing is lost.
            now = self.loop.time()
            tokens, at = min(float(self._limits.burst), tokens + (now - at) * self._limits.per_s), now
            if tokens < 1:
                await asyncio.sleep((1 - tokens) / self._limits.per_s)
            tokens -= 1
            self._take(message.get("bytes"))

    def _take(self, data: bytes | None) -> None:
        if not data or data[0] != _MESSAGE:
            raise ClosedError(INVALID, "this is no message of Flet")
        if len(data) > self._limits.message_bytes:
            raise ClosedError(TOO_LARGE, "too large")
        try:
            action, body = msgpack.unpackb(memoryview(data)[1:], ext_hook=decode_ext_from_msgpack)
            self._act(MessageAction(action), body)
        except (ValueError, TypeError, KeyError, AttributeError, msgpack.UnpackException) as error:
            _LOG.warning("a browser sent what is no message of Flet (%s: %s)", type(error).__name__, str(error)[:200])
            raise ClosedError(INVALID, "this is no message of Flet") from error

    def _act(self, action: MessageAction, body: dict[str, Any]) -> None:
        if self._live is None:
            if action is not MessageAction.REGISTER_CLIENT:
                raise ClosedError(INVALID, "a window has to register first")
            self._register(RegisterClientRequestBody(**body))
            return
        session = self._live.session
        if action is MessageAction.CONTROL_EVENT:
            if self._live.handling >= self._limits.handling:
                raise ClosedError(SLOW, "too much at once")
            event = ControlEventBody(**body)
            updates, self._updates = self._updates, []
            self._live.begin(self._handle(session, updates, event), "a handler")
        elif action is MessageAction.UPDATE_CONTROL_PROPS:
            self._updates.append(UpdateControlPropsBody(**body))
            if len(self._updates) == 1:
                self.loop.call_later(_EVENT_FOLLOWS_S, self._apply_alone, session)
        elif action is MessageAction.INVOKE_METHOD:
            result = InvokeMethodResponseBody(**body)
            with suppress(RuntimeError):  # the widget that was asked has gone meanwhile
                session.handle_invoke_method_results(result.control_id, result.call_id, result.result, result.error)
        else:
            raise ClosedError(INVALID, "browsers do not send that")

    async def _handle(self, session: UiSession, updates: list[UpdateControlPropsBody], event: ControlEventBody) -> None:
        """What somebody did, with what it made of widgets just before. In one go: what was shown anew in between would
        have the value of before, and put it back in front of whoever is typing.
        """
        self._apply(session, updates)
        await session.dispatch_event(event.target, event.name, event.data)

    def _apply_alone(self, session: UiSession) -> None:
        """What changed in widgets without an event that followed."""
        updates, self._updates = self._updates, []
        self._apply(session, updates)

    def _apply(self, session: UiSession, updates: list[UpdateControlPropsBody]) -> None:
        for update in updates:
            try:
                session.apply_patch(update.id, update.props)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                _LOG.warning("a browser sent what no widget takes (%s: %s)", type(error).__name__, str(error)[:200])

    def _register(self, asked: RegisterClientRequestBody) -> None:
        found = self._sessions.waiting_for(asked.session_id, self._access.identity) if asked.session_id else None
        if found is None:
            self._begin(asked)
        else:
            self._take_up(found, asked)

    def _begin(self, asked: RegisterClientRequestBody) -> None:
        try:
            self._live = live = self._sessions.add(self, self._access)
        except TooManyError as error:
            raise ClosedError(FULL, "too many windows") from error
        belonging_to(live)
        page = live.session.page
        _CURRENT_PAGE.set(page)
        live.session.apply_page_patch(asked.page)
        self._answer(live, live.session.get_page_patch())  # type: ignore[no-untyped-call]  # Flet does not say
        live.begin(self._show(live, page), "the page")

    async def _show(self, live: Live, page: ft.Page) -> None:
        _CURRENT_PAGE.set(page)
        context.reset_auto_update()
        with suppress(FletPageDisconnectedException):  # it left before there was anything to see
            await self._page(page, live.access)
            await live.session.after_event(page)

    def _take_up(self, live: Live, asked: RegisterClientRequestBody) -> None:
        self._live = live
        belonging_to(live)
        self._sessions.taken_up(live)
        live.access.renew(self._access)
        live.begin(self._access.close(), "a connection")
        page = live.session.page
        _CURRENT_PAGE.set(page)
        route = page.route
        live.session.apply_page_patch(asked.page)
        self._answer(live, page)
        live.session.attach_connection(self)
        live.begin(live.session.dispatch_connect_event(), "on_connect")
        if page.route and page.route != route:
            changed = live.session.dispatch_event(page._i, "route_change", {"route": page.route})
            live.begin(changed, "on_route_change")

    def _answer(self, live: Live, page_patch: Any) -> None:
        body = RegisterClientResponseBody(session_id=live.session.id, page_patch=page_patch, error="")
        self.send_message(Message(MessageAction.REGISTER_CLIENT, body))
