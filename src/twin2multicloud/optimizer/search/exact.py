"""The k cheapest placements, exactly.

Model. What is paid to provider p depends on the set S of slots p holds and on p's own options there. With W(p, S) the
least of it, the optimum is the minimum of Σ_p W(p, S_p) over all ways to share the slots out among providers: over
providers^slots sums ("vectors") of a table with providers · 2^slots entries.

Method. Every entry starts with a lower bound (`table`). The cheapest vector is taken; its entries that are not exact
yet are solved by branch and bound (`subset`), but only below what they may cost if the vector is to beat the
incumbents; afterwards an entry is exact, or its bound has risen to that limit. A vector of exact entries yields its
cheapest placements and is closed. The search ends when no open vector's bound is below the k-th incumbent.

Proof. A placement costs the sum of what its providers are paid: at least its vector's sum of W, hence at least any sum
of lower bounds of W. When the search ends, a placement that is not returned belongs to a closed vector, whose k
cheapest placements below the limit were all offered, or to an open one, whose bound shows that it is not cheaper than
the k-th incumbent. Each step closes a vector or settles an entry below a limit higher than before; an entry is settled
again only for another vector, so the search ends.

Pins. Searches under further masks of one mask share what holds for all of them. Any placement that a mask allows bounds
its optimum from above, wherever it was found: the placements of earlier searches are incumbents, and so is the cheapest
of them with one slot changed. What is known of W(p, S) under the common mask bounds it from below under every further
one, and is exact where that leaves p all its options for S.

Ties. Costs that differ by less than 1e-10 (relative) count as equal; of equal placements the first found is kept.
Nothing is random: the same calls on the same problem give the same answers. Placements returned are in ascending order
of cost, then of option numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.instance import Instance
from twin2multicloud.optimizer.search.known import Known, neighbours, within
from twin2multicloud.optimizer.search.problem import Problem
from twin2multicloud.optimizer.search.structure import Structure
from twin2multicloud.optimizer.search.subset import EQUAL, Best, search
from twin2multicloud.optimizer.search.table import TableIndex


@dataclass(frozen=True)
class Stats:
    """What a search did."""

    vectors: int  # provider vectors expanded
    subproblems: int  # (provider, slot set) subproblems solved
    rows: int  # placements of subproblems priced


@dataclass(frozen=True)
class Solution:
    """The cheapest placements found, ascending."""

    choices: IntArray  # (k', slots) option numbers
    usd: FloatArray  # (k',) USD per month, as `Problem.evaluate` gives
    lower_bound: float  # no placement costs less, USD per month; +inf when there is none
    proven: bool
    stats: Stats


@dataclass(frozen=True)
class Entry:
    """What is known of W(p, S): the k cheapest choices, or all that cost less than `complete`."""

    usd: FloatArray  # ascending
    choices: IntArray  # (≤ k, |S|) option numbers
    complete: float


class Search:
    """The search for all problems that share one structure: index arrays, edges' ends, transit prices and tariffs."""

    def __init__(self, structure: Problem) -> None:
        """Prepare what depends on the structure only; raises ValueError where the search does not apply."""
        self.structure = Structure(structure)
        self.index = TableIndex(self.structure)
        self._last: Cases | None = None

    def bind(self, problem: Problem | None = None) -> Cases:
        """The search on one problem of the structure; asked again for the same object, the same search."""
        problem = self.structure.problem if problem is None else problem
        if self._last is None or self._last.instance.problem is not problem:
            self._last = Cases(Instance(self.index, problem))
        return self._last

    def solve(
        self,
        problem: Problem | None = None,
        *,
        allowed: BoolArray | None = None,
        max_providers: int | None = None,
        k: int = 1,
    ) -> Solution:
        """See `solve`; `problem` is the structure's own when not given."""
        return self.bind(problem).solve(allowed=allowed, max_providers=max_providers, k=k)

    def pinned(
        self,
        groups: Sequence[BoolArray],
        problem: Problem | None = None,
        *,
        allowed: BoolArray | None = None,
        max_providers: int | None = None,
    ) -> list[Solution]:
        """See `pinned_costs`."""
        return self.bind(problem).pinned(groups, allowed=allowed, max_providers=max_providers)


