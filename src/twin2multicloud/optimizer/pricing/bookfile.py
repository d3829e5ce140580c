"""Reading one provider's file of a price book: TOML in, checked rows out, every fault with its place and remedy.

A file holds the provider's sources, regions, services (meters and figures) and transit prices. Rows name the
regions they hold for by code, by egress zone (`zone:eu`), by geography (`geo:EU`), by a group of the file
(`group:tier-1`), or `*` for all regions of the file. Faults are collected, not raised one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from twin2multicloud.model.errors import Finding
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.meters import (
    CONFIDENCES,
    COST_PRIMITIVES,
    KINDS,
    LIST_POLICY,
    MEASURES,
    POLICIES,
    SCOPES,
    SIZES,
    Meter,
    Region,
    Source,
)
from twin2multicloud.optimizer.pricing.rowcheck import RowReader, is_number, nearest


@dataclass(frozen=True)
class FigureRow:
    """One row of figures as written: a meter's price in several regions. Fields as in `meters.Figure`."""

    meter: str
    regions: tuple[str, ...]
    policy: str
    starts: tuple[float, ...]
    published: tuple[float, ...]
    per: float
    source: str
    date: str
    confidence: str
    note: str
    increment: float
    minimum: float
    rising: str
    sku: str
    row: str
    place: str


@dataclass(frozen=True)
class TransitRow:
    """USD per GB (10⁹ bytes) for traffic between two different regions of a provider; the first match counts."""

    senders: frozenset[str]
    receivers: frozenset[str]
    usd_per_gb: float
    source: str
    date: str
    confidence: str
    note: str


@dataclass
class ProviderFile:
    """The checked content of one file."""

    provider: Provider
    version: str = ""
    date: str = ""
    sources: dict[str, Source] = field(default_factory=dict)
    regions: dict[str, Region] = field(default_factory=dict)
    meters: dict[str, Meter] = field(default_factory=dict)
    figures: list[FigureRow] = field(default_factory=list)
    missing: dict[tuple[str, str], str] = field(default_factory=dict)
    transit: list[TransitRow] = field(default_factory=list)


_FILE_KEYS = ("provider", "version", "date", "sources", "regions", "groups", "services", "transit")
_SOURCE_KEYS = ("title", "date", "url")
_REGION_KEYS = ("name", "country", "geography", "zone")
_SERVICE_KEYS = ("title", "meters", "figures", "missing")
_METER_KEYS = (
    "id",
    "counts",
    "C",
    "kind",
    "measure",
    "unit",
    "size",
    "chunk",
    "item_min",
    "scope",
    "pool",
    "max_units",
)
_PROVENANCE_KEYS = ("source", "on", "confidence", "note")
_FIGURE_KEYS = (
    "meter",
    "in",
    "usd",
    "per",
    "increment",
    "minimum",
    "policy",
    "rising",
    "sku",
    "row",
    *_PROVENANCE_KEYS,
)
_MISSING_KEYS = ("meter", "in", "why")
_TRANSIT_KEYS = ("size", "rows")
_TRANSIT_ROW_KEYS = ("from", "to", "usd", *_PROVENANCE_KEYS)


