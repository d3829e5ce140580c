"""Every bound the search relies on lies below what it bounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.search.small import random_problem, random_tariff
from twin2multicloud.optimizer.pricing.tariffs import TariffTable
from twin2multicloud.optimizer.search.brute import enumerate_best
from twin2multicloud.optimizer.search.curves import Curves, floors, lines_below
from twin2multicloud.optimizer.search.instance import Instance
from twin2multicloud.optimizer.search.structure import Structure
from twin2multicloud.optimizer.search.table import TableIndex

SEEDS = st.integers(0, 2**32 - 1)
HAIR = 1e-7  # rounding up forgives a billionth of an increment, and increments go up to 100


@settings(deadline=None, max_examples=150)
@given(SEEDS)
def test_lines_lie_below_pools(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lanes = int(rng.integers(1, 4))
    table = TariffTable.of([random_tariff(rng) for _ in range(lanes)], [0] * lanes)
    curves = Curves.of(table).take(np.arange(lanes))
    low = float(rng.choice([0.0, rng.exponential(20.0)]))
    high = low + float(rng.exponential(60.0))
    aim = rng.uniform(low, high)
    cut, slope = lines_below(
        curves, np.zeros(lanes, dtype=np.int64), np.array([low]), np.array([high]), np.array([aim])
    )
    totals = np.concatenate([[low, high, aim], rng.uniform(low, high, 200), np.round(rng.uniform(low, high, 50))])
    totals = np.clip(totals, low, high)
    shares = rng.dirichlet(np.ones(lanes), totals.size)
    # Whole totals on one lane are the extreme points.
    shares[::2] = np.eye(lanes)[rng.integers(lanes, size=shares[::2].shape[0])]
    quantity = shares * totals[:, None]
    assert (cut[0] + quantity @ slope <= table.cost(quantity).sum(axis=1) + HAIR).all()


def test_lines_below_totals_too_small_to_divide_by() -> None:
    """The least positive float is a total like any other."""
    table = TariffTable.of([random_tariff(np.random.default_rng(1))])
    curves, pool = Curves.of(table).take(np.array([0])), np.array([0])
    low, high = np.array([5e-324]), np.array([40.0])
    for aim in (low, high):
        cut, slope = lines_below(curves, pool, low, high, aim)
        totals = np.array([[5e-324], [1e-9], [1.0], [40.0]])
        assert (cut[0] + totals @ slope <= table.cost(totals)[:, 0] + HAIR).all()


@settings(deadline=None, max_examples=150)
@given(SEEDS)
def test_least_additions_add_up_to_no_more_than_the_cost(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = TariffTable.of([random_tariff(rng)])
    curves = Curves.of(table).take(np.array([0]))
    parts = rng.choice([0.0, 0.5, 1.0, 3.0, 10.0, 40.0, 200.0], (50, 4))
    above = parts.max(axis=0).sum() - parts.max(axis=0)
    least = curves.marginal(parts.reshape(-1, 1), np.tile(above, 50).reshape(-1, 1)).reshape(parts.shape)
    assert (least.sum(axis=1) <= table.cost(parts.sum(axis=1, keepdims=True))[:, 0] + HAIR).all()


@settings(deadline=None, max_examples=100)
@given(SEEDS)
def test_a_pools_floor_lies_below_every_split(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lanes = int(rng.integers(1, 4))
    one = random_tariff(rng)
    same_tiers = rng.random() < 0.7
    table = TariffTable.of([one if same_tiers else random_tariff(rng) for _ in range(lanes)], [0] * lanes)
    floor = floors(Curves.of(table).take(np.arange(lanes)), np.zeros(lanes, dtype=np.int64), 1)
    quantity = rng.exponential(20.0, (100, lanes)) * (rng.random((100, lanes)) < 0.7)
    total = quantity.sum(axis=1, keepdims=True)
    assert (floor.plain(total)[:, 0] <= table.cost(quantity).sum(axis=1) + HAIR).all()


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(SEEDS)
def test_the_table_bounds_every_placement(seed: int) -> None:
    """Σ_p bound(p, S_p) is at most the cost, for every placement, also under further masks."""
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    instance = Instance(TableIndex(Structure(problem)), problem)
    everything = np.ones(problem.options, dtype=bool)
    table = instance.table(everything)
    fewer = rng.random(problem.options) < 0.7
    slot, provider = rng.integers(problem.slots), rng.integers(3)
    masks = [fewer, everything, (problem.slot != slot) | fewer, (problem.slot != slot) | (problem.provider != provider)]
    for bound, allowed in ((table.bound, everything), *zip(table.restricted(masks), masks, strict=True)):
        choices, usd = enumerate_best(problem, allowed=allowed, k=10**6)
        held = problem.provider[choices]
        total = np.zeros(usd.size)
        for p in range(instance.structure.providers):
            total += bound[p, ((held == p) << np.arange(problem.slots)).sum(axis=1)]
        assert (total <= usd + HAIR).all()
