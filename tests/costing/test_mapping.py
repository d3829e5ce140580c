"""Lines put to meters: whose they are, what no meter is for, what is shared."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest

from tests.costing.bills import FRANKFURT, METERED, NOVEMBER, TAGS, TWIN, bill, line, mapped, priced, prices
from twin2multicloud.costing.lines import Category, CostLine
from twin2multicloud.costing.mapping import TwinTags, map_lines
from twin2multicloud.costing.selectors import selectors_of
from twin2multicloud.model.slots import Provider

REQUESTS = ("aws.lambda.requests", FRANKFURT)
SHARED = {
    frozenset({"aws.s3.glacier-instant.put", "aws.s3.glacier-instant.transition"}),
    frozenset({"aws.s3.deep-archive.put", "aws.s3.deep-archive.transition"}),
    frozenset({"gcp.compute.e2-small-hours", "gcp.compute.e2-medium-hours"}),
}


def test_every_meter_of_the_price_book_is_found_by_its_name_on_a_bill() -> None:
    told = {meter for provider in Provider for meter in selectors_of(provider).by_meter}
    assert told == {*prices().meters, *(f"{provider.value}.transit" for provider in Provider)}
    for region in prices().regions.values():
        selectors = selectors_of(region.provider)
        for meter in selectors.by_meter:
            service, usage, unit = selectors.named(meter, region.code)
            assert selectors.units[unit.casefold()] == 1, (meter, unit)
            found = selectors.meters_of(line("1", service, usage, provider=region.provider))
            assert found == (meter,) or frozenset(found) in SHARED, (meter, usage, found)


def test_a_bill_of_what_was_metered_maps_whole() -> None:
    found = mapped(bill())
    assert not found.unmapped
    assert found.meters.keys() == METERED.keys()
    for key, usd in priced(METERED).items():
        assert float(found.meters[key].usd) == pytest.approx(usd, abs=1e-6), key
        quantity = found.meters[key].quantity
        assert quantity is None if key[0] == "azure.iot-hub.s1" else math.isclose(quantity or 0, METERED[key])
    assert found.usd == sum(each.cost for each in bill())


def test_what_no_meter_is_for_is_kept_with_its_sum() -> None:
    lines = [
        line("3", "AWS Support", "Support", tags=TAGS),
        line("-2", category=Category.CREDIT, tags=TAGS),
        line("1.9", category=Category.TAX),
        line("40", category=Category.PURCHASE, tags=TAGS),
        line("0.5", committed=True, tags=TAGS),
        line("7", "Amazon EC2", "BoxUsage"),
        line("1", tags=TAGS),
    ]
    found = mapped(lines)
    assert {(each.reason, each.ours, each.usd) for each in found.unmapped} == {
        ("no meter is for it", True, Decimal(3)),
        ("credit", True, Decimal(-2)),
        ("tax", False, Decimal("1.9")),
        ("purchase", True, Decimal(40)),
        ("reserved capacity or a savings plan", True, Decimal("0.5")),
        ("no meter is for it", False, Decimal(7)),
    }
    assert (found.unmapped_usd, found.untagged_usd, found.usd) == (Decimal("41.5"), Decimal("8.9"), Decimal("42.5"))


def test_whose_a_line_is() -> None:
    def whose(tags: dict[str, str], twin: TwinTags = TWIN) -> str:
        return twin.whose(line("1", tags=tags))

    assert whose({"run": "r4n", "twin": "renamed"}) == "ours"
    assert whose({"run": "other", "twin": "greenhouse"}) == "others"
    assert whose({"twin": "Greenhouse"}) == "ours"
    assert whose({"twin": "barn"}) == "others"
    assert whose({}) == "nobody"
    assert whose({"run": "r4n", "twin": "Green House"}, TwinTags("green-house")) == "ours"
    assert whose({"run": "r4n"}, TwinTags("green-house")) == "others"


def test_lines_without_tags_are_the_twins_where_it_uses_their_meter() -> None:
    found = mapped([line("1", quantity=Decimal(5)), line("2", "AWS IoT Core", "EUC1-Messages", unit="Messages")])
    assert found.meters[REQUESTS].untagged_usd == 1
    assert found.usd == 3
    assert mapped([line("1", usage="EUC1-Request")], {}).usd == 0


def test_an_accounts_free_allowance_is_shared_by_quantity() -> None:
    other = {"run": "barn", "twin": "barn"}
    lines = [
        line("0", quantity=Decimal(1_000_000), tags=TAGS),
        line("0.6", quantity=Decimal(3_000_000), tags=other),
        line("0.2", quantity=Decimal(1_000_000)),
    ]
    found = mapped(lines)
    requests = found.meters[REQUESTS]
    assert (requests.shared, requests.quantity) == (True, 1_250_000)
    assert requests.usd == Decimal("0.8") / 4
    assert found.others_usd == Decimal("0.6")
    unpooled = map_lines(lines, TWIN, METERED).meters[REQUESTS]
    assert (unpooled.usd, unpooled.untagged_usd) == (Decimal("0.05"), Decimal("0.05"))


def test_one_line_for_two_meters_is_shared_by_what_was_metered() -> None:
    found = mapped([line("1.2", "Amazon S3", "EUC1-Requests-GIR-Tier1", quantity=Decimal(120_000), tags=TAGS)])
    put, moved = ("aws.s3.glacier-instant.put", FRANKFURT), ("aws.s3.glacier-instant.transition", FRANKFURT)
    assert (found.meters[put].usd, found.meters[moved].usd) == (Decimal("0.3"), Decimal("0.9"))
    assert (found.meters[put].quantity, found.meters[moved].quantity) == (30_000, 90_000)


def test_units_are_those_of_the_meter() -> None:
    def stored(unit: str, quantity: str) -> float | None:
        row = line(
            "1", "Storage", "Cool LRS Write Operations", provider=Provider.AZURE, region="westeurope",
            unit=unit, quantity=Decimal(quantity), tags=TAGS,
        )  # fmt: skip
        return mapped([row]).meters["azure.blob.cool.write", "westeurope"].quantity

    assert stored("10K", "2.5") == 25_000
    assert stored("bushels", "2.5") is None


def test_a_correction_and_money_without_a_quantity_count_into_their_meter() -> None:
    rows = [
        line("2", quantity=Decimal(10_000_000), tags=TAGS),
        line("-0.5", category=Category.ADJUSTMENT, correction=True, tags=TAGS),
    ]
    found = mapped(rows).meters[REQUESTS]
    assert (found.usd, found.quantity, found.lines) == (Decimal("1.5"), 10_000_000, 2)


def test_regions_that_a_bill_does_not_tell() -> None:
    row: CostLine = line(
        "6", "Cloud Firestore", "Cloud Firestore Read Ops", provider=Provider.GCP, region="", unit="count",
        quantity=Decimal(300), tags=TAGS,
    )  # fmt: skip
    reads = "gcp.firestore.reads"
    found = map_lines([row], TWIN, {(reads, "europe-west1"): 100.0, (reads, "us-central1"): 200.0})
    assert {region: float(each.usd) for (_, region), each in found.meters.items()} == pytest.approx(
        {"europe-west1": 2, "us-central1": 4}
    )
    assert map_lines([row], TWIN, {}).meters[reads, ""].usd == 6
    assert NOVEMBER.days == 30
