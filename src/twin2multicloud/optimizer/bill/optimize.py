"""The default model: the exact cheapest bill of a twin, with everything that explains it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from twin2multicloud.blueprint.catalog import offer_by_id
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import PROVIDERS, SLOTS, Provider, Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.candidates import candidate_regions
from twin2multicloud.optimizer.bill.conflict import NoPlacementError, explain_conflict
from twin2multicloud.optimizer.bill.invoice import Invoice, invoice
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.restrictions import Restriction, combined, restrictions
from twin2multicloud.optimizer.bill.result import Alternative, BillResult, BookIdentity, Proof, Ranked
from twin2multicloud.optimizer.bill.standalone import standalone_usd
from twin2multicloud.optimizer.bill.warnings import warnings_for
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.exact import Solution
from twin2multicloud.optimizer.search.problem import Problem

_SHOWN_REASONS = 5  # missing prices an infeasible request names; they are much alike
_CHUNK = 64  # workloads priced in one go; bounds memory, not results


class BillOptimizer:
    """Optimizes workloads under one price book, one set of constraints and one set of assumptions.

    Build it once and ask it about any number of workloads: the market and the search's index structures are shared.
    """

    def __init__(
        self,
        book: PriceBook,
        constraints: Constraints | None = None,
        assumptions: Assumptions | None = None,
        market: Market | None = None,
    ) -> None:
        self.book = book
        self.constraints = constraints or Constraints()
        self.assumptions = assumptions or Assumptions()
        self.market = market or Market(book, self.constraints.egress_policy, candidate_regions(book, self.constraints))
        self._restrictions: dict[bool, list[Restriction]] = {}

    def optimize(self, workload: Workload, *, top: int = 1, alternatives: bool = True) -> BillResult:
        """The exact optimum for one workload, the `top` cheapest placements, and each slot's alternatives.

        Raises `NoPlacementError` when nothing satisfies the constraints.
        """
        return next(self.optimize_many([workload], top=top, alternatives=alternatives))

    def optimize_many(
        self, workloads: Sequence[Workload], *, top: int = 1, alternatives: bool = False
    ) -> Iterator[BillResult]:
        """The same for many workloads, in order; lazily, so that an infeasible one raises when reached."""
        for outcome in self.outcomes(workloads, top=top, alternatives=alternatives):
            if isinstance(outcome, NoPlacementError):
                raise outcome
            yield outcome

    def outcomes(
        self, workloads: Sequence[Workload], *, top: int = 1, alternatives: bool = False
    ) -> Iterator[BillResult | NoPlacementError]:
        """For many workloads, in order, each one's result, or the error that says why it has none."""
        for start in range(0, len(workloads), _CHUNK):
            chunk = workloads[start : start + _CHUNK]
            volumes = Volumes.of(chunk, self.assumptions)
            amounts = self.market.amounts(volumes)
            fits, holds = self.market.holding(amounts)
            for w, problem in enumerate(self.market.problems(amounts)):
                reasons = dict(self.market.limits[number] for number in np.flatnonzero(~holds[:, w]))
                case = _Case(self, chunk[w], problem, amounts.units[:, w], fits[:, w], reasons)
                yield case.outcome(top, alternatives)

    def restrictions(self, needs_3d: bool) -> list[Restriction]:
        """The named restrictions for workloads with or without 3D."""
        if needs_3d not in self._restrictions:
            self._restrictions[needs_3d] = restrictions(self.market, self.constraints, needs_3d)
        return self._restrictions[needs_3d]


