"""The cheapest placements, exactly (first version; interface final, method to be deepened)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.problem import CLOUD, REGION, SAME, Problem


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


class Search:
    """Reusable search over problems that share one structure (all index arrays, edges and tariffs)."""

    def __init__(self, structure: Problem) -> None:
        self.structure = structure

    def solve(
        self,
        problem: Problem | None = None,
        *,
        allowed: BoolArray | None = None,
        max_providers: int | None = None,
        k: int = 1,
    ) -> Solution:
        """The k cheapest placements of `problem` (the structure itself when not given)."""
        return _solve(problem or self.structure, allowed, max_providers, k)

    def pinned(
        self,
        groups: Sequence[BoolArray],
        problem: Problem | None = None,
        *,
        allowed: BoolArray | None = None,
        max_providers: int | None = None,
    ) -> list[Solution]:
        """The optimum under each group's further mask over the options."""
        return [
            self.solve(problem, allowed=g if allowed is None else g & allowed, max_providers=max_providers)
            for g in groups
        ]


def solve(
    problem: Problem, *, allowed: BoolArray | None = None, max_providers: int | None = None, k: int = 1
) -> Solution:
    """The k cheapest distinct placements, proven."""
    return Search(problem).solve(allowed=allowed, max_providers=max_providers, k=k)


def pinned_costs(
    problem: Problem,
    groups: Sequence[BoolArray],
    *,
    allowed: BoolArray | None = None,
    max_providers: int | None = None,
) -> list[Solution]:
    """The optimum under each further mask."""
    return Search(problem).pinned(groups, allowed=allowed, max_providers=max_providers)


def _solve(problem: Problem, allowed: BoolArray | None, max_providers: int | None, k: int) -> Solution:
    options = [problem.options_of(s, allowed) for s in range(problem.slots)]
    options = [o[np.isfinite(problem.fixed_usd[o])] for o in options]
    own, inner, cloud = _linear(problem)
    best = np.empty((0, problem.slots), dtype=np.int64)
    usd = np.empty(0)
    slots = problem.slots
    providers = range(int(problem.provider.max(initial=-1)) + 1)
    tables = []
    for vector in product(providers, repeat=slots):
        if max_providers is not None and len(set(vector)) > max_providers:
            continue
        columns, costs = [], []
        for s in range(slots):
            o = options[s][problem.provider[options[s]] == vector[s]]
            cost = own[o].copy()
            for e, edge in enumerate(problem.edges):
                if s in (edge.source, edge.target):
                    apart = vector[edge.source] != vector[edge.target]
                    cost += (cloud if apart else inner)[e][o]
            columns.append(o)
            costs.append(cost)
        if all(o.size for o in columns):
            tables.append((sum(float(c.min()) for c in costs), vector, columns, costs))
    tables.sort(key=lambda t: t[0])
    vectors = rows = 0
    for bound, _, columns, costs in tables:
        limit = usd[k - 1] if usd.size >= k else np.inf
        if bound > limit * (1 - 1e-10):
            break
        vectors += 1
        order = [np.argsort(c, kind="stable") for c in costs]
        columns = [o[i] for o, i in zip(columns, order, strict=True)]
        costs = [c[i] for c, i in zip(costs, order, strict=True)]
        rest = np.cumsum([0.0, *(float(c[0]) for c in costs[::-1])])[::-1]
        stack = [(np.empty((1, 0), dtype=np.int64), np.zeros(1))]
        while stack:
            head, cost = stack.pop()
            depth = head.shape[1]
            limit = usd[k - 1] if usd.size >= k else np.inf
            if depth == slots:
                price = problem.evaluate(head)
                rows += head.shape[0]
                keep = np.isfinite(price)
                best, usd = np.concatenate([best, head[keep]]), np.concatenate([usd, price[keep]])
                first = np.argsort(usd, kind="stable")[:k]
                best, usd = best[first], usd[first]
                continue
            child = cost[:, None] + costs[depth][None, :]
            i, j = np.nonzero(child + rest[depth + 1] <= limit * (1 - 1e-10) if np.isfinite(limit) else child < np.inf)
            by = np.argsort(child[i, j], kind="stable")
            i, j = i[by], j[by]
            nodes = np.concatenate([head[i], columns[depth][j][:, None]], axis=1)
            for first_row in range((nodes.shape[0] - 1) // 512 * 512, -1, -512):
                part = slice(first_row, first_row + 512)
                stack.append((nodes[part], child[i, j][part]))
    bound = float(usd[0]) if usd.size else np.inf
    return Solution(best, usd, bound, True, Stats(vectors, vectors, rows))


def _linear(problem: Problem) -> tuple[FloatArray, list[FloatArray], list[FloatArray]]:
    """Per option: a linear lower bound on own cost, and per edge inside a provider and between providers."""
    lanes = problem.tariffs.lanes
    own = problem.own.dense(lanes)
    usages = [[u.dense(lanes) for u in edge.usage] for edge in problem.edges]
    most = np.zeros((problem.slots, lanes))
    for s in range(problem.slots):
        rows = own + sum((np.maximum.reduce(u) for u in usages), np.zeros_like(own))
        most[s] = rows[problem.slot == s].max(axis=0, initial=0.0)
    high = problem.tariffs.pool_totals(most.sum(axis=0))[problem.tariffs.pool]
    price = np.full(lanes, np.inf)
    for at in [*problem.tariffs.starts.T, high]:
        q = np.minimum(np.where(at > 0, at, high), high)
        with np.errstate(invalid="ignore", divide="ignore"):
            price = np.minimum(price, np.where(q > 0, _unrounded(problem, q) / q, 0.0))
    price *= 1 - 1e-9
    inner = [np.minimum(u[SAME] @ price, u[REGION] @ price) for u in usages]
    return own @ price + problem.fixed_usd, inner, [u[CLOUD] @ price for u in usages]


def _unrounded(problem: Problem, q: FloatArray) -> FloatArray:
    t = problem.tariffs
    width = np.diff(t.starts, axis=1, append=np.inf)
    width[np.isnan(width)] = 0
    inside = np.clip(q[:, None] - np.where(np.isfinite(t.starts), t.starts, np.inf), 0, width)
    return np.asarray((inside * t.usd_per_unit).sum(axis=1))
