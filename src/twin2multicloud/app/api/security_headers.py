"""Headers that tell browsers what not to do with our responses."""

from __future__ import annotations

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NOTHING: Final = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What our own pages may: scripts and styles from files of ours, nothing inline, nothing from elsewhere."""
_ALWAYS: Final = (
    (b"x-content-type-options", b"nosniff"),
    # Not no-referrer: forms would then be sent with the Origin "null", and could not be told from those of others.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_HTTPS: Final = (b"strict-transport-security", b"max-age=31536000")


class SecurityHeadersMiddleware:
    """Adds them where the response does not say otherwise itself."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = (*_ALWAYS, _HTTPS) if https else _ALWAYS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def adding(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = dict(message["headers"])
                page = given.get(b"content-type", b"").startswith(b"text/html")
                policy = (b"content-security-policy", (PAGE_POLICY if page else _NOTHING).encode())
                message["headers"] = [
                    *message["headers"],
                    *(each for each in (*self._headers, policy) if each[0] not in given),
                ]
            await send(message)

        await self._app(scope, receive, adding)
