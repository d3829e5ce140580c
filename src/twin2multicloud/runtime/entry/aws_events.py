"""Lambda's events as our messages: SQS, Kinesis and function URLs. Pure translation."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from twin2multicloud.runtime.entry.batches import Delivery
from twin2multicloud.runtime.envelope import Event, RawMessage

_KINDS: Final = {"telemetry": "telemetry", "results": "result", "state": "state"}
"""The last level of a device's topic, as messages name it."""

_MILLISECONDS_FROM: Final = 1e11


class _FromRule(msgspec.Struct):
    """What the IoT rule selects: the device and kind from the topic, the payload as it came (base64), the time in ms.

    SELECT topic(3) AS device, topic(4) AS kind, encode(*, 'base64') AS payload, timestamp() AS received
    """

    device: str
    payload: bytes
    received: float
    kind: str = "telemetry"


_EVENT: Final = msgspec.json.Decoder(Event)
_FROM_RULE: Final = msgspec.json.Decoder(_FromRule)


def message_of(body: bytes) -> Event | RawMessage:
    """An event of ours, or a device's message from the IoT rule. `msgspec.DecodeError` if it is neither."""
    if b'"specversion"' in body:  # cannot stand in a rule's message, whose payload is base64
        return _EVENT.decode(body)
    raw = _FROM_RULE.decode(body)
    received = raw.received / 1000 if raw.received > _MILLISECONDS_FROM else raw.received
    return RawMessage(raw.device, raw.payload, received, _KINDS.get(raw.kind, raw.kind))


def from_queue(event: Mapping[str, Any]) -> list[Delivery]:
    """The messages of an SQS batch."""
    return [
        Delivery(
            record["messageId"],
            record["body"].encode("utf-8", "surrogatepass"),
            int(record.get("attributes", {}).get("ApproximateReceiveCount", 1)),
        )
        for record in event["Records"]
    ]


def from_stream(event: Mapping[str, Any]) -> list[Delivery]:
    """The records of a Kinesis batch, in order."""
    return [
        Delivery(record["kinesis"]["sequenceNumber"], base64.b64decode(record["kinesis"]["data"]), 1)
        for record in event["Records"]
    ]


def is_stream(event: Mapping[str, Any]) -> bool:
    """Whether a batch comes from Kinesis."""
    records = event.get("Records") or [{}]
    return "kinesis" in records[0]


@dataclass(frozen=True)
class Request:
    """An HTTP request as a function URL hands it over; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


def request_of(event: Mapping[str, Any]) -> Request | None:
    """The request of a function URL (payload format 2.0); None if the event is none."""
    http = event.get("requestContext", {}).get("http") if isinstance(event.get("requestContext"), Mapping) else None
    if not isinstance(http, Mapping):
        return None
    text = event.get("body") or ""
    body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    headers = {str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    return Request(http.get("method", "GET"), event.get("rawPath", "/"), headers, body)


def response_of(status: int, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """An answer for a function URL; JSON is text."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json", **headers},
        "body": body.decode(),
        "isBase64Encoded": False,
    }
