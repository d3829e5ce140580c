"""L3 on Azure: Cosmos DB for the hot tier, access tiers of Blob Storage for cool and archive."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twin2multicloud.blueprint.azure.cosmos import (
    autoscaled_ru_per_s,
    planned_ru_per_s,
    record_expiry,
    record_use,
    serverless_limits,
)
from twin2multicloud.blueprint.azure.glue import function
from twin2multicloud.blueprint.edges import TO_ARCHIVE
from twin2multicloud.blueprint.parts import (
    Component,
    End,
    EndParts,
    Flow,
    Kind,
    Limit,
    Offer,
    Relation,
    Role,
    Use,
)
from twin2multicloud.blueprint.volumes import DAYS_PER_MONTH, HOURS_PER_MONTH, FloatArray, Volumes
from twin2multicloud.blueprint.work import mover_ms, mover_runs, read_ms
from twin2multicloud.model.slots import Provider, Slot

# Accounts created since 2026-07-01 bill blobs of the cooler tiers as at least 128 KiB (Microsoft's announcement
# "Minimum billable object size for cooler storage tiers", 2026-04); capacity only, not operations.
_MINIMUM_BLOB_BYTES = 128 * 1024


def _serverless_use(v: Volumes) -> Use:
    return Use("azure.cosmos.serverless-ru", record_use(v) + record_expiry(v))


def _provisioned_use(v: Volumes) -> Use:
    return Use("azure.cosmos.provisioned-ru-hours", planned_ru_per_s(v) * HOURS_PER_MONTH)


def _autoscale_use(v: Volumes) -> Use:
    return Use("azure.cosmos.autoscale-ru-hours", autoscaled_ru_per_s(v) * HOURS_PER_MONTH)


def _hot(throughput: Callable[[Volumes], Use]) -> Callable[[Volumes], Iterable[Component]]:
    """A container, and the mover and read handler that every hot store has."""

    def components(v: Volumes) -> Iterable[Component]:
        uses = (throughput(v), Use("azure.cosmos.storage", v.hot_byte_months))
        yield Component("hot", Kind.STORE, "Cosmos DB", uses)
        yield function(v, "to-cool-mover", Role.MOVE, mover_runs(v, v.leaves_hot), mover_ms(v, v.leaves_hot))
        queries = v.history_queries
        yield function(v, "history", Role.READ, queries, read_ms(v, queries))

    return components


def _hot_offer(
    variant: str,
    summary: str,
    throughput: Callable[[Volumes], Use],
    limits: tuple[Limit, ...] = (),
    *features: str,
) -> Offer:
    return Offer(
        id=f"azure.cosmos-{variant}",
        slot=Slot.HOT,
        provider=Provider.AZURE,
        service="Cosmos DB",
        variant=variant,
        summary=summary,
        features=frozenset({"managed", *features}),
        components=_hot(throughput),
        limits=limits,
    )


HOT = (
    _hot_offer(
        "serverless",
        "pay per request unit, expiry included",
        _serverless_use,
        serverless_limits(record_use, lambda v: v.hot_byte_months),
        "serverless",
    ),
    _hot_offer("provisioned", "request units per second planned for the peak", _provisioned_use),
    _hot_offer("autoscale", "request units per second that follow the load by the hour", _autoscale_use),
)


def _tier_byte_months(
    v: Volumes, records: FloatArray, start: FloatArray, end: FloatArray, minimum_days: float
) -> FloatArray:
    return v.tier_byte_months(
        records,
        start,
        end,
        minimum_months=minimum_days / DAYS_PER_MONTH,
        minimum_object_bytes=_MINIMUM_BLOB_BYTES,
    )


def _blobs(
    name: str, prefix: str, written: FloatArray, held: FloatArray, read: tuple[FloatArray, FloatArray]
) -> Component:
    uses = (
        Use(f"{prefix}.storage", held),
        Use(f"{prefix}.write", written),
        Use(f"{prefix}.read", read[0]),
        Use(f"{prefix}.retrieval", read[1]),
    )
    return Component(name, Kind.BUCKET, "Blob Storage", uses)


def _cool(prefix: str, minimum_days: float) -> Callable[[Volumes], Iterable[Component]]:
    def components(v: Volumes) -> Iterable[Component]:
        held = _tier_byte_months(v, v.enters_cool, v.hot_months, v.cool_months, minimum_days)
        read = v.tier_reads(v.enters_cool, v.hot_months, v.cool_months, v.assumptions.cool_read_share)
        yield _blobs("cool", prefix, v.objects_of(v.enters_cool), held, read)

    return components


def _leaves_cool(prefix: str) -> EndParts:
    """Cool to archive: a lifecycle rule sets the tier at the same place (a write there), else read and post."""

    def parts(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
        if relation is Relation.SAME:
            return
        uses = (Use(f"{prefix}.read", flow.batches), Use(f"{prefix}.retrieval", flow.raw_bytes))
        yield Component("cool", Kind.BUCKET, "Blob Storage", uses)
        busy = mover_ms(v, flow.messages) + flow.batches * v.assumptions.send_ms_per_batch
        yield function(v, "to-archive-mover", Role.MOVE, mover_runs(v, flow.messages), busy)

    return parts


def _archive(v: Volumes) -> Iterable[Component]:
    """Setting the tier of a blob and writing one are the same operation, so the way it came does not matter."""
    held = _tier_byte_months(v, v.enters_archive, v.cool_months, v.archive_months, 180)
    read = v.tier_reads(v.enters_archive, v.cool_months, v.archive_months, v.assumptions.archive_read_share)
    yield _blobs("archive", "azure.blob.archive", v.objects_of(v.enters_archive), held, read)


def _cool_offer(name: str, minimum_days: float, summary: str) -> Offer:
    prefix = f"azure.blob.{name}"
    return Offer(
        id=f"azure.blob-{name}",
        slot=Slot.COOL,
        provider=Provider.AZURE,
        service="Blob Storage",
        variant=name.capitalize(),
        summary=summary,
        features=frozenset({"managed", "serverless", "milliseconds-access"}),
        components=_cool(prefix, minimum_days),
        ends={(TO_ARCHIVE.id, End.SOURCE): _leaves_cool(prefix)},
    )


COOL = (
    _cool_offer("cool", 30, "infrequent access, 30 days minimum"),
    _cool_offer("cold", 90, "rare access, 90 days minimum"),
)

ARCHIVE = (
    Offer(
        id="azure.blob-archive",
        slot=Slot.ARCHIVE,
        provider=Provider.AZURE,
        service="Blob Storage",
        variant="Archive",
        summary="rehydrate within hours, 180 days minimum",
        features=frozenset({"managed", "serverless", "hours-access"}),
        components=_archive,
    ),
)
