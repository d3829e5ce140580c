"""What a move does to the stores of either end, in operations on the providers' meters.

The names are those of the blueprint and the price book. Where an offer pays for capacity instead of operations, its
blueprint does not use the meter, and neither does this.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from twin2multicloud.blueprint.plan import Blueprint, PlannedComponent
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.moving.move import Store, StoreKind


class Operation(NamedTuple):
    """So much more on a meter, in base quantities: counts, or bytes. `each_bytes`: `amount` counts items of that size,
    to which the meter's rule (chunks, minimum) applies."""

    meter: str
    amount: float
    each_bytes: float | None = None


class Content(NamedTuple):
    """What a transfer carries: items, and their bytes in all."""

    items: float
    bytes: float

    @property
    def each(self) -> float:
        """Bytes of an item."""
        return self.bytes / self.items if self.items else 0.0


_PUTS: Final = (".put", ".write", ".class-a", ".transition")
_GETS: Final = (".get", ".read", ".class-b")
_MINIMUM_DAYS: Final = {
    "aws.s3.standard-ia": 30,
    "aws.s3.glacier-instant": 90,
    "aws.s3.glacier-flexible": 90,
    "aws.s3.deep-archive": 180,
    "azure.blob.cool": 30,
    "azure.blob.cold": 90,
    "azure.blob.archive": 180,
    "gcp.storage.nearline": 30,
    "gcp.storage.coldline": 90,
    "gcp.storage.archive": 365,
}
"""Minimum storage durations: AWS "Amazon S3 storage classes", Azure "Access tiers for blob data", Google Cloud "Storage
classes" (as the blueprint's offers have them)."""

_RESTORED: Final = ("aws.s3.glacier-flexible", "aws.s3.deep-archive", "azure.blob.archive")
"""Classes whose objects must be restored before they can be read, which takes hours."""

_DEFAULT_RU: Final = {"cosmos_write_ru_per_kib": 5.0, "cosmos_read_ru_per_kib": 1.0}


def written(store: Store, storage_class: str, content: Content, blueprint: Blueprint) -> Iterator[Operation]:
    """Putting items into a store."""
    used = _used(store, storage_class, blueprint)
    match store.kind, store.place.provider:
        case StoreKind.HOT, Provider.AWS:
            yield from _if(used, Operation("aws.dynamodb.write-units", content.items, content.each))
        case StoreKind.HOT, Provider.AZURE:
            units = _request_units(content, blueprint, "cosmos_write_ru_per_kib")
            yield from _if(used, Operation("azure.cosmos.serverless-ru", units))
        case ((StoreKind.HOT | StoreKind.GRAPH), Provider.GCP):
            yield from _if(used, Operation("gcp.firestore.writes", content.items))
        case StoreKind.OBJECTS, _:
            yield from _first(used, _prefix(used), _PUTS, content.items)
        case StoreKind.GRAPH, _:
            yield from _graph_calls(used, content)
            yield from _if(used, Operation("aws.dynamodb.write-units", content.items, content.each))
            units = _request_units(content, blueprint, "cosmos_write_ru_per_kib")
            yield from _if(used, Operation("azure.cosmos.serverless-ru", units))


def read(store: Store, storage_class: str, content: Content, blueprint: Blueprint) -> Iterator[Operation]:
    """Reading items of a store, once."""
    used = _used(store, storage_class, blueprint)
    match store.kind, store.place.provider:
        case StoreKind.HOT, Provider.AWS:
            yield from _if(used, Operation("aws.dynamodb.read-units", 1.0, content.bytes))
        case StoreKind.HOT, Provider.AZURE:
            units = _request_units(content, blueprint, "cosmos_read_ru_per_kib")
            yield from _if(used, Operation("azure.cosmos.serverless-ru", units))
        case ((StoreKind.HOT | StoreKind.GRAPH), Provider.GCP):
            yield from _if(used, Operation("gcp.firestore.reads", content.items))
        case StoreKind.OBJECTS, _:
            prefix = _prefix(used)
            yield from _first(used, prefix, _GETS, content.items)
            yield from _if(used, Operation(f"{prefix}.retrieval", content.bytes))
        case StoreKind.GRAPH, _:
            yield from _graph_calls(used, content)
            yield from _if(used, Operation("aws.dynamodb.read-units", content.items, content.each))
            units = _request_units(content, blueprint, "cosmos_read_ru_per_kib")
            yield from _if(used, Operation("azure.cosmos.serverless-ru", units))


