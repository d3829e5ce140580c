"""What a simulated device needs of its way to the twin, and what it gets told."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from twin2multicloud.simulator.draws import Draws
from twin2multicloud.simulator.ledger import LedgerEntry

CONNECT_TIMEOUT_S: Final = 10.0
ANSWER_TIMEOUT_S: Final = 30.0
"""After this long without any sign of the gateway a connection is given up, and everything sent again on a new one."""
_PORTS: Final = {"mqtt": 1883, "mqtts": 8883, "http": 80}
_FIRST_RETRY_S: Final = 0.25
_LONGEST_RETRY_S: Final = 10.0


@dataclass(frozen=True)
class Target:
    """Where devices connect: `mqtt://host:port`, `mqtts://host:port` (TLS) or `http://host:port`, and the twin whose
    devices they are.
    """

    twin: str
    scheme: str
    host: str
    port: int

    @classmethod
    def parse(cls, twin: str, url: str) -> Target:
        """The target of a URL; `ValueError` says what is wrong with it."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError as error:
            raise ValueError(f"'{url[:100]}': {error}") from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(
                f"'{url[:100]}' is no address; write mqtt://HOST:PORT, mqtts://HOST:PORT or http://HOST:PORT"
            )
        if parts.username or parts.password or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(f"'{parts.scheme}://…' may have nothing but a host and a port; keys come from a file")
        return cls(twin, parts.scheme, parts.hostname, _PORTS[parts.scheme] if port is None else port)


@dataclass(slots=True, eq=False)
class Outgoing:
    """Something a device sends, from when it was due until it is acknowledged as often as it was sent (`copies`).

    `is_object`: the payload is a JSON object, as it should be. `counts`: it is not the repeat of an answer.
    """

    payload: bytes
    due_s: float
    is_object: bool = True
    entry: LedgerEntry | None = None
    is_result: bool = False
    counts: bool = True
    copies: int = 1


class Owner(Protocol):
    """The device behind a link."""

    name: str

    def online(self, again: bool) -> None:
        """The gateway has let the device in, for the first time or again."""

    def acked(self, message: Outgoing) -> None:
        """The gateway has acknowledged something the device sent."""

    def resent(self, count: int) -> None:
        """So many messages had to be sent once more."""

    def command(self, command: Mapping[str, Any]) -> None:
        """A command came."""

    def refused(self, why: str) -> None:
        """The gateway will never let this device in."""

    def rejected(self, message: Outgoing, why: str) -> None:
        """The gateway will never take this message."""


class Link(Protocol):
    """A device's way to the gateway. What is sent is kept, and sent again as often as needed, until it is acked."""

    @property
    def unacked(self) -> int:
        """Messages that are not acknowledged yet."""

    def open(self) -> None:
        """Begin to connect."""

    def send(self, message: Outgoing) -> None:
        """Send, now or when connected."""

    def drop(self, back_after_s: float) -> None:
        """Break the connection as a device that loses power does, and come back later."""

    def check(self, now_s: float) -> None:
        """Called every second or so: look after keep-alives and time-outs."""

    def leave(self) -> list[Outgoing]:
        """Close, and give back what is not acknowledged, in order."""

    def close(self) -> None:
        """Say goodbye and send nothing more."""


class Links(Protocol):
    """Makes the links of a run."""

    def make(self, owner: Owner) -> Link:
        """A device's link, not yet open."""

    def check(self, now_s: float) -> None:
        """Look after what links share."""

    def stop(self) -> None:
        """End what links share."""


class Backoff:
    """How long to wait before the next attempt: longer each time, and not the same for every device."""

    def __init__(self, seed: int, device: str) -> None:
        self._draws = Draws(seed, device, "backoff")
        self._attempt = 0
        self._total = 0

    def next_s(self) -> float:
        """Seconds until the next attempt."""
        longest = min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2.0 ** min(self._attempt, 10))
        self._attempt += 1
        self._total += 1
        return longest * (0.5 + self._draws.block(self._total)[0] / 131_072)

    def succeeded(self) -> None:
        """Begin with short times again."""
        self._attempt = 0


def read_command(content: bytes) -> Mapping[str, Any] | None:
    """A command's document; None if it is none."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return document if is_command(document) else None


def is_command(document: Any) -> bool:
    """Whether a JSON value is a command: an object with an id and a name."""
    return isinstance(document, dict) and isinstance(document.get("id"), str) and isinstance(document.get("name"), str)


KeyOf = Callable[[str], str]
"""Gives a device's key."""
