"""Figures as people read them."""

from __future__ import annotations

import pytest

from twin2multicloud.app.report.figures import (
    dollars,
    extra,
    quantity,
    scientific,
    share,
    unit_price,
    volume,
)


def test_money_has_two_decimals_separators_and_a_true_minus() -> None:
    assert dollars(123_456_789) == "$1,234,567.89"
    assert dollars(5) == "$0.05"
    assert dollars(-150) == "\N{MINUS SIGN}$1.50"
    assert [extra(cents) for cents in (100, 0, -100)] == ["+$1.00", "±$0.00", "\N{MINUS SIGN}$1.00"]


@pytest.mark.parametrize(
    ("usd", "unit", "shown"),
    [
        (0.2e-6, "requests", "$0.20 per million requests"),
        (0.0000166667, "GiB-s", "$0.0166667 per 1,000 GiB-s"),
        (0.023, "GB-month", "$0.023 per GB-month"),
        (0.00099, "GB-month", "$0.00099 per GB-month"),
        (5.0, "user-months", "$5.00 per user-month"),
        (1250.0, "queries", "$1,250.00 per query"),
        (2e-12, "calls", "$0.002 per billion calls"),
        (0.0, "GB", "free"),
    ],
)
def test_unit_prices_are_stated_per_as_many_units_as_one_can_read(usd: float, unit: str, shown: str) -> None:
    assert unit_price(usd, unit) == shown


def test_quantities_keep_what_matters() -> None:
    assert quantity(0) == "0"
    assert quantity(13_140_000_000) == "13,140,000,000"
    assert quantity(0.51391) == "0.5139"
    assert quantity(730) == "730"
    assert quantity(999.96) == "1,000"
    assert quantity(3.2e17) == "3.2 × 10¹⁷"
    assert scientific(0.00012) == "1.2 × 10⁻⁴"
    assert scientific(9.999e5) == "1 × 10⁶"
    assert [volume(gb) for gb in (0, 0.001, 0.514, 831.6, 5420, 2.5e6)] == [
        "0 GB",
        "< 0.01 GB",
        "0.514 GB",
        "832 GB",
        "5.42 TB",
        "2,500 TB",
    ]
    assert [share(1, 4), share(1, 10_000), share(0, 1), share(1, 0)] == ["25.0 %", "< 0.1 %", "0.0 %", "–"]
