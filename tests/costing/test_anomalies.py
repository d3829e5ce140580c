"""Hours that cost unlike those before are found, with the meters that make the difference; noise is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.costing.bills import FRANKFURT, priced, prices
from twin2multicloud.costing.anomalies import rates, unusual
from twin2multicloud.costing.months import Used
from twin2multicloud.costing.pricing import Pricing

SOLD = Pricing(prices(), {}).sold
WRITES = ("aws.dynamodb.write-units", FRANKFURT)
MESSAGES = ("aws.iot-core.messages", FRANKFURT)
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


def hours(writes: list[float], seconds: float = 3_600) -> list[Used]:
    """So many write units in each hour, and a million messages."""
    return [
        Used(BEGIN + timedelta(hours=number), key, quantity, seconds)
        for number, amount in enumerate(writes)
        for key, quantity in ((WRITES, amount), (MESSAGES, 1e6))
    ]


def usual(count: int) -> list[float]:
    random = Random(3)
    return [1e6 * random.uniform(0.9, 1.1) for _ in range(count)]


def found(writes: list[float], least_usd: float = 0.01) -> object:
    return unusual(rates(hours(writes), priced, SOLD), least_usd)


def test_a_burst_is_found_with_its_meter() -> None:
    seen = unusual(rates(hours([*usual(200), 5e6]), priced, SOLD), 0.01)
    assert seen is not None
    assert seen.at == BEGIN + timedelta(hours=200)
    assert [key for key, _ in seen.meters] == [WRITES]
    rate = priced({WRITES: 1.0})[WRITES]
    assert seen.usd - seen.usual_usd == pytest.approx(4e6 * rate, rel=0.05)
    assert seen.meters[0][1] == pytest.approx(4e6 * rate, rel=0.05)


def test_what_is_usual_is_not() -> None:
    assert found(usual(300)) is None
    assert found([*usual(300), 1.3e6]) is None, "within what a quarter allows"
    assert found([*usual(20), 5e6]) is None, "nothing is usual after so few hours"
    assert found([*usual(200), 5e6], least_usd=100) is None, "too little to matter"
    assert found([*usual(200), 5e6, 1e6]) is None, "it is over"
    assert found([*([1e6, 1e7] * 100), 1e7]) is None, "it comes every other hour"


def test_earlier_bursts_do_not_hide_one() -> None:
    writes = usual(200)
    for number in range(0, 200, 10):
        writes[number] = 2e7
    assert found([*writes, 2.5e7]) is not None


def test_an_hour_of_which_little_was_metered_says_nothing() -> None:
    some = [*hours(usual(100)), Used(BEGIN + timedelta(hours=100), WRITES, 1e6, 60.0)]
    assert unusual(rates(some, priced, SOLD), 0.01) is None
