"""Which requests are for the front end, wherever nothing else answers."""

from __future__ import annotations

from typing import Final

from starlette.types import Scope

PREFIX: Final = "/ui/"
"""All that the front end serves beside its pages is below this."""
SOCKET: Final = f"{PREFIX}ws"
"""Where windows connect to."""


def answers(scope: Scope) -> bool:
    """Whether a request is one for the front end: its WebSocket, its files, and pages, whose addresses have no dot in
    their last segment.
    """
    path: str = scope["path"]
    if scope["type"] == "websocket":
        return path == SOCKET
    if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
        return False
    return path.startswith(PREFIX) or "." not in path.rstrip("/").rpartition("/")[2]
