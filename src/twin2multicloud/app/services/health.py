"""How a twin's layers do, from what its sandbox tells, or from its stacks where nothing else is known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from twin2multicloud.app.schemas.operating import Health, LayerHealth, StackState
from twin2multicloud.app.services.sandboxes import Look, moment
from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.status import CloudStatus, PlacedSlot

RECENT_S: Final = 60.0
"""An error counts for as long."""
_WAITING_S: Final = 60.0
"""A message that waits longer than this has been left lying."""
_CHECKED: Final = ["process", "faults", "functions", "links", "errors of the last minute"]
_STORES: Final = {Slot.HOT: "hot", Slot.COOL: "cool", Slot.ARCHIVE: "archive", Slot.MANAGEMENT: "graph"}
_QUEUED: Final = frozenset({Slot.ACQUISITION.value, Slot.PROCESSING.value})
_WORST: Final[dict[Health, int]] = {"ok": 0, "unknown": 1, "degraded": 2, "down": 3}


def worst(found: Iterable[LayerHealth]) -> Health:
    """The worst of several layers; `unknown` of none."""
    words: list[Health] = [each.health for each in found]
    return max(words, key=lambda word: _WORST[word]) if words else "unknown"


def of_sandbox(seen: Look, stacks: Sequence[StackState]) -> list[LayerHealth]:
    """Each slot's health by what its cloud's process tells; `down` where that does not answer."""
    if seen.whole is None:
        return [
            LayerHealth(
                slot=stack.slot,
                cloud=stack.site.partition("/")[0],
                health="down",
                checked=["process"],
                problems=["the sandbox does not answer"],
                since=None,
            )
            for stack in stacks
            if stack.slot
        ]
    return [_layer(placed, seen.clouds.get(placed.cloud)) for placed in seen.whole.placement]


def of_stacks(stacks: Sequence[StackState]) -> list[LayerHealth]:
    """Each slot's health where only its stack is known: a whole one says nothing about how it does."""
    return [
        LayerHealth(
            slot=stack.slot,
            cloud=stack.site.partition("/")[0],
            health="unknown" if stack.whole else "degraded",
            checked=["stack"],
            problems=[] if stack.whole else ["its stack is not whole: the last apply failed or was interrupted"],
            since=stack.applied_at,
        )
        for stack in stacks
        if stack.slot
    ]


def _layer(placed: PlacedSlot, cloud: CloudStatus | None) -> LayerHealth:
    checked = list(_CHECKED)
    if placed.slot in {slot.value for slot in _STORES}:
        checked.append("store")
    if placed.slot in _QUEUED:
        checked.append("queues")
    health: Health = "ok"
    problems: list[tuple[str, float | None]] = []
    if cloud is None:
        health, problems = "down", [(f"the process of {placed.cloud} does not answer", None)]
    elif cloud.state == "outage":
        since = next((fault.since for fault in cloud.faults if fault.kind == "outage"), None)
        health, problems = "down", [(f"{placed.cloud} is out", since)]
    else:
        problems = _problems(placed.slot, cloud)
        health = "degraded" if problems else "ok"
    begun = [at for _, at in problems if at is not None]
    since = min(begun, default=None)
    if health == "ok" and cloud is not None:
        since = cloud.at - cloud.uptime_s
    return LayerHealth(
        slot=placed.slot,
        cloud=placed.cloud,
        health=health,
        checked=checked,
        problems=[text for text, _ in problems],
        since=moment(since),
    )


def _problems(slot: str, cloud: CloudStatus) -> list[tuple[str, float | None]]:
    """What is wrong with a slot in its cloud, and since when."""
    found: list[tuple[str, float | None]] = []
    edges = _edges(slot)
    targets = {"", *edges, *(name for each, name in _STORES.items() if each.value == slot)}
    if slot in _QUEUED:
        targets.add("queues")
    found += [
        (f"a fault is injected: {fault.kind}{f' on {fault.target}' if fault.target else ''}", fault.since)
        for fault in cloud.faults
        if fault.target in targets
    ]
    found += [
        (f"the link {link.edge} does not get through: {link.last_error}", link.last_error_at)
        for link in cloud.links
        if link.failing and link.edge in edges
    ]
    for queue in cloud.queues if slot in _QUEUED else ():
        if queue.oldest_age_s is not None and queue.oldest_age_s > _WAITING_S:
            found.append(
                (f"the queue {queue.name} is not worked off: {queue.depth:,} wait", cloud.at - queue.oldest_age_s)
            )
    for error in cloud.errors:
        layer = slot == error.layer or slot.startswith(f"{error.layer}.")
        if layer and error.severity in ("error", "critical") and cloud.at - (error.last or 0.0) < RECENT_S:
            found.append((f"{error.kind}: {error.message}", error.first))
    return found


def _edges(slot: str) -> tuple[str, ...]:
    return tuple(edge.id for edge in EDGES if slot in (edge.source.value, edge.target.value))
