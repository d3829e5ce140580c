"""The cost formulas of the published model, on arrays: every slot, both clouds, every transfer.

They are the artifact's (cloud-DTs/twin2clouds, revision 2e62914), with its known flaws (docs/edt25.md), and
multiply in its order wherever a result is rounded up afterwards, since one unit in the last place decides there.
All results are US dollars per month in arrays of shape (W,), one entry per workload. Symbols, as in the paper:

- N: messages a month of 30 days (720 h), rounded up. Drives L1 and L4.
- X: executions a month of 730 h. Drives L2 and L3.
- G: data a month, X messages of k KB, in 1024² KB. Drives L3 and every transfer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from twin2multicloud.optimizer.edt25.prices import PRICES, Egress, PaperPrices
from twin2multicloud.optimizer.edt25.workload import FloatArray, PaperWorkloads

HOURS_PER_MONTH: Final = 730.0
SECONDS_PER_30_DAYS: Final = 2_592_000.0
KB_PER_GB: Final = 1024.0 * 1024.0


@dataclass(frozen=True, eq=False)
class Volumes:
    """What W workloads send in a month: N `messages`, X `executions`, G `gigabytes`. Each of shape (W,)."""

    messages: FloatArray
    executions: FloatArray
    gigabytes: FloatArray


@dataclass(frozen=True, eq=False)
class Costs:
    """All prices of W workloads, USD per month.

    `slots` has shape (7, 2, W): slot in the usual order, cloud (0 AWS, 1 Azure), workload. The transfers have
    shape (2, 2, W): source cloud, target cloud, workload.
    """

    volumes: Volumes
    slots: FloatArray
    acquisition_to_hot: FloatArray
    hot_to_cool: FloatArray
    cool_to_archive: FloatArray


def volumes(w: PaperWorkloads) -> Volumes:
    """N, X and G of each workload."""
    executions = w.devices * (60.0 / w.interval_minutes) * HOURS_PER_MONTH
    return Volumes(
        messages=np.ceil(w.devices * (1.0 / w.interval_minutes) * 60.0 * 24.0 * 30.0),
        executions=executions,
        gigabytes=executions * w.message_kb / KB_PER_GB,
    )


def costs(w: PaperWorkloads, prices: PaperPrices = PRICES) -> Costs:
    """Price every slot on both clouds and every transfer."""
    v = volumes(w)
    processing = functions(v, prices)
    slots = (
        (iot_core(w, v, prices), iot_hub(w, v, prices)),
        (processing, processing),
        (dynamodb(w, v, prices), cosmos_db(w, v, prices)),
        (s3_standard_ia(w, v, prices), blob_cool(w, v, prices)),
        (s3_glacier_deep_archive(w, v, prices), blob_archive(w, v, prices)),
        (iot_twinmaker(w, v, prices), digital_twins(w, v, prices)),
        (grafana_aws(w, prices), grafana_azure(w, prices)),
    )
    g = v.gigabytes
    free = np.zeros_like(g)
    from_aws, from_azure = egress(g, prices.egress_aws), egress(g, prices.egress_azure)
    plain = np.array(((free, from_aws), (from_azure, free)))
    within_azure = np.maximum(0.0, g - prices.move_azure_to_azure_free_gb) * prices.move_azure_to_azure_usd_per_gb
    moved = np.array(
        (
            (g * prices.move_aws_to_aws_usd_per_gb, from_aws),
            (g * prices.move_azure_to_aws_usd_per_gb + from_azure, within_azure),
        )
    )
    return Costs(v, np.array(slots), acquisition_to_hot=plain, hot_to_cool=moved, cool_to_archive=plain)


def iot_core(w: PaperWorkloads, v: Volumes, prices: PaperPrices = PRICES) -> FloatArray:
    """L1 on AWS: a fee per device, two rules per message, messages graduated, in chunks of 5 KB."""
    messages = v.messages * _chunks(w.message_kb, prices.iot_core_chunk_kb)
    first, second = prices.iot_core_tier_ends_messages
    low, middle, high = prices.iot_core_usd_per_message
    return (
        w.devices * prices.iot_core_usd_per_device
        + prices.iot_core_rules_per_message * messages * prices.iot_core_usd_per_rule
        + np.minimum(messages, first) * low
        + np.clip(messages - first, 0.0, second - first) * middle
        + np.maximum(messages - second, 0.0) * high
    )


def iot_hub(w: PaperWorkloads, v: Volumes, prices: PaperPrices = PRICES) -> FloatArray:
    """L1 on Azure: the edition by the number of messages, then whole units of it, at least one. Chunks of 4 KB."""
    messages = v.messages * _chunks(w.message_kb, prices.iot_hub_chunk_kb)
    edition = np.searchsorted(np.array(prices.iot_hub_edition_ends_messages), messages)
    units = np.ceil(messages / np.array(prices.iot_hub_quota_messages)[edition])
    return np.asarray(np.maximum(1.0, units) * np.array(prices.iot_hub_usd_per_unit)[edition])


def functions(v: Volumes, prices: PaperPrices = PRICES) -> FloatArray:
    """L2 on either cloud: executions and GB-seconds beyond the free ones."""
    compute_gb_s = v.executions * prices.function_duration_ms * 0.001 * prices.function_memory_gb
    return (
        np.maximum(0.0, v.executions - prices.function_free_executions) * prices.function_usd_per_execution
        + np.maximum(0.0, compute_gb_s - prices.function_free_gb_s) * prices.function_usd_per_gb_s
    )


def dynamodb(w: PaperWorkloads, v: Volumes, prices: PaperPrices = PRICES) -> FloatArray:
    """L3.hot on AWS: k writes and half a read per message; storage in whole dollars beyond 25 GB times h."""
    stored = v.gigabytes * (w.hot_months + prices.hot_buffer_months)
    free = prices.dynamodb_free_gb * w.hot_months
    storage = np.ceil(np.maximum(0.0, stored - free) * prices.dynamodb_usd_per_gb)
    return (
        prices.dynamodb_usd_per_write * (v.executions * w.message_kb)
        + prices.dynamodb_usd_per_read * (v.executions / 2.0)
        + storage
    )


def cosmos_db(w: PaperWorkloads, v: Volumes, prices: PaperPrices = PRICES) -> FloatArray:
    """L3.hot on Azure: request units per second in whole units, at least 400, and storage."""
    per_second = v.executions / SECONDS_PER_30_DAYS
    size_factor = 1.0 + (w.message_kb - 1.0) * prices.cosmos_ru_growth_per_kb
    needed = np.ceil(per_second * prices.cosmos_ru_per_write * size_factor + per_second * prices.cosmos_ru_per_read)
    stored = v.gigabytes * (w.hot_months + prices.hot_buffer_months)
    return np.asarray(
        np.maximum(prices.cosmos_min_ru_s, needed) * prices.cosmos_usd_per_ru_s + stored * prices.cosmos_usd_per_gb
    )


def s3_standard_ia(w: PaperWorkloads, v: Volumes, prices: PaperPrices = PRICES) -> FloatArray:
    """L3.cool on AWS: G·c stored, two requests per object, a tenth of the stock and each month's data read."""
    g, stored = v.gigabytes, v.gigabytes * w.cool_months
    return (
        prices.s3_ia_usd_per_gb * stored
        + prices.s3_ia_upfront_usd_per_gb * stored
        + prices.s3_ia_usd_per_request * (_objects(v, prices) * 2.0)
        + prices.s3_ia_retrieval_usd_per_gb * (stored * prices.cool_read_share + g)
    )


