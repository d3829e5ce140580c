"""Azure's Retail Prices API: a public list, filtered by service and region, in pages that link to the next."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode

from twin2multicloud.model.errors import PriceError
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.azurerows import Item, is_wanted, region_of, rows_of
from twin2multicloud.optimizer.pricing.fetching.http import FetchError, PriceHttp
from twin2multicloud.optimizer.pricing.fetching.parallel import as_done
from twin2multicloud.optimizer.pricing.fetching.rows import ListedRegion, Part, Wanted

PATH: Final = "/api/retail/prices"
_VERSION: Final = "2023-01-01-preview"
"""From this version on values are compared exactly, letter by letter."""

_MOST_PAGES: Final = 5_000
_FEW_REGIONS: Final = 6
"""Up to so many regions, each is asked for by itself. Beyond, a service is asked for whole: that is fewer requests, and
too many of them are what the API refuses."""


class AzureFetcher:
    """Reads Azure's retail prices."""

    provider: ClassVar[Provider] = Provider.AZURE

    async def parts(self, wanted: Wanted, http: PriceHttp) -> AsyncIterator[Part]:
        """A part per service and region, or per service where many regions are wanted."""
        regions = sorted(wanted.regions) if wanted.regions is not None and len(wanted.regions) <= _FEW_REGIONS else [""]
        asked = [(service, region) for service in wanted.services for region in regions]
        jobs = [partial(_part, service, region, wanted, http, len(asked)) for service, region in asked]
        async for part in as_done(jobs, at_once=4):
            yield part

    async def regions(self, http: PriceHttp) -> tuple[ListedRegion, ...]:
        """The regions in which storage is sold, which is everywhere."""
        asked = {"serviceName": "Storage", "meterName": "Hot LRS Data Stored"}
        items = await _items(http, asked, region_of)
        named = {region_of(item): str(item.get("location", "")) for item in items}
        return tuple(ListedRegion(Provider.AZURE, code, name) for code, name in sorted(named.items()))


async def _part(service: str, region: str, wanted: Wanted, http: PriceHttp, parts: int) -> Part:
    fields = {"serviceName": service, **({"armRegionName": region} if region else {})}
    try:
        # Of a whole service some items in a hundred are wanted; the others are not kept.
        items = await _items(http, fields, partial(is_wanted, service, wanted=wanted))
    except PriceError as error:
        return Part(Provider.AZURE, service, region, problem=str(error), parts=parts)
    return Part(Provider.AZURE, service, region, rows_of(service, items, wanted), parts=parts)


async def _items(http: PriceHttp, fields: Mapping[str, str], wanted: Callable[[Item], object]) -> list[Item]:
    """The wanted ones of all items of use whose fields equal those. `PriceError` unless all pages are there."""
    terms = [f"{name} eq {_quoted(value)}" for name, value in {**fields, "priceType": "Consumption"}.items()]
    query = urlencode({"api-version": _VERSION, "$filter": " and ".join(terms)}, quote_via=quote, safe="$'")
    address, items, seen = f"{PATH}?{query}", list[Item](), set[str]()
    while address:
        url = http.url(Provider.AZURE, address)
        if url in seen or len(seen) >= _MOST_PAGES:
            raise FetchError(f"the pages of {' / '.join(fields.values())} lead in a circle. Try again later")
        seen.add(url)
        page, address = _page(await http.json(url))
        items.extend(filter(wanted, page))
    return items


def _page(page: Any) -> tuple[list[Item], str]:
    """The items of a page and the link to the next, "" on the last. A page may be short and still not be the last."""
    items = page.get("Items") if isinstance(page, Mapping) else None
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise FetchError(f"{PATH} answers what is no page of prices (Items is missing). Try again later")
    if page.get("BillingCurrency") != "USD":
        raise FetchError(f"{PATH} answers with prices in {page.get('BillingCurrency')!r}, not in USD")
    if page.get("Count") != len(items):
        raise FetchError(f"{PATH} answers with {len(items)} prices of a page of {page.get('Count')!r}. Try again later")
    following = page.get("NextPageLink")
    if following is not None and not isinstance(following, str):
        raise FetchError(f"{PATH} links to {following!r} as its next page, which is no address")
    return items, following or ""


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
