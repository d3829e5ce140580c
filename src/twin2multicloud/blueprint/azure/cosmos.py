"""Cosmos DB in request units (RU): what writes, reads and expiry take, and what the account types allow.

Rules from Microsoft's "Azure Cosmos DB service quotas", "serverless account performance" and "Time to Live":
serverless containers give 5,000 RU/s before their data spreads over partitions and hold at most 1 TB; provisioned
throughput is at least 1 RU/s per GB; expired items are deleted with left-over RUs, but serverless bills them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from twin2multicloud.blueprint.parts import Limit
from twin2multicloud.blueprint.volumes import SECONDS_PER_MONTH, FloatArray, Volumes
from twin2multicloud.blueprint.work import mover_runs

_KIB = 1024
_DEVICES_PER_QUERY = 100
_SERVERLESS_RU_PER_S = 5_000
_SERVERLESS_BYTES = 1e12
_BYTES_PER_RU_S = 1e9


def write_ru(v: Volumes, items: FloatArray, item_bytes: FloatArray) -> FloatArray:
    """RU to write (or delete) items of a size; an item counts as at least 1 KiB."""
    return items * v.assumptions.cosmos_write_ru_per_kib * np.maximum(item_bytes / _KIB, 1.0)


def read_ru(v: Volumes, reads: FloatArray, read_bytes: FloatArray) -> FloatArray:
    """RU to read so many bytes at a time; a read counts as at least 1 KiB."""
    return reads * v.assumptions.cosmos_read_ru_per_kib * np.maximum(read_bytes / _KIB, 1.0)


def record_writes(v: Volumes) -> FloatArray:
    """RU per month to write the telemetry."""
    return write_ru(v, v.messages, v.record_bytes)


def record_reads(v: Volumes) -> FloatArray:
    """RU per month of history queries and of the mover.

    Each run of the mover asks a hundred devices at a time for their earliest record, before and after, and for a
    window.
    """
    history = read_ru(v, v.history_queries, v.assumptions.records_per_query * v.record_bytes)
    asked = mover_runs(v, v.leaves_hot) * np.ceil(v.devices / _DEVICES_PER_QUERY)
    windows = np.maximum(v.leaves_hot * v.record_bytes / _KIB, asked)
    return history + (2 * asked + windows) * v.assumptions.cosmos_read_ru_per_kib


def record_use(v: Volumes) -> FloatArray:
    """RU per month of all that waits for an answer: writes, queries and the mover."""
    return record_writes(v) + record_reads(v)


def record_expiry(v: Volumes) -> FloatArray:
    """RU per month to delete records that leave the hot tier, the same as writing them."""
    return write_ru(v, v.messages * v.moved_share(v.hot_months), v.record_bytes)


def peak_ru_per_s(v: Volumes, ru: FloatArray) -> FloatArray:
    """RU/s on the busiest day for a month's RU."""
    return ru / SECONDS_PER_MONTH * v.peak_factor


def sustained_ru_per_s(v: Volumes) -> FloatArray:
    """RU/s a hot container needs on average: expiry may wait for quiet hours, but it must keep pace."""
    return (record_use(v) + record_expiry(v)) / SECONDS_PER_MONTH


def planned_ru_per_s(v: Volumes) -> FloatArray:
    """RU/s to plan for a hot container: the peak with headroom, the average with expiry, 1 RU/s per GB stored."""
    peak = peak_ru_per_s(v, record_use(v)) / v.assumptions.provisioned_utilization
    return np.maximum(np.maximum(peak, sustained_ru_per_s(v)), v.hot_byte_months / _BYTES_PER_RU_S)


def autoscaled_ru_per_s(v: Volumes) -> FloatArray:
    """RU/s that autoscale bills on average: the hour's highest second, and never below a tenth of the maximum.

    The maximum itself is at least ten times the RU/s that the stored GB ask for, whose tenth is the same floor.
    """
    average = record_use(v) / SECONDS_PER_MONTH
    used = np.maximum(average * v.assumptions.autoscale_hourly_peak, sustained_ru_per_s(v))
    floor = np.maximum(planned_ru_per_s(v) / 10, v.hot_byte_months / _BYTES_PER_RU_S)
    return np.maximum(used, floor)


def serverless_limits(
    ru: Callable[[Volumes], FloatArray], stored_bytes: Callable[[Volumes], FloatArray]
) -> tuple[Limit, ...]:
    """What one serverless container takes: a month's RU on the busiest day, and bytes at rest."""
    return (
        Limit(
            f"a serverless container is sure to give only {_SERVERLESS_RU_PER_S:,} RU/s",
            lambda v: peak_ru_per_s(v, ru(v)) <= _SERVERLESS_RU_PER_S,
        ),
        Limit("a serverless container holds at most 1 TB", lambda v: stored_bytes(v) <= _SERVERLESS_BYTES),
    )
