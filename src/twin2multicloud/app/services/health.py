"""How a twin's layers do, from what its sandbox tells, or from its stacks where nothing else is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from twin2multicloud.app.db.tables.checks import HealthCheck
from twin2multicloud.app.schemas.operating import LayerHealth, LinkHealth, StackState
from twin2multicloud.app.schemas.twins import Health
from twin2multicloud.app.services.sandboxes import Look, moment
from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.model.slots import Slot
from twin2multicloud.sandbox.status import CloudStatus, FoldedError, LinkStatus, PlacedSlot

RECENT_S: Final = 60.0
"""An error counts for as long."""
FRESH: Final = timedelta(hours=1)
"""What a check of a twin in clouds found is told for so long."""
_WAITING_S: Final = 60.0
"""A message that waits longer than this has been left lying."""
_CHECKED: Final = ["process", "faults", "functions", "links", "errors of the last minute"]
_CHECKED_IN_CLOUDS: Final = ("stack", "functions")
_CHECKED_MORE: Final[Mapping[str, tuple[str, ...]]] = {
    Slot.ACQUISITION.value: ("queues", "devices"),
    Slot.PROCESSING.value: ("queues",),
    Slot.HOT.value: ("newest record",),
    Slot.MANAGEMENT.value: ("newest value",),
    Slot.VISUALIZATION.value: ("dashboards",),
}
_STORES: Final = {Slot.HOT: "hot", Slot.COOL: "cool", Slot.ARCHIVE: "archive", Slot.MANAGEMENT: "graph"}
_QUEUED: Final = frozenset({Slot.ACQUISITION.value, Slot.PROCESSING.value})
GRAVITY: Final[Mapping[str, int]] = {"ok": 0, "unknown": 1, "degraded": 2, "down": 3}
"""How bad each health is."""


def worst(found: Iterable[LayerHealth]) -> Health:
    """The worst of several layers; `unknown` of none."""
    words: list[Health] = [each.health for each in found]
    return max(words, key=lambda word: GRAVITY[word]) if words else "unknown"


def of_sandbox(seen: Look, stacks: Sequence[StackState], at: datetime) -> list[LayerHealth]:
    """Each slot's health by what its cloud's process tells, as of a moment; `down` where that does not answer."""
    if seen.whole is None:
        return [
            LayerHealth(
                slot=stack.slot,
                cloud=stack.site.partition("/")[0],
                health="down",
                checked=["process"],
                checked_at=at,
                problems=["the sandbox does not answer"],
                since=None,
            )
            for stack in stacks
            if stack.slot
        ]
    return [_layer(placed, seen.clouds.get(placed.cloud), at) for placed in seen.whole.placement]


def of_stacks(stacks: Sequence[StackState], at: datetime) -> list[LayerHealth]:
    """Each slot's health where only its stack is known: a whole one says nothing about how it does."""
    return [
        LayerHealth(
            slot=stack.slot,
            cloud=stack.site.partition("/")[0],
            health="unknown" if stack.whole else "degraded",
            checked=["stack"],
            checked_at=at,
            problems=[] if stack.whole else ["its stack is not whole: the last apply failed or was interrupted"],
            since=stack.applied_at,
        )
        for stack in stacks
        if stack.slot
    ]


def of_checks(
    stacks: Sequence[StackState], checks: Mapping[str, HealthCheck], at: datetime, fresh: timedelta
) -> list[LayerHealth]:
    """Each slot's health by what its check found last (by slot), as of a moment; by its stack where it was not checked
    for longer than `fresh`.
    """
    found = []
    for layer in of_stacks(stacks, at):
        row = checks.get(layer.slot)
        if row is None or at - row.checked_at > fresh or layer.health == "degraded":
            found.append(layer)
            continue
        checked = [*_CHECKED_IN_CLOUDS, *_CHECKED_MORE.get(layer.slot, ())]
        told = LayerHealth.model_validate(
            {**layer.model_dump(), "health": row.health, "checked": checked, "checked_at": row.checked_at,
             "problems": [row.problem] if row.problem else [], "since": row.since}
        )  # fmt: skip
        found.append(told)
    return found


def with_since(layers: Sequence[LayerHealth], seen: Sequence[Mapping[str, str]]) -> list[LayerHealth]:
    """The same layers; one that does as it did when it was looked at before does so since then, unless it can tell."""
    known = {each["slot"]: each for each in seen}
    found = []
    for layer in layers:
        before = known.get(layer.slot)
        if layer.since is None and before is not None and before["health"] == layer.health:
            layer = layer.model_copy(update={"since": datetime.fromisoformat(before["since"])})
        found.append(layer)
    return found


def links(seen: Look, at: datetime) -> list[LinkHealth]:
    """Every link's health, by its sending end; by its other end where the sender's cloud does not answer."""
    found: dict[str, LinkHealth] = {}
    for cloud in seen.clouds.values():
        for link in cloud.links:
            if link.direction == "out":
                found[link.edge] = _link(link, cloud)
    for name, cloud in seen.clouds.items():
        for link in cloud.links:
            if link.direction == "in" and link.edge not in found:
                found[link.edge] = LinkHealth(
                    edge=link.edge,
                    source=link.peer,
                    target=name,
                    health="down",
                    problem=f"{link.peer} does not answer",
                    checked_at=at,
                    since=moment(link.last_success),
                    last_success=moment(link.last_success),
                    messages=link.messages,
                    retries=link.retries,
                )
    return [found[edge] for edge in sorted(found)]


def _link(link: LinkStatus, cloud: CloudStatus) -> LinkHealth:
    health: Health = "ok"
    problem = ""
    if link.failing:
        lately = link.last_success is not None and cloud.at - link.last_success < RECENT_S
        health, problem = "degraded" if lately else "down", link.last_error
    elif link.last_error_at is not None and cloud.at - link.last_error_at < RECENT_S:
        health, problem = "degraded", f"it had to be tried again: {link.last_error}"
    elif link.last_success is None:
        health = "unknown"
    return LinkHealth(
        edge=link.edge,
        source=cloud.cloud,
        target=link.peer,
        health=health,
        problem=problem,
        checked_at=_moment(cloud.at),
        since=moment(link.last_success) if link.failing else None,
        last_success=moment(link.last_success),
        messages=link.messages,
        retries=link.retries,
    )


def _layer(placed: PlacedSlot, cloud: CloudStatus | None, at: datetime) -> LayerHealth:
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
        checked_at=at if cloud is None else _moment(cloud.at),
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
        if (
            slot == _slot_of(error, cloud)
            and error.severity in ("error", "critical")
            and cloud.at - (error.last or 0.0) < RECENT_S
        ):
            found.append((f"{error.kind}: {error.message}", error.first))
    return found


def _slot_of(error: FoldedError, cloud: CloudStatus) -> str:
    """The slot that an error is about: of an L3 the one whose function had it, which is the hot one of any other's."""
    if error.layer != "L3":
        return error.layer
    slots = {function.name: function.slot for function in cloud.functions}
    slot = slots.get(error.component, "")
    return slot if slot.startswith("L3.") else Slot.HOT.value


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _edges(slot: str) -> tuple[str, ...]:
    return tuple(edge.id for edge in EDGES if slot in (edge.source.value, edge.target.value))
