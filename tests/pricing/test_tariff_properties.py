from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin2multicloud.optimizer.pricing.tariffs import Tariff, TariffTable

PRICES = st.floats(0, 100, allow_nan=False)
WIDTHS = st.floats(1e-3, 1e9)
QUANTITIES = st.floats(0, 1e12)


@st.composite
def tariffs(draw: st.DrawFn, *, rounded: bool = False) -> Tariff:
    """Falling or rising tiers, with or without a free allowance; rounded to increments only on request."""
    widths = draw(st.lists(WIDTHS, max_size=4))
    starts = (0.0, *itertools.accumulate(widths))
    prices = draw(st.lists(PRICES, min_size=len(starts), max_size=len(starts)))
    if draw(st.booleans()):
        prices[0] = 0.0
    increment = draw(st.floats(0.5, 1e6)) if rounded else 0.0
    return Tariff(starts, tuple(prices), increment, draw(st.floats(0, 1e6)) if rounded else 0.0)


def by_hand(tariff: Tariff, quantity: float) -> float:
    """The bill in plain loops: how much of the quantity lies in each tier, times its price."""
    ends = (*tariff.starts[1:], float("inf"))
    return sum(
        (min(quantity, end) - start) * price
        for start, end, price in zip(tariff.starts, ends, tariff.usd_per_unit, strict=True)
        if quantity > start
    )


@settings(deadline=None)
@given(tariffs(), QUANTITIES)
def test_cost_is_the_sum_over_tiers(tariff: Tariff, quantity: float) -> None:
    assert float(tariff.cost(quantity)) == pytest.approx(by_hand(tariff, quantity), rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(tariffs(rounded=True))
def test_nothing_used_costs_nothing(tariff: Tariff) -> None:
    assert float(tariff.cost(0.0)) == 0.0


@settings(deadline=None)
@given(tariffs(rounded=True), QUANTITIES, QUANTITIES)
def test_more_never_costs_less(tariff: Tariff, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert float(tariff.cost(less)) <= float(tariff.cost(more)) * (1 + 1e-12) + 1e-12


@settings(deadline=None)
@given(tariffs())
def test_no_jump_at_a_tier_without_increments(tariff: Tariff) -> None:
    for bound in tariff.starts[1:]:
        below, above = (float(tariff.cost(bound * (1 + nudge))) for nudge in (-1e-9, 1e-9))
        assert above - below <= 2.1e-9 * bound * max(tariff.usd_per_unit) + 1e-6 * above * 1e-3 + 1e-9


@settings(deadline=None)
@given(tariffs(), st.data())
def test_the_marginal_price_is_the_tiers_price(tariff: Tariff, data: st.DataObject) -> None:
    tier = data.draw(st.integers(0, len(tariff.starts) - 1))
    start = tariff.starts[tier]
    width = (tariff.starts[tier + 1] if tier + 1 < len(tariff.starts) else start + 1e3) - start
    here, there = start + 0.25 * width, start + 0.75 * width
    marginal = (float(tariff.cost(there)) - float(tariff.cost(here))) / (there - here)
    total = float(tariff.cost(there))
    assert marginal == pytest.approx(tariff.usd_per_unit[tier], rel=1e-6, abs=1e-6 + 1e-9 * total / (there - here))


@settings(deadline=None)
@given(tariffs(rounded=True), QUANTITIES)
def test_doubled_prices_double_the_cost(tariff: Tariff, quantity: float) -> None:
    doubled = Tariff(tariff.starts, tuple(2 * p for p in tariff.usd_per_unit), tariff.increment, tariff.minimum)
    assert float(doubled.cost(quantity)) == pytest.approx(2 * float(tariff.cost(quantity)), rel=1e-12)


@settings(deadline=None)
@given(tariffs(rounded=True), st.lists(QUANTITIES, min_size=1, max_size=5))
def test_a_pool_of_equal_tariffs_is_one_tariff_on_the_sum(tariff: Tariff, quantities: list[float]) -> None:
    table = TariffTable.of([tariff] * len(quantities), [0] * len(quantities))
    pooled = float(table.cost(np.array(quantities)).sum())
    # Both sides see the same sum: rounding to increments would otherwise magnify its last digit.
    total = float(table.pool_totals(np.array(quantities))[0])
    assert pooled == pytest.approx(float(tariff.cost(total)), rel=1e-9, abs=1e-9)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=5), st.floats(1, 1e6))
def test_a_free_allowance_is_counted_once(quantities: list[float], free: float) -> None:
    tariff = Tariff((0.0, free), (0.0, 1.0))
    used = np.array(quantities)
    pooled = TariffTable.of([tariff] * len(used), [0] * len(used)).cost(used).sum()
    assert float(pooled) == pytest.approx(max(0.0, float(used.sum()) - free), rel=1e-9, abs=1e-6)
    apart = TariffTable.of([tariff] * len(used)).cost(used).sum()
    assert float(apart) <= float(pooled) + 1e-6


@settings(deadline=None)
@given(st.lists(tariffs(rounded=True), min_size=1, max_size=4), st.data())
def test_lanes_apart_cost_what_each_tariff_costs(lanes: list[Tariff], data: st.DataObject) -> None:
    quantities = np.array(data.draw(st.lists(QUANTITIES, min_size=len(lanes), max_size=len(lanes))))
    cost = TariffTable.of(lanes).cost(quantities)
    expected = [float(tariff.cost(q)) for tariff, q in zip(lanes, quantities, strict=True)]
    assert cost == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "broken",
    [
        ((), ()),
        ((1.0,), (1.0,)),
        ((0.0, 0.0), (1.0, 1.0)),
        ((0.0,), (-1.0,)),
        ((0.0,), (float("nan"),)),
        ((0.0, float("inf")), (1.0, 1.0)),
        ((0.0,), (1.0, 2.0)),
    ],
)
def test_impossible_tariffs_are_refused(broken: tuple[tuple[float, ...], tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match="tariff"):
        Tariff(*broken)