def restored_first(store: Store, storage_class: str, blueprint: Blueprint) -> bool:
    """Whether what lies there must be restored before it can be read, so that it is not read to be compared."""
    return store.kind is StoreKind.OBJECTS and _prefix(_used(store, storage_class, blueprint)) in _RESTORED


def dropped(store: Store, storage_class: str, content: Content, blueprint: Blueprint) -> Iterator[Operation]:
    """Doing away with a store: tables, containers and buckets go as a whole, but Firestore deletes its documents."""
    used = _used(store, storage_class, blueprint)
    if store.place.provider is Provider.GCP and store.kind in (StoreKind.HOT, StoreKind.GRAPH):
        yield from _if(used, Operation("gcp.firestore.deletes", content.items))


def too_early(
    store: Store, storage_class: str, content: Content, blueprint: Blueprint, filled_months: float
) -> Iterator[Operation]:
    """Byte-months that are charged although the objects are gone, for their class has a minimum storage duration.

    As if the tier had been filled evenly over the last `filled_months`.
    """
    if store.kind is not StoreKind.OBJECTS or not content.bytes:
        return
    used = _used(store, storage_class, blueprint)
    prefix = _prefix(used)
    least = _MINIMUM_DAYS.get(prefix, 0) / (730.0 / 24)
    if not least:
        return
    span = max(filled_months, 1e-9)
    # Of objects younger than the minimum, on average half of it is left; of a tier that is younger as a whole, more.
    left = least * least / (2 * span) if least <= span else least - span / 2
    yield Operation(f"{prefix}.storage", content.bytes * left)


def egress(provider: Provider, size: float) -> Operation:
    """Bytes that leave a cloud over the internet."""
    return Operation(f"{provider.value}.egress.internet", size)


def _graph_calls(used: frozenset[str], content: Content) -> Iterator[Operation]:
    yield from _if(used, Operation("aws.twinmaker.api-calls", content.items))
    yield from _if(used, Operation("azure.digital-twins.operations", content.items, content.each))


def _request_units(content: Content, blueprint: Blueprint, name: str) -> float:
    return content.bytes / 1024 * blueprint.assumptions.get(name, _DEFAULT_RU[name])


def _used(store: Store, storage_class: str, blueprint: Blueprint) -> frozenset[str]:
    """The meters that the slot's stores use at this place."""
    slot = store.owner
    if store.kind is StoreKind.OBJECTS:
        slot = Slot.ARCHIVE if storage_class == "archive" else Slot.COOL
    components: tuple[PlannedComponent, ...] = blueprint.of(slot)
    return frozenset(use.meter for component in components for use in component.usage)


def _prefix(used: frozenset[str]) -> str:
    """The storage class that a tier's objects are in, as meters begin: that of its storage, but not that of the small
    index which some classes keep beside."""
    stored = sorted(meter.removesuffix(".storage") for meter in used if meter.endswith(".storage"))
    return next((prefix for prefix in stored if prefix in _MINIMUM_DAYS), stored[0] if stored else "")


def _if(used: frozenset[str], operation: Operation) -> Iterator[Operation]:
    if operation.meter in used and operation.amount:
        yield operation


def _first(used: frozenset[str], prefix: str, endings: tuple[str, ...], count: float) -> Iterator[Operation]:
    meter = next((prefix + ending for ending in endings if prefix + ending in used), "")
    if meter and count:
        yield Operation(meter, count)
