"""All placements of which no other costs less and is quicker, where the time is that of the slowest path.

Paths form a tree of slots; the time at a slot is that at its parent and a hop that depends on both locations. Once the
locations of all slots that have children (the trunk) are fixed, a bound on the time is a mask over options: each leaf
may be where its hop fits. So the cheapest placement below a bound is the least over the trunk's locations of searches
under a mask (`Cases.pinned`), which share their work.

The frontier is walked from its cheapest end: each point's time is the bound that the next must undercut. What a trunk
cost under a looser bound bounds what it costs under a tighter one, so that trunks are asked again only while that is
below the best known. Nothing else is dropped, which is the proof.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Final

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.exact import Cases
from twin2multicloud.optimizer.search.frontier import SAME, Front
from twin2multicloud.optimizer.search.problem import Problem
from twin2multicloud.optimizer.search.subset import undominated

_AT_ONCE: Final = 8
"""So many trunks are asked about together."""
_Trunk = tuple[int, ...]


@dataclass(frozen=True)
class Paths:
    """A tree of slots: `first` (locations,) is the time at `root`; `hops` has for every other slot of the tree its
    parent and the times (locations, locations) from the parent's location to its own.
    """

    root: int
    first: FloatArray
    hops: Mapping[int, tuple[int, FloatArray]]

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The tree's slots, parents before children; ValueError where it is none."""
        order = [self.root]
        while len(order) <= len(self.hops):
            found = [slot for slot, (parent, _) in self.hops.items() if parent in order and slot not in order]
            if not found:
                raise ValueError("the hops are no tree from the root")
            order += found
        return tuple(order)

    @cached_property
    def trunk(self) -> tuple[int, ...]:
        """The root, and the slots that have children."""
        parents = {parent for parent, _ in self.hops.values()}
        return tuple(slot for slot in self.order if slot in parents or slot == self.root)

    def of(self, problem: Problem, choices: IntArray) -> FloatArray:
        """The time (K,) of the slowest path of placements (K, slots): the definition the search is held to."""
        place = problem.location[choices]
        time = {self.root: self.first[place[:, self.root]]}
        for slot in self.order[1:]:
            parent, hop = self.hops[slot]
            time[slot] = time[parent] + hop[place[:, parent], place[:, slot]]
        return np.asarray(np.max(list(time.values()), axis=0))


def quickest(
    cases: Cases, paths: Paths, *, allowed: BoolArray | None = None, max_providers: int | None = None
) -> Front:
    """The whole frontier of cost and time; empty where nothing can be placed, or nothing in finite time."""
    return _Walk(cases, paths, allowed, max_providers).run()


class _Walk:
    """One frontier on its way."""

    def __init__(self, cases: Cases, paths: Paths, allowed: BoolArray | None, max_providers: int | None) -> None:
        self.cases, self.paths, self.max_providers = cases, paths, max_providers
        self.problem = cases.instance.problem
        self.mask = np.isfinite(self.problem.fixed_usd) if allowed is None else allowed
        self.below: dict[_Trunk, float] = {}  # what a trunk costs at least
        self.asked: dict[_Trunk, bytes] = {}  # the mask under which that was found
        self.found: dict[_Trunk, IntArray] = {}  # and the placement that attains it
        self.solved = 0

    def run(self) -> Front:
        """Walk it."""
        choices: list[IntArray] = []
        self._begin()
        limit = np.inf
        while (cheapest := self._cheapest(limit)) is not None:
            choices.append(cheapest)
            limit = float(self.paths.of(self.problem, cheapest[None])[0])
        rows = np.array(choices, dtype=np.int64).reshape(-1, self.problem.slots)
        usd, time = self.problem.evaluate(rows), self.paths.of(self.problem, rows)
        kept = undominated(usd, time, SAME)
        return Front(rows[kept], usd[kept], time[kept], 0, self.solved)

    def _begin(self) -> None:
        """Bound every trunk by what each of its slots costs at least where it is."""
        whole = self.cases.solve(allowed=self.mask, max_providers=self.max_providers)
        if not whole.usd.size:
            return
        places = {
            slot: np.unique(self.problem.location[self.problem.options_of(slot, self.mask)])
            for slot in self.paths.trunk
        }
        at = [(slot, int(place)) for slot in self.paths.trunk for place in places[slot]]
        pinned = self.cases.pinned(
            [self._there(slot, place) for slot, place in at], allowed=self.mask, max_providers=self.max_providers
        )
        self.solved += len(pinned)
        least = {key: float(each.usd[0]) if each.usd.size else np.inf for key, each in zip(at, pinned, strict=True)}
        for trunk in product(*(places[slot].tolist() for slot in self.paths.trunk)):
            bound = max(least[slot, place] for slot, place in zip(self.paths.trunk, trunk, strict=True))
            if np.isfinite(bound):
                self.below[trunk] = bound

    def _there(self, slot: int, place: int) -> BoolArray:
        return np.asarray((self.problem.slot != slot) | (self.problem.location == place))

    def _cheapest(self, limit: float) -> IntArray | None:
        """The cheapest placement that is quicker than a limit."""
        waiting = [(bound, trunk) for trunk, bound in self.below.items()]
        heapq.heapify(waiting)
        best, usd = None, np.inf
        while waiting and waiting[0][0] < usd:
            ask: list[tuple[_Trunk, BoolArray]] = []
            while waiting and waiting[0][0] < usd and len(ask) < _AT_ONCE:
                bound, trunk = heapq.heappop(waiting)
                mask = self._within(trunk, limit)
                if mask is None:
                    del self.below[trunk]  # limits only fall
                elif self.asked.get(trunk) == mask.tobytes():
                    best, usd = self.found[trunk], bound
                else:
                    ask.append((trunk, mask))
            solutions = self.cases.pinned(
                [mask for _, mask in ask], allowed=self.mask, max_providers=self.max_providers
            )
            self.solved += len(solutions)
            for (trunk, mask), solution in zip(ask, solutions, strict=True):
                if not solution.usd.size:
                    del self.below[trunk]
                    continue
                self.below[trunk], self.asked[trunk] = float(solution.usd[0]), mask.tobytes()
                self.found[trunk] = solution.choices[0]
                if self.below[trunk] < usd:
                    best, usd = self.found[trunk], self.below[trunk]
        return best

    def _within(self, trunk: _Trunk, limit: float) -> BoolArray | None:
        """The options with the trunk at its place and each leaf where it is quicker than a limit; None if that leaves a
        slot nothing.
        """
        place = dict(zip(self.paths.trunk, trunk, strict=True))
        time = {self.paths.root: float(self.paths.first[place[self.paths.root]])}
        mask = np.ones(self.problem.options, dtype=bool)
        top = limit * (1 - SAME)
        for slot in self.paths.order:
            if slot != self.paths.root:
                parent, hop = self.paths.hops[slot]
                there = time[parent] + hop[place[parent]]
                if slot not in place:
                    mask &= (self.problem.slot != slot) | (there < top)[self.problem.location]
                    continue
                time[slot] = float(there[place[slot]])
            if not time[slot] < top:
                return None
            mask &= self._there(slot, place[slot])
        left = np.bincount(self.problem.slot[mask & self.mask], minlength=self.problem.slots)
        return mask if left.all() else None
