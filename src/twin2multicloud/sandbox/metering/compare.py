"""Predicted and metered usage side by side, a run scaled to a month of 730 hours, with what both would cost.

The only module of metering that needs the price book; it runs where results are shown, not in a simulated cloud.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from twin2multicloud.blueprint.kinds import Kind, Relation
from twin2multicloud.blueprint.plan import Blueprint, PlannedLink
from twin2multicloud.model.errors import PriceError
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.meters import LIST_POLICY, MissingPrice, quantity_in_units
from twin2multicloud.optimizer.pricing.pooled import LineKey, pooled_usd
from twin2multicloud.sandbox.metering.book import MeterBook
from twin2multicloud.sandbox.metering.hooks import Amount, ComponentMeter, meters_for
from twin2multicloud.sandbox.metering.links import CountedLink
from twin2multicloud.sandbox.metering.pace import ELAPSED, HURRIED

TOLERANCE = 0.02
T = TypeVar("T")

Verdict = Literal["agrees", "deviates", "not exercised", "unexpected"]
"""`not exercised`: predicted, but the run had none of it; `unexpected`: metered, but not predicted."""


@dataclass(frozen=True)
class Pair:
    """What was predicted and what was metered, of a month, in the meter's unit; `ratio` None without a prediction."""

    predicted: float
    metered: float

    @property
    def ratio(self) -> float | None:
        """Metered over predicted."""
        return self.metered / self.predicted if self.predicted > 0 else None

    def verdict(self, tolerance: float = TOLERANCE) -> Verdict:
        """Whether the two agree."""
        if self.metered <= 0 < self.predicted:
            return "not exercised"
        if self.predicted <= 0 < self.metered:
            return "unexpected"
        largest = max(self.predicted, self.metered)
        return "agrees" if abs(self.metered - self.predicted) <= tolerance * largest else "deviates"


@dataclass(frozen=True)
class ComponentRow:
    """One component's part of a meter. `projected` and `planned` as in `hooks.Amount`."""

    component: str
    usage: Pair
    projected: bool
    planned: bool

    @property
    def idle(self) -> bool:
        """Whether the run had no occasion for it, which leaves a meter that others share below its prediction."""
        return self.usage.verdict() == "not exercised"


@dataclass(frozen=True)
class MeterRow:
    """One meter in one region, as a bill has lines; `usd` at the book's tariffs of the whole month's bill."""

    meter: str
    provider: Provider
    region: str
    service: str
    dimension: str
    unit: str
    usage: Pair
    usd: Pair
    verdict: Verdict
    components: tuple[ComponentRow, ...]

    @property
    def projected(self) -> bool:
        """Whether the metered amount is projected from what was stored so far."""
        return any(row.projected for row in self.components)

    @property
    def planned(self) -> bool:
        """Whether the metered amount follows from the rate and planned headroom."""
        return any(row.planned for row in self.components)


@dataclass(frozen=True)
class Comparison:
    """All meters of a run, the run's length on the twin clock and its messages."""

    rows: tuple[MeterRow, ...]
    elapsed_s: float
    messages: float
    usd: Pair
    hurried_share: float = 0.0
    """Which part of the run was too fast to be exact (`pace`)."""

    @property
    def deviating(self) -> tuple[MeterRow, ...]:
        """The meters that do not match."""
        return tuple(row for row in self.rows if row.verdict in ("deviates", "unexpected"))

    @property
    def agreeing(self) -> tuple[MeterRow, ...]:
        """The meters that match."""
        return tuple(row for row in self.rows if row.verdict == "agrees")

    @property
    def not_exercised(self) -> tuple[MeterRow, ...]:
        """The meters that the run had no occasion for."""
        return tuple(row for row in self.rows if row.verdict == "not exercised")


def compare(
    blueprint: Blueprint,
    book: MeterBook,
    elapsed_s: float,
    prices: PriceBook,
    policy: str = LIST_POLICY,
    tolerance: float = TOLERANCE,
    slots: Collection[Slot] = SLOTS,
) -> Comparison:
    """What a run of `elapsed_s` seconds on the twin clock used, against the blueprint's month.

    `book` holds the counters of all clouds (`MeterBook.merge`). `policy` is the egress policy between clouds. `slots`
    are those that are deployed: of others nothing is predicted and nothing was used. Raises `PriceError` where the book
    lacks a price, `ValueError` when no time has passed.
    """
    predicted = _of(_predicted(blueprint, prices), slots)
    metered = _of(_metered(blueprint, book, elapsed_s, prices), slots)
    by_line: dict[LineKey, dict[str, tuple[float, float, Amount | None]]] = defaultdict(dict)
    for meter, component in sorted(set(predicted) | set(metered)):
        key = (meter, _region(blueprint, component), _policy(blueprint, component, policy))
        amount = metered.get((meter, component))
        units = 0.0 if amount is None else amount.amount
        by_line[key][component] = (predicted.get((meter, component), 0.0), units, amount)
    totals = {key: (sum(p for p, _, _ in c.values()), sum(m for _, m, _ in c.values())) for key, c in by_line.items()}
    usd_predicted = pooled_usd({key: total[0] for key, total in totals.items()}, prices)
    usd_metered = pooled_usd({key: total[1] for key, total in totals.items()}, prices)
    rows = [
        _row(key, by_line[key], Pair(*totals[key]), Pair(usd_predicted[key], usd_metered[key]), prices, tolerance)
        for key in by_line
        if max(totals[key]) > 0
    ]
    rows += _transit(blueprint, book, elapsed_s, prices, tolerance, slots)
    rows.sort(key=lambda row: (row.provider, row.meter, row.region))
    messages = sum(v for (name, _), v in book if name == "payload-count")
    usd = Pair(sum(row.usd.predicted for row in rows), sum(row.usd.metered for row in rows))
    return Comparison(tuple(rows), elapsed_s, messages, usd, _hurried_share(book))


