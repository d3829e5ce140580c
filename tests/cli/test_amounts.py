"""Cents that add up to a total shown elsewhere; bars; text that is safe to print."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin2multicloud.app.cli.terminal import bar, printable
from twin2multicloud.optimizer.bill.cents import cents, to_cents

usd = st.floats(0, 1e8, allow_nan=False)


@settings(deadline=None)
@given(st.lists(usd, min_size=1, max_size=60), st.integers(-1, 1))
def test_amounts_sum_to_a_total_given_in_cents(values: list[float], off: int) -> None:
    total = cents(math.fsum(values)) + off
    rounded = to_cents(values, total)
    assert sum(rounded) == total
    assert all(abs(c - 100 * value) < 2.001 for c, value in zip(rounded, values, strict=True))


@settings(deadline=None)
@given(st.lists(usd, min_size=1, max_size=30))
def test_a_total_that_is_not_the_sum_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="not the sum"):
        to_cents(values, cents(math.fsum(values)) + 3 * len(values) + 3)


@settings(deadline=None)
@given(st.floats(0, 1e9), st.floats(1e-3, 1e9), st.integers(8, 60))
def test_bars(value: float, largest: float, width: int) -> None:
    drawn = bar(min(value, largest), largest, width)
    assert len(drawn) == width
    assert drawn == bar(largest, largest, width) or value < largest
    assert (drawn.strip() == "") == (value == 0)
    assert bar(largest, largest, width) == "█" * width


@settings(deadline=None)
@given(st.text())
def test_printable_text_commands_nothing(text: str) -> None:
    safe = printable(text)
    assert all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for c in safe)
    assert printable(safe) == safe


@settings(deadline=None)
@given(st.text(st.characters(categories=["L", "N", "P"])))
def test_ordinary_text_stays(text: str) -> None:
    assert printable(text) == text
