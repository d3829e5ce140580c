"""What windows of the front end may take of the process that serves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PICKED_MOST_BYTES: Final = 3 << 20
"""Bytes of files that are picked at once: a definition and the code that it names, or three price books. They come in
one message; a browser reads nothing that is larger, and says so.
"""
MESSAGE_MOST_BYTES: Final = PICKED_MOST_BYTES + (1 << 20)
"""Bytes of a message from a browser. What somebody types is less, be it the largest definition there may be."""


@dataclass(frozen=True)
class Limits:
    """`at_once` and `each` count sessions: in all, and of one person. `kept_s` is how long one without a window waits
    for it to come back; `check_s` how often it is looked up whether its person is still signed in. A window shows
    itself within `register_s`.

    `waiting_bytes` and `waiting_messages` may be waiting for a browser that takes them slowly. `per_s` messages a
    second are taken from a browser in the long run, `burst` at once; more wait. `handling` of them may be worked on at
    the same time.
    """

    at_once: int = 200
    each: int = 20
    kept_s: float = 600.0
    check_s: float = 60.0
    register_s: float = 10.0
    message_bytes: int = MESSAGE_MOST_BYTES
    waiting_bytes: int = 16 << 20
    waiting_messages: int = 5_000
    per_s: float = 100.0
    burst: int = 500
    handling: int = 200
