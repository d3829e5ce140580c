"""Sees every request: a line in the log and figures for metrics. Never a query, a header or a body."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOG: Final = logging.getLogger("twin2multicloud.access")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WEBSOCKET"})
_EVENTS: Final = b"text/event-stream; charset=utf-8"
_QUIET: Final = frozenset({"/health/live", "/health/ready", "/metrics"})
"""Asked for every few seconds by machines; their lines are for debugging."""


@dataclass(frozen=True)
class Seen:
    """A request that has ended. `route` is its template ("-" where there is none), `principal` who asked."""

    method: str
    route: str
    status: int
    seconds: float
    stream: bool
    principal: str | None


class ObservingMiddleware:
    """Tells `observe` of each request, and the log."""

    def __init__(self, app: ASGIApp, observe: Callable[[Seen], None], clock: Callable[[], float] = time.perf_counter):
        self._app = app
        self._observe = observe
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        begun = self._clock()
        # Where it raises, the layer above answers so; a WebSocket that is not accepted is refused.
        status = 500 if scope["type"] == "http" else 403
        stream = scope["type"] == "websocket"

        async def seeing(message: Message) -> None:
            nonlocal status, stream
            kind = message["type"]
            if kind in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
                stream = any(each == (b"content-type", _EVENTS) for each in message.get("headers", ()))
            elif kind == "websocket.accept":
                status = 101
            await send(message)

        try:
            await self._app(scope, receive, seeing)
        finally:
            self._tell(scope, status, stream, self._clock() - begun)

    def _tell(self, scope: Scope, status: int, stream: bool, seconds: float) -> None:
        method = scope.get("method", "WEBSOCKET")
        route = str(getattr(scope.get("route"), "path", "-"))
        principal = scope.get("state", {}).get("principal")
        seen = Seen(
            method if method in _METHODS else "OTHER",
            route,
            status,
            seconds,
            stream,
            None if principal is None else principal.user_id,
        )
        self._observe(seen)
        level = logging.DEBUG if route in _QUIET and status < 400 else logging.INFO
        _LOG.log(
            level,
            "%s %s %d",
            seen.method,
            route,
            status,
            extra={
                "method": seen.method,
                "route": route,
                "status": status,
                "ms": round(1000 * seconds, 1),
                "principal": seen.principal or "-",
            },
        )
