"""Gives every request its correlation id."""

from __future__ import annotations

import re
import secrets
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twin2multicloud.app.correlation import correlated

HEADER: Final = "x-correlation-id"
_PATTERN: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}")


class CorrelationMiddleware:
    """Takes the caller's id over where it is a sound one, makes one otherwise, and tells it in the response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(HEADER.encode(), b"")
        found = given.decode() if _PATTERN.fullmatch(given) else secrets.token_hex(8)

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER.encode(), found.encode())]
            await send(message)

        # Defects are answered outside, where the id would be forgotten.
        scope["correlation_id"] = found
        with correlated(found):
            await self._app(scope, receive, telling)
