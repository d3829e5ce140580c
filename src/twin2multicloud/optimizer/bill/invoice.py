"""The invoice of one placement: every bill line with its quantity, unit, tariff lines and amount.

Lines are per meter and region, as a provider bills them. A line's dollars are shared among the components that
used the meter in proportion to their quantities; what links use is charged to the link, all else to its slot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.blueprint.parts import Relation
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.terms import OWN, RELATIONS, Term, table_of
from twin2multicloud.optimizer.pricing.meters import Figure
from twin2multicloud.optimizer.pricing.tariffs import FloatArray, IntArray, TariffLine
from twin2multicloud.optimizer.search.problem import Problem


@dataclass(frozen=True)
class Portion:
    """What one component used of a meter: `owner` is a slot ("L3.hot") or a link ("L2→L3.hot")."""

    owner: str
    component: str
    quantity: float
    usd: float


@dataclass(frozen=True)
class BillLine:
    """One meter in one region: `usd` = Σ of `tariff` = Σ of `portions`."""

    meter: str
    provider: Provider
    region: str
    service: str
    dimension: str
    unit: str
    quantity: float
    billed_quantity: float
    usd: float
    tariff: tuple[TariffLine, ...]
    portions: tuple[Portion, ...]
    pooled_with: float
    source: str
    date: str
    confidence: str
    note: str


@dataclass(frozen=True)
class LinkCost:
    """Traffic between two slots at different places and all it costs: glue at both ends, and transfer."""

    id: str
    source: Slot
    target: Slot
    relation: Relation
    gb_per_month: float
    usd: float
    title: str


@dataclass(frozen=True)
class Invoice:
    """The bill of one placement, in USD per month."""

    lines: tuple[BillLine, ...]
    slots: dict[Slot, float]
    links: tuple[LinkCost, ...]
    transit_usd: float
    usd: float

    @property
    def unverified_usd(self) -> float:
        """The part that rests on figures of confidence D."""
        return sum(line.usd for line in self.lines if line.confidence == "D")


def invoice(market: Market, problem: Problem, quantities: FloatArray, choice: IntArray) -> Invoice:
    """The invoice of `choice` (an option per slot) for a workload with term `quantities` (terms,)."""
    tallies: dict[tuple[str, str, str], list[tuple[str, str, float]]] = defaultdict(list)
    figures: dict[tuple[str, str, str], tuple[Term, Figure]] = {}

    def collect(option_number: int, table: int, owner: str) -> None:
        option = market.options[option_number]
        for index in market.terms_of.get((option.offer, table), ()):
            term = market.terms[index]
            figure = market.figure(term, option.region)
            assert isinstance(figure, Figure)
            key = (term.meter, option.region.code, figure.policy)
            figures[key] = (term, figure)
            tallies[key].append((owner, term.component, float(quantities[index])))

    for slot, option_number in zip(market.slots, choice, strict=True):
        collect(int(option_number), OWN, slot.value)
    sources = choice[[ends.source for ends in problem.edges]]
    targets = choice[[ends.target for ends in problem.edges]]
    relations: list[int] = problem.relation(sources, targets).tolist()
    for number, (edge, relation) in enumerate(zip(EDGES, relations, strict=True)):
        a, b = int(sources[number]), int(targets[number])
        apart = RELATIONS[relation] is not Relation.SAME
        name = link_name(edge.source, edge.target)
        collect(a, table_of(number, relation), name if apart else edge.source.value)
        collect(b, table_of(number, relation), name if apart else edge.target.value)

    lines = _lines(market, tallies, figures)
    return _assemble(market, problem, choice, lines, relations)


def link_name(source: Slot, target: Slot) -> str:
    """How a link is written: L2→L3.hot."""
    return f"{source.value}→{target.value}"


def _lines(
    market: Market,
    tallies: dict[tuple[str, str, str], list[tuple[str, str, float]]],
    figures: dict[tuple[str, str, str], tuple[Term, Figure]],
) -> list[BillLine]:
    pools: dict[str, float] = defaultdict(float)
    pool_of = {key: f"{market.book.pool_key(key[0], key[1])} {key[2]}" for key in tallies}
    for key, portions in tallies.items():
        pools[pool_of[key]] += sum(quantity for _, _, quantity in portions)
    lines = []
    for key, uses in tallies.items():
        term, figure = figures[key]
        meter = market.book.meter(term.meter)
        quantity = sum(amount for _, _, amount in uses)
        if quantity <= 0:
            continue
        total = pools[pool_of[key]]
        share = quantity / total
        tariff = tuple(
            TariffLine(line.from_quantity, line.quantity * share, line.usd_per_unit, line.usd * share)
            for line in figure.tariff().lines(total)
        )
        usd = sum(line.usd for line in tariff)
        merged: dict[tuple[str, str], float] = defaultdict(float)
        for owner, component, amount in uses:
            merged[owner, component] += amount
        lines.append(
            BillLine(
                meter=meter.id,
                provider=meter.provider,
                region=key[1],
                service=meter.service,
                dimension=meter.dimension,
                unit=meter.unit,
                quantity=quantity,
                billed_quantity=sum(line.quantity for line in tariff),
                usd=usd,
                tariff=tariff,
                portions=tuple(
                    Portion(owner, component, amount, usd * amount / quantity)
                    for (owner, component), amount in merged.items()
                    if amount > 0
                ),
                pooled_with=total,
                source=figure.source,
                date=figure.date,
                confidence=figure.confidence,
                note=figure.note,
            )
        )
    return lines


def _assemble(
    market: Market, problem: Problem, choice: IntArray, lines: Sequence[BillLine], relations: Sequence[int]
) -> Invoice:
    owed: dict[str, float] = defaultdict(float)
    for line in lines:
        for portion in line.portions:
            owed[portion.owner] += portion.usd
    links: dict[tuple[Slot, Slot], LinkCost] = {}
    transit = 0.0
    for edge, ends, relation in zip(EDGES, problem.edges, relations, strict=True):
        if RELATIONS[relation] is Relation.SAME:
            continue
        a, b = int(choice[ends.source]), int(choice[ends.target])
        carried = 0.0
        if RELATIONS[relation] is Relation.REGION and ends.gb_per_month > 0:
            carried = ends.gb_per_month * float(problem.usd_per_gb[problem.location[a], problem.location[b]])
        transit += carried
        usd = owed[link_name(edge.source, edge.target)] + carried
        links[edge.source, edge.target] = LinkCost(
            edge.id, edge.source, edge.target, RELATIONS[relation], ends.gb_per_month, usd, edge.title
        )
    slots = {slot: owed[slot.value] for slot in market.slots}
    total = sum(slots.values()) + sum(link.usd for link in links.values())
    return Invoice(tuple(lines), slots, tuple(links.values()), transit, total)
