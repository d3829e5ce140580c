"""Which moves of a deployed twin pay: saving a month against what moving costs once.

Moving slots costs money once: reading, writing, leaving a cloud, storage that is paid for to its minimum, both ends
standing beside each other. So the question has two criteria, USD a month and USD once, and its candidates are the whole
frontier of both (`search.frontier`), where an option weighs what moving its slot alone there costs, and what is there
already nothing. Every candidate is then estimated as it would be carried out, move after move, and so is every subset
of the slots in which the cheapest placement differs; the one that leaves most at the horizon is proposed, if anything
is left. A move of which some price is missing is never proposed: nobody can say that it pays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np

from twin2multicloud.app.errors import ConflictError
from twin2multicloud.app.optimizing.answers import encoded
from twin2multicloud.app.optimizing.kept import Json, Kept
from twin2multicloud.app.optimizing.meters import identity
from twin2multicloud.app.optimizing.migrating import Held, Migration
from twin2multicloud.app.optimizing.overriding import without_pins
from twin2multicloud.app.optimizing.reading import Asked, read_placement
from twin2multicloud.app.optimizing.solver import Solver
from twin2multicloud.app.optimizing.twins import asked_of, pinned, pins_of
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.payback import when_back
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.model.workload import Workload
from twin2multicloud.moving.estimate import CLOUDS, SANDBOX, Estimate
from twin2multicloud.optimizer.bill.as_json import placement_json
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.restrictions import combined
from twin2multicloud.optimizer.pricing.tariffs import BoolArray
from twin2multicloud.optimizer.search.frontier import frontier
from twin2multicloud.optimizer.search.problem import Problem
from twin2multicloud.optimizer.search.weights import Weights

SHOWN: Final = 5
"""So many of the best ways are told beside the proposed one."""
_MOST_SUBSETS: Final = 2 ** len(SLOTS)
_NOTHING_USD: Final = 0.005


@dataclass(frozen=True)
class Terms:
    """When advice is given: what moving costs must come back within `horizon_months`, and the saving must be at least
    so much of the bill and so many USD a month. Advice that stands is withdrawn only below half of both, so that it
    does not come and go with every price.
    """

    horizon_months: float = 12.0
    least_saving_pct: float = 2.0
    least_saving_usd: float = 1.0


@dataclass(frozen=True)
class Subject:
    """A deployed twin: `kept` with the placement that it has there. `observed` is how many messages come for each one
    that its workload says; `stands` whether it has advice already.
    """

    kept: Kept
    spec: TwinSpec
    sandbox: bool
    held: Held | None = None
    observed: float | None = None
    stands: bool = False


@dataclass(frozen=True)
class Way:
    """A placement to move to, the moves there, and what they save a month."""

    placement: Placement
    usd_per_month: float
    saving_usd_per_month: float
    moves: tuple[Estimate, ...]

    @property
    def usd_once(self) -> float:
        """What all moves cost, as far as it has prices."""
        return sum(move.usd for move in self.moves)

    @property
    def missing(self) -> int:
        """Lines of that without a price."""
        return sum(len(move.missing) for move in self.moves)

    @property
    def payback_months(self) -> float | None:
        """Until the moves have paid for themselves; None where they never do."""
        return self.usd_once / self.saving_usd_per_month if self.saving_usd_per_month > 0 else None

    def left_usd(self, months: float) -> float:
        """What is left of the saving after so many months."""
        return self.saving_usd_per_month * months - self.usd_once


def advise(solver: Solver, subject: Subject, terms: Terms) -> bytes:
    """The advice as JSON text. `ConflictError` without a placement; `PriceError` where what is there has no price."""
    if subject.kept.placement is None:
        raise ConflictError("this twin has no placement yet, so there is nothing to move; optimize it first")
    here = read_placement(subject.kept.placement)
    asked = _asked(subject)
    usd_now = solver.bill(asked, here).usd
    ways = sorted(_ways(solver, subject, asked, here, usd_now), key=lambda way: -way.left_usd(terms.horizon_months))
    sure = [way for way in ways if not way.missing and way.left_usd(terms.horizon_months) > _NOTHING_USD]
    best = sure[0] if sure else None
    cheapest = min(ways, key=lambda way: way.usd_per_month, default=None)
    return encoded(
        {
            "price_book": identity(solver.book),
            "usd_per_month": usd_now,
            "observed": subject.observed,
            "workload": asked.workload.model_dump(mode="json"),
            "horizon_months": terms.horizon_months,
            "worth": best is not None and _worth(best, usd_now, terms, stands=subject.stands),
            "reason": _reason(best, cheapest, usd_now, terms, stands=subject.stands),
            "proposed": None if best is None else _told(best, here, terms),
            "others": [_told(way, here, terms) for way in ways if way is not best][:SHOWN],
            "cheapest": None if cheapest is None else _told(cheapest, here, terms),
        }
    )


def _asked(subject: Subject) -> Asked:
    """The twin's question with decisions as pins, for as many messages as come."""
    asked, decided = asked_of(subject.kept), pins_of(subject.kept.overrides)
    asked = pinned(without_pins(asked, decided), decided)
    if subject.observed is None:
        return asked
    interval = asked.workload.message_interval_s / subject.observed
    values = {**asked.workload.model_dump(), "message_interval_s": min(max(interval, 0.001), 2_678_400.0)}
    return replace(asked, workload=Workload.model_validate(values))


