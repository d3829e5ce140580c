"""Which row of a provider's list prices which meter: data, one selector per meter, exact.

A selector file (`data/selectors/<provider>.toml`, beside the books' data) has

    provider = "aws"

    [services]                          # what people call those that the list knows by codes
    AWSQueueService = "Amazon SQS"

    [regions.eu-central-1]              # facts that attributes are made of, by region
    prefix = "EUC1-"

    [meters."aws.sqs.requests"]
    service = "AWSQueueService"
    match = { usagetype = "{prefix}Requests-Tier1", group = ["SQS-APIRequest-Tier1"] }
    unit = "Requests"
    per = 1000000
    free = 1000000

`match` names attributes and the text that each must equal, or a list of texts one of which it must; "" means that the
attribute must be absent or empty. `{fact}` stands for a fact of the region, `{region}` for its code. A region without a
fact that is named has no such price.

| key | meaning |
|---|---|
| `unit` | the unit as printed in the list, or a list of spellings; anything else is a finding |
| `factor` | how many units of the meter one unit of the list is (1); prices are divided by it, tier starts multiplied |
| `start_factor` | the same for tier starts, where they are printed in another unit than the price (`factor`) |
| `per` | the book's `per` (1): prices are written per so many units of the meter |
| `free` | units a month that are free where the list does not show that in this row (0), or `"{fact}"` of the region |
| `lead_free` | true: what lies below the first tier is free, as the list leaves it out |
| `region` | the region whose rows are taken: `{region}` unless stated; "" for rows that belong to no region |
| `times` | the row's price counts so many times (1) |
| `rows` | several such rows (`service`, `match`, `unit`, `factor`, `times`, …) whose prices add up |
| `in` | the only regions in which the meter is sold, by code; all of the file's unless stated |
| `increment`, `rising` | as in the book, for a region that the book had no figure for |
| `not_listed` | instead of all these: why no public list prices it. The book's figure stays |
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from string import Formatter
from typing import Any, Final

from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.rowcheck import RowReader

BUNDLED: Final = Path(__file__).parents[1] / "data" / "selectors"

_ROW_KEYS: Final = ("service", "match", "unit", "factor", "start_factor", "times", "region", "lead_free")
_METER_KEYS: Final = (*_ROW_KEYS, "rows", "per", "free", "in", "increment", "rising", "not_listed")


@dataclass(frozen=True)
class RowSelector:
    """Which rows of a list are meant, and how what they print becomes the meter's units (see the module)."""

    service: str
    match: Mapping[str, tuple[str, ...]]
    units: tuple[str, ...]
    factor: float
    start_factor: float
    times: float
    region: str
    lead_free: bool

    @cached_property
    def _patterns(self) -> Mapping[str, re.Pattern[str]]:
        return {name: re.compile("|".join(map(_any_region, texts))) for name, texts in self.match.items()}

    def may_match(self, attributes: Mapping[str, str]) -> bool:
        """Whether a row with these attributes could be meant in some region, whatever that region's facts are."""
        return all(pattern.fullmatch(attributes.get(name, "")) for name, pattern in self._patterns.items())

    def matches(self, attributes: Mapping[str, str], facts: Mapping[str, str]) -> bool:
        """Whether a row with these attributes is meant in the region of these facts."""
        return all(attributes.get(name, "") in _filled(texts, facts) for name, texts in self.match.items())

    def asks_for(self, facts: Mapping[str, str]) -> bool:
        """Whether the region has every fact that is named: without one there is no such price."""
        return all(_filled(texts, facts) for texts in self.match.values())

    def region_of(self, facts: Mapping[str, str]) -> str:
        """The region of the list whose rows are taken."""
        return self.region.format_map(facts)


@dataclass(frozen=True)
class Selector:
    """How one meter is priced from a provider's list: the `rows` whose prices add up, or why there is none."""

    meter: str
    rows: tuple[RowSelector, ...]
    per: float = 1.0
    free: str = "0"
    regions: tuple[str, ...] = ()
    increment: float = 0.0
    rising: str = ""
    not_listed: str = ""

    def asks_for(self, facts: Mapping[str, str]) -> bool:
        """Whether the region has every fact that is named: without one there is no such price."""
        return _named(self.free) <= facts.keys() and all(row.asks_for(facts) for row in self.rows)

    def free_in(self, facts: Mapping[str, str]) -> float:
        """The units a month that are free in the region of these facts."""
        return float(self.free.format_map(facts))


@dataclass(frozen=True)
class SelectorFile:
    """One provider's selectors, the facts of its regions (each has `region`, its code), and `titles` of services that
    the list knows by codes.
    """

    provider: Provider
    meters: Mapping[str, Selector]
    facts: Mapping[str, Mapping[str, str]]
    titles: Mapping[str, str]

    @property
    def services(self) -> tuple[str, ...]:
        """The services that any selector names, sorted."""
        return tuple(sorted({row.service for selector in self.meters.values() for row in selector.rows}))

    def title(self, service: str) -> str:
        """What people call the service."""
        return self.titles.get(service, service)

    def may_match(self, service: str, attributes: Mapping[str, str]) -> bool:
        """Whether any selector could take a row of that service with these attributes, in whatever region."""
        return any(row.may_match(attributes) for row in self._rows_of.get(service, ()))

    @cached_property
    def _rows_of(self) -> Mapping[str, tuple[RowSelector, ...]]:
        rows = [row for selector in self.meters.values() for row in selector.rows]
        return {service: tuple(row for row in rows if row.service == service) for service in self.services}


