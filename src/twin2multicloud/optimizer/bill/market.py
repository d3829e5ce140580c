"""The market: every offer in every region, the lanes its usage is priced on, and why an offer is missing there.

Built once for a price book and an egress policy, it turns any workload into a `Problem` for the search. A meter
with one flat price needs no lane of its own: its dollars are simply added up, on one lane per provider that counts
dollars. Only tariffs with tiers, allowances or increments keep lanes, and regions whose tariff on a shared pool is
the same share a lane, so that dozens of regions stay a few dozen lanes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.blueprint.parts import Offer
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.errors import PriceError
from twin2multicloud.model.placement import SlotChoice
from twin2multicloud.model.slots import PROVIDERS, SLOTS, Provider, Slot
from twin2multicloud.optimizer.bill.amounts import Amounts, Scales
from twin2multicloud.optimizer.bill.terms import OWN, TABLES, Term, list_terms, table_of
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.meters import LIST_POLICY, Figure, MissingPrice, Region
from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray, Tariff, TariffTable
from twin2multicloud.optimizer.search.exact import Search
from twin2multicloud.optimizer.search.many.runs import Runs
from twin2multicloud.optimizer.search.problem import Edge, Problem, Usage

_ONE_TO_ONE = Tariff((0.0,), (1.0,))


@dataclass(frozen=True)
class Option:
    """One offer in one region."""

    offer: int
    region: Region

    @property
    def key(self) -> tuple[Provider, str]:
        """The location."""
        return self.region.provider, self.region.code


@dataclass(frozen=True)
class Unavailable:
    """Why an offer cannot be had in a region."""

    offer: str
    region: str
    reason: str
    meters: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One sentence; `reason` has them all."""
        more = f" and {len(self.meters) - 3} more" if len(self.meters) > 3 else ""
        return f"{self.offer} is not priced in {self.region}: no figure for {', '.join(self.meters[:3])}{more}"


@dataclass(frozen=True)
class _Table:
    """One usage table: sparse rows per option, each entry a sum of coefficient · term."""

    indptr: IntArray
    lane: IntArray
    starts: IntArray  # where each entry's summands begin
    term: IntArray
    coefficient: FloatArray

    def usage(self, quantities: FloatArray) -> FloatArray:
        """Entry quantities (entries, W) from term quantities (terms, W)."""
        if not self.lane.size:
            return np.zeros((0, quantities.shape[1]))
        summands = self.coefficient[:, None] * quantities[self.term]
        return np.asarray(np.add.reduceat(summands, self.starts, axis=0))

    def usage_of_many(self, quantities: FloatArray) -> FloatArray:
        """The same, faster for hundreds of workloads."""
        return self._runs.add(self.coefficient[:, None] * quantities.take(self.term, axis=0))

    @cached_property
    def _runs(self) -> Runs:
        """The summands of each entry."""
        return Runs(np.searchsorted(self.starts, np.arange(self.term.size), side="right"))


