"""Bytes to packets, as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from twin2multicloud.mqtt.fields import read_binary, read_number, read_properties, read_text, text_of
from twin2multicloud.mqtt.packets import (
    MAX_REMAINING,
    V5,
    V311,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Properties,
    ProtocolError,
    Puback,
    Publish,
    Reason,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    UnsupportedVersionError,
    Will,
)

_WILDCARDS: Final = ("+", "#")


class Reader:
    """Turns the bytes of one connection into packets, however they are cut.

    `version` is the protocol's level; reading a CONNECT sets it. `max_packet_bytes` bounds what follows a packet's
    length, and with it what is ever held back.
    """

    __slots__ = ("_held", "_max_remaining", "_needed", "version")

    def __init__(self, version: int = V311, max_packet_bytes: int = 1 << 20) -> None:
        self.version = version
        self._max_remaining = min(max_packet_bytes, MAX_REMAINING)
        self._held = bytearray()
        self._needed = 0

    def feed(self, data: bytes) -> Iterator[Packet]:
        """The packets that are complete with `data`, then `ProtocolError` if what follows is none.

        Iterate to the end, or drop the reader: what is not read is lost.
        """
        if self._held:
            self._held += data
            if len(self._held) < self._needed:
                return
            data = bytes(self._held)
            self._held.clear()
        position, end = 0, len(data)
        needed = 2
        while end - position >= 2:
            first, length, start = data[position], data[position + 1], position + 2
            if length >= 0x80:
                length, start = self._long_length(data, start, end, length & 0x7F)
                if length < 0:
                    needed = end - position + 1
                    break
            if length > self._max_remaining:
                raise ProtocolError(
                    f"a packet of {length:,} bytes; {self._max_remaining:,} are accepted", Reason.PACKET_TOO_LARGE
                )
            stop = start + length
            if stop > end:
                if first & 0xF0 != 0x30 and first != 0x10 and first not in _DECODERS:
                    raise _no_packet(first)  # at once: what is no MQTT need not be waited for
                needed = stop - position
                break
            position = stop
            if first & 0xF0 == 0x30:
                yield self._publish(first, data, start, stop)
            else:
                yield self._other(first, data, start, stop)
        if position < end:
            self._held += data[position:]
            self._needed = needed

    @staticmethod
    def _long_length(data: bytes, at: int, end: int, low: int) -> tuple[int, int]:
        """A remaining length of several bytes, and where the content begins; -1 if not all of them are there."""
        for shift in (7, 14, 21):
            if at >= end:
                return -1, at
            byte = data[at]
            at += 1
            low |= (byte & 0x7F) << shift
            if byte < 0x80:
                if byte == 0:
                    raise ProtocolError("a length is written with more bytes than it needs")
                return low, at
        raise ProtocolError("a length has more than four bytes")

    def _publish(self, first: int, data: bytes, at: int, stop: int) -> Publish:
        qos = first >> 1 & 3
        after = at + 2
        end = after + (data[at] << 8 | data[at + 1]) if after <= stop else stop + 1
        if end > stop:
            raise ProtocolError("a packet ends within its topic")
        topic = text_of(data[after:end])
        if not topic:
            raise ProtocolError("an empty topic; topic aliases are not offered", Reason.TOPIC_ALIAS_INVALID)
        if "+" in topic or "#" in topic:
            raise ProtocolError("a message is published to a filter, not a topic", Reason.TOPIC_NAME_INVALID)
        identifier = 0
        if qos:
            if qos > 1:
                raise _bad_qos(qos)
            identifier, end = _identifier(data, end, stop)
        elif first & 0x08:
            raise ProtocolError("a duplicate of QoS 0")
        properties: Properties = ()
        if self.version == V5:
            properties, end = read_properties(data, end, stop)
        return Publish(topic, data[end:stop], qos, identifier, bool(first & 0x08), bool(first & 0x01), properties)

    def _other(self, first: int, data: bytes, at: int, stop: int) -> Packet:
        if first == 0x10:
            connect = _connect(data, at, stop)
            self.version = connect.version
            return connect
        decode = _DECODERS.get(first)
        if decode is None:
            raise _no_packet(first)
        return decode(data, at, stop, self.version == V5)


def check_filter(name: str) -> None:
    """`ProtocolError` unless `name` is a topic filter (§4.7.1): # alone at the end, + alone in its level."""
    levels = name.split("/")
    if not name:
        raise ProtocolError("an empty topic filter")
    for number, level in enumerate(levels, start=1):
        misplaced = level == "#" and number < len(levels)
        if misplaced or (level not in _WILDCARDS and ("+" in level or "#" in level)):
            raise ProtocolError("a wildcard of a topic filter is out of place")


def _connect(data: bytes, at: int, stop: int) -> Connect:
    protocol, at = read_binary(data, at, stop)
    version, at = read_number(data, at, stop, 1)
    if protocol not in (b"MQTT", b"MQIsdp"):
        raise ProtocolError("CONNECT does not say MQTT")
    if version not in (V311, V5) or protocol != b"MQTT":
        raise UnsupportedVersionError(version)
    flags, at = read_number(data, at, stop, 1)
    keep_alive_s, at = read_number(data, at, stop, 2)
    v5 = version == V5
    if flags & 0x01 or (not flags & 0x04 and flags & 0x38) or (not v5 and flags & 0xC0 == 0x40):
        raise ProtocolError(f"CONNECT flags {flags:#04x} contradict each other")
    properties: Properties = ()
    if v5:
        properties, at = read_properties(data, at, stop)
    client_id, at = read_text(data, at, stop)
    will = None
    if flags & 0x04:
        will, at = _will(flags, data, at, stop, v5)
    username = password = None
    if flags & 0x80:
        username, at = read_text(data, at, stop)
    if flags & 0x40:
        password, at = read_binary(data, at, stop)
    _ends(at, stop)
    return Connect(client_id, username, password, keep_alive_s, bool(flags & 0x02), will, version, properties)


