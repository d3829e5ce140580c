"""What an uncertain workload costs: the optimum over samples of it, placements that are best somewhere, and drivers.

A placement is *priced* here if it is the optimum of some sample (the most frequent ones), the optimum of the typical
workload, the cheapest on a single cloud for that, or one that was given (the deployed one). What is said to be the
least of something is the least among those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from twin2multicloud.blueprint.volumes import FIELDS as COLUMNS
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.uncertain import Uncertain
from twin2multicloud.optimizer.bill.result import BillResult
from twin2multicloud.optimizer.pricing.tariffs import FloatArray, IntArray
from twin2multicloud.optimizer.sampling.draw import quantiles
from twin2multicloud.optimizer.sampling.figures import Distribution, Regret, Share, first_order, rank_correlation
from twin2multicloud.optimizer.sampling.optima import Optima, Sampler, table_of

MOST_PRICED: Final = 20
"""Of placements that are best somewhere, so many of the most frequent are priced over all samples."""

Price = Callable[[FloatArray, IntArray], FloatArray]
"""USD (n, W) of placements (n, slots) for every row of a table (W, fields)."""
TYPICAL: Final = "optimum of the typical workload"
DEPLOYED: Final = "deployed"


@dataclass(frozen=True)
class Candidate:
    """A placement priced over all samples."""

    placement: Placement
    roles: tuple[str, ...]  # why it is here besides being best somewhere
    best: Share  # how often it is the optimum
    fits: float  # share of the samples that it can run
    usd: Distribution | None  # over the samples that it can run; None where there is none
    regret: Regret | None


@dataclass(frozen=True)
class Swing:
    """One number from its low to its high end, the others as they typically are. Money in USD per month."""

    field: str
    low: float
    high: float
    quantiles: bool  # whether the ends are P5 and P95; otherwise the spread's own
    optimum: tuple[float | None, float | None]  # re-optimized at each end; None where nothing is possible
    fixed: tuple[float | None, float | None]  # of the typical workload's optimum; None where it cannot run
    placements: tuple[Placement | None, Placement | None]  # the optimum's at each end


@dataclass(frozen=True)
class Driver:
    """How much of the cost's variation goes with one number."""

    field: str
    rank_correlation: float
    first_order: float  # share of the variance that the number alone explains


@dataclass(frozen=True)
class Study:
    """Everything found about an uncertain workload."""

    given: Uncertain
    samples: int
    impossible: int  # samples that no placement can run
    alone: int  # samples whose search had to be made one by one
    typical: BillResult
    optimum: Distribution | None  # of the optimum's cost; None where no sample is possible
    distinct: int  # placements that are best somewhere
    candidates: tuple[Candidate, ...]  # most often best first
    least_mean: int | None  # the candidate of least expected cost, of those that can run every possible sample
    least_regret: int | None  # and of least maximal regret
    swings: tuple[Swing, ...]  # widest first
    drivers: tuple[Driver, ...]  # first order first


def merged(parts: Sequence[Optima]) -> Optima:
    """The optima of consecutive parts of a table as one."""
    rows = [np.vstack([part.choices, np.full((1, part.choices.shape[1]), -1)])[part.placement] for part in parts]
    choices, number = np.unique(np.concatenate(rows), axis=0, return_inverse=True)
    none = int(choices.size > 0 and choices[0, 0] < 0)
    return Optima(
        np.concatenate([part.usd for part in parts]),
        number.reshape(-1) - none,
        choices[none:],
        sum(part.alone for part in parts),
    )


def study(
    sampler: Sampler,
    given: Uncertain,
    table: FloatArray,
    optima: Optima,
    deployed: Placement | None = None,
    price: Price | None = None,
) -> Study:
    """The figures about samples (a table drawn from `given`, with its optima). `price` is `sampler.price`, or does the
    same elsewhere.

    Raises `NoPlacementError` where the typical workload has no placement, `PriceError` where the deployed one has an
    offer without a price.
    """
    typical = sampler.optimizer.optimize(given.base, alternatives=False)
    possible = np.flatnonzero(optima.placement >= 0)
    optimum = Distribution.of(optima.usd[possible]) if possible.size else None
    roles = _roles(sampler, typical, deployed)
    candidates = _candidates(sampler, table[possible], optima, possible, roles, price or sampler.price)
    whole = [number for number, each in enumerate(candidates) if each.fits == 1.0]
    y = optima.usd[possible]
    drivers = [
        Driver(name, rank_correlation(x, y), first_order(x, y))
        for name in given.spreads
        for x in [table[possible, COLUMNS.index(name)]]
    ]
    return Study(
        given=given,
        samples=table.shape[0],
        impossible=table.shape[0] - possible.size,
        alone=optima.alone,
        typical=typical,
        optimum=optimum,
        distinct=optima.choices.shape[0],
        candidates=tuple(candidates),
        least_mean=min(whole, key=lambda n: _mean(candidates[n]), default=None),
        least_regret=min(whole, key=lambda n: _most(candidates[n]), default=None),
        swings=tuple(swings(sampler, given, typical.placement)),
        drivers=tuple(sorted(drivers, key=lambda driver: -driver.first_order)),
    )


