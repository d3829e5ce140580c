"""A list that is wrong in any of the ways known gives the right price, or the last good one and a finding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pricing.live import azure_list, gcp_list
from tests.pricing.live.truth import DEARER, TODAY, Tiers, base_tiers
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.fetching import azurerows, gcprows
from twin2multicloud.optimizer.pricing.fetching.choosing import choose
from twin2multicloud.optimizer.pricing.fetching.rows import Part, PriceRow, Wanted
from twin2multicloud.optimizer.pricing.fetching.selectors import load_selectors

Raw = list[dict[str, Any]]
"""All that the list has of one meter in one region."""

Draw = Callable[..., Any]
Way = Callable[[Raw, Draw], object]
"""What may be wrong with that. It changes it in place."""

BOOK = load_book()
SELECTORS = {provider: load_selectors(provider) for provider in (Provider.AZURE, Provider.GCP)}
FACTORS = (0.0, 0.001, 0.1, 0.5, 1.6, 2.0, 10.0, 1000.0)
LITTLE = 1.1
"""By so little are the prices of faulty rows off that only what else is wrong can tell that they are."""


def check(provider: Provider, rows: list[PriceRow], meter: str, region: str, right: Tiers, *, harmless: bool) -> None:
    """The next book says what is right, or what the last one says and that something is odd."""
    selectors = SELECTORS[provider]
    parts = [
        Part(provider, service, "", tuple(row for row in rows if row.service == service))
        for service in selectors.services
    ]
    chosen = choose(selectors, parts, BOOK, [region])
    taken = [price.per_unit for price in chosen.prices if price.meter == meter and not price.findings]
    odd = any(each.meter == meter for each in chosen.findings)
    assert odd == (not taken)
    assert not (odd and harmless)
    if taken:
        told, expected = _steps(taken[0]), _steps(right)
        assert [start for start, _ in told] == pytest.approx([start for start, _ in expected])
        assert [usd for _, usd in told] == pytest.approx([usd for _, usd in expected], rel=1e-6)


def _steps(tiers: Tiers) -> list[tuple[float, float]]:
    """Without the tiers that cost what the one before costs: Azure's egress has two of them."""
    return [tier for number, tier in enumerate(tiers) if number == 0 or tier[1] != tiers[number - 1][1]]


# -- Azure -------------------------------------------------------------------------------------------------------------


def _all(raw: Raw, **changed: object) -> None:
    for each in raw:
        each.update({"retailPrice": each["retailPrice"] * LITTLE, **changed})


def _one(raw: Raw, draw: Draw, **changed: object) -> None:
    raw[draw(st.integers(0, len(raw) - 1))].update(changed)


def _twins(raw: Raw, **changed: object) -> None:
    raw += [{**each, "retailPrice": each["retailPrice"] * LITTLE + 1e-9, **changed} for each in deepcopy(raw)]


def _times(raw: Raw, draw: Draw) -> None:
    factor = draw(st.sampled_from(FACTORS))
    for each in raw:
        each["retailPrice"] *= factor


def _no_number(raw: Raw, draw: Draw) -> None:
    field = draw(st.sampled_from(("retailPrice", "tierMinimumUnits")))
    value: Any = draw(st.sampled_from((None, "0.5", float("nan"), float("inf"), -0.5, True, [], {})))
    _one(raw, draw, **{field: value})


def _renamed(raw: Raw, draw: Draw) -> None:
    _all(raw, **{draw(st.sampled_from(("meterName", "productName", "skuName", "armRegionName"))): "Something Else"})


def _reversed(raw: Raw, draw: Draw) -> None:
    prices = [each["retailPrice"] for each in raw]
    for each, usd in zip(raw, reversed(prices), strict=True):
        each["retailPrice"] = usd