def blob_cool(w: PaperWorkloads, v: Volumes, prices: PaperPrices = PRICES) -> FloatArray:
    """L3.cool on Azure: G·c stored, a write per object, a tenth of one month's data and the month's data read."""
    g, objects = v.gigabytes, _objects(v, prices)
    return (
        prices.blob_cool_usd_per_gb * g * w.cool_months
        + objects * prices.blob_cool_usd_per_write
        + objects * prices.cool_read_share * prices.blob_cool_usd_per_read
        + (g * prices.cool_read_share + g) * prices.blob_cool_retrieval_usd_per_gb
    )


def s3_glacier_deep_archive(w: PaperWorkloads, v: Volumes, prices: PaperPrices = PRICES) -> FloatArray:
    """L3.archive on AWS: G·a stored, two requests per GB, a hundredth of the stock read."""
    stored = v.gigabytes * w.archive_months
    return (
        stored * prices.glacier_usd_per_gb
        + v.gigabytes * 2.0 * prices.glacier_usd_per_request
        + stored * prices.archive_read_share * prices.glacier_retrieval_usd_per_gb
    )


def blob_archive(w: PaperWorkloads, v: Volumes, prices: PaperPrices = PRICES) -> FloatArray:
    """L3.archive on Azure: G·a stored, a write per GB, a hundredth of the stock read."""
    stored = v.gigabytes * w.archive_months
    return (
        stored * prices.blob_archive_usd_per_gb
        + v.gigabytes * prices.blob_archive_usd_per_write
        + stored * prices.archive_read_share * prices.blob_archive_retrieval_usd_per_gb
    )


