"""The optimum of many problems of one structure, each proven.

Method. As in `exact`, the optimum is the least sum of W(p, S_p) over the ways to share the slots out ("vectors").
1. Placements known to be good, `pool`, are priced for all problems: the cheapest is each one's incumbent.
2. Coarse bounds below every W(p, S) of every problem (`Rows.bounds`). A vector whose sum reaches the incumbent is
   closed; few problems keep more than twenty of 3^7.
3. Entry by entry (p, S), for all problems at once that have an open vector with it: bounds on lines (`held`), and the
   exact price of every choice that may cost less than the *limit*, the incumbent less the least that the rest of an
   open vector costs. The entry is then exact, or its bound is the limit.
4. Vectors still below the incumbent consist of exact entries: the cheapest is the optimum.
A problem whose bounds leave too many choices, or that no pool placement fits, is solved by `exact` by itself.

Proof. A placement that costs less than the incumbent belongs to a vector that is open after step 2. Each entry W of it
is at most the incumbent less the other entries' bounds, hence below the entry's limit, so step 3 finds it exactly. So
the vector's sum is that of its exact entries, and step 4 compares it. Bounds only rise, by what was proved, so limits
taken later are as good. Ties within 1e-10 (relative) count as equal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.exact import Search
from twin2multicloud.optimizer.search.many.batch import Batch
from twin2multicloud.optimizer.search.many.held import Held, gather
from twin2multicloud.optimizer.search.many.rows import RowIndex, Rows
from twin2multicloud.optimizer.search.selection import Selection, Selections
from twin2multicloud.optimizer.search.subset import EQUAL

MOST_CHOICES = 2_000
"""A problem that keeps more choices of an entry is solved by itself."""
AIMS = 2
"""Bounds tried before choices are priced: the first aimed nowhere, then each at the choice of the one before."""
AT_ONCE = 20_000
"""So many choices are priced at once; bounds memory, not results."""


@dataclass(frozen=True)
class Optima:
    """The optimum of each of W problems."""

    choices: IntArray  # (W, slots) option numbers; -1 where nothing is possible
    usd: FloatArray  # (W,) USD per month; +inf where nothing is possible
    alone: int  # problems that were solved by themselves


class Many:
    """The search for the optima of batches of one structure."""

    def __init__(self, search: Search) -> None:
        """Lay out index arrays; `search` solves what is left over."""
        self.search, self.s = search, search.structure
        self.index = RowIndex(self.s)
        self.selections = Selections(self.s)
        self.everything = np.ones(self.s.options, dtype=bool)

    def solve(self, batch: Batch, pool: IntArray, known: IntArray | None = None) -> Optima:
        """The optima of a batch, given placements (n, slots) that may be good, and one for each (W, slots)."""
        usd = np.full(batch.size, np.inf)
        choices = np.full((batch.size, self.s.slots), -1, dtype=np.int64)
        if known is not None:
            for placement in np.unique(known, axis=0):
                mine = (known == placement).all(axis=1)
                usd[mine], choices[mine] = batch.part(mine).price(placement), placement
        for placement in pool:
            price = batch.price(placement)
            better = price < usd
            usd[better], choices[better] = price[better], placement
        hard = ~np.isfinite(usd)
        _Round(self, batch, usd, choices, hard).finish()
        for w in np.flatnonzero(hard).tolist():
            usd[w], choices[w] = self.alone(batch, w, choices[w])
        return Optima(choices, usd, int(hard.sum()))

    def alone(self, batch: Batch, w: int, known: IntArray | None = None) -> tuple[float, IntArray]:
        """Problem w by the search for one problem, with a placement that is known to be good."""
        problem = batch.problem(w)
        cases = self.search.bind(problem)
        if known is not None and known[0] >= 0:
            cases.known.add(known[None], problem.evaluate(known[None]))
        found = cases.solve(allowed=np.ascontiguousarray(batch.allowed[:, w]), max_providers=batch.max_providers)
        if not found.usd.size:
            return np.inf, np.full(self.s.slots, -1, dtype=np.int64)
        return float(found.usd[0]), found.choices[0]


class _Round:
    """One batch under way; incumbents `usd`, `choices` and what is `hard` are updated in place."""

    def __init__(self, many: Many, batch: Batch, usd: FloatArray, choices: IntArray, hard: BoolArray) -> None:
        self.many, self.s, self.batch = many, many.s, batch
        self.usd, self.choices, self.hard = usd, choices, hard
        self.cut = np.where(hard, -np.inf, usd * (1.0 - EQUAL))
        self.rows = Rows(many.index, batch)
        self.price = self.rows.price()
        self.bound = self.rows.bounds(self.price)
        self.exact = np.zeros(self.bound.shape, dtype=bool)
        self.exact[:, 0] = True
        self.found: dict[tuple[int, int], tuple[IntArray, IntArray]] = {}  # by entry: problems and their choices
        self._open_vectors()

    def _open_vectors(self) -> None:
        """The open pairs of problem and vector."""
        sets = self.s.vector_sets
        sums = self.bound[0].take(sets[0], axis=0)
        for p in range(1, self.s.providers):
            sums += self.bound[p].take(sets[p], axis=0)
        below = sums < self.cut
        if self.batch.max_providers is not None:
            below &= (self.s.vector_providers <= self.batch.max_providers)[:, None]
        self.vector, self.w = np.nonzero(below)

    def finish(self) -> None:
        """Settle every entry of open vectors, and take the cheapest."""
        entries = {
            (p, int(subset)) for p in self.s.each for subset in np.unique(self.s.vector_sets[p, self.vector]) if subset
        }
        # Small sets first: they are quickly settled, which closes vectors and lowers the limits of large ones.
        for p, subset in sorted(entries, key=lambda entry: (entry[1].bit_count(), entry)):
            self._settle(p, subset)
        self._take()

    def _sums(self, at: IntArray, without: int = -1) -> FloatArray:
        """The bounds' sums of open pairs, without a provider's."""
        w, vector = self.w[at], self.vector[at]
        total = np.zeros(at.size)
        for p in self.s.each:
            if p != without:
                total += self.bound[p, self.s.vector_sets[p, vector], w]
        return total

    def _settle(self, p: int, subset: int) -> None:
        at = np.flatnonzero(self.s.vector_sets[p, self.vector] == subset)
        limit = np.full(self.batch.size, -np.inf)
        np.maximum.at(limit, self.w[at], self.cut[self.w[at]] - self._sums(at, p))
        members = np.flatnonzero((self.bound[p, subset] < limit) & ~self.hard)
        if not members.size:
            return
        limit = limit[members]
        held = Held(self.rows, *self._kept(p, subset, members, limit))
        usd, choice, hard = settle(held, limit)
        self.hard[members[hard]] = True
        self.bound[p, subset, members] = np.minimum(usd, limit)
        self.exact[p, subset, members] = np.isfinite(usd)
        self.found[p, subset] = members, held.selection.option[choice]

    def _kept(self, p: int, subset: int, members: IntArray, limit: FloatArray) -> tuple[Selection, IntArray, BoolArray]:
        """The options that any of the members may take within its limit, and (A, n) which of them each may.

        By coarse prices: a choice with another option costs its slot's difference more than the coarse bound.
        """
        selections = self.many.selections
        every = selections.of(p, subset, self.many.everything)
        price = gather(self.price, members, every.row)
        offset: IntArray = np.cumsum(every.sizes) - np.asarray(every.sizes)
        least = np.minimum.reduceat(price, offset, axis=1)
        # Where a slot has no option at all, nothing is kept.
        room = limit - least.sum(axis=1)
        keep = price < (least + room[:, None]).repeat(every.sizes, axis=1)
        used = keep.any(axis=0)
        mask = np.zeros(self.s.options, dtype=bool)
        mask[every.option[used]] = True
        return selections.of(p, subset, mask), members, keep[:, used]

    def _take(self) -> None:
        """The cheapest vector of each problem that is still open; one with an entry that is not exact is closed."""
        exact = ~self.hard[self.w]
        for p in self.s.each:
            exact &= self.exact[p, self.s.vector_sets[p, self.vector], self.w]
        total = self._sums(np.arange(self.w.size))
        live = np.flatnonzero(exact & (total < self.cut[self.w]))
        live = live[np.lexsort((total[live], self.w[live]))]
        _, first = np.unique(self.w[live], return_index=True)
        winners = live[first]
        for p in self.s.each:
            held = self.s.vector_sets[p, self.vector[winners]]
            for subset in np.unique(held[held > 0]).tolist():
                mine = self.w[winners[held == subset]]
                members, choice = self.found[p, subset]
                slots = [slot for slot in range(self.s.slots) if subset >> slot & 1]
                self.choices[np.ix_(mine, slots)] = choice[np.searchsorted(members, mine)]
        self.usd[self.w[winners]] = total[winners]


def settle(held: Held, limit: FloatArray) -> tuple[FloatArray, IntArray, BoolArray]:
    """Of each problem the cheapest choice below its limit (A,): USD (+inf: none), options, and which are too hard."""
    size = held.members.size
    usd, best = np.full(size, np.inf), np.zeros((size, len(held.spans)), dtype=np.int64)
    hard = np.zeros(size, dtype=bool)
    keep = held.open.copy()
    among = np.flatnonzero(held.possible)
    choice: IntArray | None = None
    relaxed = None
    for number in range(AIMS):
        if not among.size:
            return usd, best, hard
        relaxed = held.aim(choice, among)
        keep[among] &= relaxed.value[:, None] + relaxed.excess < limit[among][:, None]
        if not held.layout.columns:
            break
        stay = relaxed.value < limit[among]
        if number < AIMS - 1:
            among, choice = among[stay], relaxed.choice[stay]
    assert relaxed is not None
    counts = np.add.reduceat(keep[among], held.offset, axis=1).astype(np.float64).prod(axis=1)
    hard[among[counts > MOST_CHOICES]] = True
    counts[counts > MOST_CHOICES] = 0.0
    below = np.where(counts > 0, limit[among], -np.inf)
    part = np.cumsum(counts) // AT_ONCE
    for number in np.unique(part).tolist():
        node, index = relaxed.choices(keep[among], np.where(part == number, below, -np.inf))
        if not node.size:
            continue
        problem = among[node]
        price = held.price(problem, index)
        order = np.lexsort((price, problem))
        names, first = np.unique(problem[order], return_index=True)
        cheapest = order[first]
        good = price[cheapest] < limit[names]
        usd[names[good]], best[names[good]] = price[cheapest[good]], index[cheapest[good]]
    return usd, best, hard
