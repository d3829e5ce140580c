"""The way from the front end to the API of the same process: a unix socket of its own, which only this user can open.

What comes over it has been let through once already, at the front end's door, and says where the browser is that it is
for. Everything else about a request is looked at as always.
"""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

ADDRESS: Final = "x-t2m-browser-address"
"""Where the browser is; believed over this socket only."""
_BACKLOG: Final = 512


@dataclass(frozen=True)
class Inside:
    """The socket: its path, and what listens at it."""

    path: str
    listener: socket.socket


@contextmanager
def inside_socket() -> Iterator[Inside]:
    """A socket in a directory of its own (0700), for as long as the block lasts."""
    # Sockets' paths must be short, which a data directory's need not be.
    with tempfile.TemporaryDirectory(prefix="t2m-") as directory, socket.socket(socket.AF_UNIX) as listener:
        path = Path(directory) / "api.sock"
        listener.bind(str(path))
        listener.listen(_BACKLOG)
        yield Inside(str(path), listener)


class InsideMiddleware:
    """Has requests that come over the socket come from where their browser is, for limits and the audit log."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] in ("http", "websocket") and (scope.get("server") or ("",))[0] == self._path:
            for name, value in scope["headers"]:
                if name == ADDRESS.encode():
                    scope["client"] = (value.decode("latin-1"), 0)
        await self._app(scope, receive, send)
