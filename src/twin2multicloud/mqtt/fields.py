"""The fields packets are made of: integers, texts, binary data, and MQTT 5's properties."""

from __future__ import annotations

from typing import Final, Literal

from twin2multicloud.mqtt.packets import MAX_REMAINING, MAX_TEXT, Properties, PropertyValue, ProtocolError, Reason

Shape = Literal["byte", "two", "four", "varint", "text", "binary", "pair"]

RECEIVE_MAXIMUM: Final = 0x21
MAXIMUM_QOS: Final = 0x24
RETAIN_AVAILABLE: Final = 0x25
USER_PROPERTY: Final = 0x26
MAXIMUM_PACKET_SIZE: Final = 0x27
WILDCARDS_AVAILABLE: Final = 0x28
SUBSCRIPTION_IDS_AVAILABLE: Final = 0x29
SHARED_SUBSCRIPTIONS_AVAILABLE: Final = 0x2A
SESSION_EXPIRY: Final = 0x11
TOPIC_ALIAS: Final = 0x23
SUBSCRIPTION_ID: Final = 0x0B

SHAPES: Final[dict[int, Shape]] = {
    0x01: "byte",  # payload format
    0x02: "four",  # message expiry
    0x03: "text",  # content type
    0x08: "text",  # response topic
    0x09: "binary",  # correlation data
    SUBSCRIPTION_ID: "varint",
    SESSION_EXPIRY: "four",
    0x12: "text",  # assigned client id
    0x13: "two",  # server keep alive
    0x15: "text",  # authentication method
    0x16: "binary",  # authentication data
    0x17: "byte",  # request problem information
    0x18: "four",  # will delay
    0x19: "byte",  # request response information
    0x1A: "text",  # response information
    0x1C: "text",  # server reference
    0x1F: "text",  # reason
    RECEIVE_MAXIMUM: "two",
    0x22: "two",  # topic alias maximum
    TOPIC_ALIAS: "two",
    MAXIMUM_QOS: "byte",
    RETAIN_AVAILABLE: "byte",
    USER_PROPERTY: "pair",
    MAXIMUM_PACKET_SIZE: "four",
    WILDCARDS_AVAILABLE: "byte",
    SUBSCRIPTION_IDS_AVAILABLE: "byte",
    SHARED_SUBSCRIPTIONS_AVAILABLE: "byte",
}
"""Each property's shape (§2.2.2.2). Which packet may carry which is the receiver's business."""

_WIDTHS: Final = {"byte": 1, "two": 2, "four": 4}
_REPEATABLE: Final = (USER_PROPERTY, SUBSCRIPTION_ID)


def read_number(data: bytes, at: int, stop: int, width: int) -> tuple[int, int]:
    """A big-endian integer of `width` bytes, and where the next field begins."""
    end = at + width
    if end > stop:
        raise ProtocolError("a packet ends within a number")
    return int.from_bytes(data[at:end], "big"), end


def read_binary(data: bytes, at: int, stop: int) -> tuple[bytes, int]:
    """Bytes with their length before them."""
    size, start = read_number(data, at, stop, 2)
    end = start + size
    if end > stop:
        raise ProtocolError(f"a field says {size} bytes where {stop - start} are left")
    return data[start:end], end


def read_text(data: bytes, at: int, stop: int) -> tuple[str, int]:
    """A UTF-8 text without U+0000 (§1.5.4)."""
    content, end = read_binary(data, at, stop)
    return text_of(content), end


def text_of(content: bytes) -> str:
    """A text field's content; `ProtocolError` if it is no UTF-8 or holds U+0000."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise ProtocolError("a text is no UTF-8") from None
    if "\0" in text:
        raise ProtocolError("a text holds U+0000")
    return text


def read_varint(data: bytes, at: int, stop: int) -> tuple[int, int]:
    """A variable byte integer (§1.5.5) that must be complete."""
    value = shift = 0
    for position in range(at, min(stop, at + 4)):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0 and shift:
                raise ProtocolError("a length is written with more bytes than it needs")
            return value, position + 1
        shift += 7
    raise ProtocolError("a length has more than four bytes" if stop - at >= 4 else "a packet ends within a length")


def read_properties(data: bytes, at: int, stop: int) -> tuple[Properties, int]:
    """The properties of an MQTT 5 packet, each at most once but those that may repeat."""
    size, at = read_varint(data, at, stop)
    if not size:
        return (), at
    end = at + size
    if end > stop:
        raise ProtocolError("properties are longer than their packet")
    found: list[tuple[int, PropertyValue]] = []
    seen: set[int] = set()
    while at < end:
        identifier, at = read_varint(data, at, end)
        shape = SHAPES.get(identifier)
        if shape is None:
            raise ProtocolError(f"there is no property {identifier:#04x}")
        if identifier in seen and identifier not in _REPEATABLE:
            raise ProtocolError(f"property {identifier:#04x} is given twice", Reason.PROTOCOL_ERROR)
        seen.add(identifier)
        value, at = _read_value(shape, data, at, end)
        found.append((identifier, value))
    return tuple(found), end


def _read_value(shape: Shape, data: bytes, at: int, end: int) -> tuple[PropertyValue, int]:
    if shape == "text":
        return read_text(data, at, end)
    if shape == "binary":
        return read_binary(data, at, end)
    if shape == "varint":
        return read_varint(data, at, end)
    if shape == "pair":
        name, at = read_text(data, at, end)
        value, at = read_text(data, at, end)
        return (name, value), at
    return read_number(data, at, end, _WIDTHS[shape])


def varint(value: int) -> bytes:
    """A variable byte integer. `ValueError` if it does not fit four bytes."""
    if not 0 <= value <= MAX_REMAINING:
        raise ValueError(f"{value} does not fit a variable byte integer (0 to {MAX_REMAINING})")
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def binary_field(content: bytes) -> bytes:
    """Bytes with their length before them. `ValueError` if there are more than 65,535."""
    if len(content) > MAX_TEXT:
        raise ValueError(f"a field holds {len(content):,} bytes; MQTT allows {MAX_TEXT:,}")
    return len(content).to_bytes(2, "big") + content


def text_field(text: str) -> bytes:
    """A text as UTF-8 with its length before it. `ValueError` if it is too long or holds U+0000."""
    if "\0" in text:
        raise ValueError("a text for MQTT may not hold U+0000")
    return binary_field(text.encode())


def properties_field(properties: Properties) -> bytes:
    """Properties with their length before them."""
    if not properties:
        return b"\0"
    content = b"".join(varint(identifier) + _value(identifier, value) for identifier, value in properties)
    return varint(len(content)) + content


def _value(identifier: int, value: PropertyValue) -> bytes:
    match SHAPES[identifier], value:
        case "text", str():
            return text_field(value)
        case "binary", bytes():
            return binary_field(value)
        case "varint", int():
            return varint(value)
        case "pair", (str() as name, str() as content):
            return text_field(name) + text_field(content)
        case ("byte" | "two" | "four") as shape, int():
            return value.to_bytes(_WIDTHS[shape], "big")
    raise ValueError(f"property {identifier:#04x} cannot hold {value!r:.40}")