def iot_twinmaker(w: PaperWorkloads, v: Volumes, prices: PaperPrices = PRICES) -> FloatArray:
    """L4 on AWS: entities of the 3D scene, a call per message, the dashboards' queries."""
    entities = np.where(w.needs_3d, w.entities, 0.0)
    return (
        entities * prices.twinmaker_usd_per_entity
        + v.messages * prices.twinmaker_usd_per_call
        + _queries(w) * prices.twinmaker_usd_per_query
    )


def digital_twins(w: PaperWorkloads, v: Volumes, prices: PaperPrices = PRICES) -> FloatArray:
    """L4 on Azure: an operation per message, one per KB of a query, and query units that grow with the fleet."""
    limits = np.array([most for most, _ in prices.digital_twins_query_units])
    steps = np.array([units for _, units in prices.digital_twins_query_units] + [prices.digital_twins_max_query_units])
    units = steps[np.searchsorted(limits, w.devices)]
    queries = _queries(w)
    return (
        v.messages * prices.digital_twins_usd_per_operation
        + np.ceil(w.message_kb) * queries * prices.digital_twins_usd_per_operation
        + units * prices.digital_twins_usd_per_query_unit * queries
    )


def grafana_aws(w: PaperWorkloads, prices: PaperPrices = PRICES) -> FloatArray:
    """L5 on AWS: per editor and per viewer."""
    return w.editors * prices.grafana_aws_usd_per_editor + w.viewers * prices.grafana_aws_usd_per_viewer


def grafana_azure(w: PaperWorkloads, prices: PaperPrices = PRICES) -> FloatArray:
    """L5 on Azure: per user, and one instance for 730 hours."""
    return (w.editors + w.viewers) * prices.grafana_azure_usd_per_user + (
        prices.grafana_azure_usd_per_hour * HOURS_PER_MONTH
    )


def egress(gigabytes: FloatArray, tariff: Egress) -> FloatArray:
    """USD per month for `gigabytes` that leave a cloud over one link, its free allowance included."""
    rest = np.maximum(0.0, gigabytes - tariff.free_gb)
    total = np.zeros_like(rest)
    for width, usd in zip(tariff.widths_gb, tariff.usd_per_gb, strict=False):
        total += np.minimum(rest, width) * usd
        rest = np.maximum(0.0, rest - width)
    return np.asarray(total + rest * tariff.usd_per_gb[-1])


def _chunks(message_kb: FloatArray, chunk_kb: float) -> FloatArray:
    """Chunks that one message counts as; at least one."""
    return np.maximum(1.0, np.ceil(message_kb / chunk_kb))


def _objects(v: Volumes, prices: PaperPrices) -> FloatArray:
    """Objects written a month."""
    return np.ceil(v.gigabytes * 1024.0 / prices.cool_object_mb)


def _queries(w: PaperWorkloads) -> FloatArray:
    """Dashboard queries a month of 30 days."""
    return w.active_hours_per_day * w.dashboard_refreshes_per_hour * 30.0
