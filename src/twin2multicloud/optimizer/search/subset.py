"""The exact subproblem: the cheapest ways for one provider to hold exactly one set of slots.

Few combinations are priced outright. Of many, bounds aimed at good choices price every option's *excess*: how much
dearer the bound gets if the slot takes it. Options whose excess passes what is still of interest are dropped, which
sharpens the bounds, until few are left or little changes. The rest is enumerated level by level on arrays: a partial
choice is bounded by the relaxation's value, the excess so far, and what its pools cost beyond the relaxation for
every total still within reach.

Searches for some of the options only (a slot pinned) share what was prepared for all of them, and the first bounds.
What bounds every choice bounds those, too, and it rises by the least excess of what is left for a slot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Protocol

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.context import Context, Options
from twin2multicloud.optimizer.search.relax import Bound, Relaxation

EQUAL = 1e-10
"""Relative difference below which two costs count as equal: far above rounding errors, far below a cent."""
AIMS = 4
"""How many bounds are tried before options are dropped or the enumeration starts."""
DIRECT = 256
"""So many combinations are priced outright."""
FRONTIER = 8192
"""Partial choices expanded at once; more wait their turn, cheapest bound first."""


class Best:
    """The k cheapest distinct choices seen so far, as option numbers."""

    def __init__(self, k: int, slots: int, limit: float = math.inf, slack: float = 0.0) -> None:
        """Only costs below `limit` are of interest; costs closer than `slack` (or `EQUAL`) count as equal."""
        self.k, self.limit, self.slack = k, limit, slack
        self.usd: FloatArray = np.empty(0)
        self.choices: IntArray = np.empty((0, slots), dtype=np.int64)
        self.floor = -math.inf  # no choice at all costs less
        self.priced = 0

    @property
    def cut(self) -> float:
        """Choices bounded by this or more cannot contribute."""
        worst = float(self.usd[self.k - 1]) if self.usd.size >= self.k else math.inf
        return min(worst * (1.0 - EQUAL), self.limit) - self.slack

    def add(self, choices: IntArray, usd: FloatArray) -> None:
        """Offer priced choices (K, m), distinct among themselves."""
        self.priced += usd.size
        good = usd < self.cut
        if not good.any():
            return
        choices, usd = choices[good], usd[good]
        if usd.size > 4 * self.k:
            # k of these may be known already, so the 2·k cheapest are enough.
            first = np.sort(np.argpartition(usd, 2 * self.k)[: 2 * self.k])
            choices, usd = choices[first], usd[first]
        if self.usd.size:
            new = ~(choices[:, None, :] == self.choices[None]).all(axis=2).any(axis=1)
            choices, usd = np.concatenate([self.choices, choices[new]]), np.concatenate([self.usd, usd[new]])
        order = np.argsort(usd, kind="stable")[: self.k]
        self.choices, self.usd = choices[order], usd[order]


class Found(Protocol):
    """What a search fills: `Best` with the cheapest choices, or whatever else is wanted of those below `cut`."""

    floor: float
    priced: int

    @property
    def cut(self) -> float:
        """Choices bounded by this or more are not wanted."""
        ...

    def add(self, choices: IntArray, usd: FloatArray) -> None:
        """Offer priced choices (K, m), distinct among themselves."""
        ...


class Gathered:
    """All choices below a limit of `usd` + `factor` · weight of which no other is as good in both respects.

    The search's cost is that sum; `weight` says what choices (K, m) weigh, and the rest of it is what they cost.
    """

    def __init__(self, slots: int, limit: float, factor: float, weight: Callable[[IntArray], FloatArray]) -> None:
        self._limit, self._factor, self._weigh = limit, factor, weight
        self.usd: FloatArray = np.empty(0)
        self.weight: FloatArray = np.empty(0)
        self.choices: IntArray = np.empty((0, slots), dtype=np.int64)
        self.floor = -math.inf
        self.priced = 0

    @property
    def cut(self) -> float:
        """The limit: what is found does not lower it."""
        return self._limit

    @property
    def least(self) -> float:
        """The least sum that was found."""
        return float((self.usd + self._factor * self.weight).min(initial=math.inf))

    def add(self, choices: IntArray, usd: FloatArray) -> None:
        """As `Found.add`."""
        self.priced += usd.size
        good = usd < self._limit
        if not good.any():
            return
        choices, usd = choices[good], usd[good]
        weight = self._weigh(choices)
        usd, weight = np.concatenate([self.usd, usd - self._factor * weight]), np.concatenate([self.weight, weight])
        kept = undominated(usd, weight)
        self.choices = np.concatenate([self.choices, choices])[kept]
        self.usd, self.weight = usd[kept], weight[kept]


def undominated(usd: FloatArray, weight: FloatArray, same: float = 0.0) -> IntArray:
    """The numbers of the points that no other is as good as in both respects, cheapest first; of equal ones (up to a
    relative difference `same`) the first."""
    kept: list[int] = []
    for at in np.lexsort((weight, usd)).tolist():
        while kept and usd[kept[-1]] >= usd[at] * (1 - same) and weight[at] < weight[kept[-1]] * (1 - same):
            kept.pop()
        if not kept or weight[at] < weight[kept[-1]] * (1 - same):
            kept.append(at)
    return np.array(kept, dtype=np.int64)


class Subproblem:
    """Options with what searches among them, or among some of them, have in common."""

    def __init__(self, options: Options) -> None:
        self.context = Context(options)
        self._bounds: list[Bound] = []

    @cached_property
    def relaxation(self) -> Relaxation:
        """The bounds of the context."""
        return Relaxation(self.context)

    def bounds(self) -> Iterator[Bound]:
        """Bounds, the first aimed nowhere, each other at the choice of the one before, until one is aimed at itself."""
        choice: IntArray | None = None
        for number in range(AIMS if self.context.pools else 1):
            if number == len(self._bounds):
                self._bounds.append(self.relaxation.aim(choice))
            found = self._bounds[number]
            yield found
            if choice is not None and (choice == found.choice).all():
                return
            choice = found.choice


def search(subproblem: Subproblem, among: BoolArray | None, best: Found) -> None:
    """Fill `best` with the k cheapest choices below its limit, of the options `among` (n,) if given."""
    whole = True
    while True:
        context = subproblem.context
        given = np.ones(context.size, dtype=bool) if among is None else among
        keep = given.copy()
        sizes = np.add.reduceat(keep, context.offset).tolist()
        seen: set[tuple[int, ...]] = set()
        if math.prod(sizes) <= DIRECT:
            _enumerate(context, best, keep, sizes, seen)
            return
        bound: Bound | None = None
        for found in subproblem.bounds():
            if bound is None or found.value > bound.value:
                bound = found
            value = found.value if among is None else found.within(given, context.offset)
            if whole:
                best.floor = max(best.floor, value)
            if not value < best.cut:
                return
            keep &= found.value + found.excess < best.cut
            sizes = np.add.reduceat(keep, context.offset).tolist()
            if among is None and math.prod(sizes) > DIRECT:
                _descend(context, found, best, seen)
                keep &= found.value + found.excess < best.cut
                sizes = np.add.reduceat(keep, context.offset).tolist()
            if math.prod(sizes) <= DIRECT:
                _enumerate(context, best, keep, sizes, seen)
                return
        assert bound is not None
        if among is None and sum(sizes) > 0.8 * context.size:
            _branch(context, subproblem.relaxation, bound, best)
            return
        whole &= bool((keep == given).all())
        subproblem, among = Subproblem(context.options.restrict(keep)), None


def _descend(context: Context, bound: Bound, best: Found, seen: set[tuple[int, ...]]) -> None:
    """Price the bound's choice and all that differ in one slot, move to the cheapest, until none is cheaper."""
    choice = bound.choice
    best.add(context.origin[choice[None]], context.price(choice[None]))
    while bound.value < best.cut and (key := tuple(choice.tolist())) not in seen:
        seen.add(key)
        usd = context.price_near(choice)
        moved = np.flatnonzero((usd < best.cut) & (np.arange(context.size) != choice[context.slot]))
        best.priced += usd.size
        if not moved.size:
            break
        near = np.repeat(choice[None], moved.size, axis=0)
        near[np.arange(moved.size), context.slot[moved]] = moved
        best.add(context.origin[near], usd[moved])
        choice = near[int(usd[moved].argmin())]


