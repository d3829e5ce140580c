"""L1 on Google Cloud, which has no IoT service: devices publish to Pub/Sub, or post to a gateway on Cloud Run.

Neither speaks MQTT. A project has at most 10,000 topics and as many subscriptions ("Pub/Sub quotas and limits").
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from twin2multicloud.blueprint.edges import TELEMETRY
from twin2multicloud.blueprint.gcp.glue import THROUGHPUT, gathering_sender, in_pubsub, topic
from twin2multicloud.blueprint.gcp.run import service
from twin2multicloud.blueprint.parts import Component, End, Flow, Kind, Limit, Offer, Relation, Role, Use
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.slots import Provider, Slot

_MOST_TOPICS = 10_000


def _published(v: Volumes) -> Use:
    """Telemetry, a request per message; who takes it from the topic pays the delivery."""
    return Use(THROUGHPUT, v.messages, each_bytes=in_pubsub(v, v.message_size_bytes))


def _direct(v: Volumes) -> Iterable[Component]:
    yield Component("gateway", Kind.TOPIC, "Pub/Sub", (_published(v),))
    # Every device has a topic and a subscription of its own, which it keeps a streaming pull open on. Filtered
    # subscriptions on one topic would be charged a delivery of every command to every device.
    yield topic(v, "device-commands", v.commands, v.assumptions.command_bytes)


def _gateway(v: Volumes) -> Iterable[Component]:
    a = v.assumptions
    busy_ms = v.messages * (a.invocation_ms + a.write_ms_per_message)
    yield service(v, "gateway", Role.INGEST, v.messages, busy_ms, busy_ms, v.errors)
    yield Component("telemetry", Kind.TOPIC, "Pub/Sub", (_published(v),))
    yield Component(
        "pending-commands",
        Kind.STORE,
        "Firestore",
        (
            Use("gcp.firestore.writes", v.commands),
            # Devices get their commands in the answer to their messages, so every message looks for some.
            Use("gcp.firestore.reads", np.where(v.commands > 0, v.messages, 0.0)),
            Use("gcp.firestore.deletes", v.commands),
        ),
    )


def _sender(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
    """Telemetry waits in its topic anyway, so the sender needs no queue, only its subscription."""
    if relation is not Relation.SAME:
        delivered = Use(THROUGHPUT, flow.messages, each_bytes=in_pubsub(v, v.message_size_bytes))
        yield Component("telemetry-deliveries", Kind.TOPIC, "Pub/Sub", (delivered,))
        yield gathering_sender(TELEMETRY, v, flow)


def _addresses_devices(v: Volumes) -> NDArray[np.bool_]:
    addresses: NDArray[np.bool_] = (v.commands_per_device_per_day == 0) | (v.devices <= _MOST_TOPICS)
    return addresses


ACQUISITION = (
    Offer(
        id="gcp.pubsub-direct",
        slot=Slot.ACQUISITION,
        provider=Provider.GCP,
        service="Pub/Sub",
        variant="direct",
        summary="devices publish over HTTPS or gRPC with short-lived tokens of their own identity; no MQTT",
        features=frozenset({"managed", "https", "commands", "device-identity"}),
        components=_direct,
        ends={(TELEMETRY.id, End.SOURCE): _sender},
        limits=(
            Limit(
                f"commands need a topic per device, and a project has at most {_MOST_TOPICS:,}",
                _addresses_devices,
            ),
        ),
    ),
    Offer(
        id="gcp.run-gateway",
        slot=Slot.ACQUISITION,
        provider=Provider.GCP,
        service="Gateway",
        variant="Cloud Run",
        summary="our HTTPS gateway on Cloud Run checks tokens and publishes; no MQTT",
        features=frozenset({"https", "commands", "device-identity"}),
        components=_gateway,
        ends={(TELEMETRY.id, End.SOURCE): _sender},
    ),
)