class _Case:
    """One workload being optimized."""

    def __init__(
        self,
        optimizer: BillOptimizer,
        workload: Workload,
        problem: Problem,
        quantities: FloatArray,
        fits: BoolArray,
        reasons: Mapping[int, str],
    ) -> None:
        self.optimizer = optimizer
        self.market = optimizer.market
        self.workload = workload
        self.problem = problem
        self.quantities = quantities
        self.reasons = reasons
        self.search = optimizer.market.search(problem).bind(problem)
        self.fits = fits[self.market.offer]
        self.parts = optimizer.restrictions(workload.entities_3d > 0)
        self.allowed, self.most = combined(len(self.market.options), self.parts)
        self.allowed &= self.fits

    def outcome(self, top: int, alternatives: bool) -> BillResult | NoPlacementError:
        # The baselines come first: what one cloud costs bounds the search for the optimum.
        baselines = self._baselines()
        solution = self._solve(self.parts, top)
        if not solution.usd.size:
            return explain_conflict(self.parts, self._best, self._reasons_that_matter())
        return self._result(solution, baselines, alternatives)

    def _reasons_that_matter(self) -> list[str]:
        """For the slots left with no offer: what the workload outgrows, and what named regions have no price for."""
        within, _ = combined(len(self.market.options), self.parts)
        slots = self.problem.slot
        empty = [slot for slot in range(len(SLOTS)) if not self.allowed[slots == slot].any()]
        offers = dict.fromkeys(int(n) for n in self.market.offer[within & np.isin(slots, empty)])
        outgrown = [self._reason(number) for number in offers if number in self.reasons]
        named = {code for codes in self.optimizer.constraints.regions.values() for code in codes}
        unpriced = [
            str(u)
            for u in self.market.unavailable
            if u.region in named and SLOTS.index(offer_by_id(u.offer).slot) in empty
        ]
        return outgrown + unpriced[:_SHOWN_REASONS]

    def _reason(self, offer: int) -> str:
        return f"{self.market.offers[offer].id}: {self.reasons[offer]}"

    def _result(self, solution: Solution, baselines: dict[Provider, Ranked | None], alternatives: bool) -> BillResult:
        optimum = float(solution.usd[0])
        placement = self._placement(solution.choices[0])
        bill = invoice(self.market, self.problem, self.quantities, solution.choices[0])
        unpinned = self._unpinned()
        options = self._alternatives(optimum, placement) if alternatives else {}
        book = self.optimizer.book
        standalone = standalone_usd(self.problem, self.allowed)
        return BillResult(
            workload=self.workload,
            constraints=self.optimizer.constraints,
            assumptions=self.optimizer.assumptions,
            price_book=BookIdentity(book.version, book.date, book.content_hash),
            placement=placement,
            usd_per_month=optimum,
            invoice=bill,
            baselines=baselines,
            slots=standalone,
            alternatives=options,
            ranking=tuple(
                Ranked(self._placement(row), float(usd))
                for row, usd in zip(solution.choices, solution.usd, strict=True)
            ),
            unpinned=unpinned,
            regions=self.market.regions,
            unavailable=tuple(self.market.unavailable),
            over_capacity=tuple(self._reason(number) for number in self.reasons),
            warnings=warnings_for(self.optimizer.constraints, self.market, placement, optimum, bill, unpinned),
            proof=self._proof(solution),
        )

    def _solve(self, parts: Sequence[Restriction], top: int = 1) -> Solution:
        allowed, most = combined(len(self.market.options), parts)
        return self.search.solve(allowed=allowed & self.fits, max_providers=most, k=top)

    def _best(self, parts: Sequence[Restriction]) -> float | None:
        solution = self._solve(parts)
        return float(solution.usd[0]) if solution.usd.size else None

    def _placement(self, choice: IntArray) -> Placement:
        choices = self.market.choices
        # Trusted values: construct skips validation, which would dominate a batch's time.
        return Placement.model_construct({slot: choices[number] for slot, number in zip(SLOTS, choice, strict=True)})

    def _ranked(self, solution: Solution) -> Ranked | None:
        if not solution.usd.size:
            return None
        return Ranked(self._placement(solution.choices[0]), float(solution.usd[0]))

    def _baselines(self) -> dict[Provider, Ranked | None]:
        masks = [self.problem.provider == index for index in range(len(PROVIDERS))]
        found = self.search.pinned(masks, allowed=self.allowed, max_providers=self.most)
        return {provider: self._ranked(s) for provider, s in zip(PROVIDERS, found, strict=True)}

    def _unpinned(self) -> Ranked | None:
        if not self.optimizer.constraints.pins:
            return None
        return self._ranked(self._solve([part for part in self.parts if part.slot is None]))

    def _alternatives(self, optimum: float, placement: Placement) -> dict[Slot, tuple[Alternative, ...]]:
        """Every other offer for each slot, ascending by what it adds; the slot's own pin does not count."""
        own = [part.slot for part in self.parts if part.slot is not None]
        # All slots without a pin are asked about at once: questions under the same constraints share their work.
        found = self._other_offers([slot for slot in SLOTS if slot not in own], optimum, placement)
        for slot in own:
            found += self._other_offers([slot], optimum, placement)
        found.sort(key=lambda a: (a.usd_per_month, a.offer))
        return {slot: tuple(each for each in found if each.slot is slot) for slot in SLOTS}

    def _other_offers(self, slots: Sequence[Slot], optimum: float, placement: Placement) -> list[Alternative]:
        """The alternatives for some slots, whose own pins do not count."""
        allowed, most = combined(len(self.market.options), [part for part in self.parts if part.slot not in slots])
        allowed &= self.fits
        pins: list[Slot] = []
        groups: list[BoolArray] = []
        for slot in slots:
            here = self.problem.slot == SLOTS.index(slot)
            for number in dict.fromkeys(self.market.offer[here & allowed].tolist()):
                if self.market.offers[number].id != placement[slot].offer:
                    pins.append(slot)
                    groups.append(~here | (self.market.offer == number))
        alternatives = []
        for slot, solution in zip(pins, self.search.pinned(groups, allowed=allowed, max_providers=most), strict=True):
            ranked = self._ranked(solution)
            if ranked is not None:
                choice, usd = ranked.placement[slot], ranked.usd_per_month
                alternatives.append(
                    Alternative(
                        slot, choice.offer, choice.region, choice.provider, usd, usd - optimum, ranked.placement
                    )
                )
        return alternatives

    def _proof(self, solution: Solution) -> Proof:
        per_slot: dict[int, int] = defaultdict(int)
        for slot in self.problem.slot[self.allowed]:
            per_slot[int(slot)] += 1
        return Proof(
            method="exact: provider vectors with bounds, subproblems by branch and bound",
            lower_bound_usd=float(solution.lower_bound),
            proven=solution.proven,
            options=int(self.allowed.sum()),
            placements=float(np.prod([float(n) for n in per_slot.values()])),
            vectors_expanded=solution.stats.vectors,
            subproblems_solved=solution.stats.subproblems,
            rows_priced=solution.stats.rows,
        )


def bill_of(optimizer: BillOptimizer, workload: Workload, placement: Placement) -> Invoice:
    """The invoice of any given placement; raises `PriceError` where one of its offers is not priced."""
    market = optimizer.market
    amounts = market.amounts(Volumes.of([workload], optimizer.assumptions))
    problem = market.problems(amounts)[0]
    choice = np.array([market.option_number(placement[slot]) for slot in SLOTS], dtype=np.int64)
    return invoice(market, problem, amounts.units[:, 0], choice)
