"""A new price book from the last good one, fetched prices, and what people decided about those that are odd.

Pure: texts in, texts out, the same for the same. A price replaces the one that the book has only if nothing about it is
odd or a person accepted all that is; whatever else there is in the book stays as it is. A price that is as it was stays
with the date at which it was first seen (when it was last checked is kept elsewhere), so that a book in which nothing
moved is the same book.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import tomli_w

from twin2multicloud.model.errors import Finding
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.bookfile import FigureRow, FileReader, ProviderFile
from twin2multicloud.optimizer.pricing.fetching.choosing import Chosen, FetchedPrice
from twin2multicloud.optimizer.pricing.fetching.findings import ABSENT
from twin2multicloud.optimizer.pricing.meters import LIST_POLICY

SOURCE_PREFIX: Final = "price-list-"
"""Sources of fetched prices are named by this and the date of the refresh."""

_TITLES: Final[Mapping[Provider, tuple[str, str]]] = MappingProxyType(
    {
        Provider.AWS: ("AWS Price List", "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/index.json"),
        Provider.AZURE: ("Azure Retail Prices API", "https://prices.azure.com/api/retail/prices"),
        Provider.GCP: ("Cloud Billing Catalog API", "https://cloudbilling.googleapis.com/v1/services"),
    }
)
_LISTS: Final[Mapping[Provider, str]] = MappingProxyType({key: title for key, (title, _) in _TITLES.items()})
_ACCEPTED_RISE: Final = "accepted by a person: the provider's list has it so"


@dataclass(frozen=True)
class Assembled:
    """The texts of the new book's files by name; which prices were `taken` from lists, moved or not, which were `held`
    back for a finding that nobody accepted, and which `left` the book, since a person said that they are not sold there
    (meter, region).
    """

    texts: Mapping[str, str]
    taken: tuple[FetchedPrice, ...]
    held: tuple[FetchedPrice, ...]
    left: tuple[tuple[str, str], ...]


def assemble(texts: Mapping[str, str], chosen: Mapping[Provider, Chosen], accepted: Set[str], on: str) -> Assembled:
    """The book in `texts` (sound, as `book_texts` or `PriceBook` have it) with the prices that were chosen on the ISO
    date `on`. `accepted` are ids of findings.
    """
    new: dict[str, str] = {}
    taken: list[FetchedPrice] = []
    held: list[FetchedPrice] = []
    left: list[tuple[str, str]] = []
    for name, text in texts.items():
        data = tomllib.loads(text)
        read = _read(name, data)
        found = chosen.get(read.provider, Chosen())
        prices = [p for p in found.prices if p.meter in read.meters and p.region in read.regions]
        good = {(p.meter, p.region): p for p in prices if all(each.id in accepted for each in p.findings)}
        taken += good.values()
        held += [price for price in prices if (price.meter, price.region) not in good]
        rows = {(row.meter, code): row for row in read.figures if row.policy == LIST_POLICY for code in row.regions}
        moved = {key: price for key, price in good.items() if not _as_it_was(rows.get(key), price)}
        gone = {
            (each.meter, each.region)
            for each in found.findings
            if each.kind in ABSENT and each.id in accepted and each.meter in read.meters and each.region in read.regions
        }
        gone -= read.missing.keys()
        left += sorted(gone & rows.keys())
        new[name] = tomli_w.dumps(_File(data, read, moved, gone, on).renewed()) if moved or gone else text
    by_name = sorted(held, key=lambda price: (price.meter, price.region))
    return Assembled(new, tuple(taken), tuple(by_name), tuple(left))


def _as_it_was(row: FigureRow | None, price: FetchedPrice) -> bool:
    """Whether the book has just that price already, from that very row of the list."""
    return (
        row is not None
        and row.sku == " + ".join(price.skus)
        and tuple(zip(row.starts, row.published, strict=True)) == price.tiers
        and row.per == price.per
    )


def _read(name: str, data: Mapping[str, Any]) -> ProviderFile:
    findings: list[Finding] = []
    read = FileReader(name, findings).read(data)
    if read is None or findings:
        raise ValueError(f"{name} is no sound file of a price book: {findings[:1]}")
    return read


class _File:
    def __init__(
        self,
        data: dict[str, Any],
        read: ProviderFile,
        good: Mapping[tuple[str, str], FetchedPrice],
        gone: Set[tuple[str, str]],
        on: str,
    ) -> None:
        self._data = data
        self._read = read
        self._good = good
        self._gone = gone
        self._replaced = good.keys() | gone
        self._on = on
        self._source = SOURCE_PREFIX + on
        self._list_rows = [row for row in read.figures if row.policy == LIST_POLICY]

    def renewed(self) -> dict[str, Any]:
        rows = iter(self._read.figures)
        services = {
            key: self._service(key, service, [next(rows) for _ in service.get("figures", ())])
            for key, service in self._data["services"].items()
        }
        title, url = _TITLES[self._read.provider]
        cited = {row["source"] for service in services.values() for row in service["figures"]}
        sources = {
            key: source
            for key, source in self._data["sources"].items()
            if key in cited or not key.startswith(SOURCE_PREFIX)
        }
        if self._good:
            sources[self._source] = {"title": title, "date": self._on, "url": url}
        return {**self._data, "version": self._on, "date": self._on, "sources": sources, "services": services}

    def _service(self, key: str, service: Mapping[str, Any], rows: Sequence[FigureRow]) -> dict[str, Any]:
        figures = []
        for raw, row in zip(service.get("figures", ()), rows, strict=True):
            kept = [code for code in row.regions if not self._replaces(row, code)]
            if len(kept) == len(row.regions):
                figures.append(raw)
            elif kept:
                figures.append({**raw, "in": kept})
        prefix = f"{self._read.provider.value}.{key}."
        for meter in service.get("meters", ()):
            name = prefix + meter["id"]
            regions = [code for code in self._read.regions if (name, code) in self._good]
            figures += [self._figure(meter["id"], self._good[name, code]) for code in regions]
        renewed = {**service, "figures": figures}
        missing = list(self._missing(prefix))
        if missing:
            renewed["missing"] = missing
        else:
            renewed.pop("missing", None)
        return renewed

    def _replaces(self, row: FigureRow, code: str) -> bool:
        """Whether the row's price in that region is another one now. What is not sold has no price by any policy."""
        key = (row.meter, code)
        return key in self._gone or (row.policy == LIST_POLICY and key in self._replaced)

    def _figure(self, name: str, price: FetchedPrice) -> dict[str, Any]:
        figure: dict[str, Any] = {"meter": name, "in": price.region, "usd": [list(tier) for tier in price.tiers]}
        if price.per != 1:
            figure["per"] = price.per
        known = self._nearest(price)
        increment = known.increment if known else price.increment
        minimum = known.minimum if known else 0.0
        rising = price.rising or (known.rising if known and price.region in known.regions else "")
        if any(each.kind == "not_monotone" for each in price.findings):
            rising = rising or _ACCEPTED_RISE
        extras: Iterable[tuple[str, Any]] = (("increment", increment), ("minimum", minimum), ("rising", rising))
        figure |= {key: value for key, value in extras if value}
        ids = {"sku": " + ".join(price.skus), "row": " + ".join(price.rows)}
        return {**figure, "source": self._source, "on": self._on, "confidence": "A", **ids}

    def _nearest(self, price: FetchedPrice) -> FigureRow | None:
        """The book's row for that meter there, or else anywhere: how it rounds is the meter's, not the list's."""
        rows = [row for row in self._list_rows if row.meter == price.meter]
        return next((row for row in rows if price.region in row.regions), rows[0] if rows else None)

    def _missing(self, prefix: str) -> Iterable[dict[str, Any]]:
        """Why prices are missing, but for those that are there now."""
        grouped: dict[tuple[str, str], list[str]] = {}
        for (meter, region), why in self._read.missing.items():
            if meter.startswith(prefix) and (meter, region) not in self._good:
                grouped.setdefault((meter.removeprefix(prefix), why), []).append(region)
        why = (
            f"not sold there: the {_LISTS[self._read.provider]} had no such price on {self._on}, as a person confirmed"
        )
        for meter, region in sorted(self._gone):
            if meter.startswith(prefix):
                grouped.setdefault((meter.removeprefix(prefix), why), []).append(region)
        for (meter, why), regions in grouped.items():
            yield {"meter": meter, "in": regions, "why": why}
