"""Refuses requests that were meant for another host."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from twin2multicloud.app.api import problems

_PROBES: Final = "/health/"
_METRICS: Final = "/metrics"


class HostMiddleware:
    """Lets a request in whose Host is one of ours. Who watches over containers calls them by address, so what they ask
    is let in whatever they call us: probes of health, which tell nothing, and metrics, which take a token or an admin's
    key that no page elsewhere has.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower().encode() for host in hosts)
        self._told = ", ".join(sorted(hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] not in ("http", "websocket") or _for_watchers(scope["path"]):
            await self._app(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name == b"host"]
        if len(given) == 1 and given[0].lower() in self._hosts:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            answer = problems.response(
                421,
                "wrong-host",
                f"this is not the host that was asked for; call it {self._told}, or set public_url to the name that "
                "people use (a proxy in front must pass Host on)",
            )
            await answer(scope, receive, send)


def _for_watchers(path: str) -> bool:
    return path.startswith(_PROBES) or path == _METRICS