def _ways(solver: Solver, subject: Subject, asked: Asked, here: Placement, usd_now: float) -> Iterator[Way]:
    """Every placement that may be the one to move to, each once, estimated move by move."""
    optimizer = solver.around(asked, here)
    market, workload = optimizer.market, asked.workload
    amounts = market.amounts(Volumes.of([workload], optimizer.assumptions))
    (problem,) = market.problems(amounts)
    fits, _ = market.holding(amounts)
    allowed, most = combined(len(market.options), optimizer.restrictions(workload.entities_3d > 0))
    allowed &= fits[:, 0][market.offer]
    current = np.array([market.option_number(here[slot]) for slot in SLOTS], dtype=np.int64)
    migration = Migration(
        solver.book, subject.spec, workload, asked.assumptions, SANDBOX if subject.sandbox else CLOUDS, subject.held
    )
    weights = _weights(market, problem, allowed, here, migration)
    found = frontier(problem, weights, allowed=allowed, max_providers=most)
    rows = [tuple(row) for row in found.choices.tolist()]
    cheapest = market.search(problem).solve(problem, allowed=allowed, max_providers=most)
    for row in cheapest.choices[:1].tolist():
        rows += _subsets(current.tolist(), tuple(row))
    distinct = [row for row in dict.fromkeys(rows) if row != tuple(current.tolist())]
    choices = np.array(distinct, dtype=np.int64).reshape(-1, len(SLOTS))
    possible: BoolArray = np.asarray(allowed[choices].all(axis=1))
    if most is not None:
        possible &= np.array([len(set(market.provider[row].tolist())) <= most for row in choices], dtype=bool)
    for row, usd, may in zip(choices, problem.evaluate(choices), possible, strict=True):
        if may and np.isfinite(usd) and usd < usd_now - _NOTHING_USD:
            placement = Placement({slot: market.choices[number] for slot, number in zip(SLOTS, row, strict=True)})
            yield Way(placement, float(usd), usd_now - float(usd), migration.moves(here, placement))


def _weights(market: Market, problem: Problem, allowed: BoolArray, here: Placement, migration: Migration) -> Weights:
    """What moving each option's slot alone there costs once; infinite where nobody can say."""
    own = np.zeros(len(market.options))
    for number in np.flatnonzero(allowed).tolist():
        slot, choice = SLOTS[int(market.slot[number])], market.choices[number]
        if choice != here[slot]:
            move = migration.move(here, slot, choice)
            own[number] = np.inf if move.missing else move.usd
    return Weights(own, np.zeros((len(problem.edges), 3, len(market.options))))


def _subsets(current: list[int], cheapest: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The current placement with every subset of the slots in which the cheapest differs taken from that."""
    differing = [at for at, (a, b) in enumerate(zip(current, cheapest, strict=True)) if a != b]
    found = []
    for size in range(1, len(differing) + 1):
        for subset in combinations(differing, size):
            found.append(tuple(cheapest[at] if at in subset else current[at] for at in range(len(current))))
    return found[:_MOST_SUBSETS]


def _worth(way: Way, usd_now: float, terms: Terms, *, stands: bool) -> bool:
    """Whether to say so: it pays within the horizon, and saves enough to bother; less is enough once it was said."""
    part = 0.5 if stands else 1.0
    least = max(terms.least_saving_usd, terms.least_saving_pct / 100 * usd_now) * part
    return way.saving_usd_per_month >= least


def _reason(best: Way | None, cheapest: Way | None, usd_now: float, terms: Terms, *, stands: bool) -> str:
    """Why there is advice, or none, in a sentence."""
    if cheapest is None:
        return "it is placed as cheaply as its constraints and decisions allow"
    if best is None:
        months = cheapest.payback_months
        after = "" if months is None else f" of ${cheapest.saving_usd_per_month:,.2f} a month in {months:.1f} months"
        if cheapest.missing:
            return f"what moving costs is not known whole: {cheapest.missing} prices are missing"
        return f"no move pays within {terms.horizon_months:g} months; the largest saving{after} pays back too late"
    moves = ", ".join(move.move.slot.value for move in best.moves)
    told = (
        f"moving {moves} saves ${best.saving_usd_per_month:,.2f} of ${usd_now:,.2f} a month and costs "
        f"${best.usd_once:,.2f} once, which is back {when_back(best.payback_months or 0.0)}"
    )
    if _worth(best, usd_now, terms, stands=stands):
        return told
    return f"{told}; that is too little to move for"


def _told(way: Way, here: Placement, terms: Terms) -> Json:
    months = way.payback_months
    return {
        "placement": placement_json(way.placement),
        "slots": [slot.value for slot in here.differing(way.placement)],
        "usd_per_month": way.usd_per_month,
        "saving_usd_per_month": way.saving_usd_per_month,
        "usd_once": way.usd_once,
        "missing_prices": way.missing,
        "payback_months": months,
        "left_usd": way.left_usd(terms.horizon_months),
        "moves": [_move(move) for move in way.moves],
    }


def _move(estimate: Estimate) -> Json:
    costs: Mapping[str, float] = _by_what(estimate)
    move = estimate.move
    return {
        "slot": move.slot.value,
        "target": f"{move.target.offer}@{move.target.region}",
        "source": f"{move.source.offer}@{move.source.region}",
        "usd_once": estimate.usd,
        "seconds": estimate.seconds,
        "held_s": estimate.held_s,
        "costs": [{"what": what, "usd": usd} for what, usd in costs.items()],
    }


def _by_what(estimate: Estimate) -> dict[str, float]:
    found: dict[str, float] = {}
    for cost in estimate.costs:
        if cost.usd:
            found[cost.what] = found.get(cost.what, 0.0) + cost.usd
    return found
