"""Budgets and unusual hours raise alerts once, and the alerts end when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.test_bills import export
from tests.costing.bills import FRANKFURT, line, priced
from twin2multicloud.app.db.tables.costs import UsageSample
from twin2multicloud.app.services import budgets

WRITES = ("aws.dynamodb.write-units", FRANKFURT)
PER_USD = 1 / priced({WRITES: 1.0})[WRITES]
"""Write units for a dollar."""
NOON = datetime(2026, 11, 15, 12, tzinfo=UTC)


@pytest.fixture
def owner(sqlite_site: Site) -> Person:
    return sqlite_site.person("olga")


@pytest.fixture
def twin(owner: Person) -> str:
    found: str = owner.create_twin()["id"]
    return found


def used(site: Site, twin: str, usd: Mapping[datetime, float]) -> None:
    with site.backend.database.write() as session:
        for hour, amount in usd.items():
            session.merge(
                UsageSample(
                    twin_id=twin,
                    target="sandbox",
                    hour=hour,
                    meter=WRITES[0],
                    region=WRITES[1],
                    quantity=amount * PER_USD,
                    seconds=3_600.0,
                )
            )


def alerts(owner: Person, kind: str) -> list[Any]:
    return [each for each in owner.get("alerts", params={"limit": 100})["items"] if each["kind"] == kind]


def still_open(owner: Person, kind: str) -> list[Any]:
    return [each for each in alerts(owner, kind) if not each["over"]]


def budget(owner: Person, twin: str, usd: float, **more: Any) -> Any:
    return owner.call("PUT", f"twins/{twin}/budget", code=200, json={"usd_per_month": usd, **more}).json()


def test_a_budget_is_kept(owner: Person, twin: str) -> None:
    owner.get(f"twins/{twin}/budget", 404)
    assert budget(owner, twin, 10)["thresholds"] == [0.5, 0.8, 1.0]
    assert budget(owner, twin, 20, thresholds=[1, 0.9, 1], on_forecast=False)["thresholds"] == [0.9, 1.0]
    assert owner.get(f"twins/{twin}/budget")["usd_per_month"] == 20
    for wrong in ({"usd_per_month": 0}, {"usd_per_month": 5, "thresholds": []}, {"usd_per_month": 5, "more": 1}):
        owner.call("PUT", f"twins/{twin}/budget", code=422, json=wrong)
    owner.call("DELETE", f"twins/{twin}/budget", code=204)
    owner.get(f"twins/{twin}/budget", 404)


def test_alerts_come_once_a_month_and_end(sqlite_site: Site, owner: Person, twin: str) -> None:
    budget(owner, twin, 10, thresholds=[0.8, 1.0], on_forecast=False)
    used(sqlite_site, twin, {NOON: 8.5})
    for _ in range(3):
        budgets.watch(sqlite_site.backend, twin, "sandbox", NOON + timedelta(hours=1))
    (alert,) = alerts(owner, "budget")
    assert (alert["count"], alert["over"], alert["severity"]) == (1, False, "warning")
    assert alert["message"] == "November 2026 costs 8.50 USD so far: 85% of the budget of 10.00 USD"
    assert alert["data"]["threshold"] == 0.8
    used(sqlite_site, twin, {NOON + timedelta(hours=1): 2.0})
    budgets.watch(sqlite_site.backend, twin, "sandbox", NOON + timedelta(hours=2))
    (alert,) = still_open(owner, "budget")
    assert alert["severity"] == "error", "it stands in place of the smaller share's"
    # A new month begins at nothing, and comes there again.
    december = datetime(2026, 12, 3, tzinfo=UTC)
    budgets.watch(sqlite_site.backend, twin, "sandbox", december)
    assert not still_open(owner, "budget")
    used(sqlite_site, twin, {december: 9.0})
    budgets.watch(sqlite_site.backend, twin, "sandbox", december + timedelta(hours=1))
    (again,) = still_open(owner, "budget")
    assert again["count"] == 2
    owner.call("DELETE", f"twins/{twin}/budget", code=204)
    assert not still_open(owner, "budget")


def test_a_threshold_that_is_dropped_takes_its_alert_along(sqlite_site: Site, owner: Person, twin: str) -> None:
    budget(owner, twin, 10, thresholds=[0.8, 1.0], on_forecast=False)
    used(sqlite_site, twin, {NOON: 8.5})
    budgets.watch(sqlite_site.backend, twin, "sandbox", NOON + timedelta(hours=1))
    budget(owner, twin, 10, thresholds=[0.8, 2.0], on_forecast=False)
    assert [each["data"]["threshold"] for each in still_open(owner, "budget")] == [0.8], "it is still one"
    budget(owner, twin, 10, thresholds=[1.0], on_forecast=False)
    assert not still_open(owner, "budget")


def test_a_forecast_is_told_as_one(sqlite_site: Site, owner: Person, twin: str) -> None:
    budget(owner, twin, 100, thresholds=[1.0])
    used(sqlite_site, twin, {NOON + timedelta(hours=number): 0.5 for number in range(6)})
    budgets.watch(sqlite_site.backend, twin, "sandbox", NOON + timedelta(hours=6))
    (alert,) = alerts(owner, "budget")
    assert "by its end (forecast)" in alert["message"]
    assert alert["data"]["of"] == "forecast"
    # 3 USD in six hours, and 366 hours left of the month.
    assert alert["data"]["usd"] == pytest.approx(3 + 366 * 0.5)


def test_an_unusual_hour_is_told_with_its_meter_and_ends(sqlite_site: Site, owner: Person, twin: str) -> None:
    backend = sqlite_site.backend
    usual = {NOON - timedelta(hours=number): 0.1 + 0.001 * (number % 5) for number in range(1, 60)}
    used(sqlite_site, twin, {**usual, NOON: 2.0})
    looked = budgets.watch(backend, twin, "sandbox", NOON + timedelta(minutes=59))
    assert not alerts(owner, "anomaly"), "the hour is not over"
    looked = budgets.watch(backend, twin, "sandbox", NOON + timedelta(hours=1), looked)
    assert looked == NOON
    (alert,) = alerts(owner, "anomaly")
    assert alert["message"].startswith("an hour costs 2.000 USD where 0.102 USD is usual: aws.dynamodb.write-units")
    assert budgets.watch(backend, twin, "sandbox", NOON + timedelta(hours=1), looked) == looked
    used(sqlite_site, twin, {NOON + timedelta(hours=1): 0.1})
    budgets.watch(backend, twin, "sandbox", NOON + timedelta(hours=2), looked)
    (alert,) = alerts(owner, "anomaly")
    assert (alert["over"], alert["count"]) == (True, 1)


def test_a_bill_is_held_against_the_budget(owner: Person, twin: str) -> None:
    budget(owner, twin, 10, thresholds=[0.5, 1.0])

    def read(usd: str, tags: Mapping[str, str] | None = None) -> None:
        lines = [line(usd, tags=tags or {"twin": "greenhouse"}), line("99", tags={"twin": "barn"})]
        owner.post(f"twins/{twin}/bills", {"target": "clouds", "content": export(*lines)}, 201)

    read("4")
    assert not alerts(owner, "budget")
    read("6.5")
    read("6.5")
    (alert,) = alerts(owner, "budget")
    assert (alert["target"], alert["count"], alert["severity"]) == ("clouds", 1, "warning")
    assert alert["message"] == "November 2026 costs 6.50 USD as billed so far: 65% of the budget of 10.00 USD"
    read("12")
    (alert,) = still_open(owner, "budget")
    assert alert["severity"] == "error"
    read("1")
    assert not still_open(owner, "budget"), "it was corrected"
