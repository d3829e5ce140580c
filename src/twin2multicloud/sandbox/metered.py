"""The ports with their meters read: whatever a handler does to a store is counted on the blueprint's meters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.ports import (
    DeadLetter,
    DeadLetters,
    EntityState,
    HotStore,
    ObjectStore,
    Relation,
    RuleState,
    RuleStates,
    StoredObject,
    TwinGraph,
    Update,
)
from twin2multicloud.sandbox.metering.book import Cell
from twin2multicloud.sandbox.metering.hooks import BucketMeter, GraphMeter, StoreMeter

_KEY_BYTES: Final = 50
"""Names of a record's attributes and its index entry, beside what they hold."""
_ENCODER: Final = msgspec.json.Encoder()


def record_size(event: Event) -> int:
    """Bytes of a record in a hot store: its values, its keys, and the names they are kept under."""
    values = len(_ENCODER.encode(event.data))
    return values + len(event.subject) + len(event.time) + len(event.id) + _KEY_BYTES


class MeteredHotStore:
    """A hot store of which `meter` counts the operations; `size` and `records` count what was written in all."""

    def __init__(self, store: HotStore, meter: StoreMeter, size: Cell, records: Cell) -> None:
        self._store = store
        self._meter = meter
        self._size = size
        self._records = records

    def put(self, events: Sequence[Event]) -> None:
        """As `HotStore.put`."""
        self._store.put(events)
        sizes = [record_size(event) for event in events]
        self._meter.wrote(sizes)
        self._size.add(sum(sizes))
        self._records.add(len(sizes))

    def last(self, device: str) -> Event | None:
        """As `HotStore.last`."""
        event = self._store.last(device)
        self._meter.read(0 if event is None else 1, [0 if event is None else record_size(event)])
        return event

    def history(self, device: str, start: str, end: str, limit: int, *, newest_first: bool = True) -> list[Event]:
        """As `HotStore.history`."""
        events = self._store.history(device, start, end, limit, newest_first=newest_first)
        self._meter.read(len(events), [sum(map(record_size, events))])
        return events

    def earliest(self, devices: Sequence[str], before: str) -> str | None:
        """As `HotStore.earliest`: a mover's look at each device."""
        found = self._store.earliest(devices, before)
        self._meter.swept(len(devices), 0, 0)
        return found

    def between(self, devices: Sequence[str], start: str, end: str) -> list[Event]:
        """As `HotStore.between`: what a mover reads."""
        events = self._store.between(devices, start, end)
        self._meter.swept(len(devices), len(events), sum(map(record_size, events)))
        return events

    def delete(self, events: Sequence[Event]) -> None:
        """As `HotStore.delete`."""
        self._store.delete(events)
        self._meter.deleted([record_size(event) for event in events])


class MeteredObjects:
    """An object store of which each tier's meter counts the operations. A tier is a storage class of ours."""

    def __init__(self, store: ObjectStore, meters: Mapping[str, BucketMeter]) -> None:
        self._store = store
        self._meters = meters

    def create(self, key: str, body: bytes, metadata: Mapping[str, str], storage_class: str) -> bool:
        """As `ObjectStore.create`."""
        created = self._store.create(key, body, metadata, storage_class)
        if storage_class in self._meters:
            self._meters[storage_class].put(len(body))
        return created

    def get(self, key: str) -> bytes:
        """As `ObjectStore.get`."""
        body = self._store.get(key)
        found = self._store.head(key)
        if found is not None and found.storage_class in self._meters:
            self._meters[found.storage_class].got(len(body))
        return body

    def head(self, key: str) -> StoredObject | None:
        """As `ObjectStore.head`."""
        return self._store.head(key)

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> list[StoredObject]:
        """As `ObjectStore.list`."""
        return self._store.list(prefix, after, limit)

    def delete(self, key: str) -> None:
        """As `ObjectStore.delete`."""
        self._store.delete(key)

    def set_class(self, key: str, storage_class: str) -> None:
        """As `ObjectStore.set_class`."""
        found = self._store.head(key)
        self._store.set_class(key, storage_class)
        if found is not None and storage_class in self._meters:
            self._meters[storage_class].transition(found.size)


class MeteredGraph:
    """A twin graph of which `meter` counts updates and queries."""

    def __init__(self, graph: TwinGraph, meter: GraphMeter) -> None:
        self._graph = graph
        self._meter = meter

    def define(self, models: Sequence[Mapping[str, Any]]) -> None:
        """As `TwinGraph.define`."""
        self._graph.define(models)

    def put_entities(self, entities: Sequence[EntityState]) -> None:
        """As `TwinGraph.put_entities`."""
        self._graph.put_entities(entities)

    def relate(self, relations: Sequence[Relation]) -> None:
        """As `TwinGraph.relate`."""
        self._graph.relate(relations)

    def unrelate(self, relations: Sequence[Relation]) -> None:
        """As `TwinGraph.unrelate`."""
        self._graph.unrelate(relations)

    def update(self, updates: Sequence[Update]) -> None:
        """As `TwinGraph.update`."""
        self._graph.update(updates)
        self._meter.updated([len(_ENCODER.encode(update.values)) for update in updates])

    def get(self, entity: str) -> EntityState | None:
        """As `TwinGraph.get`."""
        state = self._graph.get(entity)
        self._meter.queried([0 if state is None else len(_ENCODER.encode(state))])
        return state

    def entities(self, model: str = "", after: str = "", limit: int = 1000) -> list[EntityState]:
        """As `TwinGraph.entities`."""
        states = self._graph.entities(model, after, limit)
        self._meter.queried([len(_ENCODER.encode(states))])
        return states

    def relations(self, source: str, name: str = "") -> list[Relation]:
        """As `TwinGraph.relations`."""
        return self._graph.relations(source, name)

    def delete_entities(self, ids: Sequence[str]) -> None:
        """As `TwinGraph.delete_entities`."""
        self._graph.delete_entities(ids)


class MeteredRuleStates:
    """Rule states of which `meter` counts reads and writes."""

    def __init__(self, states: RuleStates, meter: StoreMeter) -> None:
        self._states = states
        self._meter = meter

    def load(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], RuleState]:
        """As `RuleStates.load`."""
        found = self._states.load(keys)
        self._meter.read(len(keys), [100] * len(keys))
        return found

    def save(self, changes: Mapping[tuple[str, str], RuleState]) -> list[tuple[str, str]]:
        """As `RuleStates.save`."""
        lost = self._states.save(changes)
        self._meter.wrote([100] * len(changes))
        return lost


class MeteredDeadLetters:
    """A dead-letter store of which `meter` counts the letters."""

    def __init__(self, letters: DeadLetters, meter: StoreMeter) -> None:
        self._letters = letters
        self._meter = meter

    def put(self, letters: Sequence[DeadLetter]) -> None:
        """As `DeadLetters.put`."""
        self._letters.put(letters)
        self._meter.wrote([len(letter.body) + len(letter.reason) + 100 for letter in letters])

    def get(self, id: str) -> DeadLetter | None:
        """As `DeadLetters.get`."""
        return self._letters.get(id)

    def list(self, after: str = "", limit: int = 100) -> list[DeadLetter]:
        """As `DeadLetters.list`."""
        return self._letters.list(after, limit)

    def remove(self, ids: Sequence[str]) -> None:
        """As `DeadLetters.remove`."""
        self._letters.remove(ids)
