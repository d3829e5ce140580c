"""All placements of which no other costs and weighs less: the whole frontier, not its convex hull alone.

Hull. For a factor λ the exact search finds the least of cost + λ · weight. Beginning with the cheapest and the lightest
placement, λ is the slope between two neighbours: either something lies below their line, a new neighbour of both, or
nothing does.

Between. Whatever else belongs to the frontier between two neighbours of the hull, a = (c₁, w₁) and b = (c₂, w₂), lies
in the triangle above their line and left below (c₂, w₁). With λ the line's slope, everything there has
cost + λ · weight < c₂ + λ · w₁, and a bound on that sum is what the search prunes by: of every way to share the slots
out among providers whose bounds allow it, each provider's choices below what is left for it are gathered, those that
no other of the same provider and slots is as good as in both respects are kept, and combined. As points are found the
triangle becomes a staircase of smaller ones, and the limit falls to the highest of their corners.

Proof. A placement's cost and weight are sums over providers. If it is on the frontier, no provider's part of it can be
replaced by one that is better in one respect and no worse in the other, so each part is among those kept, or equal to
one that is; and each part costs (with λ) at most the limit less the bounds of the others, so it is gathered.

Ties. Points that are within 1e-9 (relative) of one another in both respects count as one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.exact import Cases, Search
from twin2multicloud.optimizer.search.problem import Problem
from twin2multicloud.optimizer.search.subset import Gathered, search, undominated
from twin2multicloud.optimizer.search.weights import Weighed, Weights

SAME = 1e-9
"""Relative difference up to which two points are one."""
_STEPS = (1 / 16, 1 / 4, 1.0)
"""Parts of a triangle that are gathered one after the other: what the first finds makes the others smaller."""


@dataclass(frozen=True)
class Front:
    """A frontier, cheapest first: the cost rises and the weight falls from point to point."""

    choices: IntArray  # (n, slots)
    usd: FloatArray  # (n,) as `Problem.evaluate` gives
    weight: FloatArray  # (n,) as `Weights.of` gives
    hull: int  # points found on the convex hull
    rows: int  # choices of single providers that were priced between them


def frontier(
    problem: Problem, weights: Weights, *, allowed: BoolArray | None = None, max_providers: int | None = None
) -> Front:
    """The whole frontier of cost and weight; empty where nothing can be placed. Errors as `exact.solve`."""
    return _Run(problem, weights, allowed, max_providers).run()


class _Run:
    """One frontier on its way."""

    def __init__(
        self, problem: Problem, weights: Weights, allowed: BoolArray | None, max_providers: int | None
    ) -> None:
        weighed = np.isfinite(weights.own)
        self.problem, self.weights = problem, Weights(np.where(weighed, weights.own, 0.0), weights.ends)
        finite = np.isfinite(problem.fixed_usd) & weighed
        self.mask = finite if allowed is None else finite & allowed
        self.max_providers = max_providers
        self.weighed = Weighed(problem, self.weights)
        self.search = Search(self.weighed.priced(1.0))
        self.choices: IntArray = np.empty((0, problem.slots), dtype=np.int64)
        self.usd: FloatArray = np.empty(0)
        self.weight: FloatArray = np.empty(0)
        self.hull = self.rows = 0

    def run(self) -> Front:
        """The frontier."""
        cheapest = self._least(self.weighed.priced(0.0), self.search)
        if cheapest is not None:
            alone = self.weighed.weight_alone()
            lightest = self._least(alone, Search(alone))
            assert lightest is not None  # what can be placed can be weighed
            self.hull = 1
            self._between(cheapest, lightest)
        return Front(self.choices, self.usd, self.weight, self.hull, self.rows)

    def _least(self, problem: Problem, searching: Search) -> tuple[float, float] | None:
        """The point of the least placement of a problem, which is offered."""
        found = searching.solve(problem, allowed=self.mask, max_providers=self.max_providers)
        if not found.usd.size:
            return None
        (point,) = self._points(found.choices[:1])
        return point

    def _points(self, choices: IntArray) -> list[tuple[float, float]]:
        """Offer placements; their costs and weights."""
        usd, weight = self.problem.evaluate(choices), self.weights.of(self.problem, choices)
        all_usd, all_weight = np.concatenate([self.usd, usd]), np.concatenate([self.weight, weight])
        kept = undominated(all_usd, all_weight, SAME)
        self.choices = np.concatenate([self.choices, choices])[kept]
        self.usd, self.weight = all_usd[kept], all_weight[kept]
        return list(zip(usd.tolist(), weight.tolist(), strict=True))

    def _between(self, cheapest: tuple[float, float], lightest: tuple[float, float]) -> None:
        """Everything between two points: the hull by the slope of their line, and what lies above it."""
        waiting = [(cheapest, lightest)]
        while waiting:
            a, b = waiting.pop()
            if b[0] <= a[0] * (1 + SAME) or b[1] >= a[1] * (1 - SAME):
                continue  # one of the two is as good as the other in both respects
            factor = (b[0] - a[0]) / (a[1] - b[1])
            cases = self.search.bind(self.weighed.priced(factor))
            found = cases.solve(allowed=self.mask, max_providers=self.max_providers)
            line = a[0] + factor * a[1]
            if found.usd[0] < line * (1 - SAME):
                (between,) = self._points(found.choices[:1])
                if a[0] < between[0] and between[1] > b[1]:
                    self.hull += 1
                    waiting += [(a, between), (between, b)]
                else:  # as cheap as a and lighter, or as light as b and cheaper
                    waiting.append((between, b) if between[0] <= a[0] else (a, between))
                continue
            self._fill(cases, factor, a, b)

    def _fill(self, cases: Cases, factor: float, a: tuple[float, float], b: tuple[float, float]) -> None:
        """What lies above the line from a to b."""
        line = a[0] + factor * a[1]
        for step in _STEPS:
            top = self._corner(factor, a, b)
            if top <= line * (1 + SAME):
                return
            limit = line + step * (top - line)
            gathering = _Gathering(cases, self.weights, self.mask, self.max_providers, factor, limit)
            for choices in gathering.placements():
                self._points(choices)
            self.rows += gathering.rows
            if limit >= self._corner(factor, a, b):
                return

    def _corner(self, factor: float, a: tuple[float, float], b: tuple[float, float]) -> float:
        """The highest corner, cost + factor · weight, of the staircase of known points from a to b."""
        inside = (self.usd >= a[0] * (1 - SAME)) & (self.weight >= b[1] * (1 - SAME))
        usd, weight = self.usd[inside], self.weight[inside]
        return float((usd[1:] + factor * weight[:-1]).max(initial=-math.inf))


class _Gathering:
    """All placements below a limit of cost + factor · weight that may be on the frontier."""

    def __init__(
        self,
        cases: Cases,
        weights: Weights,
        mask: BoolArray,
        max_providers: int | None,
        factor: float,
        limit: float,
    ) -> None:
        self.instance, self.s = cases.instance, cases.instance.structure
        self.weights, self.mask, self.factor, self.limit = weights, mask, factor, limit
        self.bound = cases.learned(mask)
        self.open = np.ones(self.s.vector_providers.size, dtype=bool)
        if max_providers is not None:
            self.open &= self.s.vector_providers <= max_providers
        self.entries: dict[tuple[int, int], tuple[float, Gathered]] = {}
        self.rows = 0

    def placements(self) -> Iterator[IntArray]:
        """The placements, vector by vector of providers."""
        while True:
            sums = self.bound[0].take(self.s.vector_sets[0])
            for p in range(1, self.s.providers):
                sums += self.bound[p].take(self.s.vector_sets[p])
            inside = np.flatnonzero((sums < self.limit) & self.open)
            if not inside.size:
                return
            vector = int(inside[sums[inside].argmin()])
            self.open[vector] = False
            found = self._combined(vector)
            if found is not None:
                yield found

    def _combined(self, vector: int) -> IntArray | None:
        held = [(p, int(self.s.vector_sets[p, vector])) for p in self.s.each if self.s.vector_sets[p, vector]]
        held.sort(key=lambda entry: -entry[1].bit_count())
        parts = []
        for at in held:
            others = sum(float(self.bound[other]) for other in held if other != at)
            part = self._settle(*at, self.limit - others)
            if part is None:
                return None
            parts.append((at[1], part))
        usd, weight = np.zeros(1), np.zeros(1)
        choices = np.zeros((1, self.s.slots), dtype=np.int64)
        for subset, part in parts:
            slots = _slots(subset, self.s.slots)
            count, size = usd.size, part.usd.size
            usd, weight = (usd[:, None] + part.usd).ravel(), (weight[:, None] + part.weight).ravel()
            choices = np.repeat(choices, size, axis=0)
            choices[:, slots] = np.tile(part.choices, (count, 1))
            kept = undominated(usd, weight)
            usd, weight, choices = usd[kept], weight[kept], choices[kept]
        return choices

    def _settle(self, p: int, subset: int, limit: float) -> Gathered | None:
        """Provider p's choices for a set of slots below a limit; None if there are none."""
        known = self.entries.get((p, subset))
        if known is None or known[0] < limit:
            slots = _slots(subset, self.s.slots)
            gathered = Gathered(
                len(slots), limit, self.factor, lambda c: self.weights.within(self.instance.problem, slots, c)
            )
            search(*self.instance.subproblem(p, subset, self.mask, self.mask), gathered)
            self.rows += gathered.priced
            self.entries[p, subset] = known = (limit, gathered)
            least = gathered.least if gathered.usd.size else limit
            self.bound[p, subset] = max(float(self.bound[p, subset]), least)
        return known[1] if known[1].usd.size else None


def _slots(subset: int, slots: int) -> list[int]:
    return [slot for slot in range(slots) if subset >> slot & 1]
