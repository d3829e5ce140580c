"""The price book: every tariff of a date, each figure with region, source, date and confidence.

`load_book()` gives the book that ships with the package, `load_book(directory)` one of your own. Either is
checked in full before it can be used. A price the book lacks is a `MissingPrice` with its reason; it is never 0.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from twin2multicloud.model.errors import Finding, InvalidInputError, PriceError, UsageError
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.bookcheck import check_files
from twin2multicloud.optimizer.pricing.bookfile import FigureRow, FileReader, ProviderFile, TransitRow
from twin2multicloud.optimizer.pricing.meters import (
    EU_DATA_ACT_POLICY,
    LIST_POLICY,
    POLICIES,
    Figure,
    Meter,
    MissingPrice,
    Region,
    Source,
    quantity_in_units,
)
from twin2multicloud.optimizer.pricing.rowcheck import nearest
from twin2multicloud.optimizer.pricing.tariffs import Tariff

__all__ = [
    "BUNDLED",
    "EU_DATA_ACT_POLICY",
    "LIST_POLICY",
    "POLICIES",
    "Figure",
    "Meter",
    "MissingPrice",
    "PriceBook",
    "Region",
    "Source",
    "book_texts",
    "load_book",
    "quantity_in_units",
    "read_book",
    "texts_problems",
    "validate_book",
]

BUNDLED = Path(__file__).parent / "data"
_MAX_FILE_BYTES = 4 * 2**20  # a book is some 100 kB; anything far larger is not a book


@dataclass(frozen=True)
class PriceBook:
    """All meters, regions and figures of one date.

    `version` and `date` are those of the files (versions joined, the latest date), `content_hash` is the SHA-256 of
    the content: layout, comments, key order and number spelling do not change it, any figure does. `transit` holds
    each provider's prices between its own regions, of which the first that matches counts.
    """

    version: str
    date: str
    content_hash: str
    meters: Mapping[str, Meter]
    regions: Mapping[str, Region]
    sources: Mapping[tuple[Provider, str], Source]
    transit: Mapping[Provider, tuple[TransitRow, ...]] = field(repr=False)
    _rows: Mapping[tuple[str, str, str], FigureRow] = field(repr=False)
    _where: Mapping[str, tuple[str, ...]] = field(repr=False)
    _missing: Mapping[tuple[str, str], str] = field(repr=False)

    def meter(self, meter_id: str) -> Meter:
        """The meter of that id; raises `UsageError` with the nearest name for an unknown one."""
        if meter_id not in self.meters:
            raise UsageError(f"unknown meter '{meter_id}'{nearest(meter_id, self.meters)}")
        return self.meters[meter_id]

    def region(self, code: str) -> Region:
        """The region of that code; raises `UsageError` with the nearest name for an unknown one."""
        if code not in self.regions:
            raise UsageError(f"unknown region '{code}'{nearest(code, self.regions)}")
        return self.regions[code]

    def regions_of(self, provider: Provider) -> tuple[Region, ...]:
        """A provider's regions in the file's order."""
        return tuple(region for region in self.regions.values() if region.provider == provider)

    def figure(self, meter_id: str, region: str, policy: str = LIST_POLICY) -> Figure | MissingPrice:
        """The price of a meter in a region, or why there is none.

        Without a figure under `policy` the list price is given with `fallback` set. Unknown meters, regions and
        policies, and a region of another provider, raise `UsageError`.
        """
        meter, place = self.meter(meter_id), self.region(region)
        if policy not in POLICIES:
            raise UsageError(f"unknown policy '{policy}'{nearest(policy, POLICIES)} (one of {', '.join(POLICIES)})")
        if meter.provider != place.provider:
            raise UsageError(
                f"{meter_id} is a meter of {meter.provider.label}, {region} a region of {place.provider.label}"
            )
        row = self._rows.get((meter_id, region, policy))
        fallback = row is None and policy != LIST_POLICY
        if fallback:
            row = self._rows.get((meter_id, region, LIST_POLICY))
        if row is None:
            return MissingPrice(meter_id, region, self._why_missing(meter_id, region))
        return Figure(
            meter=meter_id,
            region=region,
            policy=row.policy,
            starts=row.starts,
            published=row.published,
            per=row.per,
            source=row.source,
            date=row.date,
            confidence=row.confidence,
            note=row.note,
            increment=row.increment,
            minimum=row.minimum,
            max_quantity=None if meter.max_units is None else meter.max_units * (row.increment or 1.0),
            fallback=fallback,
            rising=row.rising,
            sku=row.sku,
            row=row.row,
        )

    def tariff(self, meter_id: str, region: str, policy: str = LIST_POLICY) -> Tariff:
        """The tariff of a meter in a region, in USD per month per unit; raises `PriceError` when it is missing."""
        figure = self.figure(meter_id, region, policy)
        if isinstance(figure, MissingPrice):
            raise PriceError(
                f"{figure}. Choose another region or offer, or price it in a book of your own (docs/pricing.md)"
            )
        return figure.tariff()

    def pool_key(self, meter_id: str, region: str) -> str:
        """Which pool the meter's quantity in that region is counted in; equal keys are counted together."""
        meter, place = self.meter(meter_id), self.region(region)
        name = meter.pool or meter.id
        return {"account": name, "region": f"{name}@{place.code}", "zone": f"{name}@{place.zone}"}[meter.scope]

    def transit_usd_per_gb(self, provider: Provider, from_region: str, to_region: str) -> float | MissingPrice:
        """USD per GB (10⁹ bytes) for traffic between two regions of one provider; 0 within a region."""
        sender, receiver = self.region(from_region), self.region(to_region)
        if sender.provider != provider or receiver.provider != provider:
            raise UsageError(f"{from_region} and {to_region} are not both regions of {Provider(provider).label}")
        if from_region == to_region:
            return 0.0
        for row in self.transit.get(provider, ()):
            if from_region in row.senders and to_region in row.receivers:
                return row.usd_per_gb
        return MissingPrice(f"{provider}.transit", from_region, f"no inter-region price to {to_region} is recorded")

    def figures(self, policy: str | None = None) -> Iterable[Figure]:
        """All figures (of one policy), region by region."""
        for meter_id, region, row_policy in self._rows:
            if policy in (None, row_policy):
                figure = self.figure(meter_id, region, row_policy)
                if isinstance(figure, Figure):
                    yield figure

    def _why_missing(self, meter_id: str, region: str) -> str:
        stated = self._missing.get((meter_id, region))
        if stated:
            return stated
        priced = self._where.get(meter_id, ())
        where = ", ".join(priced[:4]) + (f" and {len(priced) - 4} more" if len(priced) > 4 else "")
        return f"the price book records it only for {where}" if priced else "the price book records it nowhere"


