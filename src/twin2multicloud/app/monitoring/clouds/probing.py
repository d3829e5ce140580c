"""Probes of twins in clouds: put where messages of devices begin, looked for in the hot store, and deleted there."""

from __future__ import annotations

from typing import Final

from twin2multicloud.app.services.cloud_twins import CloudTwin
from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.stacks import slot_name
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.envelope import PROBE_DEVICE, probe_event
from twin2multicloud.runtime.times import to_time

_PATH: Final = (Slot.ACQUISITION, Slot.PROCESSING, Slot.HOT)
_AT_ONCE: Final = 100
_A_DAY_S: Final = 86_400.0


def can_be_probed(twin: CloudTwin) -> bool:
    """Whether all is there that a probe passes."""
    deployment = twin.deployment
    return all(slot_name(slot, deployment.generation(slot)) in twin.outputs for slot in _PATH)


def beginning(deployment: Deployment) -> tuple[Slot, str]:
    """Where messages of devices begin: the queue of L1, or that of L2 where both are neighbours."""
    apart = deployment.blueprint.by_edge["telemetry"].apart
    return (Slot.ACQUISITION, "telemetry-outbox") if apart else (Slot.PROCESSING, "intake")


def send(twin: CloudTwin, id: str, now: float) -> None:
    """Send a probe to where messages of devices begin. Raises what `REFUSED` names."""
    slot, topic = beginning(twin.deployment)
    event = probe_event(twin.deployment.spec.name, id, to_time(now), left=True)
    twin.reached.queues(slot).publish(topic, [event])


def has_arrived(twin: CloudTwin, id: str, now: float) -> bool:
    """Whether a probe lies in the hot store; it and those that came late before it are deleted."""
    hot = twin.reached.slot(Slot.HOT).hot
    start, end = to_time(max(now - 7 * _A_DAY_S, 0.0)), to_time(now + _A_DAY_S)
    there = hot.history(PROBE_DEVICE, start, end, _AT_ONCE)
    if there:
        hot.delete(there)
    return any(event.id == id for event in there)
