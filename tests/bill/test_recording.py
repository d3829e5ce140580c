"""Recorded calculations: they give what the functions give, bit by bit, and refuse what they could not repeat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bill.conftest import shared_book
from tests.bill.test_optimum import workloads
from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.amounts import Scales
from twin2multicloud.optimizer.bill.recording import Recording

ASSUMED = (
    None,
    Assumptions(planning_month=0),
    # A function of at least one vCPU shares its instance, and more memory changes every plan.
    Assumptions(handler_vcpus=2.0, handler_memory_mib=1000),
    Assumptions(batch_window_s=30.0, link_max_bytes=20_000, stream_batch_messages=7),
)


@settings(deadline=None, max_examples=40)
@given(several=st.lists(workloads, min_size=1, max_size=5), assumed=st.sampled_from(ASSUMED))
def test_a_recording_measures_as_the_blueprint_does(several: list[Workload], assumed: Assumptions | None) -> None:
    scales, volumes = Scales(OFFERS, shared_book()), Volumes.of(several, assumed)
    direct, recorded = scales.measure(volumes), scales.measure(volumes)
    np.testing.assert_array_equal(recorded.units, direct.units)
    np.testing.assert_array_equal(recorded.edge_gb, direct.edge_gb)
    np.testing.assert_array_equal(recorded.holds, direct.holds)


def test_a_recording_of_other_workloads_is_the_same() -> None:
    scales = Scales(OFFERS, shared_book())
    small = Volumes.of([Workload(devices=3, message_interval_s=600.0, message_size_bytes=60)])
    large = Volumes.of(
        [Workload(devices=40_000, message_interval_s=1.0, message_size_bytes=5000, entities_3d=5, growth_per_month=0.1)]
    )
    expected = scales.measure(large)
    scales.measure(small)
    np.testing.assert_array_equal(scales.measure(large).units, expected.units)


def test_more_assumptions_than_are_kept_change_nothing() -> None:
    scales = Scales(OFFERS[:12], shared_book())
    several = [
        Volumes.of([Workload(devices=9, message_interval_s=6.0, message_size_bytes=60)], Assumptions(planning_month=m))
        for m in range(12)
    ]
    direct = [scales.measure(volumes) for volumes in several]
    for volumes, expected in zip(several[::-1], direct[::-1], strict=True):
        np.testing.assert_array_equal(scales.measure(volumes).units, expected.units)


# Whoever calculates directly is warned of overflows.
thousandths = st.floats(-1e6, 1e6).map(lambda number: round(number, 3))

CALCULATIONS: list[Callable[[Any, Any], list[Any]]] = [
    lambda a, b: [a + b, a - 1, 2 * b, -a, a / (b * b + 1)],
    lambda a, b: [np.where(a > b, a, 7), np.where((a > 0) & ~(b <= 0) | (a == b), 1.0, 0.0)],
    lambda a, b: [np.clip(a, -1.0, np.maximum(b, 0.0)), np.ceil(a), np.floor(b)],
    lambda a, b: [
        np.divide(a, b, out=np.zeros_like(a), where=b != 0),
        np.divide(a, b, out=np.ones_like(b), where=b > 0),
    ],
    lambda a, b: [a, a, np.full(a.shape, 3.0), np.exp(np.minimum(b, 1.0)) * np.log1p(np.abs(a))],
]


@given(
    calculate=st.sampled_from(CALCULATIONS),
    given_=st.lists(st.tuples(*[thousandths] * 2), min_size=1, max_size=4),
)
def test_a_recording_repeats_any_calculation(
    calculate: Callable[[Any, Any], list[Any]], given_: list[tuple[float, float]]
) -> None:
    numbers = np.array(given_).T
    direct = np.array([np.broadcast_to(row, numbers.shape[1]) for row in calculate(*numbers)], dtype=np.float64)
    np.testing.assert_array_equal(Recording(2, lambda symbols: calculate(*symbols))(numbers), direct)


@pytest.mark.parametrize(
    "calculate",
    [
        lambda a: [a if a > 0 else 0.0],
        lambda a: [max(a, 1.0)],
        lambda a: [float(a)],
        lambda a: [np.asarray(a)],
        lambda a: [np.sum(a)],
        lambda a: [np.add.reduce(a)],
        lambda a: [np.add(a, 1.0, where=a > 0)],
        lambda a: [np.add(a, 1.0, dtype=np.float32)],
        lambda a: [np.cumsum(a)],
    ],
)
def test_what_could_not_be_repeated_is_refused(calculate: Callable[[Any], list[Any]]) -> None:
    with pytest.raises(TypeError):
        Recording(1, lambda symbols: calculate(*symbols))
