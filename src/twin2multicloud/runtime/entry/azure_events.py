"""What an Azure function host hands over, as our messages: IoT Hub's events, queue messages, HTTP. Pure translation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from twin2multicloud.runtime.envelope import RawMessage
from twin2multicloud.runtime.times import to_epoch

if TYPE_CHECKING:
    import azure.functions as func

_KINDS: Final = {"telemetry": "telemetry", "results": "result", "state": "state"}
"""The property `kind` of a device's message (the last level of its topic elsewhere), as messages name it."""

KIND: Final = "kind"
_WILL: Final = "iothub-MessageType"
_PRESENCE: Final = "deviceconnectionstateevents"
"""The source of messages with which the hub itself says that a device came or went, in lower case."""


def raw_messages(events: Sequence[func.EventHubEvent]) -> list[RawMessage]:
    """A batch of IoT Hub's built-in endpoint. The hub names the device that it authenticated in a system property."""
    if not events:
        return []
    everything: Mapping[str, Any] = events[0].metadata or {}
    properties: Sequence[Mapping[str, Any]] = everything.get("PropertiesArray") or [{}] * len(events)
    return [_raw(event, about) for event, about in zip(events, properties, strict=True)]


def _raw(event: func.EventHubEvent, properties: Mapping[str, Any]) -> RawMessage:
    system: Mapping[str, Any] = event.iothub_metadata or {}
    device = str(system.get("connection-device-id", ""))
    if str(system.get("message-source", "")).lower() == _PRESENCE:
        # Routed to the endpoint that telemetry is read from, so that it is in order with what the device sent.
        payload = msgspec.json.encode({"connected": properties.get("opType") == "deviceConnected"})
        return RawMessage(device, payload, _received(system, event), "state")
    # A last will is a message of the kind the device chose; one without is the news that the device is gone.
    kind = str(properties.get(KIND) or ("state" if properties.get(_WILL) == "Will" else "telemetry"))
    return RawMessage(
        device=device,
        payload=event.get_body(),
        received=_received(system, event),
        kind=_KINDS.get(kind, kind),
    )


def _received(system: Mapping[str, Any], event: func.EventHubEvent) -> float:
    try:
        return to_epoch(str(system["enqueuedtime"]))
    except (KeyError, ValueError):
        pass
    if event.enqueued_time is None:
        raise ValueError("the host gave no time at which the hub took the message")
    return to_epoch(event.enqueued_time.isoformat() + ("" if event.enqueued_time.tzinfo else "+00:00"))


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with their names in lower case."""
    return {name.lower(): value for name, value in headers.items()}
