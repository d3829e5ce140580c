"""What Azure's list has besides the price that is paid, and how it is told apart."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.pricing.live.azure_list import FEED, Item, items_of
from tests.pricing.live.truth import TODAY
from twin2multicloud.optimizer.pricing.fetching.azurerows import rows_of
from twin2multicloud.optimizer.pricing.fetching.rows import PriceRow, Wanted

EGRESS = FEED["azure.egress.internet"]
DEVICES = FEED["azure.iot-hub.s1"]
TIERS = ((0.0, 0.0), (100.0, 0.09), (10_335.0, 0.08), (51_295.0, 0.07), (153_695.0, 0.05), (512_095.0, 0.05))


def read(items: list[Item], on: str = TODAY, regions: frozenset[str] | None = None) -> list[PriceRow]:
    service = items[0]["serviceName"]
    return list(rows_of(service, items, Wanted((service,), regions, on)))


def hub(**other: Any) -> Item:
    (made,) = items_of(DEVICES, "westeurope", [(0, 25 / 400_000)], **other)
    return made


def test_the_items_of_a_price_are_its_tiers_whatever_their_order() -> None:
    items = items_of(EGRESS, "westeurope", TIERS)
    random.Random(1).shuffle(items)
    (row,) = read(items)
    assert row.tiers == TIERS
    assert row.unit == "1 GB"
    assert row.problem == ""
    assert row.sku == f"{items[0]['meterId']}:{items[0]['skuId']}"
    assert row.region == "westeurope"
    assert row.effective == "2026-03-01"


def test_a_rows_hash_is_that_of_its_items() -> None:
    items = items_of(EGRESS, "westeurope", TIERS)
    (row,) = read(items)
    (again,) = read(items[::-1])
    (other,) = read([*items[:-1], {**items[-1], "retailPrice": 0.051}])
    assert row.sha256 == again.sha256 != other.sha256


@pytest.mark.parametrize(
    "other",
    [
        {"type": "Reservation", "unitOfMeasure": "1 Hour", "retailPrice": 936.0},
        {"type": "DevTestConsumption", "retailPrice": 12.5},
        {"effectiveStartDate": "2027-01-01T00:00:00Z", "retailPrice": 30.0},
        {"effectiveStartDate": "2020-01-01T00:00:00Z", "retailPrice": 20.0},
        {"isPrimaryMeterRegion": False, "meterId": "another", "retailPrice": 50.0},
        {"isPrimaryMeterRegion": False, "retailPrice": 50.0},
    ],
    ids=str,
)
def test_what_is_not_paid_for_use_today_makes_no_row(other: dict[str, Any]) -> None:
    (row,) = read([hub(), hub(**other)])
    assert row.tiers == ((0.0, 25.0),)


def test_the_price_of_a_day_is_the_one_in_force_then() -> None:
    items = [hub(), hub(effectiveStartDate="2026-12-01T00:00:00Z", retailPrice=30.0)]
    assert [read(items, on)[0].tiers[0][1] for on in ("2026-11-30", "2026-12-01")] == [25.0, 30.0]
    assert read(items[1:]) == []


def test_a_meter_that_is_primary_elsewhere_only_is_paid_here() -> None:
    items = items_of(EGRESS, "westeurope", TIERS, isPrimaryMeterRegion=False)
    (row,) = read(items)
    assert row.tiers == TIERS


def test_one_meter_under_several_names_makes_rows_of_their_own() -> None:
    hot = FEED["azure.blob.hot.write"]
    local, zone = (hot._replace(sku=sku, meter=f"{sku} Write Operations") for sku in ("Hot LRS", "Hot ZRS"))
    items = [*items_of(local, "westeurope", [(0, 5e-6)]), *items_of(zone, "westeurope", [(0, 7e-6)])]
    rows = read([{**each, "meterId": "one"} for each in items])
    assert {row.attributes["skuName"]: row.tiers[0][1] for row in rows} == pytest.approx(
        {"Hot LRS": 0.05, "Hot ZRS": 0.07}
    )


def test_what_two_pages_repeat_is_there_once() -> None:
    items = items_of(EGRESS, "westeurope", TIERS)
    (row,) = read([*items, *(dict(each) for each in items)])
    assert (row.tiers, row.problem) == (TIERS, "")


def test_tiers_of_two_lists_are_no_tiers() -> None:
    old = tuple((start and start - 95, usd) for start, usd in TIERS)
    (row,) = read(items_of(EGRESS, "eastus", {*TIERS, *old}))
    assert row.problem == "the tiers of two price lists are mixed"


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        ({"retailPrice": 26.0}, "two prices begin at the same quantity"),
        ({"retailPrice": "26.0", "tierMinimumUnits": 5.0}, "retailPrice is '26.0', which is no quantity"),
        ({"retailPrice": None, "tierMinimumUnits": 5.0}, "retailPrice is None, which is no quantity"),
        ({"retailPrice": float("nan"), "tierMinimumUnits": 5.0}, "retailPrice is nan, which is no quantity"),
        ({"retailPrice": -1.0, "tierMinimumUnits": 5.0}, "retailPrice is -1.0, which is no quantity"),
        ({"retailPrice": True, "tierMinimumUnits": 5.0}, "retailPrice is True, which is no quantity"),
        ({"tierMinimumUnits": "5"}, "tierMinimumUnits is '5', which is no quantity"),
        ({"tierMinimumUnits": 5.0, "currencyCode": "EUR"}, "the price is in EUR, not in USD"),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_the_rows_problem(other: dict[str, Any], problem: str) -> None:
    (row,) = read([hub(), hub(**other)])
    assert row.problem == problem


def test_only_what_is_wanted_makes_rows() -> None:
    items = [hub(), *items_of(DEVICES, "eastus", [(0, 25 / 400_000)])]
    assert [row.region for row in read(items, regions=frozenset({"eastus"}))] == ["eastus"]
    wanted = Wanted(("IoT Hub",), None, TODAY, lambda service, attributes: attributes["location"] == "EASTUS")
    assert [row.region for row in rows_of("IoT Hub", items, wanted)] == ["eastus"]


@pytest.mark.parametrize("name", ["", "Global", None])
def test_a_price_of_all_regions_is_of_none(name: str | None) -> None:
    (row,) = read([hub(armRegionName=name)], regions=frozenset({"eastus"}))
    assert row.region == ""


def test_a_price_without_a_tier_begins_at_nothing() -> None:
    item = hub()
    del item["tierMinimumUnits"]
    assert read([item])[0].tiers == ((0.0, 25.0),)