def _hurried_share(book: MeterBook) -> float:
    passed = {name: sum(amount for (counted, _), amount in book if counted == name) for name in (ELAPSED, HURRIED)}
    return passed[HURRIED] / passed[ELAPSED] if passed[ELAPSED] > 0 else 0.0


def _of(found: Mapping[tuple[str, str], T], slots: Collection[Slot]) -> dict[tuple[str, str], T]:
    return {key: value for key, value in found.items() if _slot(key[1]) in slots}


def _slot(component: str) -> Slot:
    return Slot(component.partition("/")[0])


def _predicted(blueprint: Blueprint, prices: PriceBook) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = defaultdict(float)
    for component in blueprint.components:
        for use in component.usage:
            units = quantity_in_units(prices.meter(use.meter), use.amount, use.each_bytes)
            found[use.meter, component.id] += float(units)
    return found


def _metered(
    blueprint: Blueprint, book: MeterBook, elapsed_s: float, prices: PriceBook
) -> dict[tuple[str, str], Amount]:
    """Month's amounts in billing units; what crosses between regions of a cloud is no meter of the book."""
    meters = meters_for(blueprint, book)
    links = [cast(CountedLink, link) for link in meters.links.values()]
    counted: Iterable[tuple[str, ComponentMeter | CountedLink]] = [
        *((meter.component.id, meter) for meter in meters),
        *((link.component_id, link) for link in links if link.link.relation is Relation.CLOUD),
    ]
    found = {}
    for component, meter in counted:
        for name, amount in meter.month(elapsed_s).items():
            units = amount.amount / prices.meter(name).base_per_unit
            found[name, component] = Amount(units, projected=amount.projected, planned=amount.planned)
    return found


def _region(blueprint: Blueprint, component: str) -> str:
    return blueprint.places[_slot(component)].region


def _policy(blueprint: Blueprint, component: str, policy: str) -> str:
    planned = blueprint.by_id.get(component)
    between = planned is not None and planned.kind is Kind.EGRESS and planned.edge != ""
    return policy if between else LIST_POLICY


def _row(
    key: LineKey,
    components: Mapping[str, tuple[float, float, Amount | None]],
    usage: Pair,
    usd: Pair,
    prices: PriceBook,
    tolerance: float,
) -> MeterRow:
    meter = prices.meter(key[0])
    parts = tuple(
        ComponentRow(
            component,
            Pair(predicted, metered),
            projected=amount is not None and amount.projected,
            planned=amount is not None and amount.planned,
        )
        for component, (predicted, metered, amount) in components.items()
        if max(predicted, metered) > 0
    )
    verdict = usage.verdict(tolerance)
    return MeterRow(
        meter.id, meter.provider, key[1], meter.service, meter.dimension, meter.unit, usage, usd, verdict, parts
    )


def _transit(
    blueprint: Blueprint,
    book: MeterBook,
    elapsed_s: float,
    prices: PriceBook,
    tolerance: float,
    slots: Collection[Slot],
) -> list[MeterRow]:
    """What crosses between two regions of a cloud, which has a price for each pair of regions and no tiers."""
    rows = []
    for link in meters_for(blueprint, book).links.values():
        if link.link.relation is not Relation.REGION or not {link.link.source, link.link.target} <= set(slots):
            continue
        counted = cast(CountedLink, link)
        (amount,) = counted.month(elapsed_s).values()
        usage = Pair(link.link.wire_bytes / 1e9, amount.amount / 1e9)
        price = _usd_per_gb(blueprint, link.link, prices)
        part = ComponentRow(counted.component_id, usage, projected=False, planned=False)
        place = blueprint.places[link.link.source]
        rows.append(
            MeterRow(
                meter=counted.meter,
                provider=place.provider,
                region=place.region,
                service="Data transfer",
                dimension=f"to {blueprint.places[link.link.target].region} ({link.link.edge})",
                unit="GB",
                usage=usage,
                usd=Pair(usage.predicted * price, usage.metered * price),
                verdict=usage.verdict(tolerance),
                components=(part,),
            )
        )
    return [row for row in rows if max(row.usage.predicted, row.usage.metered) > 0]


def _usd_per_gb(blueprint: Blueprint, link: PlannedLink, prices: PriceBook) -> float:
    here, there = blueprint.places[link.source], blueprint.places[link.target]
    price = prices.transit_usd_per_gb(here.provider, here.region, there.region)
    if isinstance(price, MissingPrice):
        raise PriceError(f"{price}; compare with a price book that has it")
    return price
