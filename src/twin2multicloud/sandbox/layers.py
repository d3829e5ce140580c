"""Deploying a twin in the sandbox layer by layer: slots are added to what runs, and taken away from it.

What is deployed is in a document (`Layout.built`); bringing a sandbox to it is the same whether slots came or went, or
whether somebody was killed on the way. A slot that is not deployed is nobody's business but that of its neighbours:
what they have for it waits with them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Final

from twin2multicloud.blueprint.plan import Blueprint
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.moving.move import StoreKind, bucket
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.sandbox.connecting import connect_clouds
from twin2multicloud.sandbox.converging import converge
from twin2multicloud.sandbox.create import due, last_words, running
from twin2multicloud.sandbox.draining import QUEUED, drained, throw_away, waiting
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.locks import SandboxError, await_release
from twin2multicloud.sandbox.store_files import FILES, remove_store

_END_S: Final = 15.0
_PAGE: Final = 500
_STORES: Final[Mapping[Slot, StoreKind]] = {
    Slot.HOT: StoreKind.HOT,
    Slot.MANAGEMENT: StoreKind.GRAPH,
    Slot.PROCESSING: StoreKind.STATES,
}
"""Stores of slots that have one to themselves; which bucket a tier's objects lie in follows from its neighbour."""
_CLASSES: Final = {Slot.COOL: "cool", Slot.ARCHIVE: "archive"}


def arrange(layout: Layout, slots: Collection[Slot], *, follows: Callable[[str], None] = lambda _cloud: None) -> None:
    """Bring a running sandbox to just these slots, without restarting any cloud that has another of them; `follows` is
    told of each cloud that is as it should be. `SandboxError` if one does not get there.
    """
    changed = set(slots) != set(layout.built()) or bool(layout.leaving())
    if changed:
        _check_still(layout)
    before = set(layout.config().clouds)
    if changed:
        # From here on whoever comes after us, should we be killed, goes on to the same end.
        layout.write_built(slots)
    if layout.transition() is None:
        connect_clouds(layout, time.time())
    late = converge(layout, clouds=due(layout), count_anew=changed, follows=follows)
    _check_follow(layout, late)
    for cloud in before - set(layout.config().clouds):
        if not await_release(layout.cloud_lock(cloud), _END_S):
            raise SandboxError(f"the process of {cloud} does not end; `twin2multicloud sandbox logs` may say why")


def bring(layout: Layout, slots: Collection[Slot], *, follows: Callable[[str], None] = lambda _cloud: None) -> None:
    """Bring a sandbox to just these slots: as `arrange` while it runs, and while it is down for when it runs again."""
    if running(layout):
        arrange(layout, slots, follows=follows)
    else:
        _check_still(layout)
        layout.write_built(slots)
        connect_clouds(layout, time.time())


def take_leave(layout: Layout, slots: Collection[Slot]) -> None:
    """Let through what waits in the queues of slots that are about to go, as far as somebody is there to take it. From
    here on nobody gives them anything, until others `bring` the sandbox somewhere.
    """
    _check_still(layout)
    built = layout.built()
    leaving: list[Slot] = []
    for slot in (each for each in QUEUED if each in slots and each in built):
        leaving.append(slot)
        layout.write_built(built, leaving)
        _check_follow(layout, converge(layout, clouds=due(layout)))
        drained(layout, slot)


def held(layout: Layout, slots: Collection[Slot] = SLOTS) -> dict[Slot, str]:
    """What the stores of slots hold, in a few words; empty ones are left out. It may run or not.

    Queues are no stores: what waits there comes through before their slot goes, see `take_leave` and `stuck`.
    """
    blueprint = layout.blueprint()
    found: dict[Slot, str] = {}
    for slot in slots:
        folder = layout.cloud(blueprint.places[slot].provider.value)
        if slot is Slot.HOT and (folder / "hot.db").is_file():
            hot = LocalHotStore(folder / "hot.db")
            count = hot.count()
            hot.close()
            if count:
                found[slot] = f"{count:,} record{'s'[: count != 1]}"
        elif slot in _CLASSES and (opened := _bucket(layout, blueprint, slot)) is not None:
            usage = opened.usage()
            opened.close()
            kinds = usage.values() if _owns(blueprint, slot) else [usage[c] for c in (_CLASSES[slot],) if c in usage]
            objects = sum(kind.objects for kind in kinds)
            if objects:
                found[slot] = f"{objects:,} object{'s'[: objects != 1]}"
    return found


def stuck(layout: Layout, slots: Collection[Slot]) -> dict[Slot, str]:
    """What waits in the queues of slots that are gone, in a few words: others were not there to take it."""
    counts = {slot: waiting(layout, slot) for slot in slots}
    return {slot: f"{count:,} message{'s'[: count != 1]} on the way" for slot, count in counts.items() if count}


def discard(layout: Layout, slots: Collection[Slot]) -> None:
    """Delete the stores of slots that are gone, and what waits in their queues."""
    blueprint, built = layout.blueprint(), layout.built()
    for slot in slots:
        folder = layout.cloud(blueprint.places[slot].provider.value)
        throw_away(layout, slot)
        if slot in _STORES:
            remove_store(folder / FILES[_STORES[slot], slot])
        elif slot in _CLASSES:
            other = Slot.ARCHIVE if slot is Slot.COOL else Slot.COOL
            store = bucket(blueprint.places, slot)
            if bucket(blueprint.places, other) != store or other not in built:
                remove_store(folder / FILES[StoreKind.OBJECTS, store.owner])
            else:
                _delete_objects(layout, blueprint, slot)


def _check_still(layout: Layout) -> None:
    if layout.transition() is not None:
        raise UsageError("a move is under way; let it end, or go back, before slots are deployed or destroyed")


def _check_follow(layout: Layout, late: Mapping[str, str]) -> None:
    if late:
        said = "; ".join(late.values())
        raise SandboxError(f"not all clouds follow: {said}; {last_words(layout, next(iter(late)))}. Ask again to go on")


def _delete_objects(layout: Layout, blueprint: Blueprint, slot: Slot) -> None:
    """Of a bucket that two tiers share, delete what is of one of them."""
    objects = _bucket(layout, blueprint, slot)
    if objects is None:
        return
    last = ""
    while page := objects.list("", last, _PAGE):
        for stored in page:
            if stored.storage_class == _CLASSES[slot]:
                objects.delete(stored.key)
        last = page[-1].key
    objects.close()


def _owns(blueprint: Blueprint, slot: Slot) -> bool:
    """Whether a tier has a bucket to itself."""
    return bucket(blueprint.places, Slot.COOL) != bucket(blueprint.places, Slot.ARCHIVE) and slot in _CLASSES


def _bucket(layout: Layout, blueprint: Blueprint, slot: Slot) -> LocalObjectStore | None:
    store = bucket(blueprint.places, slot)
    path = layout.cloud(store.place.provider.value) / FILES[store.kind, store.owner]
    return LocalObjectStore(path) if path.is_dir() else None
