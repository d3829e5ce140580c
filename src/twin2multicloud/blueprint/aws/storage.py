"""L3 on AWS: DynamoDB for the hot tier, S3 classes for cool and archive."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from twin2multicloud.blueprint.aws.glue import function, receiver
from twin2multicloud.blueprint.edges import TO_ARCHIVE
from twin2multicloud.blueprint.parts import Component, End, EndParts, Flow, Kind, Offer, Relation, Role, Use
from twin2multicloud.blueprint.volumes import (
    DAYS_PER_MONTH,
    HOURS_PER_MONTH,
    SECONDS_PER_MONTH,
    FloatArray,
    Volumes,
)
from twin2multicloud.blueprint.work import mover_ms, mover_runs, read_ms
from twin2multicloud.model.slots import Provider, Slot

_READ_CHUNK = 4096
_EVENTUAL = 0.5  # an eventually consistent read costs half a unit


def _hot_functions(v: Volumes) -> Iterable[Component]:
    """The mover and the read handler that every hot store has."""
    yield function(v, "to-cool-mover", Role.MOVE, mover_runs(v, v.leaves_hot), mover_ms(v, v.leaves_hot))
    yield function(v, "history", Role.READ, v.history_queries, read_ms(v, v.history_queries))


def _query_bytes(v: Volumes) -> FloatArray:
    return v.assumptions.records_per_query * v.record_bytes


def _mover_reads(v: Volumes) -> FloatArray:
    """Read units of a mover: each run asks each device for its earliest record before and after, and for a window."""
    asked = v.devices * mover_runs(v, v.leaves_hot)
    # Chunks of a device's window: at least one, and on average half a chunk more than its bytes fill.
    windows = np.maximum(v.leaves_hot * v.record_bytes / _READ_CHUNK + asked / 2, asked)
    return (2 * asked + windows) * _EVENTUAL


def _on_demand(v: Volumes) -> Iterable[Component]:
    yield Component(
        "hot",
        Kind.STORE,
        "DynamoDB",
        (
            Use("aws.dynamodb.write-units", v.messages, each_bytes=v.record_bytes),
            Use("aws.dynamodb.write-units", v.leaves_hot, each_bytes=v.record_bytes),
            Use("aws.dynamodb.read-units", v.history_queries * _EVENTUAL, each_bytes=_query_bytes(v)),
            Use("aws.dynamodb.read-units", _mover_reads(v)),
            Use("aws.dynamodb.storage", v.hot_byte_months),
        ),
    )
    yield from _hot_functions(v)


def _provisioned(v: Volumes) -> Iterable[Component]:
    planned = HOURS_PER_MONTH / v.assumptions.provisioned_utilization
    per_s = v.peak_factor / SECONDS_PER_MONTH
    yield Component(
        "hot",
        Kind.STORE,
        "DynamoDB",
        (
            Use("aws.dynamodb.wcu-hours", v.peak_messages_per_s * planned, each_bytes=v.record_bytes),
            Use("aws.dynamodb.wcu-hours", v.leaves_hot * per_s * planned, each_bytes=v.record_bytes),
            Use(
                "aws.dynamodb.rcu-hours",
                v.history_queries * _EVENTUAL * per_s * planned,
                each_bytes=_query_bytes(v),
            ),
            Use("aws.dynamodb.rcu-hours", _mover_reads(v) * per_s * planned),
            Use("aws.dynamodb.storage", v.hot_byte_months),
        ),
    )
    yield from _hot_functions(v)


# The mover deletes what it has moved and verified, which costs as much as writing it. Where no later tier follows,
# records leave by TTL, which is free.
HOT = (
    Offer(
        id="aws.dynamodb-on-demand",
        slot=Slot.HOT,
        provider=Provider.AWS,
        service="DynamoDB",
        variant="on demand",
        summary="pay per read and write unit",
        features=frozenset({"managed", "serverless"}),
        components=_on_demand,
    ),
    Offer(
        id="aws.dynamodb-provisioned",
        slot=Slot.HOT,
        provider=Provider.AWS,
        service="DynamoDB",
        variant="provisioned",
        summary="capacity planned for the peak",
        features=frozenset({"managed"}),
        components=_provisioned,
    ),
)


def _cool(prefix: str, minimum_days: float) -> Callable[[Volumes], Iterable[Component]]:
    """A cool S3 class: at least 128 KB billed per object, and a minimum storage duration."""

    def components(v: Volumes) -> Iterable[Component]:
        held = v.tier_byte_months(
            v.enters_cool,
            v.hot_months,
            v.cool_months,
            minimum_months=minimum_days / DAYS_PER_MONTH,
            minimum_object_bytes=128 * 1024,
        )
        gets, read = v.tier_reads(v.enters_cool, v.hot_months, v.cool_months, v.assumptions.cool_read_share)
        yield Component(
            "cool",
            Kind.BUCKET,
            "S3",
            (
                Use(f"{prefix}.storage", held),
                Use(f"{prefix}.put", v.objects_of(v.enters_cool)),
                Use(f"{prefix}.get", gets),
                Use(f"{prefix}.retrieval", read),
            ),
        )

    return components


def _leaves_cool(prefix: str) -> EndParts:
    """Cool to archive: a lifecycle transition at the same place (charged at the archive), else read and post."""

    def parts(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
        if relation is Relation.SAME:
            return
        uses = (Use(f"{prefix}.get", flow.batches), Use(f"{prefix}.retrieval", flow.raw_bytes))
        yield Component("cool", Kind.BUCKET, "S3", uses)
        busy = mover_ms(v, flow.messages) + flow.batches * v.assumptions.send_ms_per_batch
        yield function(v, "to-archive-mover", Role.MOVE, mover_runs(v, flow.messages), busy)

    return parts


def _archive(prefix: str, minimum_days: float) -> Callable[[Volumes], Iterable[Component]]:
    """An archive class: 32 KB index at the class's price and 8 KB at S3 Standard's on top of every object."""

    def components(v: Volumes) -> Iterable[Component]:
        minimum = minimum_days / DAYS_PER_MONTH
        held = v.tier_byte_months(
            v.enters_archive,
            v.cool_months,
            v.archive_months,
            minimum_months=minimum,
            overhead_bytes=32 * 1024,
        )
        names = v.objects_of(v.enters_archive) * 8 * 1024 * np.maximum(v.archive_months - v.cool_months, minimum)
        _, read = v.tier_reads(v.enters_archive, v.cool_months, v.archive_months, v.assumptions.archive_read_share)
        yield Component(
            "archive",
            Kind.BUCKET,
            "S3",
            (
                Use(f"{prefix}.storage", held),
                Use("aws.s3.standard.storage", names),
                Use(f"{prefix}.retrieval", read),
            ),
        )

    return components


def _enters_archive(prefix: str) -> EndParts:
    def parts(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
        if relation is Relation.SAME:
            yield Component("archive", Kind.BUCKET, "S3", (Use(f"{prefix}.transition", flow.batches),))
            return
        yield from receiver(TO_ARCHIVE, v, flow)
        yield Component("archive", Kind.BUCKET, "S3", (Use(f"{prefix}.put", flow.batches),))

    return parts


def _bucket_offer(
    offer_id: str, slot: Slot, variant: str, prefix: str, minimum_days: float, summary: str, *features: str
) -> Offer:
    cool = slot is Slot.COOL
    return Offer(
        id=offer_id,
        slot=slot,
        provider=Provider.AWS,
        service="S3",
        variant=variant,
        summary=summary,
        features=frozenset({"managed", "serverless", *features}),
        components=(_cool if cool else _archive)(prefix, minimum_days),
        ends={(TO_ARCHIVE.id, End.SOURCE if cool else End.TARGET): (_leaves_cool if cool else _enters_archive)(prefix)},
    )


COOL = (
    _bucket_offer(
        "aws.s3-standard-ia",
        Slot.COOL,
        "Standard-IA",
        "aws.s3.standard-ia",
        30,
        "infrequent access, 30 days minimum",
        "milliseconds-access",
    ),
    _bucket_offer(
        "aws.s3-glacier-instant",
        Slot.COOL,
        "Glacier Instant Retrieval",
        "aws.s3.glacier-instant",
        90,
        "rare access, 90 days minimum",
        "milliseconds-access",
    ),
)

ARCHIVE = (
    _bucket_offer(
        "aws.s3-glacier-flexible",
        Slot.ARCHIVE,
        "Glacier Flexible Retrieval",
        "aws.s3.glacier-flexible",
        90,
        "restore within hours, 90 days minimum",
        "hours-access",
    ),
    _bucket_offer(
        "aws.s3-glacier-deep-archive",
        Slot.ARCHIVE,
        "Glacier Deep Archive",
        "aws.s3.deep-archive",
        180,
        "restore within 12 hours, 180 days minimum",
        "hours-access",
    ),
)