class Cases:
    """One problem under any masks; what one search learns, later ones use."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.entries: dict[tuple[int, int, bytes, int], Entry] = {}
        self.known = Known(instance.problem)
        self.bounds: dict[bytes, FloatArray] = {}  # (P, sets) under a mask: the table's, raised by what runs learned

    def solve(self, *, allowed: BoolArray | None = None, max_providers: int | None = None, k: int = 1) -> Solution:
        """The k cheapest placements."""
        if k < 1:
            raise ValueError("k is at least 1")
        mask = self._mask(allowed)
        (first,) = self._solutions([_Run(self, mask, mask, max_providers, 1, self._bound(mask))])
        if k == 1 or not first.usd.size:
            return first
        # The optimum's neighbours bound the k-th cost from above.
        problem = self.instance.problem
        near = neighbours(problem, first.choices[0], mask)
        near = near[within(problem, near, max_providers)]
        usd = np.sort(problem.evaluate(np.concatenate([first.choices, near])))
        below = float(usd[k - 1]) * (1 + 1e-9) + 1e-9 if usd.size >= k else math.inf
        return self._solutions([_Run(self, mask, mask, max_providers, k, self._bound(mask), below)])[0]

    def pinned(
        self,
        groups: Sequence[BoolArray],
        *,
        allowed: BoolArray | None = None,
        max_providers: int | None = None,
    ) -> list[Solution]:
        """The optimum under each group's further mask."""
        mask = self._mask(allowed)
        masks = [mask & group for group in groups]
        if not masks:
            return []
        # The cheapest placement known with one slot changed is often the best for a pin, and bounds it in any case.
        best, _ = self.known.cheapest(mask, None)
        if best.size:
            near = neighbours(self.instance.problem, best[0], mask)
            self.known.add(near, self.instance.problem.evaluate(near))
        starts = self._starts(mask, masks)
        return self._solutions(
            [_Run(self, further, mask, max_providers, 1, start) for further, start in zip(masks, starts, strict=True)]
        )

    def learned(self, allowed: BoolArray | None = None) -> FloatArray:
        """Lower bounds (P, sets) of what each provider is paid for each set of slots, as searches have raised them."""
        return self._bound(self._mask(allowed)).copy()

    def _solutions(self, runs: Sequence[_Run]) -> list[Solution]:
        """Finish the runs, and price what they found by the reference evaluation, all at once."""
        for run in runs:
            run.finish()
            if run.k == 1:
                self.known.add(run.choices, run.usd)
        priced = self.instance.problem.evaluate(np.concatenate([run.choices for run in runs]))
        out, first = [], 0
        for run in runs:
            usd = priced[first : first + run.usd.size]
            first += run.usd.size
            order = np.lexsort((*run.choices.T[::-1], usd))
            lower = float(usd.min()) * (1.0 - EQUAL) if usd.size else math.inf
            stats = Stats(run.vectors, run.subproblems, run.rows)
            out.append(Solution(run.choices[order], usd[order], lower, True, stats))
        return out

    def _bound(self, mask: BoolArray) -> FloatArray:
        """The bounds known under a mask, at least the table's."""
        key = mask.tobytes()
        if key not in self.bounds:
            self.bounds[key] = self.instance.table(mask).bound.copy()
        return self.bounds[key]

    def _starts(self, mask: BoolArray, masks: Sequence[BoolArray]) -> list[FloatArray]:
        """Bounds under masks that allow no more options than `mask`."""
        starts = [self._alone(mask, further) for further in masks]
        tabled = [further for further, start in zip(masks, starts, strict=True) if start is None]
        if tabled:
            found = iter(np.maximum(self._bound(mask), self.instance.table(mask).restricted(tabled)))
            return [next(found) if start is None else start for start in starts]
        return [start for start in starts if start is not None]

    def _alone(self, mask: BoolArray, further: BoolArray) -> FloatArray | None:
        """Bounds for a single provider of several: its one entry has to be solved anyway, so the table would not help.

        None where the table does.
        """
        problem, s = self.instance.problem, self.instance.structure
        held = np.bincount(problem.provider[further], minlength=s.providers).nonzero()[0]
        if held.size != 1 or np.bincount(problem.provider[mask]).nonzero()[0].size == 1:
            return None
        bound = np.full((s.providers, 1 << s.slots), np.inf)
        if np.bincount(problem.slot[further], minlength=s.slots).all():
            bound[held[0], -1] = 0.0
        bound[:, 0] = 0.0
        return bound

    def _mask(self, allowed: BoolArray | None) -> BoolArray:
        finite = np.isfinite(self.instance.problem.fixed_usd)
        return finite if allowed is None else np.asarray(finite & allowed)


