"""The k cheapest placements, exactly.

Model. Everything paid to provider p depends on the set S of slots p holds and on p's own options there. With W(p, S) the
least of it, the optimum is the minimum over the assignments of slots to providers of Σ_p W(p, S_p): a minimum over
providers^slots sums of a table with providers·2^slots entries.

Method and proof. Every entry carries a lower bound (`table`). The cheapest vector of the table is taken; entries of it
that are not exact yet are solved by branch and bound (`subset`), but only below what they may cost if the vector is to
beat the incumbent; the entry is then exact, or its bound has risen to that limit. A vector of exact entries yields its
placements and is closed. When no open vector's bound is below the k-th best placement, every placement not returned
belongs to a closed vector, whose k cheapest were all considered, or to a vector whose bound shows that it is not
cheaper: the answer is optimal. Each step closes a vector or settles an entry below a limit, so the search ends.

Ties. Costs that differ by less than 1e-10 of the incumbent count as equal, and the first found is kept; the search uses
no randomness, so the same call on the same problem gives the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search import table
from twin2multicloud.optimizer.search.context import Options, Pair
from twin2multicloud.optimizer.search.problem import REGION, SAME, Problem
from twin2multicloud.optimizer.search.structure import LINEAR, Structure
from twin2multicloud.optimizer.search.subset import Best, search

EQUAL = 1e-10
"""Relative difference below which two costs count as equal."""


@dataclass(frozen=True)
class Stats:
    """What a search did."""

    vectors: int  # provider vectors expanded
    subproblems: int  # (provider, slot set) subproblems solved
    rows: int  # placements or parts of placements priced


@dataclass(frozen=True)
class Solution:
    """The cheapest placements found, ascending."""

    choices: IntArray  # (k', slots) option numbers
    usd: FloatArray  # (k',) USD per month
    lower_bound: float  # no placement costs less, USD per month; +inf when there is none
    proven: bool
    stats: Stats


@dataclass
class Entry:
    """What is known of W(p, S): all choices below `complete` (or the k cheapest) are in the lists."""

    usd: FloatArray
    choice: IntArray  # (≤ k, |S|) option numbers
    complete: float


class Search:
    """The search for all problems that share one structure (index arrays, edges' ends and tariffs)."""

    def __init__(self, structure: Problem) -> None:
        self.structure = Structure(structure)
        self.index = table.TableIndex(self.structure)
        s = self.structure
        # Column of each curved lane in the provider's own list.
        curved = [
            np.flatnonzero((s.kind[:-1] != LINEAR) & (s.problem.lane_provider == p)) for p in s.each
        ]
        self.columns = [lanes.size for lanes in curved]
        self.curves = [s.curves.take(lanes) for lanes in curved]
        self.pools = [s.pool[lanes] for lanes in curved]
        column = np.full((s.providers, s.problem.tariffs.lanes + 1), -1, dtype=np.int64)
        for p in s.each:
            column[p] = self.columns[p]
            column[p, curved[p]] = np.arange(curved[p].size)
        self.column = column

    def bind(self, problem: Problem | None = None) -> Instance:
        """The search on one problem of the structure."""
        return Instance(self, self.structure.problem if problem is None else problem)

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


class Instance:
    """One problem ready to be searched, under any masks; what one search learns, later ones use."""

    def __init__(self, owner: Search, problem: Problem) -> None:
        self.owner, self.problem = owner, problem
        s = owner.structure
        self.numbers = s.quantities(problem)
        self.rows_usd = table.unary_rows(owner.index, problem, self.numbers)
        self.base_usd = problem.fixed_usd[s.row_option] + np.einsum("rm,rm->r", self.numbers.rows, owner.index.flat)
        self.cache: dict[tuple[int, int, bytes, int], Entry] = {}
        self.tables: dict[bytes, table.Table] = {}

    def solve(
        self, *, allowed: BoolArray | None = None, max_providers: int | None = None, k: int = 1, below: float = math.inf
    ) -> Solution:
        """The k cheapest placements costing less than `below`."""
        return _Run(self, allowed, max_providers, k, below).result()

    def pinned(
        self,
        groups: Sequence[BoolArray],
        *,
        allowed: BoolArray | None = None,
        max_providers: int | None = None,
    ) -> list[Solution]:
        """The optimum under each group's mask."""
        return [
            self.solve(allowed=g if allowed is None else g & allowed, max_providers=max_providers) for g in groups
        ]

    def options(self, p: int, subset: int, allowed: BoolArray) -> Options:
        """The subproblem of provider p holding `subset`."""
        s, owner = self.owner.structure, self.owner
        slots = [slot for slot in range(s.slots) if subset >> slot & 1]
        options, rows = [], []
        for slot in slots:
            held = s.held[slot][p]
            held = held[allowed[held]]
            options.append(held)
            rows.append(s.row(slot, s.pattern(slot, subset), held))
        sizes = [o.size for o in options]
        option, row = np.concatenate(options), np.concatenate(rows)
        column = owner.column[p][s.row_lane[row]]
        quantity = np.zeros((option.size, owner.columns[p] + 1))
        quantity[np.arange(option.size)[:, None], column] = self.numbers.rows[row]
        position = {slot: at for at, slot in enumerate(slots)}
        joined: dict[tuple[int, int], list[int]] = {}
        for number, edge in enumerate(self.problem.edges):
            if edge.source in position and edge.target in position:
                ends = sorted((position[edge.source], position[edge.target]))
                joined.setdefault((ends[0], ends[1]), []).append(number)
        place = self.problem.location[option]
        pairs = []
        for (a, b), numbers in sorted(joined.items()):
            pair = self._pair(p, a, b, numbers, slots, options)
            if pair is not None:
                pairs.append(pair)
        return Options(
            sizes, self.base_usd[row], quantity[:, :-1], place, option, pairs, owner.curves[p], owner.pools[p]
        )

    def _pair(
        self, p: int, a: int, b: int, edges: list[int], slots: list[int], options: list[IntArray]
    ) -> Pair | None:
        s, owner = self.owner.structure, self.owner
        here, there = self.problem.location[options[a]], self.problem.location[options[b]]
        apart = here[:, None] != there[None, :]
        usd = np.zeros(apart.shape)
        extra: list[FloatArray] | None = None
        for number in edges:
            edge = self.problem.edges[number]
            if edge.gb_per_month > 0:
                price = (
                    self.problem.usd_per_gb[here[:, None], there[None, :]]
                    if edge.source == slots[a]
                    else self.problem.usd_per_gb[there[None, :], here[:, None]]
                )
                usd = usd + np.where(apart, edge.gb_per_month * np.where(apart, price, 0.0), 0.0)
            if not self.numbers.extra[number]:
                continue
            parts = []
            flat: list[FloatArray] = []
            for end in (a, b):
                bit = s.bit[number, slots[end]]
                same = self.numbers.kinds[s.plane(bit, SAME), options[end]]
                region = self.numbers.kinds[s.plane(bit, REGION), options[end]]
                certain = np.minimum(same, region)
                lane = s.lane[options[end]]
                for part in (same - certain, region - certain):
                    dense = np.zeros((options[end].size, owner.columns[p] + 1))
                    np.add.at(dense, (np.arange(options[end].size)[:, None], owner.column[p][lane]), part)
                    parts.append(dense[:, :-1])
                    flat.append((part * s.flat_price[lane]).sum(axis=1))
            usd = usd + np.where(apart, flat[1][:, None] + flat[3][None, :], flat[0][:, None] + flat[2][None, :])
            extra = parts if extra is None else [x + y for x, y in zip(extra, parts, strict=True)]
        if extra is None and not usd.any():
            return None
        return Pair(a, b, usd, None if extra is None else (extra[0], extra[1], extra[2], extra[3]))


class _Run:
    """One search: the lazily refined table and the incumbents."""

    def __init__(
        self, instance: Instance, allowed: BoolArray | None, max_providers: int | None, k: int, below: float
    ) -> None:
        if k < 1:
            raise ValueError("k is at least 1")
        self.instance, self.k, self.below = instance, k, below
        s = instance.owner.structure
        self.allowed = np.isfinite(instance.problem.fixed_usd)
        if allowed is not None:
            self.allowed = self.allowed & allowed
        built = table.Table(instance.owner.index, instance.problem, instance.numbers, self.allowed, instance.rows_usd)
        self.bound = built.bound
        self.closed = np.zeros(s.vectors.shape[0], dtype=bool)
        if max_providers is not None:
            self.closed |= s.vector_providers > max_providers
        self.choices = np.empty((0, s.slots), dtype=np.int64)
        self.usd = np.empty(0)
        self.vectors = self.subproblems = self.rows = 0

    def top(self) -> float:
        return float(self.usd[self.k - 1]) if self.usd.size >= self.k else self.below

    def result(self) -> Solution:
        s = self.instance.owner.structure
        while True:
            sums = self.bound[0, s.vector_sets[0]]
            for p in range(1, s.providers):
                sums = sums + self.bound[p, s.vector_sets[p]]
            sums[self.closed] = np.inf
            vector = int(sums.argmin())
            least = float(sums[vector])
            if not least < self._cut():
                break
            self._expand(vector)
        usd = self.instance.problem.evaluate(self.choices)
        order = np.lexsort((*self.choices.T[::-1], usd))
        usd = usd[order]
        lower = min(float(usd[0]), max(least, float(usd[0]) * (1 - EQUAL))) if usd.size else np.inf
        return Solution(
            self.choices[order], usd, lower, True, Stats(self.vectors, self.subproblems, self.rows)
        )

    def _cut(self) -> float:
        top = self.top()
        return top - EQUAL * top if np.isfinite(top) else top

    def _expand(self, vector: int) -> None:
        """Settle the vector's entries one by one; close it when all are."""
        s = self.instance.owner.structure
        held = [(p, int(s.vector_sets[p, vector])) for p in s.each if s.vector_sets[p, vector]]
        held.sort(key=lambda e: -e[1].bit_count())
        self.vectors += 1
        entries = []
        for p, subset in held:
            others = sum(float(self.bound[e]) for e in held if e != (p, subset))
            limit = self.top() - others
            if not self.bound[p, subset] + others < self._cut():
                return
            entry = self._settle(p, subset, limit)
            entries.append((subset, entry))
            self.bound[p, subset] = max(
                float(self.bound[p, subset]), float(entry.usd[0]) if entry.usd.size else entry.complete
            )
        self.closed[vector] = True
        self._combine(entries)

    def _settle(self, p: int, subset: int, limit: float) -> Entry:
        """W(p, S) with its runners-up, complete below `limit`."""
        instance, s = self.instance, self.instance.owner.structure
        mask = b"".join(
            self.allowed[s.held[slot][p]].tobytes() for slot in range(s.slots) if subset >> slot & 1
        )
        key = (p, subset, mask, self.k)
        entry = instance.cache.get(key)
        if entry is not None and entry.complete >= limit:
            return entry
        top = self.top()
        slack = EQUAL * (top if np.isfinite(top) else 0.0)
        best = Best(self.k, subset.bit_count(), limit, slack)
        search(instance.options(p, subset, self.allowed), best)
        self.subproblems += 1
        self.rows += best.priced
        entry = Entry(best.usd, best.choices, math.inf if best.usd.size >= self.k else limit)
        instance.cache[key] = entry
        return entry

    def _combine(self, entries: list[tuple[int, Entry]]) -> None:
        """The cheapest combinations of the entries' lists."""
        s = self.instance.owner.structure
        usd = np.zeros(1)
        choices = np.zeros((1, s.slots), dtype=np.int64)
        for subset, entry in entries:
            if not entry.usd.size:
                return
            slots = [slot for slot in range(s.slots) if subset >> slot & 1]
            usd = (usd[:, None] + entry.usd[None, :]).ravel()
            choices = np.repeat(choices, entry.usd.size, axis=0)
            choices[:, slots] = np.tile(entry.choice, (choices.shape[0] // entry.usd.size, 1))
            first = np.argsort(usd, kind="stable")[: self.k]
            usd, choices = usd[first], choices[first]
        good = usd < self._cut()
        self.usd = np.concatenate([self.usd, usd[good]])
        self.choices = np.concatenate([self.choices, choices[good]])
        first = np.argsort(self.usd, kind="stable")[: self.k]
        self.usd, self.choices = self.usd[first], self.choices[first]


def solve(
    problem: Problem, *, allowed: BoolArray | None = None, max_providers: int | None = None, k: int = 1
) -> Solution:
    """The k cheapest distinct placements of `problem`, ascending, with proof.

    `allowed` (O,) masks options; `max_providers` limits the providers in use. Fewer than k rows when fewer placements
    can be priced (finite cost), none when there is none. Raises ValueError when the problem breaks the structure.
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
