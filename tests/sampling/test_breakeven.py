"""The optimum along one number: nothing is missed where everything was looked at, and bounds hold in between."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from twin2multicloud.blueprint.volumes import FIELDS as COLUMNS
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.scenarios import scenario
from twin2multicloud.optimizer.sampling.breakeven import Course, course
from twin2multicloud.optimizer.sampling.optima import Sampler, table_of
from twin2multicloud.optimizer.sampling.reach import check_range

BASE = scenario("smart-building").workload


def check_points(sampler: Sampler, found: Course, values: np.ndarray) -> None:
    """At each value the placement named costs at most the bound's share more than the optimum there."""
    table = np.repeat(table_of([BASE]), len(values), axis=0)
    table[:, COLUMNS.index(found.field)] = values
    optimum = sampler.optimize(table).usd
    for value, row, usd in zip(values, table, optimum, strict=True):
        stretch = next(s for s in found.stretches if s.start <= value <= s.end)
        assert stretch.placement is not None
        (held,) = sampler.price(row[None], sampler.choice(stretch.placement)[None])[0]
        assert usd <= held * (1 + 1e-9)
        assert held * (1 - found.slack) <= usd * (1 + 1e-9)


def test_every_whole_number_of_a_range(sampler: Sampler) -> None:
    found = course(sampler, BASE, "devices", 1_600, 1_700)
    assert (found.points, found.complete, found.slack) == (101, True, 0.0)
    check_points(sampler, found, np.arange(1_600, 1_701))
    assert found.changes
    for change in found.changes:
        assert change.above - change.below == 1
        assert change.messages_per_day == pytest.approx(change.above * 86_400 / BASE.message_interval_s)


def test_few_points_find_the_same_changes_in_a_wide_range(sampler: Sampler) -> None:
    found = course(sampler, BASE, "devices", 1_000, 4_000, points=40)
    assert not found.complete
    assert 0 < found.slack < 0.2
    rng = np.random.default_rng(1)
    inside = [s for s in found.stretches if s.end > s.start]
    values = np.unique([rng.integers(int(s.start), int(s.end) + 1) for s in inside for _ in range(20)])
    check_points(sampler, found, values)
    fine = course(sampler, BASE, "devices", 1_000, 4_000)
    assert [change.above for change in found.changes] == [change.above for change in fine.changes]
    assert fine.slack < found.slack


def test_numbers_that_are_not_whole_are_narrowed_down(sampler: Sampler) -> None:
    found = course(sampler, BASE, "message_interval_s", 8.0, 10.0, points=9)
    assert found.changes
    for change in found.changes:
        assert 0 < change.above - change.below <= 1e-8
        assert change.before != change.after
    assert found.stretches[0].start == 8.0
    assert found.stretches[-1].end == 10.0


@pytest.mark.parametrize(
    ("field", "start", "end", "problem"),
    [
        ("device", 1, 2, "devices"),
        ("devices", 5, 5, "goes up"),
        ("devices", 0, 5, "from 1"),
        ("devices", 1.5, 5, "whole"),
        ("hot_months", 1, 99, "ascend"),
    ],
)
def test_a_range_that_cannot_be(field: str, start: float, end: float, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        check_range(BASE, field, start, end)


def test_costs_rise_with_usage_in_every_pool_of_the_book(sampler: Sampler) -> None:
    """What is proved between points rests on it; a pool of lanes with different tariffs might break it.

    With q_A of Q on lane A, more on lane B costs Σ_A q_A/Q · (avg_B + marginal_A − avg_A) a unit: never negative if the
    bracket never is. Between two tiers' starts it is monotone in Q, so both ends of each piece are enough.
    """
    tariffs = sampler.market.tariffs
    shared = [np.flatnonzero(tariffs.pool == pool) for pool in range(tariffs.pools)]
    structure = sampler.batch(table_of([BASE])).structure
    row = np.repeat(np.arange(structure.usage.indptr.size - 1), np.diff(structure.usage.indptr))
    slot = structure.slot[row % structure.options]
    # Of the lanes of a pool that one slot uses, a placement uses one.
    slots = [np.unique(slot[np.isin(structure.usage.lane, lanes)]).size for lanes in shared]
    shared = [lanes for lanes, count in zip(shared, slots, strict=True) if lanes.size > 1 and count > 1]
    assert shared
    most_unit = 0.01  # rounding up a pool may move so much from one lane to another
    for lanes in shared:
        unit = float((tariffs.increment[lanes, None] * tariffs.usd_per_unit[lanes]).max())
        assert unit <= most_unit
        starts = np.unique(tariffs.starts[lanes][np.isfinite(tariffs.starts[lanes])])
        for first, last in itertools.pairwise([*starts, 1e6 * (starts[-1] + 1)]):
            for total in (first + 1e-6 * (last - first), last):
                at = np.zeros(tariffs.lanes)
                at[lanes] = total
                average = tariffs.own_cost(at[None])[0, lanes] / total
                tier = (tariffs.starts[lanes] <= first).sum(axis=1) - 1
                marginal = tariffs.usd_per_unit[lanes, tier]
                assert (average[None] + (marginal - average)[:, None] >= -1e-12).all()
