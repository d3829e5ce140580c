"""A window of the front end without a browser: Flet's messages over a WebSocket, and what they leave of widgets.

It draws nothing, so that what is measured with it is the server's part: from somebody's doing to the last byte that
says what changed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self

import httpx2
import msgpack
from websockets.asyncio.client import ClientConnection, connect

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.ui.web.paths import SOCKET

_REGISTER: Final = 1
_EVENT: Final = 3
_UPDATE: Final = 4
_INVOKE: Final = 5
_PATIENCE_S: Final = 30.0


def browser_cookies(client: Client, origin: str) -> str:
    """The cookies of a browser that the local user signs in with."""
    link = client.login.local_link()
    with httpx2.Client(base_url=origin, headers={"Origin": origin}) as browser:
        browser.post("/api/v1/login/local", json={"code": link.url.partition("#")[2]}).raise_for_status()
        return "; ".join(f"{name}={value}" for name, value in browser.cookies.items())


class Window:
    """One window; an asynchronous context. It keeps what it is told as far as it is asked for: all texts since it last
    forgot them, be they of new widgets or new ones of others, and which text fields there are.
    """

    def __init__(self, origin: str, cookies: str, route: str = "/", width: int = 1_280) -> None:
        self._origin = origin
        self._cookies = cookies
        self._route = route
        self._width = width
        self._socket: ClientConnection
        self._reader: asyncio.Task[None] | None = None
        self._came = asyncio.Event()
        self._fields: dict[str, int] = {}
        self._texts: list[str] = []
        self.received_bytes = 0
        self.last_at = 0.0

    async def __aenter__(self) -> Self:
        address = f"{self._origin.replace('http', 'ws', 1)}{SOCKET}"
        headers = {"Cookie": self._cookies, "Origin": self._origin}
        self._socket = await connect(address, additional_headers=headers, max_size=None, compression=None)
        page = {
            "route": self._route,
            "width": self._width,
            "height": 900,
            "web": True,
            "platform": "linux",
            "platform_brightness": "light",
        }
        await self._send(_REGISTER, {"session_id": None, "page_name": "", "page": page})
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader
        await self._socket.close()

    async def sees(self, text: str) -> float:
        """The moment at which a text is in view."""
        deadline = time.perf_counter() + _PATIENCE_S
        looked_at = 0
        while not any(text in each for each in self._texts[looked_at:]):
            looked_at = len(self._texts)
            self._came.clear()
            left = deadline - time.perf_counter()
            if left <= 0:
                raise TimeoutError(f"{text} did not come")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), left)
        return self.last_at

    async def type(self, label: str, text: str) -> float:
        """Have a text field hold a text; the moment at which that was sent."""
        field = self._fields[label]
        await self._send(_UPDATE, {"id": field, "props": {"value": text}})
        began = time.perf_counter()
        await self._send(_EVENT, {"target": field, "name": "change", "data": text})
        return began

    async def go(self, route: str) -> float:
        """Go to an address; the moment at which that was sent."""
        await self._send(_UPDATE, {"id": 1, "props": {"route": route}})
        began = time.perf_counter()
        await self._send(_EVENT, {"target": 1, "name": "route_change", "data": {"route": route}})
        return began

    def forget(self) -> None:
        """Forget the widgets' texts, so that what comes from now on is told apart."""
        self._texts.clear()

    async def _send(self, action: int, body: dict[str, Any]) -> None:
        await self._socket.send(b"\x00" + msgpack.packb([action, body]))

    async def _read(self) -> None:
        async for data in self._socket:
            assert isinstance(data, bytes)
            self.received_bytes += len(data)
            action, body = msgpack.unpackb(data[1:], strict_map_key=False)
            if action == _INVOKE:
                await self._answer(body)
            for each in _parts(body):
                if isinstance(each, str):
                    self._texts.append(each)
                elif each.get("_c") == "TextField":
                    self._fields[each.get("label", "")] = each["_i"]
            self.last_at = time.perf_counter()
            self._came.set()

    async def _answer(self, body: dict[str, Any]) -> None:
        """A method of a widget is called, of which this window has no more than what tests need."""
        if body["name"] == "push_route":
            await self.go(body["args"]["route"])
        answer = {"control_id": body["control_id"], "call_id": body["call_id"], "result": None, "error": None}
        await self._send(_INVOKE, answer)


def _parts(value: Any) -> Iterator[str | dict[Any, Any]]:
    """All texts and widgets in a message."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        if "_i" in value:
            yield value
        for inner in value.values():
            yield from _parts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _parts(inner)