def _mean(candidate: Candidate) -> float:
    return candidate.usd.mean.value if candidate.usd is not None else np.inf


def _most(candidate: Candidate) -> float:
    return candidate.regret.most if candidate.regret is not None else np.inf


def _roles(sampler: Sampler, typical: BillResult, deployed: Placement | None) -> dict[tuple[int, ...], list[str]]:
    """Placements that are priced in any case, and why."""
    named: list[tuple[str, Placement]] = [(TYPICAL, typical.placement)]
    named += [(f"{p.label} alone", found.placement) for p, found in typical.baselines.items() if found is not None]
    if deployed is not None:
        named.append((DEPLOYED, deployed))
    roles: dict[tuple[int, ...], list[str]] = {}
    for role, placement in named:
        roles.setdefault(tuple(sampler.choice(placement).tolist()), []).append(role)
    return roles


def _candidates(
    sampler: Sampler,
    table: FloatArray,
    optima: Optima,
    possible: IntArray,
    roles: Mapping[tuple[int, ...], list[str]],
    price: Price,
) -> list[Candidate]:
    """All that are priced, most often best first."""
    if not possible.size:
        return []
    hits = np.bincount(optima.placement[possible], minlength=optima.choices.shape[0])
    often = np.argsort(-hits, kind="stable")[:MOST_PRICED]
    counts = {tuple(row): int(count) for row, count in zip(optima.choices.tolist(), hits, strict=True)}
    choices = list(dict.fromkeys([*map(tuple, optima.choices[often].tolist()), *roles]))
    choices.sort(key=lambda choice: -counts.get(choice, 0))
    usd = price(table, np.array(choices, dtype=np.int64))
    out = []
    for choice, row in zip(choices, usd, strict=True):
        fits = np.isfinite(row)
        out.append(
            Candidate(
                placement=sampler.placement(np.array(choice, dtype=np.int64)),
                roles=tuple(roles.get(choice, ())),
                best=Share.of(counts.get(choice, 0), possible.size),
                fits=float(fits.mean()),
                usd=Distribution.of(row[fits]) if fits.any() else None,
                regret=Regret.of(row[fits], optima.usd[possible][fits]) if fits.any() else None,
            )
        )
    return out


def swings(sampler: Sampler, given: Uncertain, fixed: Placement) -> list[Swing]:
    """What each number does to the cost by itself, widest first; all ends are optimized at once."""
    base = table_of([given.base])
    names = list(given.spreads)
    ends = []
    for name in names:
        spread = given.spreads[name]
        bell = spread.mean is not None
        if bell:
            low, high = quantiles(name, spread, np.array([0.05, 0.95])).tolist()
        else:
            low, high = quantiles(name, spread, np.array([0.0, 1.0])).tolist()
        ends.append((low, high, bell))
    table = np.repeat(base, 2 * len(names), axis=0)
    for number, (name, (low, high, _)) in enumerate(zip(names, ends, strict=True)):
        table[2 * number : 2 * number + 2, COLUMNS.index(name)] = low, high
    optima = sampler.optimize(table)
    (at_fixed,) = sampler.price(table, sampler.choice(fixed)[None])
    out = []
    for number, (name, (low, high, bell)) in enumerate(zip(names, ends, strict=True)):
        a, b = 2 * number, 2 * number + 1
        out.append(
            Swing(
                name,
                low,
                high,
                bell,
                (_finite(optima.usd[a]), _finite(optima.usd[b])),
                (_finite(at_fixed[a]), _finite(at_fixed[b])),
                (_placement(sampler, optima, a), _placement(sampler, optima, b)),
            )
        )
    return sorted(out, key=lambda swing: -_width(swing))


def _width(swing: Swing) -> float:
    low, high = swing.optimum
    return np.inf if low is None or high is None else abs(high - low)


def _finite(usd: float) -> float | None:
    return float(usd) if np.isfinite(usd) else None


def _placement(sampler: Sampler, optima: Optima, row: int) -> Placement | None:
    number = int(optima.placement[row])
    return sampler.placement(optima.choices[number]) if number >= 0 else None