def load_selectors(provider: Provider, directory: Path = BUNDLED) -> SelectorFile:
    """The provider's selectors. `InvalidInputError` with every fault of the file."""
    path = directory / f"{provider.value}.toml"
    findings: list[Finding] = []
    read = _Reader(path.name, findings).read(tomllib.loads(path.read_text(encoding="utf-8")))
    if findings or read is None:
        raise InvalidInputError(str(path), findings)
    return read


class _Reader(RowReader):
    def read(self, data: Mapping[str, Any]) -> SelectorFile | None:
        self.keys(data, ("provider", "services", "regions", "meters"), "")
        provider = self.choice(data, "provider", [p.value for p in Provider], "")
        facts = {
            code: {**{name: str(value) for name, value in row.items()}, "region": code}
            for code, row, _ in self.tables(data, "regions", "")
        }
        meters = {
            name: selector
            for name, row, place in self.tables(data, "meters", "")
            if (selector := self._selector(name, row, place, facts)) is not None
        }
        named = data.get("services", {})
        titles = {name: self.text(named, name, "services") or "" for name in named}
        return None if provider is None else SelectorFile(Provider(provider), meters, facts, titles)

    def _selector(self, name: str, row: Mapping[str, Any], place: str, facts: Mapping[str, Any]) -> Selector | None:
        self.keys(row, _METER_KEYS, place)
        if "not_listed" in row:
            self.keys(row, ("not_listed",), place)
            return Selector(name, (), not_listed=self.text(row, "not_listed", place) or "")
        parts = [self._row(part, where) for part, where in self.rows(row, "rows", place)] if "rows" in row else []
        parts = parts or [self._row(row, place)]
        per, increment = (self.number(row, key, place, required=False) for key in ("per", "increment"))
        free = self._free(row, place, facts)
        regions = self._regions(row.get("in", []), f"{place}.in", facts)
        rising = self.text(row, "rising", place, required=False) or ""
        found = tuple(part for part in parts if part is not None)
        if len(found) < len(parts):
            return None
        return Selector(name, found, per or 1.0, free, regions, increment or 0.0, rising)

    def _row(self, row: Mapping[str, Any], place: str) -> RowSelector | None:
        service = self.text(row, "service", place)
        match = row.get("match")
        if not isinstance(match, Mapping) or not match:
            self.fault(f"{place}.match", 'must name attributes and what they equal: match = { usagetype = "…" }', match)
            return None
        texts = {str(name): self._texts(value, f"{place}.match.{name}") for name, value in match.items()}
        units = self._texts(row.get("unit"), f"{place}.unit")
        factor, start_factor, times = (
            self.number(row, key, place, required=False, positive=True) for key in ("factor", "start_factor", "times")
        )
        if service is None:
            return None
        return RowSelector(
            service=service,
            match=texts,
            units=units,
            factor=factor or 1.0,
            start_factor=start_factor or factor or 1.0,
            times=times or 1.0,
            region=str(row.get("region", "{region}")),
            lead_free=row.get("lead_free") is True,
        )

    def _free(self, row: Mapping[str, Any], place: str, facts: Mapping[str, Mapping[str, str]]) -> str:
        """A number as text, or text with facts that makes a number in every region that has them."""
        value = row.get("free", 0)
        if not isinstance(value, str):
            return repr(self.number(row, "free", place, required=False) or 0.0)
        for code, known in facts.items():
            made = value.format_map(known) if _named(value) <= known.keys() else "0"
            if not made.replace(".", "", 1).isdigit():
                self.fault(f"{place}.free", f"makes {made!r} in {code}, which is no number", value)
        return value

    def _texts(self, value: object, place: str) -> tuple[str, ...]:
        texts = value if isinstance(value, list) else [value]
        if not texts or not all(isinstance(text, str) for text in texts):
            self.fault(place, "must be a text, or a list of texts", value)
            return ()
        return tuple(texts)

    def _regions(self, value: object, place: str, facts: Mapping[str, Any]) -> tuple[str, ...]:
        codes = self._texts(value, place) if value else ()
        for code in codes:
            if code not in facts:
                self.fault(place, f"'{code}' is none of the file's [regions]", code)
        return codes


def _filled(texts: Sequence[str], facts: Mapping[str, str]) -> frozenset[str]:
    """The texts with the region's facts in them; those that name one it does not have are left out."""
    return frozenset(text.format_map(facts) for text in texts if _named(text) <= facts.keys())


def _any_region(text: str) -> str:
    """A regular expression for the text with whatever facts in it."""
    return "".join(re.escape(literal) + (".*" if name else "") for literal, name, _, _ in Formatter().parse(text))


def _named(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}