def load_book(directory: Path | None = None) -> PriceBook:
    """The price book in `directory` (files *.toml, one per provider), or the bundled one.

    Raises `InvalidInputError` with every fault (file, place, value, remedy); a faulty book cannot be used.
    """
    return _book(_label(directory), *_read(directory or BUNDLED))


def book_texts(directory: Path | None = None) -> dict[str, str]:
    """The texts of that book's files by name, as they are; `InvalidInputError` where one cannot be read."""
    texts, findings = _texts(directory or BUNDLED)
    if findings:
        raise InvalidInputError(_label(directory), findings)
    return texts


def read_book(texts: Mapping[str, str], label: str = "price book") -> PriceBook:
    """The price book in the texts of its files (name → TOML). Errors as `load_book`."""
    return _book(label, *_parsed(texts, []))


def texts_problems(texts: Mapping[str, str]) -> list[Finding]:
    """Every fault of the book in the texts of its files; an empty list means it is sound."""
    return _parsed(texts, [])[2]


def _book(
    label: str, files: Mapping[str, ProviderFile], canonical: Iterable[str], findings: list[Finding]
) -> PriceBook:
    if findings:
        raise InvalidInputError(label, findings)
    books = list(files.values())
    return PriceBook(
        version=_joined(book.version for book in books),
        date=max(book.date for book in books),
        content_hash=hashlib.sha256("\n".join(sorted(canonical)).encode()).hexdigest(),
        meters=MappingProxyType({key: meter for book in books for key, meter in book.meters.items()}),
        regions=MappingProxyType({key: region for book in books for key, region in book.regions.items()}),
        sources=MappingProxyType({(b.provider, key): source for b in books for key, source in b.sources.items()}),
        _rows=MappingProxyType(
            {(row.meter, code, row.policy): row for book in books for row in book.figures for code in row.regions}
        ),
        _where=MappingProxyType(_list_priced(row for book in books for row in book.figures)),
        _missing=MappingProxyType({key: why for book in books for key, why in book.missing.items()}),
        transit=MappingProxyType({book.provider: tuple(book.transit) for book in books}),
    )


