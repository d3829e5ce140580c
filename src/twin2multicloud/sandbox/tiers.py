"""The three tiers of L3 in a simulated cloud: stores, receivers, movers and lifecycle rules."""

from __future__ import annotations

import time
from typing import Any

from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.handlers.archive import Shelf, WholeShelf
from twin2multicloud.runtime.handlers.handover import into_hot
from twin2multicloud.runtime.handlers.move import CoolToArchive, HotToCool, LinkTarget, Moved, Target
from twin2multicloud.runtime.handlers.read import ReadHistory
from twin2multicloud.sandbox.building import CloudParts
from twin2multicloud.sandbox.functions import answered, function_meter, received, scheduled
from twin2multicloud.sandbox.lifecycle import Lifecycle
from twin2multicloud.sandbox.metered import (
    MeteredObjects,
)
from twin2multicloud.sandbox.metering.hooks import (
    LINK,
    MOVE,
    POST,
    WRITE,
    FunctionMeter,
)
from twin2multicloud.sandbox.opening import open_bucket, open_hot


def build_hot(parts: CloudParts) -> None:
    """L3 hot: the store, who writes and reads it, and its mover."""
    store = parts.hot = open_hot(parts)
    hot = parts.metered_hot()
    if parts.apart("persist"):
        parts.hands["persist"] = received(parts, "persist", Slot.HOT, WRITE, into_hot(hot, "persist-receiver"))
    answered(parts, "history", Slot.HOT, ReadHistory(parts.spec, hot, now=parts.clock.now))
    # Bytes as the wrapper counts a record, so that storage and writes agree.
    parts.accounts.append(lambda at: parts.meters.store("L3.hot/hot").holds(parts.hot_bytes(store), at))
    if not parts.joined("to-cool"):
        return  # records stay until there is a tier for them
    meter = function_meter(parts, Slot.HOT, "to-cool-mover")
    move = HotToCool(
        parts.spec,
        hot,
        _target(parts, "to-cool", Slot.COOL),
        now=parts.clock.now,
        monotonic=parts.monotonic,
        seconds=60.0,
    )

    def run() -> int:
        return _moved(meter, move(), linked=parts.apart("to-cool"))

    scheduled(parts, "to-cool-mover", "move", Slot.HOT, run)


def build_cool(parts: CloudParts) -> None:
    """L3 cool: the bucket, who writes it, and what moves its objects on."""
    objects = _bucket(parts, Slot.COOL)
    if parts.apart("to-cool"):
        parts.shelves["to-cool"] = _shelf(parts, "to-cool", Slot.COOL, Shelf(objects, "cool"))
    retention = parts.spec.retention
    if not parts.joined("to-archive"):
        return  # objects stay until there is a tier for them
    if parts.apart("to-archive"):
        meter = function_meter(parts, Slot.COOL, "to-archive-mover")
        move = CoolToArchive(
            parts.spec,
            objects,
            _target(parts, "to-archive", Slot.ARCHIVE),
            now=parts.clock.now,
            monotonic=parts.monotonic,
            seconds=60.0,
        )

        def run() -> int:
            return _moved(meter, move(), linked=True)

        scheduled(parts, "to-archive-mover", "move", Slot.COOL, run)
    else:
        lifecycle = Lifecycle(objects, retention, archives=True, expires_s=retention.archive_s, now=parts.clock.now)
        scheduled(parts, "lifecycle", "lifecycle", Slot.COOL, lifecycle)


def build_archive(parts: CloudParts) -> None:
    """L3 archive: a bucket of its own, unless it shares the cool tier's."""
    if not parts.apart("to-archive"):
        return  # the same bucket as the cool tier; its lifecycle rule does the rest
    objects = _bucket(parts, Slot.ARCHIVE)
    parts.shelves["to-archive"] = _shelf(parts, "to-archive", Slot.ARCHIVE, WholeShelf(objects, "archive"))
    retention = parts.spec.retention
    lifecycle = Lifecycle(objects, retention, archives=False, expires_s=retention.archive_s, now=parts.clock.now)
    scheduled(parts, "archive-lifecycle", "lifecycle", Slot.ARCHIVE, lifecycle)


def _bucket(parts: CloudParts, slot: Slot) -> MeteredObjects:
    name = "cool" if slot is Slot.COOL else "archive"
    # Without a link between them, both tiers are one bucket.
    tiers = (name, "archive") if slot is Slot.COOL and not parts.apart("to-archive") else (name,)
    store = parts.buckets[slot] = open_bucket(parts, slot, *tiers)
    meters = {}
    for storage_class, id in (("cool", "L3.cool/cool"), ("archive", "L3.archive/archive")):
        if id in parts.meters and (slot is Slot.ARCHIVE) <= (storage_class == "archive"):
            meters[storage_class] = parts.meters.bucket(id)
    if slot is Slot.COOL and parts.apart("to-archive"):
        meters.pop("archive", None)

    def hold(at: float) -> None:
        usage = store.usage()
        for storage_class, meter in meters.items():
            found = usage.get(storage_class)
            meter.holds(found.objects if found else 0, found.size if found else 0, at)

    parts.accounts.append(hold)
    metered = MeteredObjects(store, meters)
    parts.tiers[slot] = metered
    return metered


class _MeteredShelf(Shelf):
    """A shelf at the end of a link, with its receiver's counters and meter."""

    def __init__(self, parts: CloudParts, edge: str, slot: Slot, shelf: Shelf) -> None:
        super().__init__(shelf.store, shelf.storage_class)
        self._shelf = shelf
        self._stats = parts.receiver_stats[edge] = parts.function_stats(f"{edge}-receiver", "receive", slot)
        self._meter = function_meter(parts, slot, f"{edge}-receiver")

    def put_away(self, post: Any, body: bytes) -> dict[str, Any]:
        """As the shelf's."""
        began, cpu = time.perf_counter(), time.thread_time()
        failed = True
        try:
            answer = self._shelf.put_away(post, body)
            failed = False
        finally:
            self._stats.ran(
                post.count, time.perf_counter() - began, time.thread_time() - cpu, time.time(), failed=failed
            )
        if self._meter is not None:
            self._meter.invoked(post.count, {LINK: post.count})
        return answer


def _shelf(parts: CloudParts, edge: str, slot: Slot, shelf: Shelf) -> Shelf:
    return _MeteredShelf(parts, edge, slot, shelf)


def _target(parts: CloudParts, edge: str, slot: Slot) -> Target | None:
    retention = parts.spec.retention
    if edge == "to-cool" and retention.archive_s <= retention.hot_s:
        return None
    if edge == "to-archive" and retention.archive_s <= retention.cool_s:
        return None
    if parts.apart(edge):
        link = parts.meters.link(edge)

        def sent(count: int, size: int, wire: int) -> None:
            link.sent(wire, count, size, size)

        return LinkTarget(edge, parts.client, f"{edge}-mover", parts.journal, sent)
    return Shelf(parts.tiers[slot], "cool")


def _moved(meter: FunctionMeter | None, moved: Moved, *, linked: bool) -> int:
    if meter is not None:
        meter.invoked(moved.records, {MOVE: moved.records, POST: moved.objects if linked else 0})
    return moved.records
