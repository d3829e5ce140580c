"""Packets to bytes."""

from __future__ import annotations

from typing import Final

from twin2multicloud.mqtt.fields import binary_field, properties_field, text_field, varint
from twin2multicloud.mqtt.packets import (
    V5,
    V311,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Properties,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
)

PINGREQ: Final = b"\xc0\x00"
PINGRESP: Final = b"\xd0\x00"
_PUBACK: Final = b"\x40\x02"


def encode(packet: Packet, version: int = V311) -> bytes:
    """The packet's bytes in a protocol version (a CONNECT has its own).

    `ValueError` for a field that MQTT cannot carry: a text over 65,535 bytes, an identifier out of range, a QoS that
    is not supported.
    """
    match packet:
        case Publish():
            return _publish(packet, version)
        case Puback():
            return puback(packet.id, packet.code, version, packet.properties)
        case Connect():
            return _connect(packet)
        case Connack():
            tail = properties_field(packet.properties) if version == V5 else b""
            return _frame(0x20, bytes((packet.session_present, packet.code)) + tail)
        case Subscribe():
            filters = b"".join(text_field(name) + bytes((_qos(qos),)) for name, qos in packet.filters)
            return _frame(0x82, _head(packet.id, packet.properties, version) + filters)
        case Suback():
            return _frame(0x90, _head(packet.id, packet.properties, version) + bytes(packet.codes))
        case Unsubscribe():
            names = b"".join(text_field(name) for name in packet.filters)
            return _frame(0xA2, _head(packet.id, packet.properties, version) + names)
        case Unsuback():
            codes = bytes(packet.codes) if version == V5 else b""
            return _frame(0xB0, _head(packet.id, packet.properties, version) + codes)
        case Pingreq():
            return PINGREQ
        case Pingresp():
            return PINGRESP
        case Disconnect():
            if version != V5 or (not packet.code and not packet.properties):
                return b"\xe0\x00"
            return _frame(0xE0, bytes((packet.code,)) + properties_field(packet.properties))


def puback(identifier: int, code: int = 0, version: int = V311, properties: Properties = ()) -> bytes:
    """A PUBACK; without code and properties it is the same four bytes in both versions."""
    if version != V5 or not (code or properties):
        return _PUBACK + _id(identifier)
    return _frame(0x40, _id(identifier) + bytes((code,)) + properties_field(properties))


def publish_frame(topic_field: bytes, payload: bytes, identifier: int, *, dup: bool = False) -> bytes:
    """A 3.1.1 PUBLISH of QoS 1, with a topic that `text_field` prepared: the way for many messages on one topic."""
    size = len(topic_field) + 2 + len(payload)
    return b"".join((b"\x3a" if dup else b"\x32", varint(size), topic_field, identifier.to_bytes(2, "big"), payload))


def _publish(packet: Publish, version: int) -> bytes:
    first = 0x30 | packet.dup << 3 | _qos(packet.qos) << 1 | packet.retain
    if packet.qos == 0 and (packet.id or packet.dup):
        raise ValueError("a message of QoS 0 has no packet identifier and is no duplicate")
    parts = [text_field(packet.topic), _id(packet.id) if packet.qos else b""]
    if version == V5:
        parts.append(properties_field(packet.properties))
    return _frame(first, b"".join((*parts, packet.payload)))


def _connect(packet: Connect) -> bytes:
    v5 = packet.version == V5
    if packet.version not in (V311, V5):
        raise ValueError(f"protocol level {packet.version} is neither 3.1.1 (4) nor 5")
    if packet.password is not None and packet.username is None and not v5:
        raise ValueError("MQTT 3.1.1 takes a password only with a user name")
    flags = packet.clean << 1
    parts = [text_field(packet.client_id)]
    if (will := packet.will) is not None:
        flags |= 0x04 | _qos(will.qos) << 3 | will.retain << 5
        if v5:
            parts.append(properties_field(will.properties))
        parts += [text_field(will.topic), binary_field(will.payload)]
    if packet.username is not None:
        flags |= 0x80
        parts.append(text_field(packet.username))
    if packet.password is not None:
        flags |= 0x40
        parts.append(binary_field(packet.password))
    head = b"\0\x04MQTT" + bytes((packet.version, flags)) + packet.keep_alive_s.to_bytes(2, "big")
    if v5:
        head += properties_field(packet.properties)
    return _frame(0x10, head + b"".join(parts))


def _head(identifier: int, properties: Properties, version: int) -> bytes:
    return _id(identifier) + (properties_field(properties) if version == V5 else b"")


def _frame(first: int, content: bytes) -> bytes:
    return b"".join((bytes((first,)), varint(len(content)), content))


def _id(identifier: int) -> bytes:
    if not 1 <= identifier <= 65_535:
        raise ValueError(f"{identifier} is no packet identifier (1 to 65,535)")
    return identifier.to_bytes(2, "big")


def _qos(qos: int) -> int:
    if qos not in (0, 1):
        raise ValueError(f"QoS {qos} is not supported; use 0 or 1")
    return qos
