"""Cents that add up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin2multicloud.optimizer.bill.cents import to_cents

amounts = st.lists(st.floats(-1e9, 1e9, allow_nan=False), max_size=80)


@given(amounts)
def test_cents_sum_to_the_rounded_sum_and_each_is_less_than_a_cent_off(values: list[float]) -> None:
    cents = to_cents(values)
    assert sum(cents) == round(100 * math.fsum(values))
    assert all(abs(c - 100 * value) <= 1 + 1e-6 for c, value in zip(cents, values, strict=True))


@given(st.lists(st.integers(-(10**9), 10**9), max_size=80))
def test_whole_cents_are_kept(whole: list[int]) -> None:
    assert to_cents([cents / 100 for cents in whole]) == whole


@given(st.lists(st.one_of(st.just(0.0), st.floats(0, 1e6)), max_size=80))
def test_what_is_free_stays_free(values: list[float]) -> None:
    assert all(cents == 0 for cents, value in zip(to_cents(values), values, strict=True) if value == 0)


def test_the_missing_cents_go_to_those_who_lost_most() -> None:
    assert to_cents([0.333, 0.333, 0.334]) == [33, 33, 34]
    assert to_cents([1 / 3, 1 / 3, 1 / 3]) == [34, 33, 33]
    assert to_cents([0.006, 0.006]) == [1, 0]
    assert to_cents([0.0099, 0.0099]) == [1, 1]
    assert to_cents([0.29]) == [29]
    assert to_cents([]) == []


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_amounts_must_be_finite(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        to_cents([1.0, value])
