"""A month to date is priced by its sums; its forecast and its days follow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.costing.bills import FRANKFURT, METERED, NETHERLANDS, NOVEMBER, priced, prices
from twin2multicloud.costing.mapping import MeterKey
from twin2multicloud.costing.months import Used, by_day, month_of, spread, to_date
from twin2multicloud.costing.pricing import Pricing

REQUESTS = ("aws.lambda.requests", FRANKFURT)
HUB = ("azure.iot-hub.s1", NETHERLANDS)
SOLD = Pricing(prices(), {}).sold
MONTH_S = 730 * 3_600.0


def november(day: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=UTC)


def test_a_free_allowance_is_used_up_once() -> None:
    """A million requests are free a month: the first half million a day cost nothing, the later ones do."""
    used = [each for day in range(1, 11) for each in spread(november(day + 1), 86_400, {REQUESTS: 500_000.0})]
    month = month_of(november(5))
    found = to_date(used, month, november(11), priced, SOLD)
    assert found.usd[REQUESTS] == pytest.approx(4e6 * 0.2e-6)
    assert found.seconds == 10 * 86_400
    assert found.forecast_usd == pytest.approx((30 * 500_000 - 1e6) * 0.2e-6)
    days = by_day(used, month, priced, SOLD)
    assert [day.usd for day in days] == pytest.approx([0, 0, *[0.1] * 8])
    assert sum(day.usd for day in days) == pytest.approx(found.total_usd)


def test_units_of_a_hub_cost_their_part_of_the_month() -> None:
    """900,000 messages on the peak day need three units, each for a third of the month if they were there so long."""
    third = MONTH_S / 3
    used = spread(november(1) + timedelta(seconds=third), third, {HUB: 900_000 / 3})
    whole = priced({HUB: 900_000.0})[HUB]
    found = to_date(used, NOVEMBER, november(1) + timedelta(seconds=third), priced, SOLD)
    assert found.usd[HUB] == pytest.approx(whole / 3)
    assert found.forecast_usd == pytest.approx(whole * 720 / 730)


def test_what_is_sold_in_units_for_a_month() -> None:
    assert {meter.id for meter in prices().meters.values() if SOLD(meter.id) == "level"} == {
        *(f"azure.iot-hub.{edition}{number}" for edition in "bs" for number in (1, 2, 3)),
        *(f"aws.twinmaker.bundle-{number}" for number in (1, 2, 3, 4)),
        "azure.cosmos.autoscale-ru-hours",
        "azure.cosmos.provisioned-ru-hours",
        "azure.event-hubs.throughput-unit-hours",
        "gcp.bigtable.node-hours",
    }
    assert {meter.id for meter in prices().meters.values() if SOLD(meter.id) == "whole"} == {
        "aws.grafana.editors",
        "aws.grafana.viewers",
        "azure.grafana.users",
    }


def test_a_user_is_billed_whole() -> None:
    users = ("aws.grafana.editors", FRANKFURT)
    used = spread(november(2), 86_400, {users: 2 * 86_400 / MONTH_S})
    found = to_date(used, NOVEMBER, november(2), priced, SOLD)
    assert found.usd[users] == pytest.approx(18)
    assert found.forecast_usd == pytest.approx(18)


def test_other_months_do_not_count() -> None:
    used = [
        Used(datetime(2026, 10, 31, 23, tzinfo=UTC), REQUESTS, 9e9, 3_600),
        *spread(november(2), 3_600, {REQUESTS: 1}),
    ]
    found = to_date(used, NOVEMBER, november(2), priced, SOLD)
    assert (found.seconds, found.total_usd) == (3_600, 0)
    assert to_date([], NOVEMBER, november(2), priced, SOLD).forecast_usd == 0


@settings(deadline=None, max_examples=30)
@given(
    seconds=st.floats(1, 40 * 86_400),
    offset=st.floats(0, 86_400),
    quantities=st.dictionaries(st.sampled_from(sorted(METERED)), st.floats(0, 1e9), min_size=1),
)
def test_what_is_spread_adds_up(seconds: float, offset: float, quantities: dict[MeterKey, float]) -> None:
    until = november(20) + timedelta(seconds=offset)
    used = spread(until, seconds, quantities)
    for key, quantity in quantities.items():
        parts = [each for each in used if each.key == key]
        assert sum(each.quantity for each in parts) == pytest.approx(quantity, abs=1e-6)
        assert sum(each.seconds for each in parts) == pytest.approx(seconds, abs=1e-5)
        assert len({each.at for each in parts}) == len(parts) <= 50
        assert max(each.at for each in parts) <= until


def test_the_month_of_a_moment() -> None:
    assert month_of(datetime(2026, 12, 31, 23, 59, tzinfo=UTC)).ends == datetime(2027, 1, 1, tzinfo=UTC)
    assert month_of(november(9)) == NOVEMBER
