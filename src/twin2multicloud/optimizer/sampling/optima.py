"""Workloads in a table, optimized exactly, thousands at a time.

`BillOptimizer` answers about one workload with everything that explains it. Here a workload is a row of numbers and an
answer is a cost and the number of a placement; the optimum is the same, proven the same (see `search.many.solve`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from twin2multicloud.blueprint.volumes import FIELDS, Volumes
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.bill.restrictions import combined
from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.many.batch import Batch
from twin2multicloud.optimizer.search.many.solve import Many
from twin2multicloud.optimizer.search.problem import Problem

_CHUNK: Final = 512
"""Workloads in one batch: 60 MB of arrays, and enough for a step on arrays to be worth its start."""
_FIRST: Final = (16, 64, 432)
"""Workloads that are solved first, in rounds: the first one by one, since there are no good placements yet."""
_FEW: Final = 24
_3D: Final = FIELDS.index("entities_3d")


@dataclass(frozen=True)
class Optima:
    """The optimum of each of W workloads."""

    usd: FloatArray  # (W,) USD per month; +inf where no placement is possible
    placement: IntArray  # (W,) row of `choices`; -1 where none is possible
    choices: IntArray  # (n, slots) distinct placements, as the market's option numbers
    alone: int  # workloads that had to be solved by themselves


def table_of(workloads: Sequence[Workload]) -> FloatArray:
    """Workloads as rows of numbers."""
    return np.array([[getattr(w, name) for name in FIELDS] for w in workloads], dtype=np.float64).reshape(
        len(workloads), len(FIELDS)
    )


class Sampler:
    """Optimizes and prices tables of workloads under an optimizer's prices, constraints and assumptions."""

    def __init__(self, optimizer: BillOptimizer) -> None:
        """Prepare; the names in the constraints are checked (`UsageError`, `PriceError`)."""
        self.optimizer, self.market = optimizer, optimizer.market
        self._masks: dict[bool, tuple[BoolArray, int | None]] = {
            scenes: combined(len(self.market.options), optimizer.restrictions(scenes)) for scenes in (False, True)
        }
        self._structure: Problem | None = None
        self._many: Many | None = None

    def batch(self, table: FloatArray) -> Batch:
        """The workloads (W, fields) as problems."""
        market = self.market
        amounts = market.amounts(Volumes.of_table(table, self.optimizer.assumptions))
        if self._structure is None:
            first = market.amounts(Volumes.of_table(table[:1], self.optimizer.assumptions))
            self._structure = market.problems(first)[0]
        fits, _ = market.holding(amounts)
        scenes = table[:, _3D] > 0
        allowed = np.where(scenes, self._masks[True][0][:, None], self._masks[False][0][:, None]) & fits[market.offer]
        return Batch(self._structure, market.usage(amounts), amounts.edge_gb, allowed, self._masks[False][1])

    def optimize(self, table: FloatArray, *, pool: IntArray | None = None) -> Optima:
        """The optimum of every row (W, fields), given placements (n, slots) that may be good."""
        size = table.shape[0]
        usd, choices = np.full(size, np.inf), np.full((size, len(SLOTS)), -1, dtype=np.int64)
        alone = 0

        def solve(rows: IntArray, pool: IntArray, known: IntArray | None = None) -> None:
            nonlocal alone
            found = self.search(table).solve(self.batch(table[rows]), pool, known)
            usd[rows], choices[rows] = found.usd, found.choices
            alone += found.alone

        # A few from all over the table, solved by themselves, give a first pool; more of them better ones. The rest is
        # ordered by the best of the last: workloads that are alike keep the same vectors open, so more share a step.
        if not size:
            return Optima(usd, np.zeros(0, dtype=np.int64), choices, alone)
        given = choices[:0] if pool is None else pool
        rest = np.arange(size)
        for count in _FIRST if not given.size else _FIRST[1:]:
            some = np.unique(np.linspace(0, rest.size - 1, min(count, rest.size)).astype(np.int64))
            if some.size:
                solve(rest[some], _distinct(np.concatenate([given, choices])))
                rest = np.delete(rest, some)
        # Few placements are as quickly priced again with each batch.
        good = _distinct(choices)
        known: IntArray | None = None
        if rest.size > _CHUNK and good.shape[0] > _FEW:
            nearest = self.price(table[rest], good).argmin(axis=0)
            order = np.argsort(nearest, kind="stable")
            rest, known = rest[order], good[nearest[order]]
        for first in range(0, rest.size, _CHUNK):
            part = slice(first, first + _CHUNK)
            if known is None:
                solve(rest[part], _distinct(choices))
            else:
                solve(rest[part], _beyond(_distinct(choices), good), known[part])
        placements, number = np.unique(choices, axis=0, return_inverse=True)
        none = int((placements[:, 0] < 0).any())  # sorted first
        return Optima(usd, number.reshape(-1) - none, placements[none:], alone)

    def search(self, table: FloatArray) -> Many:
        """The search for batches like those of a table (of at least one row)."""
        if self._many is None:
            problem = self.batch(table[:1]).structure
            self._many = Many(self.market.search(problem))
        return self._many

    def price(self, table: FloatArray, choices: IntArray) -> FloatArray:
        """USD per month (n, W) of placements (n, slots) for every row; +inf where one cannot run or be chosen."""
        usd = np.empty((choices.shape[0], table.shape[0]))
        for first in range(0, table.shape[0], _CHUNK):
            rows = slice(first, first + _CHUNK)
            batch = self.batch(table[rows])
            for number, choice in enumerate(choices):
                usd[number, rows] = batch.price(choice)
        return usd

    def placement(self, choice: IntArray) -> Placement:
        """Option numbers (slots,) as a placement."""
        options = self.market.choices
        return Placement.model_construct({slot: options[number] for slot, number in zip(SLOTS, choice, strict=True)})

    def choice(self, placement: Placement) -> IntArray:
        """A placement as option numbers; `PriceError` where one of its offers is not among the market's."""
        return np.array([self.market.option_number(placement[slot]) for slot in SLOTS], dtype=np.int64)


def _distinct(choices: IntArray) -> IntArray:
    return np.asarray(np.unique(choices[choices[:, 0] >= 0], axis=0))


def _beyond(choices: IntArray, known: IntArray) -> IntArray:
    """Those of some distinct placements that are not known."""
    return np.asarray(choices[~(choices[:, None] == known[None]).all(axis=2).any(axis=1)])
