"""Refuses addresses that hold what no text does, before anything asks the database about it."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Receive, Scope, Send

from twin2multicloud.app.api import problems
from twin2multicloud.model.errors import Finding

_NUL: Final = "\x00"


class AddressMiddleware:
    """Refuses NUL bytes in paths and queries, which PostgreSQL cannot compare with, with 422."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        findings = _findings(scope) if scope["type"] in ("http", "websocket") else []
        if not findings:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            answer = problems.response(
                422, "invalid", "; ".join(str(each) for each in findings), findings=findings, exit_code=4
            )
            await answer(scope, receive, send)


def _findings(scope: Scope) -> list[Finding]:
    found = [Finding("path", "has a NUL byte")] if _NUL in scope["path"] else []
    query: bytes = scope.get("query_string", b"")
    if b"%00" in query or b"\0" in query:
        for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True)[:50]:
            if _NUL in name or _NUL in value:
                found.append(Finding(name.replace(_NUL, "")[:80] or "query", "has a NUL byte"))
    return found
