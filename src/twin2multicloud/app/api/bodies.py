"""How much somebody may send: refused before it is read where its length is said, and as soon as it is too much
otherwise, so that no request fills the memory.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twin2multicloud.app.api import problems


class BodyTooLargeError(HTTPException):
    """More was sent than is accepted. An HTTP exception, since whoever reads a body lets only these through."""

    def __init__(self, most: int) -> None:
        super().__init__(413, _told(most), headers={"Connection": "close"})


class BodyMiddleware:
    """Refuses bodies of more than `most` bytes with 413."""

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"content-length", b"")
        if said.isdigit() and int(said) > self._most:
            await self._refuse(scope, receive, send)
            return
        read, begun = 0, False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > self._most:
                    raise BodyTooLargeError(self._most)
            return message

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, counted, noting)
        except BodyTooLargeError:
            if begun:
                raise
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        # What is still being sent is not read, so the connection cannot be used for anything else.
        response = problems.response(413, "too-large", _told(self._most), headers={"Connection": "close"})
        await response(scope, receive, send)


def _told(most: int) -> str:
    return f"more than {most} bytes were sent; send less at once, or have max_body_bytes raised"
