"""L1 on AWS: IoT Core, with its message broker or with Basic Ingest."""

from __future__ import annotations

from collections.abc import Iterable

from twin2multicloud.blueprint.parts import Component, Kind, Limit, Offer, Use
from twin2multicloud.blueprint.volumes import HOURS_PER_MONTH, Volumes
from twin2multicloud.model.slots import Provider, Slot


def _gateway(v: Volumes, *, brokered: bool) -> Component:
    """Connections, rules and their actions; the broker's messages unless devices publish to rules directly.

    Basic Ingest topics (`$aws/rules/…`) skip the broker and its message charge; commands still pass it.
    """
    size = v.message_size_bytes
    telemetry = (Use("aws.iot-core.messages", v.messages, each_bytes=size),) if brokered else ()
    return Component(
        "gateway",
        Kind.GATEWAY,
        "IoT Core",
        (
            Use("aws.iot-core.connectivity", v.devices * HOURS_PER_MONTH * 60),
            *telemetry,
            Use(
                "aws.iot-core.messages",
                v.commands,
                each_bytes=v.constant(v.assumptions.command_bytes),
            ),
            Use("aws.iot-core.rules-triggered", v.messages, each_bytes=size),
            Use("aws.iot-core.rule-actions", v.messages, each_bytes=size),
        ),
    )


def _standard(v: Volumes) -> Iterable[Component]:
    yield _gateway(v, brokered=True)


def _basic_ingest(v: Volumes) -> Iterable[Component]:
    yield _gateway(v, brokered=False)


_LIMITS = (Limit("a message holds at most 131,072 bytes (128 KiB)", lambda v: v.message_size_bytes <= 131_072),)
_FEATURES = frozenset({"managed", "mqtt", "https", "commands", "device-identity"})

ACQUISITION = (
    Offer(
        id="aws.iot-core",
        slot=Slot.ACQUISITION,
        provider=Provider.AWS,
        service="IoT Core",
        variant="broker",
        summary="MQTT broker with rules; other clients may subscribe to the telemetry",
        features=_FEATURES | {"telemetry-subscriptions"},
        components=_standard,
        limits=_LIMITS,
    ),
    Offer(
        id="aws.iot-core-basic-ingest",
        slot=Slot.ACQUISITION,
        provider=Provider.AWS,
        service="IoT Core",
        variant="Basic Ingest",
        summary="devices publish straight to rules; no broker charge for telemetry",
        features=_FEATURES,
        components=_basic_ingest,
        limits=_LIMITS,
    ),
)
