"""The exact subproblem: the cheapest ways for one provider to hold exactly one set of slots.

Branch and bound over the slots, level by level on arrays. With lines below the pools the bill splits into a price
per option plus a price per pair of options joined by an edge inside the provider; over a forest of the heaviest edges
its minimum is a dynamic programme, and every option gets an *excess*: how much dearer the bound becomes if the slot
takes this option. Options whose excess passes the limit are dropped, which sharpens the lines, until nothing changes.
What is left is enumerated in the order of the forest; a partial choice's bound is the programme's value plus the
excess so far, plus what its pools cost more than their lines for every total the open slots can still reach.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import FloatArray, IntArray
from twin2multicloud.optimizer.search.context import Context

DIRECT = 512
"""So many remaining combinations are priced outright."""
FRONTIER = 8192
"""Partial choices expanded at once; more wait their turn, cheapest bound first."""


@dataclass
class Pool:
    """The k cheapest distinct choices seen so far (indices into the context's original options)."""

    k: int
    limit: float  # only costs below this are of interest
    slack: float  # costs closer than this count as equal
    usd: FloatArray = field(default_factory=lambda: np.empty(0))
    choice: IntArray = field(default_factory=lambda: np.empty((0, 0), dtype=np.int64))
    priced: int = 0

    @property
    def cut(self) -> float:
        """Bounds at or above this cannot contribute."""
        worst = float(self.usd[self.k - 1]) if self.usd.size >= self.k else math.inf
        return min(worst, self.limit) - self.slack

    def add(self, choice: IntArray, usd: FloatArray) -> None:
        """Offer priced choices (K, m)."""
        self.priced += usd.size
        good = usd < self.cut
        if not good.any():
            return
        choice, usd = choice[good], usd[good]
        if usd.size > 4 * self.k:
            first = np.argpartition(usd, 2 * self.k)[: 2 * self.k]
            first.sort()
            choice, usd = choice[first], usd[first]
        if self.usd.size:
            known = (choice[:, None, :] == self.choice[None]).all(axis=2).any(axis=1)
            choice, usd = choice[~known], usd[~known]
            choice, usd = np.concatenate([self.choice, choice]), np.concatenate([self.usd, usd])
        order = np.argsort(usd, kind="stable")[: self.k]
        self.choice, self.usd = choice[order], usd[order]


def search(context: Context, pool: Pool) -> None:
    """Fill `pool` with the context's k cheapest choices below its limit."""
    while True:
        bound = context.relax(pool)
        if not bound < pool.cut:
            return
        keep = bound + context.excess < pool.cut
        sizes = np.add.reduceat(keep, context.offset)
        if not sizes.all():
            return
        if math.prod(sizes.tolist()) <= DIRECT:
            _enumerate(context, pool, keep)
            return
        before = context.size
        if sizes.sum() < before:
            smaller = context.restrict(keep)
            if sizes.sum() > 0.8 * before:
                context = smaller
                if not context.relax(pool) < pool.cut:
                    return
                break
            context = smaller
            continue
        break
    _branch(context, pool)


def _enumerate(context: Context, pool: Pool, keep: np.ndarray) -> None:
    """Price every combination of the options kept."""
    sides = [np.flatnonzero(keep[a:b]) + a for a, b in context.spans]
    grid = np.meshgrid(*sides, indexing="ij")
    index = np.stack([g.ravel() for g in grid], axis=1)
    pool.add(context.origin[index], context.price(index))


def _branch(context: Context, pool: Pool) -> None:
    """Expand partial choices slot by slot; a stack holds what did not fit on the frontier."""
    depth = len(context.spans)
    start = (
        np.full(1, context.bound),
        np.empty((1, 0), dtype=np.int64),
        np.zeros((1, context.columns)),
        np.zeros(1),
    )
    stack = [start]
    while stack:
        bound, index, total, least = stack.pop()
        level = index.shape[1]
        alive = bound < pool.cut
        if not alive.all():
            bound, index, total, least = bound[alive], index[alive], total[alive], least[alive]
        if not bound.size:
            continue
        child = bound[:, None] + context.step(level, index)
        node, option = np.nonzero(child < pool.cut)
        if not node.size:
            continue
        at = option + context.spans[level][0]
        bound = child[node, option]
        index = np.concatenate([index[node], at[:, None]], axis=1)
        if level + 1 == depth:
            for first in range(0, at.size, FRONTIER):
                part = index[first : first + FRONTIER]
                pool.add(context.origin[part], context.price(part))
            continue
        total = total[node] + context.quantity[at] + context.extra_of(index)
        least = least[node] + context.least[at]
        sharp = bound + context.shortfall(level + 1, total, least)
        order = np.flatnonzero(sharp < pool.cut)
        order = order[np.argsort(sharp[order], kind="stable")]
        # Last in, first out: the cheapest part goes on top.
        for first in range((order.size - 1) // FRONTIER * FRONTIER, -1, -FRONTIER):
            part = order[first : first + FRONTIER]
            if part.size:
                stack.append((bound[part], index[part], total[part], least[part]))