def _enumerate(
    context: Context, best: Found, keep: BoolArray, sizes: Sequence[int], seen: set[tuple[int, ...]]
) -> None:
    """Price every combination of the options kept, `sizes` per position; those in `seen` are known."""
    count = math.prod(sizes)
    kept = np.flatnonzero(keep)
    if not count or (count == 1 and tuple(kept.tolist()) in seen):
        return
    index = kept.take(_combinations(tuple(sizes)))
    best.add(context.origin[index], context.price(index))


@lru_cache(maxsize=256)
def _combinations(sizes: tuple[int, ...]) -> IntArray:
    """All combinations (K, m) of one of each of m groups, whose members are numbered on from group to group."""
    first = np.cumsum(sizes) - sizes
    return np.asarray(np.stack(np.unravel_index(np.arange(math.prod(sizes)), sizes), axis=1) + first)


def _branch(context: Context, relaxation: Relaxation, bound: Bound, best: Found) -> None:
    """Expand partial choices slot by slot; a stack holds what did not fit on the frontier."""
    depth = len(context.spans)
    nothing = np.empty((1, 0), dtype=np.int64)
    stack = [(np.full(1, bound.value), nothing, np.zeros((1, context.columns)), np.zeros(1))]
    while stack:
        value, index, total, least = stack.pop()
        level = index.shape[1]
        child = value[:, None] + relaxation.step(bound, level, index)
        node, option = np.nonzero(child < best.cut)
        if not node.size:
            continue
        at = option + context.spans[level][0]
        value = child[node, option]
        index = np.concatenate([index[node], at[:, None]], axis=1)
        if level + 1 == depth:
            for first in range(0, at.size, FRONTIER):
                part = index[first : first + FRONTIER]
                best.add(context.origin[part], context.price(part))
            continue
        total = total[node] + context.added(index)
        least = least[node] + bound.least[at]
        sharp = value + relaxation.shortfall(bound, level + 1, total, least)
        order = np.flatnonzero(sharp < best.cut)
        order = order[np.argsort(sharp[order], kind="stable")]
        # Last in, first out: the cheapest part goes on top.
        for first in range((order.size - 1) // FRONTIER * FRONTIER, -1, -FRONTIER):
            part = order[first : first + FRONTIER]
            if part.size:
                stack.append((value[part], index[part], total[part], least[part]))
