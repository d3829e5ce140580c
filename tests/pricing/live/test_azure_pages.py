"""Azure's pages: followed to the last, and nowhere else."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote

import pytest

from tests.pricing.live.azure_list import FEED, azure_route, items_of, page
from tests.pricing.live.conftest import OpenHttp
from tests.pricing.live.replay import FaultyPriceServer
from tests.pricing.live.truth import TODAY
from twin2multicloud.optimizer.pricing.fetching.answers import on_origin
from twin2multicloud.optimizer.pricing.fetching.azure import PATH, AzureFetcher
from twin2multicloud.optimizer.pricing.fetching.http import PriceHttp
from twin2multicloud.optimizer.pricing.fetching.rows import Part, Wanted

HUB = FEED["azure.iot-hub.s1"]
REGIONS = [f"region{number:03}" for number in range(250)]
ITEMS = [each for region in REGIONS for each in items_of(HUB, region, [(0, 25 / 400_000)])]


def fetch(http: PriceHttp, service: str = "IoT Hub", regions: frozenset[str] | None = None) -> list[Part]:
    async def all_of_it() -> list[Part]:
        async with http:
            return [part async for part in AzureFetcher().parts(Wanted((service,), regions, TODAY), http)]

    return asyncio.run(all_of_it())


@pytest.mark.parametrize("per_page", [100, 1000])
def test_all_pages_are_read(server: FaultyPriceServer, open_http: OpenHttp, per_page: int) -> None:
    server.route = azure_route(ITEMS, lambda: server.url, per_page)
    (part,) = fetch(open_http())
    assert sorted(row.region for row in part.rows) == REGIONS
    assert len(server.asked) == (3 if per_page == 100 else 1)


def test_what_is_asked_for_is_exact(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.route = azure_route([], lambda: server.url)
    fetch(open_http(), "Harry's Hub", frozenset({"eastus"}))
    (asked,) = server.paths()
    assert unquote(asked).endswith(
        "$filter=serviceName eq 'Harry''s Hub' and armRegionName eq 'eastus' and priceType eq 'Consumption'"
    )


def test_a_short_page_may_have_a_next_one(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    following = f"{server.url}{PATH}?$skip=1"
    server.route = lambda path: page(ITEMS[1:3]) if "$skip" in path else page(ITEMS[:1], following)
    (part,) = fetch(open_http())
    assert len(part.rows) == 3


def test_an_empty_list_is_a_list(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.route = lambda path: page([])
    assert fetch(open_http()) == [Part(AzureFetcher.provider, "IoT Hub", "")]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (page(ITEMS[:3], Count=1000), "answers with 3 prices of a page of 1000"),
        (page(ITEMS[:3], BillingCurrency="EUR"), "answers with prices in 'EUR', not in USD"),
        (page(ITEMS[:3], "http://127.0.0.2:1/api/retail/prices?$skip=3"), "leads to http://127.0.0.2:1"),
        (page(ITEMS[:3], "https://evil.example/api"), "leads to https://evil.example"),
        (page(ITEMS[:3], NextPageLink=5), "links to 5 as its next page"),
        (b'{"Error": {"Code": "BadRequest"}}', "answers what is no page of prices"),
        (b'{"Items": [1], "Count": 1, "BillingCurrency": "USD", "NextPageLink": null}', "no page of prices"),
        (b"[]", "answers what is no page of prices"),
        (b"<html>maintenance</html>", "answers what cannot be read"),
    ],
)
def test_what_is_no_page_of_the_list_is_none(
    server: FaultyPriceServer, open_http: OpenHttp, body: bytes, problem: str
) -> None:
    server.route = lambda path: body
    (part,) = fetch(open_http())
    assert problem in part.problem
    assert part.rows == ()


def test_pages_that_lead_in_a_circle_end(server: FaultyPriceServer, open_http: OpenHttp) -> None:
    server.route = lambda path: page(ITEMS[:1], f"{server.url}{PATH}?$skip={1 - ('$skip=1' in path)}")
    (part,) = fetch(open_http())
    assert "lead in a circle" in part.problem
    assert len(server.asked) == 3


def test_the_usual_port_is_the_same_origin() -> None:
    origin = "https://prices.azure.com"
    assert on_origin(origin, "https://prices.azure.com:443/api?$skip=1") == "https://prices.azure.com/api?$skip=1"
    for other in (
        "https://prices.azure.com:8443/api",
        "http://prices.azure.com/api",
        "https://prices.azure.com.evil.example/api",
        "https://user@prices.azure.com/api",
        "https://prices.azure.com:port/api",
        "//evil.example/api",
    ):
        with pytest.raises(Exception, match="which is not followed"):
            on_origin(origin, other)
