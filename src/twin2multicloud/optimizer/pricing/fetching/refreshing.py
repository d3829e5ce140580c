"""All price lists at once: what they say of a book's meters, told as it comes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from twin2multicloud.model.errors import PriceError
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.fetching.choosing import Chosen, Limits, choose
from twin2multicloud.optimizer.pricing.fetching.findings import PriceFinding
from twin2multicloud.optimizer.pricing.fetching.http import PriceHttp
from twin2multicloud.optimizer.pricing.fetching.rows import Fetcher, Part, Wanted
from twin2multicloud.optimizer.pricing.fetching.selectors import SelectorFile


@dataclass(frozen=True)
class Progress:
    """A part of a list that was read: `prices` of a service in a region ("" for those of no region), `done` of `total`
    parts of this provider's list. `problem` where the part could not be read.
    """

    provider: Provider
    service: str
    region: str
    prices: int
    done: int
    total: int
    problem: str = ""

    @property
    def share(self) -> float:
        """How much of this provider's list was dealt with (0 … 1): all of it where it could not be read at all."""
        return self.done / self.total if self.service else 1.0


@dataclass(frozen=True)
class Listed:
    """One provider's list to read: who reads it, and which of its rows price what."""

    fetcher: Fetcher
    selectors: SelectorFile


async def read_lists(
    lists: Sequence[Listed],
    book: PriceBook,
    regions: Sequence[str] | None,
    http: PriceHttp,
    on: str,
    tell: Callable[[Progress], None],
    limits: Limits | None = None,
) -> dict[Provider, Chosen]:
    """What the lists say of the book's meters in the book's `regions` (None: all of them) on the ISO date `on`. A list
    that cannot be read at all is a finding like any other. What `tell` raises ends it all.
    """
    chosen = await asyncio.gather(*(_read(each, book, regions, http, on, tell, limits) for each in lists))
    return dict(zip((each.fetcher.provider for each in lists), chosen, strict=True))


async def _read(
    listed: Listed,
    book: PriceBook,
    regions: Sequence[str] | None,
    http: PriceHttp,
    on: str,
    tell: Callable[[Progress], None],
    limits: Limits | None,
) -> Chosen:
    provider, selectors = listed.fetcher.provider, listed.selectors
    known = [region.code for region in book.regions_of(provider) if region.code in selectors.facts]
    codes = [code for code in known if regions is None or code in regions]
    if not codes:
        return Chosen()
    wanted = Wanted(selectors.services, frozenset(codes), on, selectors.may_match)
    parts: list[Part] = []
    try:
        async with aclosing(cast("AsyncGenerator[Part, None]", listed.fetcher.parts(wanted, http))) as reading:
            async for part in reading:
                parts.append(part)
                for told in _progress(part, len(parts), selectors, codes):
                    tell(told)
    except PriceError as error:
        # Parts that came are whole; the others are missing, and their prices stay.
        tell(Progress(provider, "", "", 0, len(parts), max(len(parts), 1), str(error)))
        unread = {(meter, code) for meter in selectors.meters for code in codes}
        return Chosen(findings=[PriceFinding("unreachable", provider, "", "", str(error))], unread=unread)
    return choose(selectors, parts, book, codes, limits)


def _progress(part: Part, done: int, selectors: SelectorFile, codes: Sequence[str]) -> list[Progress]:
    """A line for each region of the part."""
    if part.problem:
        return [Progress(part.provider, part.service, part.region, 0, done, part.parts, part.problem)]
    counts = Counter(row.region for row in part.rows if _priced(row.service, row.attributes, row.region, selectors))
    places = [part.region] if part.region else [code for code in ("", *codes) if counts[code]] or [""]
    return [Progress(part.provider, part.service, place, counts[place], done, part.parts) for place in places]


def _priced(service: str, attributes: Mapping[str, str], region: str, selectors: SelectorFile) -> bool:
    facts = selectors.facts.get(region)
    if facts is None:
        return selectors.may_match(service, attributes)
    rows = (row for selector in selectors.meters.values() for row in selector.rows if row.service == service)
    return any(row.matches(attributes, facts) for row in rows)
