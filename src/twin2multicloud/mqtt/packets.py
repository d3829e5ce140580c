"""MQTT control packets as plain values, and what is refused.

What is left out on purpose: QoS 2 (no cloud's device gateway has it) and enhanced authentication.
Sources: OASIS MQTT 3.1.1 (2014) and MQTT 5.0 (2019); section numbers in comments are those of 5.0 unless said.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

V311: Final = 4
V5: Final = 5
"""Protocol levels, as CONNECT spells them."""

MAX_REMAINING: Final = 268_435_455
"""Largest remaining length that four bytes can say."""
MAX_TEXT: Final = 65_535
"""Bytes of the longest string or binary field."""

PropertyValue = int | str | bytes | tuple[str, str]
Properties = tuple[tuple[int, PropertyValue], ...]
"""MQTT 5 properties as (identifier, value), in order."""


class Reason(IntEnum):
    """Reason codes of MQTT 5 (§2.4) that occur here."""

    SUCCESS = 0x00
    NORMAL_DISCONNECTION = 0x00
    GRANTED_QOS_1 = 0x01
    DISCONNECT_WITH_WILL = 0x04
    UNSPECIFIED = 0x80
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    UNSUPPORTED_VERSION = 0x84
    CLIENT_ID_NOT_VALID = 0x85
    BAD_USER_NAME_OR_PASSWORD = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    SERVER_SHUTTING_DOWN = 0x8B
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_NAME_INVALID = 0x90
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    QUOTA_EXCEEDED = 0x97
    QOS_NOT_SUPPORTED = 0x9B


class Refusal(IntEnum):
    """Return codes of a 3.1.1 CONNACK (3.1.1 §3.2.2.3)."""

    ACCEPTED = 0
    UNSUPPORTED_VERSION = 1
    CLIENT_ID_NOT_VALID = 2
    SERVER_UNAVAILABLE = 3
    BAD_USER_NAME_OR_PASSWORD = 4
    NOT_AUTHORIZED = 5


SUBSCRIPTION_REFUSED: Final = 0x80
"""What a 3.1.1 SUBACK says of a filter that is refused."""


class ProtocolError(ValueError):
    """Bytes that are no MQTT, or MQTT that is not supported; the connection has to be closed.

    `reason` is what an MQTT 5 peer is told.
    """

    def __init__(self, message: str, reason: Reason = Reason.MALFORMED_PACKET) -> None:
        super().__init__(message)
        self.reason = reason


class UnsupportedVersionError(ProtocolError):
    """A CONNECT of another protocol level than 4 and 5; it may be answered by a CONNACK before closing."""

    def __init__(self, level: int) -> None:
        super().__init__(f"protocol level {level} is neither 3.1.1 (4) nor 5", Reason.UNSUPPORTED_VERSION)
        self.level = level


@dataclass(slots=True)
class Will:
    """What the server publishes if the connection ends without DISCONNECT."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = ()


@dataclass(slots=True)
class Connect:
    """The first packet of a client. `keep_alive_s` 0 = none. `clean`: forget an earlier session."""

    client_id: str
    username: str | None = None
    password: bytes | None = None
    keep_alive_s: int = 0
    clean: bool = True
    will: Will | None = None
    version: int = V311
    properties: Properties = ()


@dataclass(slots=True)
class Connack:
    """The answer to CONNECT. `code` is a `Refusal` in 3.1.1, a `Reason` in 5; 0 = accepted in both."""

    code: int = 0
    session_present: bool = False
    properties: Properties = ()


@dataclass(slots=True)
class Publish:
    """A message. `id` is the packet identifier, 0 with QoS 0."""

    topic: str
    payload: bytes
    qos: int = 0
    id: int = 0
    dup: bool = False
    retain: bool = False
    properties: Properties = ()


@dataclass(slots=True)
class Puback:
    """A message of QoS 1 has arrived; with MQTT 5 a `code` ≥ 0x80 says that it was refused."""

    id: int
    code: int = 0
    properties: Properties = ()


@dataclass(slots=True)
class Subscribe:
    """Topic filters with the highest QoS at which messages shall come."""

    id: int
    filters: tuple[tuple[str, int], ...]
    properties: Properties = ()


@dataclass(slots=True)
class Suback:
    """One code for each filter of a SUBSCRIBE: the QoS granted, or ≥ 0x80."""

    id: int
    codes: tuple[int, ...]
    properties: Properties = ()


@dataclass(slots=True)
class Unsubscribe:
    """Topic filters that shall end."""

    id: int
    filters: tuple[str, ...]
    properties: Properties = ()


@dataclass(slots=True)
class Unsuback:
    """The answer to UNSUBSCRIBE; `codes` in MQTT 5 only."""

    id: int
    codes: tuple[int, ...] = ()
    properties: Properties = ()


@dataclass(slots=True)
class Pingreq:
    """Are you there?"""


@dataclass(slots=True)
class Pingresp:
    """I am."""


@dataclass(slots=True)
class Disconnect:
    """The last packet of a connection. `code` in MQTT 5 only."""

    code: int = 0
    properties: Properties = ()


Packet = (
    Connect | Connack | Publish | Puback | Subscribe | Suback | Unsubscribe | Unsuback | Pingreq | Pingresp | Disconnect
)
