"""A whole cloud's list, fetched from a replay server, comes to a book that says what the list says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import pytest

from tests.pricing.live.azure_list import azure_route
from tests.pricing.live.azure_list import whole_cloud as whole_azure
from tests.pricing.live.conftest import START, OpenHttp
from tests.pricing.live.gcp_list import decoys, gcp_route
from tests.pricing.live.gcp_list import whole_cloud as whole_gcp
from tests.pricing.live.replay import Fault, FaultyPriceServer
from tests.pricing.live.truth import TODAY, Truth
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import PriceBook, book_texts, load_book, read_book
from twin2multicloud.optimizer.pricing.fetching.assemble import assemble
from twin2multicloud.optimizer.pricing.fetching.azure import AzureFetcher
from twin2multicloud.optimizer.pricing.fetching.choosing import Chosen, choose
from twin2multicloud.optimizer.pricing.fetching.gcp import GcpFetcher
from twin2multicloud.optimizer.pricing.fetching.gcpkeys import api_key
from twin2multicloud.optimizer.pricing.fetching.http import PriceHttp
from twin2multicloud.optimizer.pricing.fetching.rows import Fetcher, Part, Wanted
from twin2multicloud.optimizer.pricing.fetching.selectors import load_selectors
from twin2multicloud.optimizer.pricing.meters import Figure

SOME = ("westeurope", "eastus", "southeastasia", "uaenorth")


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return load_book()


def fetch(fetcher: Fetcher, http: PriceHttp, regions: Iterable[str] | None = None) -> list[Part]:
    """All parts of the list of that provider, as in force today."""
    selectors = load_selectors(fetcher.provider)
    asked = None if regions is None else frozenset(regions)
    wanted = Wanted(selectors.services, asked, TODAY, selectors.may_match)

    async def all_of_it() -> list[Part]:
        async with http:
            return [part async for part in fetcher.parts(wanted, http)]

    return asyncio.run(all_of_it())


def chosen_from(parts: Iterable[Part], book: PriceBook, provider: Provider, regions: Iterable[str] = ()) -> Chosen:
    codes = list(regions) or [region.code for region in book.regions_of(provider)]
    return choose(load_selectors(provider), parts, book, codes)


def assert_says(book: PriceBook, truth: Truth) -> None:
    for (meter, region), tiers in truth.items():
        figure = book.figure(meter, region)
        assert isinstance(figure, Figure), f"{meter} in {region} has no price"
        assert figure.starts == pytest.approx([start for start, _ in tiers], rel=1e-9), f"{meter} in {region}"
        assert figure.usd_per_unit == pytest.approx([usd for _, usd in tiers], rel=1e-9), f"{meter} in {region}"
        assert figure.date == TODAY
        assert figure.sku
        assert figure.row


def renewed(chosen: Mapping[Provider, Chosen]) -> PriceBook:
    return read_book(assemble(book_texts(), chosen, frozenset(), TODAY).texts)


@pytest.mark.slow
def test_all_of_azure(server: FaultyPriceServer, open_http: OpenHttp, book: PriceBook) -> None:
    items, truth = whole_azure(book, with_decoys_in=["westeurope", "eastus"])
    server.route = azure_route(items, lambda: server.url, per_page=1000)
    parts = fetch(AzureFetcher(), open_http())
    assert [part.problem for part in parts if part.problem] == []
    chosen = chosen_from(parts, book, Provider.AZURE)
    assert chosen.findings == []
    assert_says(renewed({Provider.AZURE: chosen}), truth)
    meters = {meter.id for meter in book.meters.values() if meter.provider is Provider.AZURE}
    assert {meter for meter, _ in truth} == meters
    assert len(truth) == len(chosen.prices) == len(meters) * len(book.regions_of(Provider.AZURE)) - 1


@pytest.mark.slow
def test_all_of_google(server: FaultyPriceServer, open_http: OpenHttp, book: PriceBook) -> None:
    skus, truth = whole_gcp(book)
    for service, sku in decoys():
        skus[service].append(sku)
    server.route = gcp_route(skus)
    parts = fetch(GcpFetcher(api_key("secret")), open_http())
    assert [part.problem for part in parts if part.problem] == []
    chosen = chosen_from(parts, book, Provider.GCP)
    assert chosen.findings == []
    assert_says(renewed({Provider.GCP: chosen}), truth)
    meters = {meter.id for meter in book.meters.values() if meter.provider is Provider.GCP}
    assert meters - {meter for meter, _ in truth} == {"gcp.storage.standard.retrieval"}  # no list has it
    assert len(truth) == len(chosen.prices)


def test_a_few_regions_of_azure_are_asked_for_one_by_one(
    server: FaultyPriceServer, open_http: OpenHttp, book: PriceBook
) -> None:
    regions = ["westeurope", "brazilsouth"]
    items, truth = whole_azure(book, [*regions, "eastus"])
    server.route = azure_route(items, lambda: server.url)
    parts = fetch(AzureFetcher(), open_http(), regions)
    assert {part.region for part in parts} == set(regions)
    assert {part.parts for part in parts} == {len(parts)}
    assert {row.region for part in parts for row in part.rows} == set(regions)
    chosen = chosen_from(parts, book, Provider.AZURE, regions)
    assert_says(renewed({Provider.AZURE: chosen}), {key: tiers for key, tiers in truth.items() if key[1] in regions})


def test_what_cannot_be_read_leaves_the_rest(server: FaultyPriceServer, open_http: OpenHttp, book: PriceBook) -> None:
    items, truth = whole_azure(book, SOME)
    route = azure_route(items, lambda: server.url, per_page=1000)
    server.route = lambda path: b"<html>sorry</html>" if "Bandwidth" in path else route(path)
    parts = fetch(AzureFetcher(), open_http())
    assert [part.service for part in parts if part.problem] == ["Bandwidth"]
    chosen = chosen_from(parts, book, Provider.AZURE, SOME)
    assert [(each.kind, each.service) for each in chosen.findings] == [("unreachable", "Bandwidth")]
    new = renewed({Provider.AZURE: chosen})
    assert_says(new, {key: tiers for key, tiers in truth.items() if not key[0].startswith("azure.egress")})
    for region in ("westeurope", "southeastasia"):
        assert new.figure("azure.egress.internet", region) == book.figure("azure.egress.internet", region)


def test_a_list_read_through_trouble_is_the_same(
    server: FaultyPriceServer, open_http: OpenHttp, book: PriceBook
) -> None:
    items, truth = whole_azure(book, SOME)
    server.route = azure_route(items, lambda: server.url, per_page=20)
    server.fault(
        "*",
        Fault(status=429, retry_after="30"),
        Fault(cut_at=500),
        Fault(status=500),
        Fault(body=b'{"Items": [{"type"'),
        Fault(drop=True),
        Fault(pause_s=0.001, block=1 << 16),
        Fault(extra=100),
    )
    chosen = chosen_from(fetch(AzureFetcher(), open_http()), book, Provider.AZURE, SOME)
    assert chosen.findings == []
    assert_says(renewed({Provider.AZURE: chosen}), truth)


def test_a_fetch_that_was_killed_goes_on_where_it_was(
    server: FaultyPriceServer, open_http: OpenHttp, book: PriceBook
) -> None:
    skus, truth = whole_gcp(book)
    server.route = gcp_route(skus, per_page=40)
    fetcher = GcpFetcher(api_key("secret"))
    selectors = load_selectors(Provider.GCP)
    wanted = Wanted(selectors.services, None, TODAY, selectors.may_match)

    async def some_of_it() -> None:
        async with open_http(since=START) as http:
            async for _ in fetcher.parts(wanted, http):
                server.kill()
                return

    asyncio.run(some_of_it())
    had = len(server.asked)
    server.start()
    chosen = chosen_from(fetch(fetcher, open_http(since=START)), book, Provider.GCP)
    assert_says(renewed({Provider.GCP: chosen}), truth)
    whole = len(set(server.paths()))
    assert had > 1
    assert len(server.asked) - had < whole  # what was there is not asked for again


def test_google_is_told_the_key_in_a_header_only(
    server: FaultyPriceServer, open_http: OpenHttp, book: PriceBook
) -> None:
    server.route = gcp_route(whole_gcp(book)[0])
    fetch(GcpFetcher(api_key("secret-key")), open_http())
    assert {each.headers.get("X-Goog-Api-Key") for each in server.asked} == {"secret-key"}
    assert not any("secret-key" in each.path for each in server.asked)


def test_regions_are_those_of_the_list(server: FaultyPriceServer, open_http: OpenHttp, book: PriceBook) -> None:
    items, _ = whole_azure(book)
    azure, google = azure_route(items, lambda: server.url), gcp_route(whole_gcp(book)[0])
    server.route = lambda path: azure(path) or google(path)

    async def both() -> None:
        async with open_http() as http:
            for fetcher in (AzureFetcher(), GcpFetcher(api_key("k"))):
                listed = await fetcher.regions(http)
                assert {each.code for each in listed} == {each.code for each in book.regions_of(fetcher.provider)}
                assert all(each.name for each in listed)

    asyncio.run(both())
