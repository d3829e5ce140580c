"""What price lists are made of, whoever publishes them: rows, parts of a list that come whole or not at all, fetchers.

A fetcher knows one provider's list: where it is, how it is paged, what its rows look like. It knows no meters: which
row prices which meter is data (`selectors`), and whether a row can be believed is decided elsewhere (`choosing`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from twin2multicloud.model.slots import Provider

if TYPE_CHECKING:
    from twin2multicloud.optimizer.pricing.fetching.http import PriceHttp


@dataclass(frozen=True)
class PriceRow:
    """One price of a provider's list, as printed there.

    `service` is the offer code, service name or service id it was asked for by; `region` the provider's code, "" for a
    price that is not regional. `sku` is the provider's own id of the price. `tiers` are (start, USD per `unit`) in
    units of `unit`, ascending by start. `attributes` is everything else that a selector may name, flat. `effective` is
    the ISO date from which it holds, `sha256` the hash of the raw row (`raw_hash`). `problem` says why the row cannot
    be taken for the whole of a price in dollars: a finding, and never a price.
    """

    provider: Provider
    service: str
    region: str
    sku: str
    unit: str
    tiers: tuple[tuple[float, float], ...]
    attributes: Mapping[str, str]
    effective: str
    sha256: str
    problem: str = ""


def raw_hash(raw: Any) -> str:
    """SHA-256 of a raw row (JSON values): the same whatever the order of its keys and its layout."""
    text = json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _any_row(_service: str, _attributes: Mapping[str, str]) -> bool:
    return True


@dataclass(frozen=True)
class Wanted:
    """What is asked for: `services` (as in `PriceRow.service`) in `regions` (None: all that the provider has), as in
    force `on` that ISO date. `may_match` says of a row's service and attributes whether any selector could take it; a
    fetcher drops the others at once, for lists are larger than memory.
    """

    services: tuple[str, ...]
    regions: frozenset[str] | None
    on: str
    may_match: Callable[[str, Mapping[str, str]], bool] = _any_row


@dataclass(frozen=True)
class Part:
    """A part of a list that was read whole: a service in a region, or (`region` "") in all regions and beyond regions.

    `problem` says why it could not be read; there are no rows then. `parts` is how many parts the fetcher expects to
    give all told.
    """

    provider: Provider
    service: str
    region: str
    rows: tuple[PriceRow, ...] = ()
    problem: str = ""
    parts: int = 1


@dataclass(frozen=True)
class ListedRegion:
    """A region as a provider's list names it. `name` is "" where the list has codes only."""

    provider: Provider
    code: str
    name: str = ""


class Fetcher(Protocol):
    """Reads the price list of one provider."""

    provider: ClassVar[Provider]

    def parts(self, wanted: Wanted, http: PriceHttp) -> AsyncIterator[Part]:
        """The parts of what is wanted, in any order, as they are read. What goes wrong with one is told in its
        `problem` and leaves the others; only what concerns all of them is raised (`FetchError`).
        """
        ...

    async def regions(self, http: PriceHttp) -> tuple[ListedRegion, ...]:
        """The regions that the provider's list has. `FetchError` where it cannot be read."""
        ...