AZURE_WAYS: Mapping[str, Way] = {
    "nothing": lambda raw, draw: None,
    "repeated": lambda raw, draw: raw.extend(deepcopy(raw)),
    "and as a meter that is not primary": lambda raw, draw: _twins(raw, isPrimaryMeterRegion=False),
    "and reserved": lambda raw, draw: _twins(raw, type="Reservation"),
    "and for tests": lambda raw, draw: _twins(raw, type="DevTestConsumption"),
    "and for the future": lambda raw, draw: _twins(raw, effectiveStartDate="2030-01-01T00:00:00Z"),
    "and of the past": lambda raw, draw: _twins(raw, effectiveStartDate="2010-01-01T00:00:00Z"),
    "not there": lambda raw, draw: raw.clear(),
    "a tier less": lambda raw, draw: raw.pop(draw(st.integers(0, len(raw) - 1))),
    "only reserved": lambda raw, draw: _all(raw, type="Reservation"),
    "only for tests": lambda raw, draw: _all(raw, type="DevTestConsumption"),
    "only for the future": lambda raw, draw: _all(raw, effectiveStartDate="2030-01-01T00:00:00Z"),
    "another unit": lambda raw, draw: _all(raw, unitOfMeasure=draw(st.sampled_from(("1 TB", "1K", "5 GB", "")))),
    "two units": lambda raw, draw: _one(raw, draw, unitOfMeasure="1 Decade"),
    "times": _times,
    "no number": _no_number,
    "another currency": lambda raw, draw: _one(raw, draw, currencyCode="EUR"),
    "renamed": _renamed,
    "spelt otherwise": lambda raw, draw: _all(raw, meterName=f"{raw[0]['meterName']} "),
    "two prices": lambda raw, draw: _twins(raw),
    "two meters": lambda raw, draw: _twins(raw, meterId="other"),
    "reversed": _reversed,
}
AZURE_METERS = (
    "azure.egress.internet",
    "azure.blob.hot.storage",
    "azure.iot-hub.s1",
    "azure.functions.executions",
    "azure.container-apps.memory",
    "azure.cosmos.provisioned-ru-hours",
    "azure.grafana.instance-hours",
)


@pytest.mark.slow
@settings(max_examples=200)
@given(st.data())
def test_a_faulty_row_of_azure_changes_no_price(data: st.DataObject) -> None:
    meter = data.draw(st.sampled_from(AZURE_METERS))
    way = data.draw(st.sampled_from(sorted(AZURE_WAYS)))
    feed = azure_list.FEED[meter]
    before = base_tiers(BOOK, meter, "westeurope")
    right = tuple((start, usd * DEARER) for start, usd in before)
    raw = azure_list.items_of(feed, "westeurope", right)
    AZURE_WAYS[way](raw, data.draw)
    rows = list(azurerows.rows_of(feed.service, raw, Wanted((), None, TODAY)))
    # The service is sold there, whatever becomes of that price.
    other = azure_list.items_of(feed._replace(meter="Something", sku="Sold"), "westeurope", right)
    rows += azurerows.rows_of(feed.service, other, Wanted((), None, TODAY))
    harmless = way in ("nothing", "repeated") or way.startswith("and ")
    check(Provider.AZURE, rows, meter, "westeurope", right, harmless=harmless)


# -- Google ------------------------------------------------------------------------------------------------------------


def _expression(raw: Raw) -> dict[str, Any]:
    found: dict[str, Any] = raw[0]["pricingInfo"][0]["pricingExpression"]
    return found


def _rates(raw: Raw) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _expression(raw)["tieredRates"]
    return found


def _dearer(raw: Raw, factor: float = LITTLE) -> None:
    for rate in _rates(raw):
        price = rate["unitPrice"]
        rate["unitPrice"] = gcp_list.money((int(price["units"]) + price["nanos"] / 1e9) * factor)


def _sku(raw: Raw, **changed: object) -> None:
    _dearer(raw)
    raw[0].update(changed)


def _measured(raw: Raw, **changed: object) -> None:
    _dearer(raw)
    _expression(raw).update(changed)


def _twin(raw: Raw, **changed: object) -> None:
    """Another SKU beside the first, which costs a little more and differs in this."""
    twin = [deepcopy(raw[0])]
    _dearer(twin)
    raw.append({**twin[0], "skuId": "another", **changed})


def _no_money(raw: Raw, draw: Draw) -> None:
    amounts: tuple[Any, ...] = (
        None,
        {},
        "1",
        {"units": 5.5},
        {"nanos": "5"},
        {"units": "x"},
        {"units": "-1"},
        {"currencyCode": "EUR"},
    )
    draw(st.sampled_from(_rates(raw)))["unitPrice"] = draw(st.sampled_from(amounts))