def validate_book(directory: Path | None = None) -> list[Finding]:
    """Every fault of the book in `directory` (or the bundled one); an empty list means it is sound."""
    return _read(directory or BUNDLED)[2]


def _list_priced(rows: Iterable[FigureRow]) -> dict[str, tuple[str, ...]]:
    """In which regions each meter has a list price."""
    where: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row.policy == LIST_POLICY:
            where[row.meter] = (*where.get(row.meter, ()), *row.regions)
    return where


def _label(directory: Path | None) -> str:
    return "bundled price book" if directory is None else str(directory)


def _joined(versions: Iterable[str]) -> str:
    return " + ".join(sorted(set(versions)))


def _read(directory: Path) -> tuple[dict[str, ProviderFile], list[str], list[Finding]]:
    return _parsed(*_texts(directory))


def _texts(directory: Path) -> tuple[dict[str, str], list[Finding]]:
    findings: list[Finding] = []
    texts: dict[str, str] = {}
    paths = sorted(directory.glob("*.toml")) if directory.is_dir() else []
    if not paths:
        findings.append(Finding("", f"{directory} holds no price book; it needs a *.toml file per provider"))
    for path in paths:
        try:
            if path.stat().st_size > _MAX_FILE_BYTES:
                findings.append(Finding(path.name, f"is larger than {_MAX_FILE_BYTES} bytes; not a price book"))
            else:
                texts[path.name] = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            findings.append(Finding(path.name, f"cannot be read: {error}"))
    return texts, findings


def _parsed(
    texts: Mapping[str, str], findings: list[Finding]
) -> tuple[dict[str, ProviderFile], list[str], list[Finding]]:
    files: dict[str, ProviderFile] = {}
    parsed: dict[str, dict[str, Any]] = {}
    if not texts and not findings:
        findings.append(Finding("", "holds no file; a price book needs one per provider"))
    for name, text in texts.items():
        try:
            data = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            findings.append(Finding(name, f"cannot be read: {error}"))
            continue
        content = FileReader(name, findings).read(data)
        if content is not None:
            files[name] = content
            parsed[name] = data
    # Contradictions are only worth naming, and content only worth hashing, once the rows themselves are sound.
    findings = findings or check_files(files)
    return files, [] if findings else [_canonical(data) for data in parsed.values()], findings


def _canonical(value: Any, key: str = "") -> str:
    """The content as text without its spelling: keys and rows sorted, numbers as floats.

    Tiers keep their order, and so do transit rows, of which the first match counts.
    """
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Mapping):
        members = [f"{json.dumps(name)}:{_canonical(item, name)}" for name, item in value.items()]
        return "{" + ",".join(sorted(members)) + "}"
    if isinstance(value, list):
        if key == "usd":
            return repr([[float(number) for number in tier] for tier in value])
        items = [_canonical(item) for item in value]
        ordered = any(isinstance(item, Mapping) and "to" in item for item in value)
        return "[" + ",".join(items if ordered else sorted(items)) + "]"
    return repr(value) if isinstance(value, bool) else repr(float(value))
