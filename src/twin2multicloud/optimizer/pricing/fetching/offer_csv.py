"""AWS's price lists in their CSV form, read a line at a time: one line is one tier of one price, with all that
describes it.

The JSON form of the same list puts what a price is for and what it costs far apart, so that a reader has to hold all of
the one to understand the other. Memory here is bounded by the rows that a selector may take.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.rows import PriceRow, raw_hash

_FORMAT: Final = "v1.0"
_PREAMBLE_LINES: Final = 20
_NEEDED: Final = (
    *("sku", "offertermcode", "ratecode", "termtype", "effectivedate", "startingrange", "endingrange"),
    *("unit", "priceperunit", "currency"),
)
# They say the same as the numbers, in words that are sometimes another region's.
_NOT_ATTRIBUTES: Final = frozenset({*_NEEDED, "pricedescription"})


class OfferError(ValueError):
    """A file that is not the price list it should be, or not all of it."""


@dataclass
class _Price:
    """The tiers of one SKU in one term, as they are found."""

    attributes: Mapping[str, str]
    effective: str
    unit: str
    lines: list[Mapping[str, str]] = field(default_factory=list)


def read_offer(
    path: Path,
    *,
    service: str,
    region: str,
    version: str,
    on: str,
    may_match: Callable[[str, Mapping[str, str]], bool],
) -> tuple[PriceRow, ...]:
    """The on-demand prices in force `on` that ISO date, of rows that `may_match`. Attributes are named by their
    column's title in lower case without blanks (`usagetype`, `fromlocation`). `OfferError` for a file of another
    service, version or format, or with broken lines.
    """
    found: dict[tuple[str, str], _Price] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for line in _lines(csv.reader(file, strict=True), service, version):
                if line["termtype"] != "OnDemand" or line["effectivedate"] > on:
                    continue
                attributes = {name: text for name, text in line.items() if text and name not in _NOT_ATTRIBUTES}
                if may_match(service, attributes):
                    _take(found, line, attributes)
    except (csv.Error, UnicodeDecodeError) as error:
        raise OfferError(f"it cannot be read: {error}") from error
    return tuple(_row(service, region, sku, price) for (sku, _), price in sorted(found.items()))


def _lines(reader: Iterator[list[str]], service: str, version: str) -> Iterator[Mapping[str, str]]:
    names = _header(reader, service, version)
    for cells in reader:
        if len(cells) != len(names):
            raise OfferError(f"a line has {len(cells)} cells of {len(names)}; it is cut off or broken: {cells[:3]}")
        yield dict(zip(names, cells, strict=True))


def _header(reader: Iterator[list[str]], service: str, version: str) -> Sequence[str]:
    """The names of the columns, after checking what the file says of itself."""
    told: dict[str, str] = {}
    for _ in range(_PREAMBLE_LINES):
        cells = next(reader, [])
        if len(cells) == 2:
            told[cells[0]] = cells[1]
            continue
        expected = {"FormatVersion": _FORMAT, "OfferCode": service, "Version": version}
        for name, value in expected.items():
            if told.get(name) != value:
                raise OfferError(f"its {name} is {told.get(name)!r}, not {value!r}")
        names = [name.replace(" ", "").lower() for name in cells]
        missing = [name for name in _NEEDED if name not in names]
        if missing:
            raise OfferError(f"it has no column {missing[0]}")
        return names
    raise OfferError("it has no header")


def _take(found: dict[tuple[str, str], _Price], line: Mapping[str, str], attributes: Mapping[str, str]) -> None:
    """Add a line to its price; of a price that is listed from several dates on, the latest counts."""
    key = line["sku"], line["offertermcode"]
    price = found.get(key)
    if price is None or price.effective < line["effectivedate"]:
        price = found[key] = _Price(attributes, line["effectivedate"], line["unit"])
    if price.effective == line["effectivedate"]:
        price.lines.append(line)


def _row(service: str, region: str, sku: str, price: _Price) -> PriceRow:
    lines = sorted(price.lines, key=lambda line: (_number(line["startingrange"]), line["ratecode"]))
    return PriceRow(
        provider=Provider.AWS,
        service=service,
        region=region,
        sku=sku,
        unit=price.unit,
        tiers=tuple((_number(line["startingrange"]), _number(line["priceperunit"])) for line in lines),
        attributes=price.attributes,
        effective=price.effective,
        sha256=raw_hash([{name: text for name, text in line.items() if text} for line in lines]),
        problem=_problem(lines),
    )


def _problem(lines: Sequence[Mapping[str, str]]) -> str:
    """Why these lines are not the whole of one price in dollars."""
    for line in lines:
        if line["currency"] != "USD":
            return f"it is priced in {line['currency']!r}, not USD"
        if line["unit"] != lines[0]["unit"]:
            return f"its tiers have several units: {lines[0]['unit']!r}, {line['unit']!r}"
    ends = [_number(line["endingrange"]) for line in lines]
    starts = [_number(line["startingrange"]) for line in lines[1:]]
    if ends[:-1] != starts:
        return f"its tiers end at {ends[:-1]} and go on at {starts}"
    return "" if ends[-1] == math.inf else f"its last tier ends at {ends[-1]:g}: some are not there"


def _number(text: str) -> float:
    """The number, infinite for "Inf"; NaN for what is none, which nobody takes for a price."""
    try:
        return float(text)
    except ValueError:
        return math.nan