def _no_start(raw: Raw, draw: Draw) -> None:
    starts = (None, "0", float("nan"), -1, True)
    draw(st.sampled_from(_rates(raw)))["startUsageAmount"] = draw(st.sampled_from(starts))


GCP_WAYS: Mapping[str, Way] = {
    "nothing": lambda raw, draw: None,
    "repeated": lambda raw, draw: raw.append({**deepcopy(raw[0]), "skuId": "another"}),
    "and preemptible": lambda raw, draw: _twin(raw, category={**raw[0]["category"], "usageType": "Preemptible"}),
    "and elsewhere": lambda raw, draw: _twin(raw, serviceRegions=["mars-west1"]),
    "and for the future": lambda raw, draw: raw[0]["pricingInfo"].append(
        gcp_list.pricing("s", [(0, 9.0)], "2030-01-01T00:00:00Z")
    ),
    "and of the past": lambda raw, draw: raw[0]["pricingInfo"].insert(
        0, gcp_list.pricing("s", [(0, 9.0)], "2010-01-01T00:00:00Z")
    ),
    "and shown by the thousand": lambda raw, draw: _expression(raw).update(displayQuantity=1000),
    "and with more blanks": lambda raw, draw: raw[0].update(description=raw[0]["description"].replace(" ", "   ")),
    "not there": lambda raw, draw: raw.clear(),
    "another unit": lambda raw, draw: _measured(raw, usageUnit=draw(st.sampled_from(("By", "GiBy.d", "mo", "")))),
    "another size": lambda raw, draw: _measured(raw, baseUnit="By", baseUnitConversionFactor=1e12),
    "times": lambda raw, draw: _dearer(raw, draw(st.sampled_from(FACTORS))),
    "no money": _no_money,
    "no start": _no_start,
    "no rates": lambda raw, draw: _rates(raw).clear(),
    "a rate less": lambda raw, draw: _rates(raw).pop(draw(st.integers(0, len(_rates(raw)) - 1))),
    "renamed": lambda raw, draw: _sku(raw, description="Something Else"),
    "of tier 2": lambda raw, draw: _sku(raw, description=f"{raw[0]['description']} Tier 2"),
    "only preemptible": lambda raw, draw: _sku(raw, category={**raw[0]["category"], "usageType": "Preemptible"}),
    "only elsewhere": lambda raw, draw: _sku(raw, serviceRegions=["mars-west1"]),
    "nowhere": lambda raw, draw: _sku(raw, serviceRegions=[]),
    "only for the future": lambda raw, draw: raw[0]["pricingInfo"][0].update(effectiveTime="2030-01-01T00:00:00Z"),
    "no price": lambda raw, draw: raw[0].update(pricingInfo=[]),
    "two prices": lambda raw, draw: _twin(raw),
    "rates of two": lambda raw, draw: _rates(raw).extend(deepcopy(_rates(raw))),
}
GCP_METERS = (
    "gcp.pubsub.throughput",
    "gcp.run.cpu",
    "gcp.firestore.reads",
    "gcp.storage.standard.storage",
    "gcp.storage.standard.class-a",
    "gcp.egress.internet",
    "gcp.compute.pd-balanced",
)


@pytest.mark.slow
@settings(max_examples=200)
@given(st.data())
def test_a_faulty_row_of_google_changes_no_price(data: st.DataObject) -> None:
    meter = data.draw(st.sampled_from(GCP_METERS))
    way = data.draw(st.sampled_from(sorted(GCP_WAYS)))
    region = BOOK.region("us-central1")
    skus, truth = gcp_list.skus_of(BOOK, meter, [region])
    if way == "another size" and _expression(skus)["usageUnit"] not in gcprows.UNITS:
        return  # how much a month is depends on the month
    GCP_WAYS[way](skus, data.draw)
    service = gcp_list.FEED[meter].service
    sold = gcp_list.sku(service, "Something", "Sold", [gcp_list.pricing("s", [(0, 1.0)])], [region.code, "global"])
    rows = list(gcprows.rows_of(service, [*skus, sold], Wanted((), None, TODAY)))
    harmless = way in ("nothing", "repeated") or way.startswith("and ")
    check(Provider.GCP, rows, meter, region.code, truth[meter, region.code], harmless=harmless)
