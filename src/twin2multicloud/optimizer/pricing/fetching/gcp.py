"""Google's Cloud Billing Catalog: services, and their SKUs in pages. It asks for an API key or a signed-in account."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from twin2multicloud.model.errors import PriceError
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.gcprows import Sku, regions_of, rows_of
from twin2multicloud.optimizer.pricing.fetching.http import FetchError, PriceHttp
from twin2multicloud.optimizer.pricing.fetching.parallel import as_done
from twin2multicloud.optimizer.pricing.fetching.rows import ListedRegion, Part, PriceRow, Wanted

Credentials = Callable[[], Awaitable[Mapping[str, str]]]
"""Gives the headers that authenticate a request. `FetchError` says what is missing."""

_PAGE: Final = 5_000
_MOST_PAGES: Final = 1_000
_SERVICE_ID: Final = re.compile(r"[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}")
_STORAGE: Final = "95FF-2EF5-5EA1"
_PLACE: Final = re.compile(r"Standard Storage (?P<place>.+?)( Regional)?")


class GcpFetcher:
    """Reads Google's list prices. A service is named by its id, or by its name in the catalogue."""

    provider: ClassVar[Provider] = Provider.GCP

    def __init__(self, credentials: Credentials) -> None:
        """`credentials` is asked before each page, since tokens expire (`gcpkeys`)."""
        self._credentials = credentials

    async def parts(self, wanted: Wanted, http: PriceHttp) -> AsyncIterator[Part]:
        """A part per service: the catalogue cannot be asked for regions. `FetchError` where nothing authenticates."""
        await self._credentials()  # once, before every part looks for what is not there
        names = _Names(partial(self._pages, http, "/v1/services", "services"))
        jobs = [partial(self._part, service, names, wanted, http) for service in wanted.services]
        async for part in as_done(jobs, at_once=4):
            yield part

    async def regions(self, http: PriceHttp) -> tuple[ListedRegion, ...]:
        """The regions of Cloud Storage, named by the places where it is sold."""
        named: dict[str, str] = {}
        async for sku in self._skus(_STORAGE, http):
            place = _PLACE.fullmatch(str(sku.get("description", "")))
            for code in regions_of(sku):
                if code and (place is not None or code not in named):
                    named[code] = place["place"] if place is not None and len(regions_of(sku)) == 1 else ""
        return tuple(ListedRegion(Provider.GCP, code, name) for code, name in sorted(named.items()))

    async def _part(self, service: str, names: _Names, wanted: Wanted, http: PriceHttp) -> Part:
        parts = len(wanted.services)
        rows: list[PriceRow] = []
        try:
            service_id = service if _SERVICE_ID.fullmatch(service) else await names.id_of(service)
            # A page is some 10 MB of which little is wanted, so it is not kept.
            async for sku in self._skus(service_id, http):
                rows.extend(rows_of(service, [sku], wanted))
        except PriceError as error:
            return Part(Provider.GCP, service, "", problem=str(error), parts=parts)
        return Part(Provider.GCP, service, "", tuple(rows), parts=parts)

    async def _skus(self, service_id: str, http: PriceHttp) -> AsyncIterator[Sku]:
        async for sku in self._pages(http, f"/v1/services/{service_id}/skus", "skus", currencyCode="USD"):
            yield sku

    async def _pages(self, http: PriceHttp, path: str, items: str, **asked: str) -> AsyncIterator[Mapping[str, Any]]:
        token, seen = "", set[str]()
        while True:
            query = {**asked, "pageSize": str(_PAGE), **({"pageToken": token} if token else {})}
            url = http.url(Provider.GCP, f"{path}?{urlencode(query)}")
            page = await http.json(url, await self._credentials())
            listed = page.get(items, []) if isinstance(page, Mapping) else None
            if not isinstance(listed, list) or not all(isinstance(item, Mapping) for item in listed):
                raise FetchError(f"{path} answers what is no page of {items}. Try again later")
            for item in listed:
                yield item
            seen.add(token)
            token = str(page.get("nextPageToken") or "")
            if not token:
                return
            if token in seen or len(seen) >= _MOST_PAGES:
                raise FetchError(f"the pages of {path} lead in a circle. Try again later")


class _Names:
    """The catalogue's names of services, read when first asked for."""

    def __init__(self, services: Callable[[], AsyncIterator[Mapping[str, Any]]]) -> None:
        self._services = services
        self._ids: dict[str, str] | None = None
        self._turn = asyncio.Lock()

    async def id_of(self, name: str) -> str:
        """The id of the service of that name; `FetchError` unless there is exactly one."""
        async with self._turn:
            if self._ids is None:
                found: dict[str, list[str]] = {}
                async for service in self._services():
                    found.setdefault(str(service.get("displayName")), []).append(str(service.get("serviceId")))
                self._ids = {known: ids[0] for known, ids in found.items() if len(ids) == 1}
        if name not in self._ids:
            raise FetchError(f"the catalogue has no one service of the name {name!r}")
        return self._ids[name]
