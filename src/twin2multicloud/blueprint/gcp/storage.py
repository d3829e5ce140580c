"""L3 on Google Cloud: Firestore or Bigtable for the hot tier, Cloud Storage classes for cool and archive.

Cloud Storage bills objects at their size, with no smallest one, but charges deletion before a class's minimum
duration. A lifecycle rule that changes the class of an object is no deletion, and the time an object spent in its
former class counts towards the minimum of the new one ("Object Lifecycle Management"). So at one place no minimum
applies between cool and archive; across places, where objects are rewritten, both do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from twin2multicloud.blueprint.edges import TO_ARCHIVE
from twin2multicloud.blueprint.gcp.glue import mover, receiver
from twin2multicloud.blueprint.gcp.run import function
from twin2multicloud.blueprint.parts import Component, End, EndParts, Flow, Kind, Offer, Relation, Role, Use
from twin2multicloud.blueprint.volumes import DAYS_PER_MONTH, HOURS_PER_MONTH, FloatArray, Volumes
from twin2multicloud.blueprint.work import mover_runs, read_ms
from twin2multicloud.model.slots import Provider, Slot

_BIGTABLE_BYTES_PER_NODE = 5e12  # SSD, "Bigtable quotas and limits"
_DEVICES_PER_QUERY = 30  # an `in` of Firestore takes no more
_ARCHIVE = "gcp.storage.archive"
_ARCHIVE_MONTHS = 365 / DAYS_PER_MONTH


# ── Hot ─────────────────────────────────────────────────────────────────────────────────────────────────────
def _hot_functions(v: Volumes) -> Iterable[Component]:
    """The mover and the read handler that every hot store has."""
    yield from mover(v, "to-cool-mover", v.leaves_hot)
    queries = v.history_queries
    yield function(v, "history", Role.READ, queries, read_ms(v, queries))


def _firestore(v: Volumes) -> Iterable[Component]:
    """A document per record. Each is deleted once, by the mover or, where no later tier follows, by TTL."""
    expire = v.messages * v.moved_share(v.hot_months)
    # Each run of the mover asks thirty devices at a time for their earliest record, before and after, and for a
    # window; a query that finds nothing counts as a read.
    asked = mover_runs(v, v.leaves_hot) * np.ceil(v.devices / _DEVICES_PER_QUERY)
    moved = 2 * asked + np.maximum(v.leaves_hot, asked)
    reads = v.history_queries * np.maximum(v.assumptions.records_per_query, 1.0) + moved
    yield Component(
        "hot",
        Kind.STORE,
        "Firestore",
        (
            Use("gcp.firestore.writes", v.messages),
            Use("gcp.firestore.reads", reads),
            Use("gcp.firestore.deletes", expire),
            Use("gcp.firestore.storage", v.hot_byte_months),
        ),
    )
    yield from _hot_functions(v)


def _bigtable(v: Volumes) -> Iterable[Component]:
    """Whole nodes for the peak of writes, or for what they store if that takes more."""
    a = v.assumptions
    writing = v.peak_messages_per_s / a.bigtable_writes_per_node_s
    storing = v.hot_byte_months / _BIGTABLE_BYTES_PER_NODE
    nodes = np.ceil(np.maximum(writing, storing) / a.provisioned_utilization - 1e-9)
    yield Component(
        "hot",
        Kind.STORE,
        "Bigtable",
        (
            Use("gcp.bigtable.node-hours", np.maximum(nodes, 1.0) * HOURS_PER_MONTH),
            Use("gcp.bigtable.storage", v.hot_byte_months),
        ),
    )
    yield from _hot_functions(v)


HOT = (
    Offer(
        id="gcp.firestore",
        slot=Slot.HOT,
        provider=Provider.GCP,
        service="Firestore",
        variant="Standard",
        summary="pay per document written, read and deleted",
        features=frozenset({"managed", "serverless"}),
        components=_firestore,
    ),
    Offer(
        id="gcp.bigtable",
        slot=Slot.HOT,
        provider=Provider.GCP,
        service="Bigtable",
        variant="SSD",
        summary="nodes planned for the peak, any number of reads and writes within them",
        features=frozenset({"managed"}),
        components=_bigtable,
    ),
)


# ── Cool and archive ────────────────────────────────────────────────────────────────────────────────────────
def _byte_months(
    v: Volumes, records: FloatArray, start: FloatArray, end: FloatArray, minimum_months: FloatArray | float
) -> FloatArray:
    """Billed byte-months of records that enter a class each month at age `start` and leave it at age `end`."""
    stored = v.tier_byte_months(records, start, end, minimum_months=0.0)
    return np.maximum(stored, v.object_bytes_of(records) * minimum_months)


def _bucket(
    name: str, prefix: str, written: FloatArray, billed: FloatArray, read: tuple[FloatArray, FloatArray]
) -> Component:
    uses = (
        Use(f"{prefix}.storage", billed),
        Use(f"{prefix}.class-a", written),
        Use(f"{prefix}.class-b", read[0]),
        Use(f"{prefix}.retrieval", read[1]),
    )
    return Component(name, Kind.BUCKET, "Cloud Storage", uses)


def _early_deletion(name: str, prefix: str, byte_months: FloatArray) -> Component:
    return Component(name, Kind.BUCKET, "Cloud Storage", (Use(f"{prefix}.storage", byte_months),))


def _cool_byte_months(v: Volumes, minimum_months: FloatArray | float) -> FloatArray:
    return _byte_months(v, v.enters_cool, v.hot_months, v.cool_months, minimum_months)


def _cool_minimum(v: Volumes, minimum_months: float) -> FloatArray:
    """The minimum that holds wherever the archive is: none where objects move on instead of being deleted."""
    return np.where(v.archive_months > v.cool_months, 0.0, minimum_months)


def _cool(prefix: str, minimum_months: float) -> Callable[[Volumes], Iterable[Component]]:
    def components(v: Volumes) -> Iterable[Component]:
        billed = _cool_byte_months(v, _cool_minimum(v, minimum_months))
        read = v.tier_reads(v.enters_cool, v.hot_months, v.cool_months, v.assumptions.cool_read_share)
        yield _bucket("cool", prefix, v.objects_of(v.enters_cool), billed, read)

    return components


def _leaves_cool(prefix: str, minimum_months: float) -> EndParts:
    """Cool to archive: a lifecycle rule at the same place (its operation counts there), else read, post, delete."""

    def parts(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
        if relation is Relation.SAME:
            return
        uses = (Use(f"{prefix}.class-b", flow.batches), Use(f"{prefix}.retrieval", flow.raw_bytes))
        yield Component("cool", Kind.BUCKET, "Cloud Storage", uses)
        regardless = _cool_byte_months(v, _cool_minimum(v, minimum_months))
        more = _cool_byte_months(v, minimum_months) - regardless
        yield _early_deletion("cool", prefix, more)
        posting = flow.batches * v.assumptions.send_ms_per_batch
        yield from mover(v, "to-archive-mover", flow.messages, posting)

    return parts


def _archive_byte_months(v: Volumes, minimum_months: FloatArray | float) -> FloatArray:
    return _byte_months(v, v.enters_archive, v.cool_months, v.archive_months, minimum_months)


def _archive_minimum(v: Volumes) -> FloatArray:
    """What is left of the minimum when the time in the cool class counts."""
    return np.maximum(_ARCHIVE_MONTHS - (v.cool_months - v.hot_months), 0.0)


def _archive(v: Volumes) -> Iterable[Component]:
    """Changing the class of an object and writing one are the same operation, however it came."""
    billed = _archive_byte_months(v, _archive_minimum(v))
    read = v.tier_reads(v.enters_archive, v.cool_months, v.archive_months, v.assumptions.archive_read_share)
    yield _bucket("archive", _ARCHIVE, v.objects_of(v.enters_archive), billed, read)


def _enters_archive(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
    if relation is not Relation.SAME:
        yield from receiver(TO_ARCHIVE, v, flow)
        more = _archive_byte_months(v, _ARCHIVE_MONTHS) - _archive_byte_months(v, _archive_minimum(v))
        yield _early_deletion("archive", _ARCHIVE, more)


def _cool_offer(name: str, minimum_days: float, summary: str) -> Offer:
    prefix, minimum = f"gcp.storage.{name}", minimum_days / DAYS_PER_MONTH
    return Offer(
        id=f"gcp.storage-{name}",
        slot=Slot.COOL,
        provider=Provider.GCP,
        service="Cloud Storage",
        variant=name.capitalize(),
        summary=summary,
        features=frozenset({"managed", "serverless", "milliseconds-access"}),
        components=_cool(prefix, minimum),
        ends={(TO_ARCHIVE.id, End.SOURCE): _leaves_cool(prefix, minimum)},
    )


COOL = (
    _cool_offer("nearline", 30, "infrequent access, 30 days minimum"),
    _cool_offer("coldline", 90, "rare access, 90 days minimum"),
)

ARCHIVE = (
    Offer(
        id="gcp.storage-archive",
        slot=Slot.ARCHIVE,
        provider=Provider.GCP,
        service="Cloud Storage",
        variant="Archive",
        summary="access at once, 365 days minimum",
        features=frozenset({"managed", "serverless", "milliseconds-access"}),
        components=_archive,
        ends={(TO_ARCHIVE.id, End.TARGET): _enters_archive},
    ),
)
