"""Opening a simulated cloud's stores: those of the slots that are here, and while a slot moves those of both ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.move import Store, StoreKind
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.runtime.adapters.local.rule_states import LocalRuleStates
from twin2multicloud.sandbox.building import CloudParts
from twin2multicloud.sandbox.devices import CommandDesk
from twin2multicloud.sandbox.store_files import FILES


def open_hot(parts: CloudParts) -> LocalHotStore:
    """The hot store."""
    return parts.store("hot", lambda: LocalHotStore(parts.directory / "hot.db", gate=parts.faults.gate("hot")))


def open_bucket(parts: CloudParts, owner: Slot, *tiers: str) -> LocalObjectStore:
    """The bucket of a tier, or of two; a fault on any of its `tiers` is one on it."""
    name = FILES[StoreKind.OBJECTS, owner]
    parts.base.gates[name] = parts.faults.gate(*tiers)

    def gate(operation: str) -> None:
        parts.base.gates[name](operation)

    return parts.store(name, lambda: LocalObjectStore(parts.directory / name, clock=parts.clock, gate=gate))


def open_graph(parts: CloudParts) -> LocalTwinGraph:
    """The twin graph."""
    return parts.store("graph", lambda: LocalTwinGraph(parts.directory / "graph.db", gate=parts.faults.gate("graph")))


def open_states(parts: CloudParts) -> LocalRuleStates:
    """What rules remember."""
    return parts.store("rule-states", lambda: LocalRuleStates(parts.directory / "rule-states.db"))


def open_desk(parts: CloudParts) -> CommandDesk:
    """Commands that wait for their devices."""
    return parts.store("commands", lambda: CommandDesk(parts.directory / "commands.db"))


def open_both_ends(parts: CloudParts) -> None:
    """Open what is copied from or to here, whether its slot is here (still, already) or not."""
    if parts.transition is None:
        return
    opened: Mapping[StoreKind, Callable[[Store], Any]] = {
        StoreKind.HOT: lambda _: open_hot(parts),
        StoreKind.OBJECTS: lambda store: _beside(parts, store.owner),
        StoreKind.GRAPH: lambda _: open_graph(parts),
        StoreKind.LETTERS: lambda _: parts.dead_letters,
        StoreKind.STATES: lambda _: open_states(parts),
    }
    for store in parts.transition.stores(parts.provider):
        parts.ports[store_name(store)] = opened[store.kind](store)
    move = parts.transition.move
    if move.slot is Slot.ACQUISITION and parts.provider in (move.source.provider, move.target.provider):
        parts.waiting_commands = open_desk(parts)


def store_name(store: Store) -> str:
    """A store as requests to its cloud name it."""
    return f"{store.kind.value.replace(' ', '-')}/{store.owner.value}"


def _beside(parts: CloudParts, owner: Slot) -> LocalObjectStore:
    if owner in parts.buckets:
        return parts.buckets[owner]
    return open_bucket(parts, owner, FILES[StoreKind.OBJECTS, owner])
