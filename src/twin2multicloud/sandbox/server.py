"""The HTTP side of a simulated cloud: links, devices, console, dashboard and the control API, on one port."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Scope, Send
from starlette.types import Receive as AsgiReceive

from twin2multicloud.model.errors import Twin2MultiCloudError
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.runtime.handlers.receive import QUERY_EDGES, Receive
from twin2multicloud.runtime.links import MAX_BODY_BYTES, compress
from twin2multicloud.sandbox.building import CloudParts
from twin2multicloud.sandbox.faults import Fate

_GZIP_FROM_BYTES: Final = 400
_CONTROL_BYTES: Final = 1 << 20
_HEADER_BYTES: Final = 250
"""What an answer's status line and headers weigh."""

Control = Callable[[Request, Any], Awaitable[Any]]


LINKS_PATH: Final = "/links/"


class LinkEndpoint:
    """`POST /links/{edge}`: the receiver behind its faults, run in a few threads of its own."""

    def __init__(self, parts: CloudParts, receive: Receive, threads: int = 4) -> None:
        self.busy = 0
        """Requests that are being put away at the moment; questions do not count."""
        self.lead_to(parts, receive)
        self._pool = ThreadPoolExecutor(threads, "receiver")

    def lead_to(self, parts: CloudParts, receive: Receive) -> None:
        """Requests go to these parts' receiver from now on."""
        self._parts = parts
        self._receive = receive

    async def __call__(self, scope: Scope, receive: AsgiReceive, send: Send) -> None:
        """The endpoint as an app."""
        if scope["method"] == "POST":
            response = await self._answer(scope["path"].removeprefix(LINKS_PATH), Request(scope, receive))
        else:
            response = _error(405, "links take POST", {"allow": "POST"})
        await response(scope, receive, send)

    async def _answer(self, edge: str, request: Request) -> Response:
        faults = self._parts.faults
        if faults.outage:
            return _error(503, "outage")
        try:
            body = await bounded(request, MAX_BODY_BYTES)
        except ClientDisconnect:
            return _error(400, "the peer went away")
        if body is None:
            return _error(413, f"a body has at most {MAX_BODY_BYTES} bytes")
        fate = faults.fate(edge)
        if fate.delay_s:
            await asyncio.sleep(fate.delay_s)
        if fate.drop:
            return _Cut()
        if fate.status:
            headers = {"retry-after": str(max(1, round(fate.retry_after_s)))} if fate.status == 429 else {}
            return _error(fate.status, "injected", headers)
        counts = edge not in QUERY_EDGES
        self.busy += counts
        try:
            response = await self._handle(edge, dict(request.headers), body, fate)
        finally:
            self.busy -= counts
        return _Cut() if fate.lose_answer else response

    async def _handle(self, edge: str, headers: dict[str, str], body: bytes, fate: Fate) -> Response:
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._pool, self._receive, edge, headers, body)
        if fate.duplicate:
            # The same request once more, as a network may deliver it; the peer hears the first answer.
            await loop.run_in_executor(self._pool, self._receive, edge, headers, body)
        content = answer.body
        sent = dict(answer.headers)
        if len(content) > _GZIP_FROM_BYTES and "gzip" in headers.get("accept-encoding", ""):
            packed = compress(content)
            sent["content-encoding"] = "gzip"
        else:
            packed = content
        if edge in QUERY_EDGES and answer.status == 200 and edge in self._parts.meters.links:
            self._parts.meters.link(edge).sent(len(packed) + _HEADER_BYTES, 1, len(content), len(packed))
        return Response(packed, answer.status, sent, "application/json")


class _Cut(Response):
    """Ends the connection in the middle of an answer, so that the peer hears nothing it could believe."""

    async def __call__(self, scope: Scope, receive: AsgiReceive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def bounded(request: Request, most: int) -> bytes | None:
    """A request's body, None as soon as it is longer than `most` bytes."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            return None
    return bytes(body)


def control_route(path: str, method: str, token: str, action: Control) -> Route:
    """A route of the control API: only with the sandbox's token, JSON in and out, errors that say what is wrong."""

    async def endpoint(request: Request) -> Response:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return _error(401, "the control API wants the sandbox's token")
        body = await bounded(request, _CONTROL_BYTES)
        if body is None:
            return _error(413, f"at most {_CONTROL_BYTES} bytes")
        try:
            value = await action(request, msgspec.json.decode(body) if body else None)
        except (Twin2MultiCloudError, msgspec.DecodeError, ValueError, RecursionError) as error:
            return _error(400, str(error))
        except KeyError as error:
            return _error(404, str(error.args[0]) if error.args else "not found")
        except StoreError as error:
            return _error(503, str(error))
        return Response(msgspec.json.encode(value), media_type="application/json")

    return Route(path, endpoint, methods=[method])


def cloud_app(links: ASGIApp, routes: Sequence[BaseRoute]) -> ASGIApp:
    """All that a cloud answers as one app. Links come first: routing costs as much as answering a small POST.

    The others are for who asks for this machine by its own name: a page from elsewhere, whose name is made to lead
    here, cannot read what consoles and dashboards show.
    """
    own = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"], www_redirect=False)
    others = Starlette(routes=list(routes), middleware=[own])

    async def app(scope: Scope, receive: AsgiReceive, send: Send) -> None:
        here = scope["type"] == "http" and scope["path"].startswith(LINKS_PATH)
        await (links if here else others)(scope, receive, send)

    return app


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    content = msgspec.json.encode({"error": message})
    return Response(content, status, headers or {}, "application/json")
