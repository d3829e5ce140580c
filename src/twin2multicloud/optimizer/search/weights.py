"""A second criterion beside the cost that adds up over options and the ends of edges, and the two as one problem.

What an option weighs by itself, and what it weighs as an end of an edge in a relation, is known for every option; a
placement weighs the sum. So weights stay with the provider of an option, as money does, and a problem whose lanes count
them, too, at a price of `factor` USD each, has the structure that the exact search builds on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import FloatArray, IntArray, TariffTable
from twin2multicloud.optimizer.search.problem import CLOUD, Edge, Problem, Usage


@dataclass(frozen=True)
class Weights:
    """Weights ≥ 0 of every option: `own` (O,), infinite where an option has none and may not be chosen, and `ends`
    (edges, 3, O) by relation, 0 where an option is no end.
    """

    own: FloatArray
    ends: FloatArray

    def of(self, problem: Problem, choices: IntArray) -> FloatArray:
        """What placements (K, slots) weigh (K,): the definition that every search is held to."""
        total = self.own[choices].sum(axis=1)
        for number, edge in enumerate(problem.edges):
            a, b = choices[:, edge.source], choices[:, edge.target]
            relation = problem.relation(a, b)
            total += self.ends[number, relation, a] + self.ends[number, relation, b]
        return np.asarray(total)

    def within(self, problem: Problem, slots: Sequence[int], choices: IntArray) -> FloatArray:
        """What one provider's options (K, m) for exactly these slots weigh (K,); edges to others go to other clouds."""
        total = self.own[choices].sum(axis=1)
        at = {slot: position for position, slot in enumerate(slots)}
        for number, edge in enumerate(problem.edges):
            ends = [choices[:, at[slot]] for slot in (edge.source, edge.target) if slot in at]
            relation = problem.relation(*ends) if len(ends) == 2 else CLOUD
            for end in ends:
                total += self.ends[number, relation, end]
        return np.asarray(total)


class Weighed:
    """A problem and weights as one family of problems, which differ in quantities only and so share a `Search`."""

    def __init__(self, problem: Problem, weights: Weights) -> None:
        self.problem, self.weights = problem, weights
        self._providers = int(problem.lane_provider.max(initial=problem.provider.max(initial=0))) + 1
        lanes = problem.tariffs.lanes
        self._lane = lanes + problem.provider  # the lane on which an option's weight is counted
        everything = np.arange(problem.options)
        self._own = _Rows(problem.own, everything, self._lane, weights.own)
        self._ends = [
            [
                _Rows(usage, _ends(problem, edge), self._lane, weights.ends[number, kind])
                for kind, usage in enumerate(edge.usage)
            ]
            for number, edge in enumerate(problem.edges)
        ]
        self._tariffs = _with_flat_lanes(problem.tariffs, self._providers)
        self._lane_provider = np.concatenate([problem.lane_provider, np.arange(self._providers)])

    def priced(self, factor: float) -> Problem:
        """The problem whose cost is USD + `factor` · weight."""
        edges = []
        for edge, (same, region, cloud) in zip(self.problem.edges, self._ends, strict=True):
            usage = (same.usage(factor), region.usage(factor), cloud.usage(factor))
            edges.append(replace(edge, usage=usage))
        return replace(
            self.problem,
            own=self._own.usage(factor),
            edges=tuple(edges),
            tariffs=self._tariffs,
            lane_provider=self._lane_provider,
        )

    def weight_alone(self) -> Problem:
        """The problem whose cost is the weight; what cannot be priced still cannot be chosen."""
        none = np.zeros(0)
        empty = Usage(np.zeros(self.problem.options + 1, dtype=np.int64), none.astype(np.int64), none)
        everything = np.arange(self.problem.options)
        lane = self.problem.provider
        edges = []
        for number, edge in enumerate(self.problem.edges):
            same, region, cloud = (
                _Rows(empty, _ends(self.problem, edge), lane, self.weights.ends[number, kind]).usage(1.0)
                for kind in range(3)
            )
            edges.append(replace(edge, usage=(same, region, cloud)))
        finite = np.isfinite(self.problem.fixed_usd)
        flat = _with_flat_lanes(replace_lanes(self.problem.tariffs), self._providers)
        return replace(
            self.problem,
            own=_Rows(empty, everything, lane, self.weights.own).usage(1.0),
            fixed_usd=np.where(finite, 0.0, np.inf),
            edges=tuple(edges),
            usd_per_gb=np.where(np.isfinite(self.problem.usd_per_gb), 0.0, np.inf),
            tariffs=flat,
            lane_provider=np.arange(self._providers),
        )


class _Rows:
    """A usage with one more entry at the end of some options' rows: their weight, on a lane of its own."""

    def __init__(self, usage: Usage, options: IntArray, lane: IntArray, weight: FloatArray) -> None:
        more = np.zeros(usage.indptr.shape[0] - 1, dtype=np.int64)
        more[options] = 1
        before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(more)])
        self._indptr = usage.indptr + before
        owner = np.repeat(np.arange(more.shape[0]), np.diff(usage.indptr))
        kept = np.arange(usage.lane.shape[0]) + before[owner]
        self._at = self._indptr[options + 1] - 1
        self._weight = weight[options]
        size = usage.lane.shape[0] + options.shape[0]
        self._lane = np.zeros(size, dtype=np.int64)
        self._lane[kept], self._lane[self._at] = usage.lane, lane[options]
        self._quantity = np.zeros(size)
        self._quantity[kept] = usage.quantity

    def usage(self, factor: float) -> Usage:
        """The usage with the weights counted `factor` times."""
        quantity = self._quantity.copy()
        quantity[self._at] = factor * self._weight
        return Usage(self._indptr, self._lane, quantity)


def _ends(problem: Problem, edge: Edge) -> IntArray:
    """The options at either end of an edge."""
    return np.flatnonzero((problem.slot == edge.source) | (problem.slot == edge.target))


def replace_lanes(tariffs: TariffTable) -> TariffTable:
    """No lanes at all, in a table of the same width."""
    return TariffTable(
        tariffs.starts[:0], tariffs.usd_per_unit[:0], tariffs.increment[:0], tariffs.minimum[:0], tariffs.pool[:0], 0
    )


def _with_flat_lanes(tariffs: TariffTable, count: int) -> TariffTable:
    """The tariffs with so many lanes more, each at 1 USD a unit and a pool of its own."""
    width = tariffs.starts.shape[1]
    starts, prices = np.full((count, width), np.inf), np.zeros((count, width))
    starts[:, 0], prices[:, 0] = 0.0, 1.0
    none = np.zeros(count)
    return TariffTable(
        np.concatenate([tariffs.starts, starts]),
        np.concatenate([tariffs.usd_per_unit, prices]),
        np.concatenate([tariffs.increment, none]),
        np.concatenate([tariffs.minimum, none]),
        np.concatenate([tariffs.pool, tariffs.pools + np.arange(count)]),
        tariffs.pools + count,
    )