class FileReader(RowReader):
    """Turns the parsed TOML of one file into a `ProviderFile`, appending faults to `findings`."""

    def __init__(self, name: str, findings: list[Finding]) -> None:
        super().__init__(name, findings)
        self._groups: dict[str, tuple[str, ...]] = {}

    def read(self, data: Mapping[str, Any]) -> ProviderFile | None:
        """The content of the file, or None when not even its provider is known."""
        self.keys(data, _FILE_KEYS, "")
        provider = self.choice(data, "provider", [p.value for p in Provider], "")
        if provider is None:
            return None
        book = ProviderFile(Provider(provider))
        book.version = self.text(data, "version", "") or ""
        book.date = self.date(data, "date", "") or ""
        for key, row, place in self.tables(data, "sources", ""):
            self.keys(row, _SOURCE_KEYS, place)
            title, on = self.text(row, "title", place), self.date(row, "date", place)
            url = self.text(row, "url", place, required=False)
            book.sources[key] = Source(key, title or "", on or "", url)
        for code, row, place in self.tables(data, "regions", ""):
            self.keys(row, _REGION_KEYS, place)
            texts = [self.text(row, key, place) or "" for key in _REGION_KEYS]
            book.regions[code] = Region(book.provider, code, *texts)
        self._read_groups(data, book)
        for key, row, place in self.tables(data, "services", ""):
            self._read_service(key, row, place, book)
        self._read_transit(data, book)
        return book

    # -- parts of the file ---------------------------------------------------------------------------------------

    def _read_groups(self, data: Mapping[str, Any], book: ProviderFile) -> None:
        groups = data.get("groups", {})
        if not isinstance(groups, Mapping):
            self.fault("groups", "must be a table of name = [regions]", groups)
            return
        for name, members in groups.items():
            self._groups[name] = self._regions(members, f"groups.{name}", book)

    def _read_service(self, key: str, row: Mapping[str, Any], place: str, book: ProviderFile) -> None:
        self.keys(row, _SERVICE_KEYS, place)
        title = self.text(row, "title", place) or key
        prefix = f"{book.provider.value}.{key}."
        for meter_row, where in self.rows(row, "meters", place):
            meter = self._meter(prefix, title, meter_row, where, book.provider)
            if meter is None:
                continue
            if meter.id in book.meters:
                self.fault(f"{where}.id", f"meter {meter.id} is defined twice; keep one definition", meter.id)
            book.meters[meter.id] = meter
        for figure_row, where in self.rows(row, "figures", place):
            figure = self._figure(prefix, figure_row, where, book)
            if figure is not None:
                book.figures.append(figure)
        for missing_row, where in self.rows(row, "missing", place):
            self.keys(missing_row, _MISSING_KEYS, where)
            meter_id = self._known_meter(prefix, missing_row, where, book)
            why = self.text(missing_row, "why", where) or ""
            for region in self._regions(missing_row.get("in"), f"{where}.in", book):
                book.missing[meter_id or "", region] = why

    def _meter(self, prefix: str, service: str, row: Mapping[str, Any], place: str, provider: Provider) -> Meter | None:
        self.keys(row, _METER_KEYS, place)
        name, counts, unit = (self.text(row, key, place) for key in ("id", "counts", "unit"))
        cost = self.choice(row, "C", COST_PRIMITIVES, place)
        kind = self.choice(row, "kind", KINDS, place)
        measure = self.choice(row, "measure", MEASURES, place)
        scope = self.choice(row, "scope", SCOPES, place)
        size = self.choice(row, "size", SIZES, place, default="1")
        chunk, item_min, cap = (
            self.number(row, key, place, required=False, positive=True) for key in ("chunk", "item_min", "max_units")
        )
        if None in (name, counts, unit, cost, kind, measure, scope, size):
            return None
        return Meter(
            id=prefix + str(name),
            provider=provider,
            service=service,
            dimension=str(counts),
            cost_primitive=str(cost),
            pricing_primitive=KINDS[str(kind)],
            kind=str(kind),
            measure=str(measure),
            unit=str(unit),
            base_per_unit=SIZES[str(size)],
            scope=str(scope),
            chunk_bytes=None if chunk is None else int(chunk),
            item_minimum_bytes=None if item_min is None else int(item_min),
            pool=self.text(row, "pool", place, required=False),
            max_units=cap,
            size=str(size),
        )

    def _figure(self, prefix: str, row: Mapping[str, Any], place: str, book: ProviderFile) -> FigureRow | None:
        self.keys(row, _FIGURE_KEYS, place)
        meter = self._known_meter(prefix, row, place, book)
        regions = self._regions(row.get("in"), f"{place}.in", book)
        tiers = self._tiers(row.get("usd"), f"{place}.usd")
        per = self.number(row, "per", place, required=False, positive=True)
        increment = self.number(row, "increment", place, required=False, positive=True)
        minimum = self.number(row, "minimum", place, required=False, positive=True)
        policy = self.choice(row, "policy", POLICIES, place, default=LIST_POLICY)
        source, on, confidence, note = self._provenance(row, place, book)
        rising, sku, raw = (self.text(row, key, place, required=False) or "" for key in ("rising", "sku", "row"))
        if meter is None or not regions or tiers is None or policy is None:
            return None
        starts, published = tiers
        return FigureRow(
            meter,
            regions,
            policy,
            starts,
            published,
            1.0 if per is None else per,
            source,
            on,
            confidence,
            note,
            increment or 0.0,
            minimum or 0.0,
            rising,
            sku,
            raw,
            f"{self._name}:{place}",
        )

    def _read_transit(self, data: Mapping[str, Any], book: ProviderFile) -> None:
        transit = data.get("transit", {})
        if not isinstance(transit, Mapping):
            self.fault("transit", "must be a table with `size` and `rows`", transit)
            return
        self.keys(transit, _TRANSIT_KEYS, "transit")
        size = self.choice(transit, "size", ("GB", "GiB"), "transit", default="GB")
        scale = SIZES["GB"] / SIZES[size or "GB"]
        for row, place in self.rows(transit, "rows", "transit"):
            self.keys(row, _TRANSIT_ROW_KEYS, place)
            usd = self.number(row, "usd", place)
            source, on, confidence, note = self._provenance(row, place, book)
            senders = frozenset(self._regions(row.get("from"), f"{place}.from", book))
            receivers = frozenset(self._regions(row.get("to"), f"{place}.to", book))
            if usd is not None:
                book.transit.append(TransitRow(senders, receivers, usd * scale, source, on, confidence, note))

    def _provenance(self, row: Mapping[str, Any], place: str, book: ProviderFile) -> tuple[str, str, str, str]:
        source = self.text(row, "source", place) or ""
        if source and source not in book.sources:
            self.fault(
                f"{place}.source",
                f"unknown source '{source}'{nearest(source, book.sources)}; add it to [sources]",
                source,
            )
        on = self.date(row, "on", place) or ""
        confidence = self.choice(row, "confidence", CONFIDENCES, place) or ""
        note = self.text(row, "note", place, required=False) or ""
        if confidence == "D" and not note:
            self.fault(f"{place}.note", "a figure of confidence D needs a note on how it was obtained", None)
        return source, on, confidence, note

    def _known_meter(self, prefix: str, row: Mapping[str, Any], place: str, book: ProviderFile) -> str | None:
        name = self.text(row, "meter", place)
        if name is None:
            return None
        if prefix + name not in book.meters:
            known = [key.removeprefix(prefix) for key in book.meters if key.startswith(prefix)]
            self.fault(f"{place}.meter", f"unknown meter '{name}'{nearest(name, known)}; define it in meters", name)
            return None
        return prefix + name

    def _tiers(self, value: object, place: str) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
        if is_number(value):
            rows: list[Any] = [[0, value]]
        elif isinstance(value, list) and value:
            rows = value
        else:
            self.fault(place, "must be a price, or a list of [tier start, price] pairs", value)
            return None
        starts, prices = [], []
        for row in rows:
            if not (isinstance(row, list) and len(row) == 2 and all(is_number(item) for item in row)):
                self.fault(place, "each tier must be [start, price] with two numbers", row)
                return None
            starts.append(float(row[0]))
            prices.append(float(row[1]))
        return tuple(starts), tuple(prices)

    def _regions(self, value: object, place: str, book: ProviderFile) -> tuple[str, ...]:
        """The regions a selector (or list of selectors) names, in the file's order."""
        selectors = [value] if isinstance(value, str) else value
        if not isinstance(selectors, list) or not selectors:
            self.fault(place, "must name at least one region, `zone:…`, `geo:…`, `group:…` or `*`", value)
            return ()
        chosen: set[str] = set()
        for selector in selectors:
            found = self._select(str(selector), book)
            if not found:
                known = [*book.regions, *(f"group:{name}" for name in self._groups)]
                hint = nearest(str(selector), known)
                self.fault(place, f"'{selector}' names no region of this file{hint}; add it to [regions]", selector)
            chosen.update(found)
        return tuple(code for code in book.regions if code in chosen)

    def _select(self, selector: str, book: ProviderFile) -> tuple[str, ...]:
        if selector in book.regions:
            return (selector,)
        kind, _, name = selector.partition(":")
        match: dict[str, Callable[[Region], bool]] = {
            "*": lambda _: True,
            "zone": lambda region: region.zone == name,
            "geo": lambda region: region.geography == name,
            "group": lambda region: region.code in self._groups.get(name, ()),
        }
        test = match.get(kind)
        return () if test is None else tuple(code for code, region in book.regions.items() if test(region))
