"""What is moved: one slot from one place to another, and which stores of the twin that concerns.

Pure: from where the slots are placed before and after follows what has to be copied, whatever runs the twin.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from twin2multicloud.blueprint.plan import Place
from twin2multicloud.model.slots import Slot

Places = Mapping[Slot, Place]
"""Where each of the seven slots is."""


class Move(msgspec.Struct, frozen=True):
    """One slot goes from `source` to `target`; all others stay where they are."""

    slot: Slot
    source: Place
    target: Place

    @property
    def back(self) -> Move:
        """The way back."""
        return Move(self.slot, self.target, self.source)

    def __str__(self) -> str:
        return f"{self.slot.value} from {_name(self.source)} to {_name(self.target)}"


class StoreKind(StrEnum):
    """A kind of store: each has its port in `runtime.ports` and its way of being copied."""

    HOT = "hot"
    OBJECTS = "objects"
    GRAPH = "graph"
    LETTERS = "dead letters"
    STATES = "rule states"


class Store(msgspec.Struct, frozen=True):
    """One store: `kind` of slot `owner` at `place`.

    Two tiers at one place share one bucket, which then belongs to L3.cool; an archive elsewhere has its own.
    """

    kind: StoreKind
    owner: Slot
    place: Place


class Transfer(msgspec.Struct, frozen=True):
    """What lies in one store belongs into another. `storage_class` selects the objects of one tier, "" means all.

    `regrouped`: two tiers that shared a bucket get one each, or the other way round. Windows of the same time then come
    apart or together, so their parts are numbered anew.
    """

    source: Store
    target: Store
    storage_class: str = ""
    regrouped: bool = False

    @property
    def kind(self) -> StoreKind:
        """The kind of both stores."""
        return self.source.kind

    @property
    def back(self) -> Transfer:
        """The way back."""
        return Transfer(self.target, self.source, self.storage_class, self.regrouped)

    @property
    def name(self) -> str:
        """What a person reads, unique in a move: `hot`, `objects (archive)`."""
        return f"{self.kind.value} ({self.storage_class})" if self.storage_class else self.kind.value


_KINDS: Final[Mapping[Slot, tuple[StoreKind, ...]]] = {
    Slot.ACQUISITION: (StoreKind.LETTERS,),
    Slot.PROCESSING: (StoreKind.LETTERS, StoreKind.STATES),
    Slot.HOT: (StoreKind.HOT,),
    Slot.COOL: (),
    Slot.ARCHIVE: (),
    Slot.MANAGEMENT: (StoreKind.GRAPH,),
    Slot.VISUALIZATION: (),
}
"""Stores that go with their slot; of the buckets, `bucket` decides."""


def bucket(places: Places, tier: Slot) -> Store:
    """The bucket in which L3.cool's or L3.archive's objects lie."""
    owner = Slot.ARCHIVE if tier is Slot.ARCHIVE and not _shared(places) else Slot.COOL
    return Store(StoreKind.OBJECTS, owner, places[owner])


def transfers(before: Places, after: Places) -> tuple[Transfer, ...]:
    """All that has to be copied, so that what lay in its place `before` lies in its place `after`.

    Usually one store. A tier that joins or leaves the place of its neighbour changes the bucket of both: L3.cool that
    moves away from L3.archive leaves the archived objects where they are, but in a bucket of their own.
    """
    found = [
        Transfer(Store(kind, slot, before[slot]), Store(kind, slot, after[slot]))
        for slot, kinds in _KINDS.items()
        for kind in kinds
        if before[slot] != after[slot]
    ]
    regrouped = _shared(before) != _shared(after)
    for tier, storage_class in ((Slot.COOL, "cool"), (Slot.ARCHIVE, "archive")):
        source, target = bucket(before, tier), bucket(after, tier)
        if source != target:
            found.append(Transfer(source, target, storage_class, regrouped))
    return tuple(found)


def after(before: Places, move: Move) -> dict[Slot, Place]:
    """Where the slots are once the move is done."""
    return {**before, move.slot: move.target}


def _shared(places: Places) -> bool:
    """Whether the cool and the archived objects lie in one bucket."""
    cool, archive = places[Slot.COOL], places[Slot.ARCHIVE]
    return (cool.provider, cool.region) == (archive.provider, archive.region)


def _name(place: Place) -> str:
    return f"{place.provider.value}/{place.region}"
