"""The envelope of everything that travels: CloudEvents 1.0 in JSON, single or in batches.

An event's id is deterministic: the same message of the same device gives the same id wherever and however often it
is wrapped. So writes are idempotent, retries harmless, and duplicates vanish in the stores.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

import msgspec

TELEMETRY: Final = "twin2multicloud.telemetry"
TWIN_UPDATE: Final = "twin2multicloud.twin-update"
COMMAND: Final = "twin2multicloud.command"
COMMAND_RESULT: Final = "twin2multicloud.command-result"
ALERT: Final = "twin2multicloud.alert"
ERROR: Final = "twin2multicloud.error"
DEVICE_STATE: Final = "twin2multicloud.device-state"
PROBE: Final = "twin2multicloud.probe"
"""Asks whether messages get through: it goes the way of telemetry, is written to the hot store and deleted at once.
One that is `left` stays there until whoever sent it has seen it.
"""

PROBE_DEVICE: Final = "~probe"
"""The subject of probes: no device can be called so, so nothing that lists devices ever shows it."""

CONTENT_TYPE: Final = "application/cloudevents-batch+json"

MOST_LEVELS: Final = 64
"""Levels of objects and arrays in one another that a payload may have, so that no hop fails on one."""


class Event(msgspec.Struct, omit_defaults=True, tag_field="specversion", tag="1.0"):
    """One CloudEvent. `subject` is the device (or entity) it is about, `time` its event time (`runtime.times`).

    `data` is the payload: plain JSON values. `dataschema` is the DTMI of the device's model, `trace` the id that
    follows a message through all its hops (a CloudEvents extension attribute).
    """

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: Any
    dataschema: str = ""
    trace: str = ""


class RawMessage(msgspec.Struct, omit_defaults=True):
    """What an acquisition service hands over: the device it authenticated, the bytes it sent, when they came.

    `kind` is what the device published on: telemetry, or its answer to a command, or its state (last will).
    """

    device: str
    payload: bytes
    received: float
    kind: str = "telemetry"


def event_id(device: str, time: str, payload: bytes) -> str:
    """The id of a device's message: 128 bits of a hash over device, event time and payload, as hex."""
    parts = (device.encode(), time.encode(), payload)
    content = b"".join([piece for part in parts for piece in (len(part).to_bytes(4, "big"), part)])
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def probe_event(twin: str, id: str, time: str, *, left: bool = False) -> Event:
    """A probe; `left`: whoever sends it looks for it in the hot store, and deletes it."""
    return Event(id=id, source=source_of(twin, PROBE_DEVICE), type=PROBE, subject=PROBE_DEVICE, time=time,
                 data={_LEFT: True} if left else {}, trace=id)  # fmt: skip


def is_left(probe: Event) -> bool:
    """Whether a probe stays in the hot store."""
    return isinstance(probe.data, dict) and probe.data.get(_LEFT) is True


def source_of(twin: str, device: str) -> str:
    """The `source` attribute of a device's events."""
    return f"/twins/{twin}/devices/{device}"


_LEFT: Final = "left"
_ENCODER: Final = msgspec.json.Encoder()
_EVENT: Final = msgspec.json.Decoder(Event)
_EVENTS: Final = msgspec.json.Decoder(list[Event])
_RAW: Final = msgspec.json.Decoder(RawMessage)
_UNREADABLE: Final = (UnicodeDecodeError, RecursionError)
"""What msgspec raises beside its own errors: for texts that are not UTF-8, and for what is nested without end."""


def encode(event: Event | RawMessage) -> bytes:
    """One event as JSON."""
    return _ENCODER.encode(event)


def encode_batch(events: Sequence[Event]) -> bytes:
    """A JSON array of events (media type `CONTENT_TYPE`)."""
    return _ENCODER.encode(events)


def decode(content: bytes | str) -> Event:
    """The event in JSON; `msgspec.DecodeError` (a `ValueError`) if it is none."""
    try:
        return _EVENT.decode(content)
    except _UNREADABLE as error:
        raise msgspec.DecodeError(str(error)) from error


def decode_batch(content: bytes | str) -> list[Event]:
    """The events in a JSON array; `msgspec.DecodeError` (a `ValueError`) if it is none."""
    try:
        return _EVENTS.decode(content)
    except _UNREADABLE as error:
        raise msgspec.DecodeError(str(error)) from error


def decode_raw(content: bytes | str) -> RawMessage:
    """A raw message that `encode` wrote; `msgspec.DecodeError` (a `ValueError`) if it is none."""
    try:
        return _RAW.decode(content)
    except _UNREADABLE as error:
        raise msgspec.DecodeError(str(error)) from error


def items_of(body: bytes) -> list[Event | RawMessage]:
    """What a message or dead letter holds: a batch of events, one event, or one message of a device as `encode` wrote
    it. `ValueError` if none of these.
    """
    if body[:1] == b"[":
        return list(decode_batch(body))
    if body.startswith(b'{"specversion"'):
        return [decode(body)]
    return [decode_raw(body)]


_ELEMENTS: Final = msgspec.json.Decoder(list[msgspec.Raw])


def messages_in(body: bytes) -> list[bytes]:
    """The messages in the body of a device's request: the elements of an array, byte for byte, or the body itself."""
    if body.lstrip()[:1] == b"[":
        try:
            return [bytes(element) for element in _ELEMENTS.decode(body)]
        except (msgspec.DecodeError, RecursionError):
            pass  # whoever looks into messages says what is wrong with it
    return [body]
