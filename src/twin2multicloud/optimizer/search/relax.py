"""Lower bounds for one provider holding one set of slots.

With its pools bounded from below by something that adds up over options (lines, or least additions), the bill splits
into a price per option and a price per pair of options joined by an edge inside the provider. Over a forest of the
dearest pairs its minimum is a dynamic programme. Dropping the other pairs, whose prices are ≥ 0, keeps it a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.context import Context
from twin2multicloud.optimizer.search.curves import lines_below

_FINITE = np.finfo(np.float64).max


@dataclass(frozen=True)
class Bound:
    """A bound for every choice, and how much it rises with each option taken."""

    value: float  # no choice costs less
    choice: IntArray  # (m,) where the bound is attained
    excess: FloatArray  # (n,) value + excess bounds every choice that takes the option
    steps: list[FloatArray]  # per position: (n,) or (n of the parent, n): what taking the option adds to the value
    parent: list[int]  # per position: the earlier position that `steps` looks at, -1 for none
    pairs: dict[tuple[int, int], FloatArray]  # least USD of pairs of options
    lined: BoolArray  # (pools,) bounded by lines, others by least additions
    intercept: FloatArray  # (pools,)
    slope: FloatArray  # (columns,)
    least: FloatArray  # (n,) sum of least additions in the option's price

    def within(self, given: BoolArray, offset: IntArray) -> float:
        """What no choice of the options `given` (n,), at least one per position, costs less than."""
        return self.value + float(np.minimum.reduceat(np.where(given, self.excess, np.inf), offset).max())


class Relaxation:
    """The bounds of a context."""

    def __init__(self, context: Context) -> None:
        self.context = c = context
        pooled, high, extra = c.pooled_use, c.most, c.most_extra
        self._low = np.minimum.reduceat(pooled, c.offset, axis=0)
        self.low, self.high = self._low.sum(axis=0), high.sum(axis=0) + extra
        self.floors = c.layout.floors.upto(self.high)
        self.additions = np.zeros_like(pooled)
        option, pool = np.nonzero(pooled)
        above = (self.high - high)[c.slot[option], pool]
        self.additions[option, pool] = self.floors.marginal(pooled[option, pool], above, pool)
        self.together = {
            (a, b): c.place[slice(*c.spans[a])][:, None] == c.place[slice(*c.spans[b])] for a, b in c.extras
        }

    @cached_property
    def open_low(self) -> FloatArray:
        """What the positions from a level on add to a pool at least (m + 1, pools)."""
        return self._from_level_on(self._low)

    @cached_property
    def open_high(self) -> FloatArray:
        """And at most."""
        return self._from_level_on(self.context.most) + self.context.most_extra

    def _from_level_on(self, per_position: FloatArray) -> FloatArray:
        zero = np.zeros((1, self.context.pools))
        return np.concatenate([np.cumsum(per_position[::-1], axis=0)[::-1], zero])

    def aim(self, choice: IntArray | None) -> Bound:
        """The bound whose pools are close to their cost at `choice`.

        Without one, pools that are used for certain are bounded by lines and the others by least additions.
        """
        c = self.context
        lined, cut, slope = np.zeros(c.pools, dtype=bool), np.zeros(c.pools), np.zeros(c.columns)
        least = self.additions
        price = c.base
        if choice is not None or (self.low > 0).any():
            total = np.zeros(c.columns) if choice is None else c.totals(choice[None])[0]
            aim = 0.5 * (self.low + self.high) if choice is None else total @ c.member
            aim = np.minimum(np.maximum(aim, self.low), self.high)
            cut, slope = lines_below(c.curves, c.pool, self.low, self.high, aim)
            if choice is None:
                lined = self.low > 0
            else:
                lined = cut + (total * slope) @ c.member > self.additions[choice].sum(axis=0)
            cut, slope = np.where(lined, cut, 0.0), np.where(lined[c.pool], slope, 0.0)
            least = np.where(lined, 0.0, self.additions)
            price = price + c.quantity @ slope
        booked = least.sum(axis=1)
        pairs = self._pairs(slope)
        # Each position's parent: the earlier position with which it has the dearest pairs.
        parent, weight = [-1] * len(c.spans), [0.0] * len(c.spans)
        for (a, b), usd in pairs.items():
            heft = float(np.add.reduce(np.minimum(usd, 1e15), axis=None)) / max(usd.size, 1)
            if heft > weight[b]:
                parent[b], weight[b] = a, heft
        value, excess, steps, attained = self._programme(price + booked, float(cut.sum()), parent, pairs)
        return Bound(value, attained, excess, steps, parent, pairs, lined, cut, slope, booked)

    def _pairs(self, slope: FloatArray) -> dict[tuple[int, int], FloatArray]:
        """Least USD of pairs: traffic, flat prices, and what their relation adds to pools bounded by lines."""
        pairs = {key: pair.usd for key, pair in self.context.pairs.items()}
        for key, (at_a, at_b) in self.context.extras.items():
            same, apart = (at_a @ slope)[:, :, None] + (at_b @ slope)[:, None]
            pairs[key] = pairs[key] + np.where(self.together[key], same, apart)
        return pairs

    def _programme(
        self, price: FloatArray, value: float, parent: list[int], pairs: dict[tuple[int, int], FloatArray]
    ) -> tuple[float, FloatArray, list[FloatArray], IntArray]:
        """Minimum over the forest: the bound from `value` on, excess, steps and the minimising choice."""
        c = self.context
        price = price.copy()
        tables: list[FloatArray] = []
        for b in range(len(c.spans) - 1, -1, -1):
            table, a = price[slice(*c.spans[b])], parent[b]
            if a >= 0:
                table = pairs[a, b] + table  # (n_a, n_b)
                price[slice(*c.spans[a])] += table.min(axis=1)
            tables.append(table)
        tables.reverse()
        excess = np.empty(c.size)
        choice = np.zeros(len(c.spans), dtype=np.int64)
        steps: list[FloatArray] = []
        for b, (first, end) in enumerate(c.spans):
            table, a = tables[b], parent[b]
            least = table.min(axis=-1, keepdims=True)
            if a < 0:
                value += float(least[0])
                if not np.isfinite(value):
                    return np.inf, excess, steps, choice
            # Where nothing is possible, the least is infinite, and so are the steps.
            step = table - np.minimum(least, _FINITE)
            if a < 0:
                excess[first:end] = step
                choice[b] = first + step.argmin()
            else:
                excess[first:end] = (excess[slice(*c.spans[a]), None] + step).min(axis=0)
                choice[b] = first + step[choice[a] - c.spans[a][0]].argmin()
            steps.append(step)
        return value, excess, steps, choice

    def step(self, bound: Bound, level: int, index: IntArray) -> FloatArray:
        """Rise of the bound (M, n) with each option of position `level` after the partial choices (M, level)."""
        c, table, a = self.context, bound.steps[level], bound.parent[level]
        out = table[None, :] if a < 0 else table[index[:, a] - c.spans[a][0]]
        for other in range(level):
            pair = bound.pairs.get((other, level))
            if pair is not None and other != a:
                out = out + pair[index[:, other] - c.spans[other][0]]
        return out

    def shortfall(self, bound: Bound, level: int, total: FloatArray, least: FloatArray) -> FloatArray:
        """What pools cost (M,) at least beyond the bound, once `level` positions use `total` (M, columns).

        `least` (M,) sums the least additions booked so far. A line's shortfall is least at an end of the totals still
        within reach or at a tier's start between them; later additions never cost less than booked.
        """
        c = self.context
        volume = total @ c.member
        out = np.zeros(volume.shape[0])
        by_addition = np.flatnonzero(~bound.lined)
        if by_addition.size:
            paid = self.floors.take(by_addition).bill(volume[:, by_addition], rounded=False)
            out += np.maximum(paid - least, 0.0)
        by_line = np.flatnonzero(bound.lined & c.layout.single)
        if by_line.size:
            lane = c.layout.lane_of[by_line]
            curves, slope = c.curves.take(lane), bound.slope[lane]
            low = volume[:, by_line] + self.open_low[level][by_line]
            high = volume[:, by_line] + self.open_high[level][by_line]
            over = np.minimum(curves.plain(low) - slope * low, curves.plain(high) - slope * high)
            starts = np.where(np.isfinite(curves.starts), curves.starts, 0.0)
            rise = curves.knots - slope * starts
            for tier in range(1, starts.shape[0]):
                within = (starts[tier] > low) & (starts[tier] < high)
                over = np.where(within, np.minimum(over, rise[tier]), over)
            if curves.rounds:
                over = np.maximum(over, curves.cost(low) - slope * high)
            out += np.maximum(over - bound.intercept[by_line], 0.0).sum(axis=1)
        return out