def _will(flags: int, data: bytes, at: int, stop: int, v5: bool) -> tuple[Will, int]:
    qos = flags >> 3 & 3
    if qos > 1:
        raise _bad_qos(qos)
    properties: Properties = ()
    if v5:
        properties, at = read_properties(data, at, stop)
    topic, at = read_text(data, at, stop)
    payload, at = read_binary(data, at, stop)
    if not topic or "+" in topic or "#" in topic:
        raise ProtocolError("a will's topic is no topic", Reason.TOPIC_NAME_INVALID)
    return Will(topic, payload, qos, bool(flags & 0x20), properties), at


def _connack(data: bytes, at: int, stop: int, v5: bool) -> Connack:
    flags, at = read_number(data, at, stop, 1)
    code, at = read_number(data, at, stop, 1)
    if flags > 1:
        raise ProtocolError("reserved flags of CONNACK are set")
    properties, at = read_properties(data, at, stop) if v5 else ((), at)
    _ends(at, stop)
    return Connack(code, bool(flags), properties)


def _puback(data: bytes, at: int, stop: int, v5: bool) -> Puback:
    identifier, at = _identifier(data, at, stop)
    code = 0
    properties: Properties = ()
    if v5 and at < stop:
        code, at = read_number(data, at, stop, 1)
        if at < stop:
            properties, at = read_properties(data, at, stop)
    _ends(at, stop)
    return Puback(identifier, code, properties)


def _subscribe(data: bytes, at: int, stop: int, v5: bool) -> Subscribe:
    identifier, properties, at = _head(data, at, stop, v5)
    filters: list[tuple[str, int]] = []
    while at < stop:
        name, at = read_text(data, at, stop)
        options, at = read_number(data, at, stop, 1)
        check_filter(name)
        if options & 0x03 == 3 or options & (0xC0 if v5 else 0xFC) or options & 0x30 == 0x30:
            raise ProtocolError(f"subscription options {options:#04x} are not possible")
        filters.append((name, options & 0x03))
    if not filters:
        raise ProtocolError("SUBSCRIBE without a filter", Reason.PROTOCOL_ERROR)
    return Subscribe(identifier, tuple(filters), properties)


def _suback(data: bytes, at: int, stop: int, v5: bool) -> Suback:
    identifier, properties, at = _head(data, at, stop, v5)
    return Suback(identifier, tuple(data[at:stop]), properties)


def _unsubscribe(data: bytes, at: int, stop: int, v5: bool) -> Unsubscribe:
    identifier, properties, at = _head(data, at, stop, v5)
    filters: list[str] = []
    while at < stop:
        name, at = read_text(data, at, stop)
        check_filter(name)
        filters.append(name)
    if not filters:
        raise ProtocolError("UNSUBSCRIBE without a filter", Reason.PROTOCOL_ERROR)
    return Unsubscribe(identifier, tuple(filters), properties)


def _unsuback(data: bytes, at: int, stop: int, v5: bool) -> Unsuback:
    identifier, properties, at = _head(data, at, stop, v5)
    if not v5:
        _ends(at, stop)
    return Unsuback(identifier, tuple(data[at:stop]), properties)


def _pingreq(_data: bytes, at: int, stop: int, _v5: bool) -> Pingreq:
    _ends(at, stop)
    return Pingreq()


def _pingresp(_data: bytes, at: int, stop: int, _v5: bool) -> Pingresp:
    _ends(at, stop)
    return Pingresp()


def _disconnect(data: bytes, at: int, stop: int, v5: bool) -> Disconnect:
    code = 0
    properties: Properties = ()
    if v5 and at < stop:
        code, at = read_number(data, at, stop, 1)
        if at < stop:
            properties, at = read_properties(data, at, stop)
    _ends(at, stop)
    return Disconnect(code, properties)


# By the first byte, whose low half is fixed for all of these.
_DECODERS: Final[dict[int, Callable[[bytes, int, int, bool], Packet]]] = {
    0x20: _connack,
    0x40: _puback,
    0x82: _subscribe,
    0x90: _suback,
    0xA2: _unsubscribe,
    0xB0: _unsuback,
    0xC0: _pingreq,
    0xD0: _pingresp,
    0xE0: _disconnect,
}


def _head(data: bytes, at: int, stop: int, v5: bool) -> tuple[int, Properties, int]:
    identifier, at = _identifier(data, at, stop)
    properties, at = read_properties(data, at, stop) if v5 else ((), at)
    return identifier, properties, at


def _identifier(data: bytes, at: int, stop: int) -> tuple[int, int]:
    end = at + 2
    if end > stop:
        raise ProtocolError("a packet ends within its identifier")
    identifier = data[at] << 8 | data[at + 1]
    if not identifier:
        raise ProtocolError("packet identifier 0")
    return identifier, end


def _ends(at: int, stop: int) -> None:
    if at != stop:
        raise ProtocolError(f"a packet goes on for {stop - at} bytes after its last field")


def _bad_qos(qos: int) -> ProtocolError:
    if qos == 2:
        return ProtocolError("QoS 2 is not supported; use 1", Reason.QOS_NOT_SUPPORTED)
    return ProtocolError("QoS 3 does not exist")


def _no_packet(first: int) -> ProtocolError:
    return ProtocolError(f"no packet that is supported begins with {first:#04x}", Reason.PROTOCOL_ERROR)