class Market:
    """Offers × regions under one price book and one egress policy, ready to be asked about workloads."""

    def __init__(
        self,
        book: PriceBook,
        policy: str = LIST_POLICY,
        regions: Iterable[Region] | None = None,
        offers: Sequence[Offer] = OFFERS,
    ) -> None:
        self.book = book
        self.policy = policy
        self.offers = tuple(offers)
        self.terms: list[Term] = list_terms(self.offers)
        self.terms_of: dict[tuple[int, int], list[int]] = defaultdict(list)
        for index, term in enumerate(self.terms):
            self.terms_of[term.offer, term.table].append(index)
        self._figures: dict[tuple[str, str, bool], Figure | MissingPrice] = {}
        places = list(regions) if regions is not None else [r for p in PROVIDERS for r in book.regions_of(p)]
        self.regions: dict[Provider, tuple[str, ...]] = {
            p: tuple(place.code for place in places if place.provider is p) for p in PROVIDERS
        }
        self.options, self.unavailable = self._options(places)
        self._index()
        self._lanes()
        self._limit()
        self._scales = Scales(self.offers, book)
        self._search: Search | None = None

    # ── Structure ───────────────────────────────────────────────────────────────────────────────────────────
    def figure(self, term: Term, region: Region) -> Figure | MissingPrice:
        """The price a term pays in a region; only traffic between clouds knows the egress policy."""
        key = (term.meter, region.code, term.between_clouds)
        if key not in self._figures:
            policy = self.policy if term.between_clouds else LIST_POLICY
            self._figures[key] = self.book.figure(term.meter, region.code, policy)
        return self._figures[key]

    def _options(self, places: Sequence[Region]) -> tuple[list[Option], list[Unavailable]]:
        meters: dict[int, dict[str, None]] = defaultdict(dict)
        for term in self.terms:
            meters[term.offer].setdefault(term.meter)
        options: list[Option] = []
        unavailable: list[Unavailable] = []
        missing: dict[tuple[str, str], str | None] = {}
        order = sorted(range(len(self.offers)), key=lambda n: SLOTS.index(self.offers[n].slot))
        for number in order:
            offer = self.offers[number]
            for region in places:
                if region.provider is not offer.provider:
                    continue
                lacking: dict[str, str] = {}
                for meter in meters[number]:
                    key = (meter, region.code)
                    if key not in missing:
                        found = self.book.figure(meter, region.code)
                        missing[key] = str(found) if isinstance(found, MissingPrice) else None
                    if (reason := missing[key]) is not None:
                        lacking[meter] = reason
                if lacking:
                    reasons = "; ".join(lacking.values())
                    unavailable.append(Unavailable(offer.id, region.code, reasons, tuple(lacking)))
                else:
                    options.append(Option(number, region))
        return options, unavailable

    def _index(self) -> None:
        self.slots: tuple[Slot, ...] = SLOTS
        keys = list(dict.fromkeys(option.key for option in self.options))
        self.locations: tuple[tuple[Provider, str], ...] = tuple(keys)
        number = {key: index for index, key in enumerate(keys)}
        offer = np.array([option.offer for option in self.options], dtype=np.int64)
        self.offer: IntArray = offer
        self.location: IntArray = np.array([number[option.key] for option in self.options], dtype=np.int64)
        self.provider: IntArray = np.array(
            [PROVIDERS.index(option.region.provider) for option in self.options], dtype=np.int64
        )
        slot_of_offer = np.array([SLOTS.index(o.slot) for o in self.offers], dtype=np.int64)
        self.slot: IntArray = slot_of_offer[offer] if offer.size else np.zeros(0, dtype=np.int64)
        self.usd_per_gb: FloatArray = np.full((len(keys), len(keys)), np.inf)
        for i, (provider, here) in enumerate(keys):
            for j, (other, there) in enumerate(keys):
                if i == j:
                    self.usd_per_gb[i, j] = 0.0
                elif provider is other:
                    price = self.book.transit_usd_per_gb(provider, here, there)
                    if not isinstance(price, MissingPrice):
                        self.usd_per_gb[i, j] = price

    def _lanes(self) -> None:
        """Assign lanes and lay out the usage tables."""
        tariffs: list[Tariff] = [_ONE_TO_ONE for _ in PROVIDERS]
        pools: list[int] = list(range(len(PROVIDERS)))
        providers: list[int] = list(range(len(PROVIDERS)))
        lanes: dict[tuple[str, Tariff], int] = {}
        pool_numbers: dict[str, int] = {}
        placed: dict[tuple[str, str, bool], tuple[int, float] | None] = {}

        def lane_of(term: Term, region: Region) -> tuple[int, float] | None:
            """(lane, coefficient) of a term's units; None where a unit costs nothing at all."""
            figure = self.figure(term, region)
            assert isinstance(figure, Figure)
            tariff = figure.tariff()
            owner = PROVIDERS.index(region.provider)
            if len(tariff.starts) == 1 and tariff.increment == 0 and tariff.minimum == 0:
                price = tariff.usd_per_unit[0]
                return (owner, price) if price > 0 else None
            # Traffic that a policy prices apart is counted apart, too.
            pool = f"{self.book.pool_key(term.meter, region.code)} {figure.policy}"
            key = (pool, tariff)
            if key not in lanes:
                lanes[key] = len(tariffs)
                tariffs.append(tariff)
                pools.append(pool_numbers.setdefault(pool, len(PROVIDERS) + len(pool_numbers)))
                providers.append(owner)
            return lanes[key], 1.0

        entries: list[list[dict[int, list[tuple[int, float]]]]] = [[] for _ in range(TABLES)]
        for option in self.options:
            for table in range(TABLES):
                row: dict[int, list[tuple[int, float]]] = {}
                for index in self.terms_of.get((option.offer, table), ()):
                    term = self.terms[index]
                    key = (term.meter, option.region.code, term.between_clouds)
                    if key not in placed:
                        placed[key] = lane_of(term, option.region)
                    where = placed[key]
                    if where is not None:
                        row.setdefault(where[0], []).append((index, where[1]))
                entries[table].append(row)
        self.tables: tuple[_Table, ...] = tuple(_table(rows) for rows in entries)
        self.tariffs = TariffTable.of(tariffs, pools)
        self.lane_provider: IntArray = np.array(providers, dtype=np.int64)

    def _limit(self) -> None:
        """List the capacities: the offers' own, then bundles of which one instance takes only so many units (an IoT
        hub: 200 of S1).
        """
        self.limits = [(number, limit.reason) for number, offer in enumerate(self.offers) for limit in offer.limits]
        """(offer, what it says of a workload beyond it)."""
        capped, capacity = [], []
        for index, term in enumerate(self.terms):
            meter = self.book.meter(term.meter)
            if meter.max_units is None or term.table != OWN:
                continue
            places = (option.region for option in self.options if option.offer == term.offer)
            figure = next((f for place in places if isinstance(f := self.figure(term, place), Figure)), None)
            if figure is None:
                continue  # nobody can choose it
            most = meter.max_units * figure.increment
            reason = f"{meter.service} takes at most {most:,.0f} {meter.unit} ({meter.max_units:,.0f} units)"
            self.limits.append((term.offer, reason))
            capped.append(index)
            capacity.append(most)
        self._capped = np.array(capped, dtype=np.int64)
        self._capacity = np.array(capacity, dtype=np.float64)

    @cached_property
    def choices(self) -> list[SlotChoice]:
        """What each option is in a placement."""
        return [
            SlotChoice.model_construct(
                provider=option.region.provider, offer=self.offers[option.offer].id, region=option.region.code
            )
            for option in self.options
        ]

    def option_number(self, choice: SlotChoice) -> int:
        """The option that a slot's choice names; raises `PriceError` with the reason when it cannot be priced."""
        for number, option in enumerate(self.options):
            if option.region.code == choice.region and self.offers[option.offer].id == choice.offer:
                return number
        reasons = [u.reason for u in self.unavailable if u.offer == choice.offer and u.region == choice.region]
        raise PriceError(f"{choice.offer} cannot be had in {choice.region}: {'; '.join(reasons) or 'no such offer'}")

    def search(self, problem: Problem) -> Search:
        """The search over this market; its index structures, which depend on no workload, are built on the first."""
        if self._search is None:
            self._search = Search(problem)
        return self._search

    # ── Workloads ───────────────────────────────────────────────────────────────────────────────────────────
    def amounts(self, volumes: Volumes) -> Amounts:
        """What the workloads amount to."""
        return self._scales.measure(volumes)

    def holding(self, amounts: Amounts) -> tuple[BoolArray, BoolArray]:
        """Which offers hold each workload (offers, W), and which of `limits` do (limits, W)."""
        holds = np.concatenate([amounts.holds, amounts.units[self._capped] <= self._capacity[:, None]])
        fits = np.ones((len(self.offers), holds.shape[1]), dtype=np.bool_)
        for (number, _), held in zip(self.limits, holds, strict=True):
            fits[number] &= held
        return fits, holds

    def usage(self, amounts: Amounts) -> FloatArray:
        """What the options use for W workloads (entries, W), in the order of a problem's `usage`."""
        return np.concatenate([table.usage_of_many(amounts.units) for table in self.tables])

    def problems(self, amounts: Amounts) -> list[Problem]:
        """One problem per workload."""
        tables = [table.usage(amounts.units) for table in self.tables]
        fixed = np.zeros(len(self.options))
        ends = [(SLOTS.index(edge.source), SLOTS.index(edge.target)) for edge in EDGES]
        problems = []
        for w in range(amounts.units.shape[1]):
            usages = [
                Usage(table.indptr, table.lane, np.ascontiguousarray(values[:, w]))
                for table, values in zip(self.tables, tables, strict=True)
            ]
            edges = tuple(
                Edge(
                    source,
                    target,
                    float(amounts.edge_gb[e, w]),
                    (usages[table_of(e, 0)], usages[table_of(e, 1)], usages[table_of(e, 2)]),
                )
                for e, (source, target) in enumerate(ends)
            )
            problems.append(
                Problem(
                    slots=len(SLOTS),
                    slot=self.slot,
                    provider=self.provider,
                    location=self.location,
                    fixed_usd=fixed,
                    own=usages[OWN],
                    edges=edges,
                    usd_per_gb=self.usd_per_gb,
                    tariffs=self.tariffs,
                    lane_provider=self.lane_provider,
                )
            )
        return problems


def _table(rows: Sequence[dict[int, list[tuple[int, float]]]]) -> _Table:
    """Lay out one table from {lane: [(term, coefficient)]} per option."""
    cells = [(lane, summands) for row in rows for lane, summands in row.items()]
    sizes = [len(summands) for _, summands in cells]
    flat = [summand for _, summands in cells for summand in summands]
    return _Table(
        indptr=np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64),
        lane=np.array([lane for lane, _ in cells], dtype=np.int64),
        starts=np.cumsum([0, *sizes[:-1]]).astype(np.int64) if sizes else np.zeros(0, dtype=np.int64),
        term=np.array([index for index, _ in flat], dtype=np.int64),
        coefficient=np.array([value for _, value in flat], dtype=np.float64),
    )