class _Run:
    """One search: the lazily refined table and the incumbents."""

    def __init__(
        self,
        cases: Cases,
        allowed: BoolArray,
        among: BoolArray,
        max_providers: int | None,
        k: int,
        bound: FloatArray,
        below: float = math.inf,
    ) -> None:
        """Start with some bounds (P, sets); only placements cheaper than `below` are of interest.

        Runs whose masks `allowed` lie within the same mask `among` share subproblems, and what they learn of entries
        of which they are left all options.
        """
        self.cases, self.instance, self.s = cases, cases.instance, cases.instance.structure
        self.allowed, self.among, self.k, self.below, self.bound = allowed, among, k, below, bound
        closed = np.flatnonzero(among & ~allowed)
        self.closed = [0] * self.s.providers  # bit sets of slots where a provider is left fewer options than `among`
        for p, slot in zip(self.s.problem.provider[closed].tolist(), self.s.problem.slot[closed].tolist(), strict=True):
            self.closed[p] |= 1 << slot
        self.open = np.ones(self.s.vector_providers.size, dtype=bool)
        if max_providers is not None:
            self.open &= self.s.vector_providers <= max_providers
        self.max_providers = max_providers
        self.choices = np.empty((0, self.s.slots), dtype=np.int64)
        self.usd = np.empty(0)
        self.vectors = self.subproblems = self.rows = 0

    @property
    def top(self) -> float:
        """What a placement must undercut to be of interest."""
        return float(self.usd[self.k - 1]) if self.usd.size >= self.k else self.below

    @property
    def cut(self) -> float:
        """Bounds at or above this cannot."""
        return self.top * (1.0 - EQUAL)

    def finish(self) -> None:
        """Run to the end."""
        if self.k == 1:
            self.choices, self.usd = self.cases.known.cheapest(self.allowed, self.max_providers)
        shared = self.cases.bounds.get(self.among.tobytes())
        self.bound = self.bound.copy() if shared is None else np.maximum(self.bound, shared)
        # Bounds only rise and the cut only falls: a vector that is out stays out.
        live, sets = np.arange(self.open.size), self.s.vector_sets
        while True:
            sums = self.bound[0].take(sets[0])
            for p in range(1, self.s.providers):
                sums += self.bound[p].take(sets[p])
            inside = np.flatnonzero((sums < self.cut) & self.open.take(live))
            if not inside.size:
                return
            live, sets = live.take(inside), sets.take(inside, axis=1)
            self._expand(int(live[sums.take(inside).argmin()]))

    def _expand(self, vector: int) -> None:
        """Settle the vector's entries one by one; close it when all are."""
        held = [(p, int(self.s.vector_sets[p, vector])) for p in self.s.each if self.s.vector_sets[p, vector]]
        # Large sets first: their bounds are the least sharp.
        held.sort(key=lambda entry: -entry[1].bit_count())
        self.vectors += 1
        entries = []
        for at in held:
            others = sum(float(self.bound[other]) for other in held if other != at)
            if not self.bound[at] + others < self.cut:
                return
            entry = self._settle(*at, self.top - others)
            entries.append((at[1], entry))
            least = float(entry.usd[0]) if entry.usd.size else entry.complete
            self._raise(at, least)
        self.open[vector] = False
        self._combine(entries)

    def _raise(self, at: tuple[int, int], least: float) -> None:
        """An entry has proved to cost at least so much."""
        self.bound[at] = max(float(self.bound[at]), least)
        shared = self.cases.bounds.get(self.among.tobytes())
        if shared is not None and not self.closed[at[0]] & at[1]:
            shared[at] = max(float(shared[at]), least)

    def _settle(self, p: int, subset: int, limit: float) -> Entry:
        """W(p, S) with its runners-up, complete below `limit`."""
        key = (*self.instance.key(p, subset, self.allowed), self.k)
        entry = self.cases.entries.get(key)
        if entry is not None and entry.complete >= limit:
            return entry
        slack = EQUAL * self.top if math.isfinite(self.top) else 0.0
        best = Best(self.k, subset.bit_count(), limit, slack)
        search(*self.instance.subproblem(p, subset, self.among, self.allowed), best)
        self.subproblems += 1
        self.rows += best.priced
        complete = math.inf if best.usd.size >= self.k else limit
        if not best.usd.size:
            complete = max(complete, best.floor)
        entry = Entry(best.usd, best.choices, complete)
        self.cases.entries[key] = entry
        return entry

    def _combine(self, entries: list[tuple[int, Entry]]) -> None:
        """Offer the cheapest combinations of the entries' lists."""
        usd = np.zeros(1)
        choices = np.zeros((1, self.s.slots), dtype=np.int64)
        for subset, entry in entries:
            slots = [slot for slot in range(self.s.slots) if subset >> slot & 1]
            count, size = usd.size, entry.usd.size
            usd = (usd[:, None] + entry.usd).ravel()
            choices = np.repeat(choices, size, axis=0)
            choices[:, slots] = np.tile(entry.choices, (count, 1))
            first = np.argsort(usd, kind="stable")[: self.k]
            usd, choices = usd[first], choices[first]
        good = usd < self.cut
        usd, choices = np.concatenate([self.usd, usd[good]]), np.concatenate([self.choices, choices[good]])
        first = np.argsort(usd, kind="stable")[: self.k]
        self.usd, self.choices = usd[first], choices[first]


def solve(
    problem: Problem, *, allowed: BoolArray | None = None, max_providers: int | None = None, k: int = 1
) -> Solution:
    """The k cheapest distinct placements of `problem`, ascending, with proof.

    `allowed` (O,) masks options; `max_providers` limits the providers in use. Fewer than k rows when fewer placements
    can be priced (at a finite cost), none when there is none. Raises ValueError for k < 1 and for problems the method
    does not fit: a pool, a lane or a location shared by providers, or too many providers and slots.
    """
    return Search(problem).solve(allowed=allowed, max_providers=max_providers, k=k)


def pinned_costs(
    problem: Problem,
    groups: Sequence[BoolArray],
    *,
    allowed: BoolArray | None = None,
    max_providers: int | None = None,
) -> list[Solution]:
    """The optimum under each further mask of `groups` (a pinned option, a single provider), in order."""
    return Search(problem).pinned(groups, allowed=allowed, max_providers=max_providers)
