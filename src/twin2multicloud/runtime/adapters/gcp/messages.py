"""What Pub/Sub messages hold: our events, single or in batches, what devices sent, and commands. Needs no SDK."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from twin2multicloud.runtime.envelope import CONTENT_TYPE, Event, RawMessage, decode, decode_batch, encode, encode_batch
from twin2multicloud.runtime.ports import Command

_ATTRIBUTE: Final = "content-type"
_SINGLE: Final = "application/cloudevents+json"


class _OnTheWay(msgspec.Struct, omit_defaults=True):
    id: str
    name: str
    payload: dict[str, Any]
    trace: str = ""


def command_json(command: Command) -> bytes:
    """A command as devices read it: id, name, payload, and the trace if there is one."""
    return msgspec.json.encode(_OnTheWay(command.id, command.name, command.payload, command.trace))


def events_in(data: bytes) -> list[Event]:
    """The events in a message that `PubSubPublisher` wrote; `msgspec.DecodeError` if it is none."""
    return decode_batch(data) if data[:1] == b"[" else [decode(data)]


def items_in(data: bytes, attributes: Mapping[str, str], published: float) -> list[RawMessage | Event]:
    """What a message brings: our own events, or what a device sent (it is named by the attribute `device`).

    `published` is when, in seconds since 1970; the same at every delivery. Raises `msgspec.DecodeError` if a message
    says that it holds our events but does not.
    """
    if attributes.get(_ATTRIBUTE) in (_SINGLE, CONTENT_TYPE):
        return [*events_in(data)]
    return [RawMessage(attributes.get("device", ""), data, published, attributes.get("kind", "telemetry"))]


def single(event: Event) -> dict[str, Any]:
    """A message of one event."""
    return {"data": encode(event), "attributes": {_ATTRIBUTE: _SINGLE}}


def batch(events: Sequence[Event]) -> dict[str, Any]:
    """A message of a whole batch."""
    return {"data": encode_batch(events), "attributes": {_ATTRIBUTE: CONTENT_TYPE}}
