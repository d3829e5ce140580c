"""A month's volumes of a workload, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.blueprint.volumes import DAYS_PER_MONTH, SECONDS_PER_MONTH, Volumes
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.workload import Workload


def volumes(assumptions: Assumptions | None = None, **fields: float) -> Volumes:
    one_a_second = {"devices": 10, "message_interval_s": 10.0, "message_size_bytes": 1000}
    return Volumes.of([Workload(**{**one_a_second, **fields})], assumptions)  # type: ignore[arg-type]


def test_messages_of_a_month_of_730_hours() -> None:
    v = volumes()
    assert v.messages[0] == pytest.approx(SECONDS_PER_MONTH)
    assert v.messages_per_s[0] == pytest.approx(1.0)
    assert v.peak_day_messages[0] == pytest.approx(86_400 * Workload.model_fields["peak_factor"].default)


def test_steady_tiers_hold_the_months_between_their_ages() -> None:
    v = volumes(hot_months=3.0, cool_months=12.0, archive_months=24.0)
    a = v.assumptions
    assert v.hot_byte_months[0] == pytest.approx(SECONDS_PER_MONTH * (1000 + a.record_overhead_bytes) * 3)
    cool = v.tier_byte_months(v.enters_cool, v.hot_months, v.cool_months, minimum_months=1.0)
    per_month = SECONDS_PER_MONTH * (1000 + a.envelope_bytes) * a.object_compression
    assert cool[0] == pytest.approx(per_month * 9)
    archive = v.tier_byte_months(v.enters_archive, v.cool_months, v.archive_months, minimum_months=1.0)
    assert archive[0] == pytest.approx(per_month * 12)


def test_a_tier_of_no_months_stores_nothing_but_a_short_one_pays_its_minimum() -> None:
    v = volumes(hot_months=2.0, cool_months=2.0, archive_months=2.1)
    assert v.enters_cool[0] == 0
    assert v.leaves_hot[0] > 0  # it passes on to the archive
    archive = v.tier_byte_months(v.enters_archive, v.cool_months, v.archive_months, minimum_months=6.0)
    assert archive[0] == pytest.approx(v.object_bytes_of(v.enters_archive)[0] * 6.0)


def test_small_objects_are_billed_at_the_smallest_size_with_overhead() -> None:
    v = volumes(devices=1, message_interval_s=3600.0, hot_months=1.0, cool_months=2.0, archive_months=2.0)
    held = v.tier_byte_months(
        v.enters_cool, v.hot_months, v.cool_months, minimum_months=1.0, minimum_object_bytes=131_072, overhead_bytes=40
    )
    # One message an hour and one mover run an hour: every object holds a single record.
    assert held[0] == pytest.approx(730 * (131_072 + 40))


def test_growth_stores_less_than_the_planning_months_traffic() -> None:
    assumptions = Assumptions(planning_month=12)
    grown = volumes(assumptions, growth_per_month=0.1, hot_months=3.0)
    steady = volumes(assumptions, hot_months=3.0)
    assert grown.messages[0] == pytest.approx(steady.messages[0] * 1.1**12)
    months = grown.hot_byte_months[0] / (grown.messages[0] * grown.record_bytes[0])
    assert months == pytest.approx((1 - 1.1**-3) / np.log(1.1))


def test_batches_fill_with_the_rate_up_to_the_most_the_link_takes() -> None:
    slow, fast = volumes(devices=1), volumes(devices=100_000)
    telemetry = EDGES[0]
    # A tenth of a message a second: the window after the first one has a tenth of another.
    assert telemetry.flow(slow).batches[0] == pytest.approx(slow.messages[0] / 1.1)
    most = Workload.model_fields["link_batch_messages"].default
    assert telemetry.flow(fast).batches[0] == pytest.approx(fast.messages[0] / most)


def test_queries_follow_refreshes_and_panels() -> None:
    v = volumes(dashboard_refreshes_per_hour=60, dashboard_hours_per_day=4.0)
    assert v.refreshes[0] == pytest.approx(60 * 4 * DAYS_PER_MONTH)
    assert v.history_queries[0] == pytest.approx(v.refreshes[0] * v.assumptions.history_panels)


@settings(deadline=None, max_examples=60)
@given(
    devices=st.integers(1, 10**7),
    more=st.integers(0, 10**7),
    interval=st.floats(1, 86_400),
    growth=st.floats(0, 0.5),
)
def test_more_devices_never_mean_less_of_anything(devices: int, more: int, interval: float, growth: float) -> None:
    few = volumes(devices=devices, message_interval_s=interval, growth_per_month=growth)
    many = volumes(devices=devices + more, message_interval_s=interval, growth_per_month=growth)
    for edge in EDGES:
        less, greater = edge.flow(few), edge.flow(many)
        for name in ("messages", "batches", "raw_bytes", "wire_bytes"):
            assert getattr(greater, name)[0] >= getattr(less, name)[0] * (1 - 1e-9)
    for name in ("queue_batches", "stream_batches", "hot_byte_months", "entities"):
        assert getattr(many, name)[0] >= getattr(few, name)[0] * (1 - 1e-9)


def test_a_batch_of_workloads_equals_each_alone() -> None:
    workloads = [
        Workload(devices=n, message_interval_s=30.0, message_size_bytes=200 * n, growth_per_month=0.01 * n)
        for n in (1, 2, 3)
    ]
    together = Volumes.of(workloads)
    for w, workload in enumerate(workloads):
        alone = Volumes.of([workload])
        assert together.hot_byte_months[w] == alone.hot_byte_months[0]
        assert EDGES[0].flow(together).wire_bytes[w] == EDGES[0].flow(alone).wire_bytes[0]


def test_a_run_of_the_mover_writes_full_objects_and_a_last_one() -> None:
    # 1,800,000 records an hour at 312.5 bytes compressed are 134.1 objects of 4 MiB.
    v = volumes(devices=5000)
    assert v.objects_of(v.messages)[0] == pytest.approx(730 * 135)
    assert v.objects_of(v.constant(100))[0] == 100
    assert v.objects_of(v.constant(0))[0] == 0


def test_reading_a_share_of_a_tier_reads_that_share_of_its_objects_whatever_their_size() -> None:
    v = volumes(devices=1, message_interval_s=3600.0, hot_months=1.0, cool_months=3.0)
    objects, read = v.tier_reads(v.enters_cool, v.hot_months, v.cool_months, 0.1)
    assert objects[0] == pytest.approx(730 * 2 * 0.1)
    assert read[0] == pytest.approx(v.object_bytes_of(v.enters_cool)[0] * 2 * 0.1)
