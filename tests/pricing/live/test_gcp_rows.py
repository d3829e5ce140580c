"""What Google's catalogue has besides the price that is paid, and how it is told apart."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.pricing.live.conftest import OpenHttp
from tests.pricing.live.gcp_list import RUN, Sku, gcp_route, pricing, sku
from tests.pricing.live.replay import Fault, FaultyPriceServer
from tests.pricing.live.truth import TODAY
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.gcp import GcpFetcher
from twin2multicloud.optimizer.pricing.fetching.gcpkeys import api_key, signed_in
from twin2multicloud.optimizer.pricing.fetching.gcprows import rows_of
from twin2multicloud.optimizer.pricing.fetching.http import FetchError, PriceHttp
from twin2multicloud.optimizer.pricing.fetching.rows import Part, PriceRow, Wanted

CPU = "Services CPU (Request-based billing)"


def read(*skus: Sku, regions: frozenset[str] | None = None, on: str = TODAY) -> list[PriceRow]:
    return list(rows_of(RUN, skus, Wanted((RUN,), regions, on)))


def cpu(*prices: dict[str, Any], regions: tuple[str, ...] = ("us-central1",), **category: str) -> Sku:
    return sku(RUN, CPU, "Compute", list(prices) or [pricing("s", [(0, 0.000024)])], list(regions), **category)


def priced(**expression: Any) -> dict[str, Any]:
    made = pricing("GiBy", [(0, 0.0), (1, 0.12), (1024, 0.11)])
    made["pricingExpression"] |= expression
    return made


def test_a_price_is_units_in_quotes_and_billionths() -> None:
    rates = [
        {"startUsageAmount": 0, "unitPrice": {"currencyCode": "USD", "units": "0", "nanos": 24_000}},
        {"startUsageAmount": 10, "unitPrice": {"currencyCode": "USD", "units": "2", "nanos": 933_908_000}},
        {"startUsageAmount": 20, "unitPrice": {"currencyCode": "USD", "units": "40"}},
        {"startUsageAmount": 30.5, "unitPrice": {"currencyCode": "USD", "nanos": 1}},
    ]
    (row,) = read(cpu(priced(tieredRates=rates)))
    assert row.tiers == ((0.0, 0.000024), (10.0, 2.933908), (20.0, 40.0), (30.5, 1e-9))
    assert row.problem == ""


def test_a_sku_makes_a_row_in_each_of_its_regions() -> None:
    rows = read(cpu(regions=("us-central1", "us-east1", "us-west1")), regions=frozenset({"us-east1", "us-west1"}))
    assert [row.region for row in rows] == ["us-east1", "us-west1"]
    assert len({(row.sku, row.sha256, row.tiers) for row in rows}) == 1


def test_a_sku_of_all_regions_is_of_none() -> None:
    (row,) = read(cpu(regions=("global",)), regions=frozenset({"us-east1"}))
    assert row.region == ""


@pytest.mark.parametrize("usage", ["Preemptible", "Commit1Yr", ""])
def test_only_prices_on_demand_are_rows(usage: str) -> None:
    assert read(cpu(usageType=usage)) == []


def test_the_price_of_a_day_is_the_one_in_force_then() -> None:
    made = cpu(
        pricing("s", [(0, 0.00002)], "2025-01-01T00:00:00Z"),
        pricing("s", [(0, 0.000024)], "2026-06-01T00:00:00Z"),
        pricing("s", [(0, 0.00003)], "2026-12-01T00:00:00Z"),
    )
    prices = {on: read(made, on=on)[0].tiers[0][1] for on in ("2025-12-31", "2026-11-30", "2026-12-01")}
    assert prices == {"2025-12-31": 0.00002, "2026-11-30": 0.000024, "2026-12-01": 0.00003}
    assert read(made, on="2024-12-31") == []


@pytest.mark.parametrize(
    ("description", "attributes"),
    [
        ("Services CPU Tier 2  (Request-based billing)", {"what": "Services CPU Tier 2 (Request-based billing)"}),
        ("Services CPU (Instance-based billing) in us-east4", {"what": "Services CPU (Instance-based billing)"}),
        ("E2 Instance Core running in Salt Lake City", {"what": "E2 Instance Core running"}),
        ("Balanced PD Capacity", {"what": "Balanced PD Capacity"}),
        ("Regional Balanced PD Capacity in Iowa", {"what": "Regional Balanced PD Capacity"}),
        ("Standard Storage US Regional", {"what": "Standard Storage"}),
        ("Nearline Storage Belgium", {"what": "Nearline Storage"}),
        ("Nearline Storage Belgium Tier 2", {"what": "Nearline Storage Belgium Tier 2"}),
        ("Balanced PD Capacity in Iowa Tier 2", {"what": "Balanced PD Capacity in Iowa Tier 2"}),
        ("Balanced PD Capacity in São Paulo", {"what": "Balanced PD Capacity"}),
        ("Balanced PD Capacity in Washington D.C.", {"what": "Balanced PD Capacity"}),
        ("Nearline Storage Belgium (Early Delete)", {"what": "Nearline Storage Belgium (Early Delete)"}),
        ("Standard Storage Iowa Dual-region", {"what": "Standard Storage Iowa Dual-region"}),
        ("Standard Storage US Multi-region", {"what": "Standard Storage US Multi-region"}),
        ("Cloud Firestore Read Ops Iowa", {"what": "Cloud Firestore Read Ops Iowa"}),
        (
            "Network Internet Data Transfer Out from Frankfurt to Western Europe",
            {"what": "Network Internet Data Transfer Out", "from": "Frankfurt", "to": "Western Europe"},
        ),
        (
            "Cloud Run Network Internet Data Transfer Out North America to North America",
            {
                "what": "Cloud Run Network Internet Data Transfer Out",
                "from": "North America",
                "to": "North America",
            },
        ),
    ],
)
def test_a_description_tells_what_is_priced(description: str, attributes: dict[str, str]) -> None:
    (row,) = read({**cpu(), "description": description})
    told = {name: row.attributes.get(name) for name in ("what", "from", "to")}
    assert told == {"from": None, "to": None, **attributes}
    assert row.attributes["description"] == " ".join(description.split())


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ({"baseUnitConversionFactor": 2**40}, "a GiBy is said to be 1099511627776 By, not 1073741824 By"),
        ({"baseUnit": "By.s"}, "a GiBy is said to be 1073741824 By.s, not 1073741824 By"),
        ({"tieredRates": []}, "there are no rates"),
        ({"tieredRates": None}, "there are no rates"),
        ({"tieredRates": [5]}, "a rate is 5"),
        ({"tieredRates": [{"startUsageAmount": "0"}]}, "startUsageAmount is '0', which is no quantity"),
        ({"tieredRates": [{"startUsageAmount": -1}]}, "startUsageAmount is -1, which is no quantity"),
        ({"tieredRates": [{"unitPrice": {"currencyCode": "EUR"}}]}, "the price is in EUR, not in USD"),
        ({"tieredRates": [{"unitPrice": {"units": "1e400"}}]}, "the price is '1e400' units, which is no number"),
        ({"tieredRates": [{"unitPrice": {"units": "-1"}}]}, "the price is -1"),
        ({"tieredRates": [{"unitPrice": {"units": "9" * 400}}]}, "the price is inf"),
        ({"tieredRates": [{"unitPrice": {"units": "two"}}]}, "the price is 'two' units, which is no number"),
        (
            {"tieredRates": [{"unitPrice": {"nanos": 0.5}}]},
            "the price is '0' and 0.5 nanos, which are no whole numbers",
        ),
        ({"tieredRates": [{}]}, "unitPrice is None"),
        (
            {"tieredRates": [{"startUsageAmount": start, "unitPrice": {"nanos": 9}} for start in (0, 5, 5)]},
            "the rates are not in the order of their starts",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_read_is_the_rows_problem(expression: dict[str, Any], problem: str) -> None:
    (row,) = read(cpu(priced(**expression)))
    assert row.problem.startswith(problem)


def test_how_much_is_shown_at_a_time_changes_no_price() -> None:
    rows = [read(cpu(priced(displayQuantity=quantity)))[0] for quantity in (1, 1000)]
    assert rows[0].tiers == rows[1].tiers


# -- pages and keys ----------------------------------------------------------------------------------------------------


def fetch(http: PriceHttp, fetcher: GcpFetcher, service: str = RUN) -> Part:
    async def all_of_it() -> Part:
        async with http:
            (part,) = [part async for part in fetcher.parts(Wanted((service,), None, TODAY), http)]
            return part

    return asyncio.run(all_of_it())


def test_all_pages_are_read(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    regions = [f"region{number}" for number in range(7)]
    server.route = gcp_route({RUN: [cpu(regions=(region,)) for region in regions]}, per_page=3)
    part = fetch(open_http(), GcpFetcher(api_key("k")))
    assert [row.region for row in part.rows] == regions
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'{"skus": [], "nextPageToken": "again"}', "lead in a circle"),
        (b'{"skus": {}}', "answers what is no page of skus"),
        (b'{"skus": [1]}', "answers what is no page of skus"),
        (b"[]", "answers what is no page of skus"),
        (b'{"skus": [', "answers what cannot be read"),
    ],
)
def test_what_is_no_page_of_the_catalogue_is_none(
    server: FaultyPriceServer, open_http: OpenHttp, body: bytes, problem: str
) -> None:
    server.route = lambda path: body
    part = fetch(open_http(), GcpFetcher(api_key("k")))
    assert problem in part.problem
    assert part.rows == ()


def test_a_page_without_skus_is_an_empty_one(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.route = lambda path: b"{}"
    assert fetch(open_http(), GcpFetcher(api_key("k"))) == Part(Provider.GCP, RUN, "")


def test_a_service_is_found_by_its_name(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.route = gcp_route({"0000-1111-2222": [cpu()], RUN: []})
    part = fetch(open_http(), GcpFetcher(api_key("k")), "Workflows")
    assert [row.service for row in part.rows] == ["Workflows"]
    assert [path.split("?")[0] for path in server.paths()] == ["/v1/services", "/v1/services/0000-1111-2222/skus"]
    assert "no one service of the name 'Nonesuch'" in fetch(open_http(), GcpFetcher(api_key("k")), "Nonesuch").problem


def test_a_refused_key_says_so(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.fault("*", Fault(status=403, body=b"{}"))
    part = fetch(open_http(), GcpFetcher(api_key("wrong")))
    assert "answers 403; the key or token given for it is missing, wrong" in part.problem
    assert "wrong-key" not in part.problem


class SignedIn:
    """An account as google-auth gives it, whose token expires at once."""

    def __init__(self) -> None:
        self.valid = False
        self.refreshed = 0

    def refresh(self, request: object) -> None:
        self.refreshed += 1

    def apply(self, headers: dict[str, str]) -> None:
        headers["authorization"] = f"Bearer token-{self.refreshed}"
        headers["x-goog-user-project"] = "mine"


def test_an_account_is_signed_in_to_once_and_renewed(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    account, signed = SignedIn(), []

    def sign_in() -> SignedIn:
        signed.append(1)
        return account

    server.route = gcp_route({RUN: [cpu(), cpu(), cpu()]}, per_page=1)
    assert len(fetch(open_http(), GcpFetcher(signed_in(sign_in))).rows) == 3
    assert [each.headers["authorization"] for each in server.asked] == [f"Bearer token-{n}" for n in (2, 3, 4)]
    assert {each.headers["x-goog-user-project"] for each in server.asked} == {"mine"}
    assert signed == [1]


def test_without_an_account_it_says_what_to_do(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    from google.auth.exceptions import DefaultCredentialsError

    def none() -> SignedIn:
        raise DefaultCredentialsError("nobody is signed in")  # type: ignore[no-untyped-call]

    told = "Google's prices need an API key, or an account that this machine is signed in to: nobody is signed in"
    with pytest.raises(FetchError, match=told):
        fetch(open_http(), GcpFetcher(signed_in(none)))
    with pytest.raises(FetchError, match=told):
        asyncio.run(_regions(open_http(), GcpFetcher(signed_in(none))))
    assert server.asked == []


async def _regions(http: PriceHttp, fetcher: GcpFetcher) -> None:
    async with http:
        await fetcher.regions(http)
