"""The AWS Price List by its bulk files: an index of offers, an index of regions for each, a file per region and
version.

They need no credentials and are pinned by version. The query API would need credentials and a request for every hundred
rows, and gives the same rows; a region's file of a service that is priced here is some hundred kilobytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any, ClassVar, Final

from twin2multicloud.model.errors import PriceError
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.http import PriceHttp
from twin2multicloud.optimizer.pricing.fetching.offer_csv import OfferError, read_offer
from twin2multicloud.optimizer.pricing.fetching.parallel import as_done
from twin2multicloud.optimizer.pricing.fetching.rows import ListedRegion, Part, PriceRow, Wanted

_INDEX: Final = "/offers/v1.0/aws/index.json"
_REGIONS_OF: Final = "AWSLambda"
_AT_ONCE: Final = 8
_JSON, _CSV = "index.json", "index.csv"


class AwsFetcher:
    """Reads the AWS Price List. Services are offer codes (`AWSLambda`)."""

    provider: ClassVar[Provider] = Provider.AWS

    async def parts(self, wanted: Wanted, http: PriceHttp) -> AsyncIterator[Part]:
        """A part for each service and region, in the order in which they are read."""
        offers = await self._offers(http)
        listing = [partial(self._listed, service, offers, wanted, http) for service in wanted.services]
        failed: list[Part] = []
        files: list[tuple[str, str, str]] = []
        async for listed in as_done(listing, _AT_ONCE):
            if isinstance(listed, Part):
                failed.append(listed)
            else:
                files += listed
        parts = len(failed) + len(files)
        for part in failed:
            yield Part(self.provider, part.service, "", problem=part.problem, parts=parts)
        jobs = [partial(self._part, *file, wanted, http, parts) for file in sorted(files)]
        async for part in as_done(jobs, _AT_ONCE):
            yield part

    async def regions(self, http: PriceHttp) -> tuple[ListedRegion, ...]:
        """The regions in which functions are sold, which is all of them."""
        offers = await self._offers(http)
        urls = await self._region_urls(_REGIONS_OF, offers, http)
        return tuple(ListedRegion(self.provider, code) for code in sorted(urls))

    async def _offers(self, http: PriceHttp) -> Mapping[str, Any]:
        index = await http.json(http.url(self.provider, _INDEX))
        offers = index.get("offers") if isinstance(index, dict) else None
        if not isinstance(offers, dict) or not offers:
            raise PriceError("the AWS Price List's index names no offers; it has another form than it had")
        return offers

    async def _listed(
        self, service: str, offers: Mapping[str, Any], wanted: Wanted, http: PriceHttp
    ) -> list[tuple[str, str, str]] | Part:
        """The files of a service in the wanted regions: service, region, address."""
        try:
            urls = await self._region_urls(service, offers, http)
        except PriceError as error:
            return Part(self.provider, service, "", problem=str(error))
        return [(service, code, url) for code, url in urls.items() if wanted.regions is None or code in wanted.regions]

    async def _region_urls(self, service: str, offers: Mapping[str, Any], http: PriceHttp) -> dict[str, str]:
        try:
            index = await http.json(http.url(self.provider, offers[service]["currentRegionIndexUrl"]))
            regions = {str(code): str(region["currentVersionUrl"]) for code, region in index["regions"].items()}
        except (KeyError, TypeError, AttributeError) as error:
            raise PriceError(f"the AWS Price List has no regions for {service} where they were") from error
        for url in regions.values():
            if not url.endswith("/" + _JSON):
                raise PriceError(f"the AWS Price List of {service} is at {url}, which is no {_JSON}")
        return regions

    async def _part(self, service: str, region: str, url: str, wanted: Wanted, http: PriceHttp, parts: int) -> Part:
        try:
            rows = await self._rows(service, region, url, wanted, http)
        except (PriceError, OfferError) as error:
            return Part(self.provider, service, region, problem=str(error), parts=parts)
        return Part(self.provider, service, region, rows, parts=parts)

    async def _rows(self, service: str, region: str, url: str, wanted: Wanted, http: PriceHttp) -> tuple[PriceRow, ...]:
        *_, version, _, _ = url.split("/")
        file = await http.download(http.url(self.provider, url.removesuffix(_JSON) + _CSV), immutable=True)
        read = partial(
            read_offer, file, service=service, region=region, version=version, on=wanted.on, may_match=wanted.may_match
        )
        return await asyncio.to_thread(read)
