"""From rows of a list to prices of meters, and to findings wherever a row cannot simply be believed.

Each tier is held against the last good price; a marginal price that is within the limit everywhere makes every
quantity's cost stay within it too, so no quantities are needed to tell a jump.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.fetching.findings import PriceFinding
from twin2multicloud.optimizer.pricing.fetching.rows import Part, PriceRow
from twin2multicloud.optimizer.pricing.fetching.selectors import RowSelector, Selector, SelectorFile
from twin2multicloud.optimizer.pricing.meters import LIST_POLICY, Figure, MissingPrice

Tiers = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Limits:
    """What is usual: a price changes by at most `jump` (0.3: 30 %) either way, and is at most `outlier` times above or
    below what other regions pay, where a region had no price before.
    """

    jump: float = 0.3
    outlier: float = 4.0


@dataclass(frozen=True)
class FetchedPrice:
    """A meter's price in a region as the list has it: tiers as (start in the meter's units, USD per `per` units), and
    the rows it was made of. Where it has `findings`, it holds only if a person accepts them all. `increment` and
    `rising` are the selector's, for a meter that the book says nothing about.
    """

    meter: str
    region: str
    tiers: Tiers
    per: float
    skus: tuple[str, ...]
    rows: tuple[str, ...]
    effective: str
    increment: float = 0.0
    rising: str = ""
    findings: tuple[PriceFinding, ...] = ()

    @property
    def per_unit(self) -> Tiers:
        """The tiers with prices per unit of the meter."""
        return tuple((start, usd / self.per) for start, usd in self.tiers)


@dataclass
class Chosen:
    """All that a list says of a book's meters: prices, and what is odd about them or about those that are not there.
    `unread` are meters and regions of which it says nothing, since their part of it could not be read.
    """

    prices: list[FetchedPrice] = field(default_factory=list)
    findings: list[PriceFinding] = field(default_factory=list)
    unread: set[tuple[str, str]] = field(default_factory=set)


class UnitError(ValueError):
    """A row is priced in a unit that was not expected."""


def choose(
    selectors: SelectorFile,
    parts: Iterable[Part],
    book: PriceBook,
    regions: Sequence[str],
    limits: Limits | None = None,
) -> Chosen:
    """What the parts of one provider's list say of that provider's meters in those regions. `book` has the last good
    prices, against which the new ones are held.
    """
    return _Choosing(selectors, parts, book, limits or Limits()).all(regions)


class _Choosing:
    def __init__(self, selectors: SelectorFile, parts: Iterable[Part], book: PriceBook, limits: Limits) -> None:
        self._selectors = selectors
        self._book = book
        self._limits = limits
        self._rows: dict[tuple[str, str], list[PriceRow]] = defaultdict(list)
        self._failed: dict[tuple[str, str], str] = {}
        for part in parts:
            if part.problem:
                self._failed[part.service, part.region] = part.problem
            for row in part.rows:
                self._rows[row.service, row.region].append(row)
        self._known = _list_figures(book, selectors.provider)

    @property
    def _provider(self) -> Provider:
        return self._selectors.provider

    def all(self, regions: Sequence[str]) -> Chosen:
        chosen = Chosen()
        for (service, region), problem in sorted(self._failed.items()):
            which = self._selectors.title(service) + (f" in {region}" if region else "")
            message = f"the list of {which} could not be read: {problem}"
            chosen.findings.append(PriceFinding("unreachable", self._provider, "", region, message, service=service))
        for selector in self._selectors.meters.values():
            if selector.not_listed or selector.meter not in self._book.meters:
                continue
            for region in selector.regions or regions:
                facts = self._selectors.facts.get(region)
                if region in regions and facts is not None and selector.asks_for(facts):
                    self._one(selector, region, facts, chosen)
        return chosen

    def _one(self, selector: Selector, region: str, facts: Mapping[str, str], chosen: Chosen) -> None:
        found: list[PriceRow] = []
        tiers: list[Tiers] = []
        for wanted in selector.rows:
            row = self._row(selector, wanted, region, facts, chosen)
            if row is None:
                return
            try:
                tiers.append(_in_units(row, wanted))
            except UnitError as error:
                chosen.findings.append(self._finding("unit", selector, region, str(error), rows=[row]))
                return
            except ValueError as error:
                chosen.findings.append(self._finding("tiers", selector, region, str(error), rows=[row]))
                return
            found.append(row)
        printed = _sum(tiers)
        per_unit = _with_allowance(printed, selector.free_in(facts))
        # A free allowance of ours hides what the list has below it, and must not hide what is odd there.
        rise = _rise(printed) or _rise(per_unit)
        odd = list(self._odd(selector, region, per_unit, found, rise))
        chosen.findings += odd
        chosen.prices.append(
            FetchedPrice(
                meter=selector.meter,
                region=region,
                tiers=tuple((start, _clean(usd * selector.per)) for start, usd in per_unit),
                per=selector.per,
                skus=tuple(row.sku for row in found),
                rows=tuple(row.sha256 for row in found),
                effective=max(row.effective for row in found),
                increment=selector.increment,
                rising=selector.rising,
                findings=tuple(odd),
            )
        )

    # -- finding the row -------------------------------------------------------------------------------------------

    def _row(
        self, selector: Selector, wanted: RowSelector, region: str, facts: Mapping[str, str], chosen: Chosen
    ) -> PriceRow | None:
        where = wanted.region_of(facts)
        rows = self._rows.get((wanted.service, where), [])
        matching = [row for row in rows if wanted.matches(row.attributes, facts)]
        if not matching:
            if self._read(wanted.service, where):
                self._absent(selector, region, wanted, bool(rows), chosen)
            else:
                chosen.unread.add((selector.meter, region))
            return None
        if len({(row.unit, row.tiers, row.problem) for row in matching}) > 1:
            message = f"{len(matching)} rows of {self._selectors.title(wanted.service)} match, with different prices"
            chosen.findings.append(self._finding("several_matches", selector, region, message, rows=matching))
            return None
        return min(matching, key=lambda row: row.sku)

    def _read(self, service: str, region: str) -> bool:
        """Whether that part of the list, or the one that holds all regions, was read."""
        return not self._failed.keys() & {(service, region), (service, "")}

    def _absent(self, selector: Selector, region: str, wanted: RowSelector, sold: bool, chosen: Chosen) -> None:
        """What is missing is odd where it was priced before, and where the service is sold without it."""
        known = self._known.get((selector.meter, region))
        if known is None and not sold:
            return
        kind = "vanished" if known is not None and known.sku else "no_match"
        service = self._selectors.title(wanted.service)
        message = f"no row of {service} matches{' any more' if kind == 'vanished' else ''}"
        chosen.findings.append(self._finding(kind, selector, region, message))

    # -- what is odd about a price ---------------------------------------------------------------------------------

    def _odd(
        self, selector: Selector, region: str, tiers: Tiers, rows: Sequence[PriceRow], rise: str
    ) -> Iterator[PriceFinding]:
        known = self._known.get((selector.meter, region))
        before = () if known is None else tuple(zip(known.starts, known.usd_per_unit, strict=True))
        problem = "" if selector.rising or (known is not None and known.rising) else rise
        if problem:
            yield self._finding("not_monotone", selector, region, problem, before, tiers, rows)
        was_free = bool(before) and not any(usd for _, usd in before)
        if not any(usd for _, usd in tiers):
            if not was_free:
                yield self._finding("free", selector, region, "the list has it for nothing", before, tiers, rows)
            return
        problem = _jump(before, tiers, self._limits.jump) if before else ""
        if problem:
            yield self._finding("jump", selector, region, problem, before, tiers, rows)
        problem = "" if before else self._outlier(selector.meter, tiers)
        if problem:
            yield self._finding("outlier", selector, region, problem, before, tiers, rows)

    def _outlier(self, meter: str, tiers: Tiers) -> str:
        """What is wrong with a first price, beside those of other regions."""
        others = [
            (figure.region, usd)
            for (name, _), figure in self._known.items()
            if name == meter and (usd := _paid(tuple(zip(figure.starts, figure.usd_per_unit, strict=True))))
        ]
        usd = _paid(tiers)
        within = self._limits.outlier
        if not others or any(other / within <= usd <= other * within for _, other in others):
            return ""
        region, nearest = min(others, key=lambda each: abs(math.log(each[1] / usd)))
        here, there, what = _readable(usd, nearest)
        return f"{here:g} USD {what}, but {there:g} in {region}, and no other region is nearer"

    def _finding(
        self,
        kind: str,
        selector: Selector,
        region: str,
        message: str,
        before: Tiers = (),
        after: Tiers = (),
        rows: Sequence[PriceRow] = (),
    ) -> PriceFinding:
        ordered = sorted(rows, key=lambda row: (row.sku, row.sha256))
        return PriceFinding(
            kind=kind,
            provider=self._provider,
            meter=selector.meter,
            region=region,
            message=message,
            before=before,
            after=after,
            rows=tuple(row.sha256 for row in ordered),
            skus=tuple(row.sku for row in ordered),
        )


def _list_figures(book: PriceBook, provider: Provider) -> dict[tuple[str, str], Figure]:
    figures = (figure for figure in book.figures(LIST_POLICY) if not isinstance(figure, MissingPrice))
    return {(f.meter, f.region): f for f in figures if book.meter(f.meter).provider is provider}


def _in_units(row: PriceRow, wanted: RowSelector) -> Tiers:
    """The row's tiers in the meter's units. `UnitError`, or `ValueError` for tiers that are none."""
    if row.unit not in wanted.units:
        expected = " or ".join(repr(unit) for unit in wanted.units)
        raise UnitError(f"{row.sku} is priced per {row.unit!r}, not per {expected}")
    if row.problem:
        raise ValueError(f"{row.sku}: {row.problem}")
    numbers = [number for tier in row.tiers for number in tier]
    if not row.tiers or not all(math.isfinite(number) and number >= 0 for number in numbers):
        raise ValueError(f"{row.sku} has tiers that are no numbers, or negative: {row.tiers}")
    starts = [start for start, _ in row.tiers]
    if any(after <= before for before, after in pairwise(starts)):
        raise ValueError(f"{row.sku} has tiers that do not ascend, or two sets of them: {row.tiers}")
    if starts[0] != 0 and not wanted.lead_free:
        raise ValueError(f"{row.sku} has no price below {starts[0]:g}: {row.tiers}")
    tiers = tuple((_clean(start * wanted.start_factor), usd / wanted.factor * wanted.times) for start, usd in row.tiers)
    return tiers if starts[0] == 0 else ((0.0, 0.0), *tiers)


def _sum(each: Sequence[Tiers]) -> Tiers:
    """Prices that add up, tier by tier."""
    if len(each) == 1:
        return each[0]
    starts = sorted({start for tiers in each for start, _ in tiers})
    return tuple((start, sum(_at(tiers, start) for tiers in each)) for start in starts)


def _with_allowance(tiers: Tiers, free: float) -> Tiers:
    """The tiers with the first `free` units for nothing, unless the list itself says what is for nothing."""
    if not free or not tiers[0][1]:
        return tiers
    later = tuple(tier for tier in tiers if tier[0] > free)
    return ((0.0, 0.0), (free, _at(tiers, free)), *later)


def _at(tiers: Tiers, quantity: float) -> float:
    """The price of the next unit after `quantity`."""
    return [usd for start, usd in tiers if start <= quantity][-1]


def _paid(tiers: Tiers) -> float:
    """The first price that is not 0; 0 if there is none."""
    return next((usd for _, usd in tiers if usd), 0.0)


def _rise(tiers: Tiers) -> str:
    paid = tiers[1:] if tiers[0][1] == 0 else tiers
    for (_, before), (start, after) in pairwise(paid):
        if after > before:
            return f"the price rises {_from_to(before, after)} at {start:,.0f}"
    return ""


def _from_to(before: float, after: float) -> str:
    was, now, what = _readable(before, after)
    return f"from {was:g} to {now:g} USD {what}"


def _readable(one: float, other: float) -> tuple[float, float, str]:
    """Two prices of a unit, or of a million where a unit costs next to nothing; and which it is."""
    many = max(one, other) < 0.001
    factor = 1e6 if many else 1.0
    return one * factor, other * factor, "per million units" if many else "a unit"


def _jump(before: Tiers, after: Tiers, limit: float) -> str:
    for start in sorted({start for start, _ in (*before, *after)}):
        was, now = _at(before, start), _at(after, start)
        # A hair beyond the limit is arithmetic, not a jump.
        if abs(now - was) > limit * was * (1 + 1e-9):
            share = f" ({(now - was) / was * 100:+.0f} %)" if was else ""
            return f"{_from_to(was, now)}{share} from {start:,.0f} on" if start else f"{_from_to(was, now)}{share}"
    # A tier that got lost in the list makes the one before it last longer, which may be less of a difference than that.
    if _steps(after) < _steps(before):
        return f"{_steps(after)} prices by volume, and {_steps(before)} before"
    return ""


def _steps(tiers: Tiers) -> int:
    """How many different prices there are, one after the other."""
    return 1 + sum(before != after for (_, before), (_, after) in pairwise(tiers))


def _clean(number: float) -> float:
    """The number without the last digits of floating point: 0.19999999999999998 is 0.2."""
    return float(f"{number:.12g}")
