"""Tariffs as curves, many lanes at once, and the straight lines below them.

A lane's cost is a curve over the quantity of its pool: a step function over graduated tiers, neither convex nor
concave in general. The search needs it exactly (`cost`), and from below:

* `plain` walks the tiers without rounding; rounding up only adds, so plain ≤ cost.
* `affine` gives, for pools whose total lies in [low, high], an intercept and a slope per lane with
  intercept + Σ slope·q ≤ cost of the pool, however the total spreads over its lanes. With the pool's total Q its
  cost Σ q_l/Q · f_l(Q) is linear in the shares q_l/Q, so it is enough that every lane's line lies below the lane's
  own curve; on tiers (f(Q) − c)/Q is monotone between tier starts, so it is enough to look at those.
* `marginal` gives for one lane the least that q more units can add on top of any base in [0, above]. A sum of
  such least additions never exceeds the cost of the sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray, TariffTable

_DENSE = 12
"""Up to so many lanes are priced for every row, used or not."""
_TINY = 1e-200
"""Quantities below this are not divided by; whatever they cost on a line is lost in rounding."""
_HAIR = 1e-9
"""Rounding forgives this share of an increment (see `TariffTable.billed`), so `plain` may exceed the cost by it."""


@dataclass(frozen=True)
class Curves:
    """Tiers of L lanes, tier axis first: (T, L); pools are the caller's business."""

    starts: FloatArray  # (T, L), +inf where a lane has fewer tiers
    width: FloatArray  # (T, L)
    price: FloatArray  # (T, L)
    knots: FloatArray  # (T, L) plain cost at each start, 0 where padded
    increment: FloatArray  # (L,)
    minimum: FloatArray  # (L,)
    rounds: bool  # whether any lane rounds or has a minimum

    @classmethod
    def of(cls, table: TariffTable) -> Curves:
        """The table's lanes, followed by one lane that costs nothing (for padding)."""
        free = np.full((1, table.starts.shape[1]), np.inf)
        free[0, 0] = 0.0
        return cls.from_tiers(
            np.vstack([table.starts, free]),
            np.vstack([table.usd_per_unit, np.zeros(free.shape)]),
            np.append(table.increment, 0.0),
            np.append(table.minimum, 0.0),
        )

    @classmethod
    def from_tiers(cls, starts: FloatArray, price: FloatArray, increment: FloatArray, minimum: FloatArray) -> Curves:
        """Curves of (L, T) tiers, laid out as in a `TariffTable`."""
        starts, price = starts.T.copy(), price.T.copy()
        later = np.vstack([starts[1:], np.full((1, starts.shape[1]), np.inf)])
        width = np.where(np.isfinite(starts), later - np.where(np.isfinite(starts), starts, 0.0), 0.0)
        gain = np.where(np.isfinite(width), width, 0.0) * price
        knots = np.vstack([np.zeros((1, starts.shape[1])), np.cumsum(gain, axis=0)[:-1]])
        return cls(starts, width, price, knots, increment, minimum, bool((increment + minimum).any()))

    def take(self, lanes: IntArray) -> Curves:
        """The curves of `lanes`, in that order."""
        increment, minimum = self.increment[lanes], self.minimum[lanes]
        rounds = self.rounds and bool(increment.any() or minimum.any())
        return Curves(
            self.starts[:, lanes],
            self.width[:, lanes],
            self.price[:, lanes],
            self.knots[:, lanes],
            increment,
            minimum,
            rounds,
        )

    def upto(self, quantity: FloatArray) -> Curves:
        """The same curves for lane quantities up to `quantity` (L,): without tiers that none of them reaches."""
        most = self.billed(quantity) if self.rounds else quantity
        tiers = max(1, int((self.starts < most).any(axis=1).sum()))
        if tiers == self.starts.shape[0]:
            return self
        if tiers not in self._first:
            keep = slice(tiers)
            self._first[tiers] = Curves(
                self.starts[keep],
                self.width[keep],
                self.price[keep],
                self.knots[keep],
                self.increment,
                self.minimum,
                self.rounds,
            )
        return self._first[tiers]

    @cached_property
    def _first(self) -> dict[int, Curves]:
        """The curves cut to so many tiers."""
        return {}

    def unrounded(self) -> Curves:
        """The same tiers without increments and minima."""
        none = np.zeros_like(self.increment)
        return Curves(self.starts, self.width, self.price, self.knots, none, none, False)

    def plain(self, quantity: FloatArray) -> FloatArray:
        """USD (…, L) of quantities (…, L) without rounding."""
        lift = (slice(None), *(None,) * (quantity.ndim - 1))
        inside = np.minimum(np.maximum(quantity - self.starts[lift], 0.0), self.width[lift])
        inside *= self.price[lift]
        return np.asarray(inside.sum(axis=0))

    def cost(self, quantity: FloatArray) -> FloatArray:
        """USD (…, L) of quantities (…, L) as the tariff defines it."""
        return self.plain(self.billed(quantity) if self.rounds else quantity)

    def bill(self, quantity: FloatArray, *, rounded: bool = True) -> FloatArray:
        """USD (K,) of rows of quantities (K, L), all lanes together; `rounded` as `cost`, otherwise as `plain`."""
        if quantity.shape[1] <= _DENSE:
            return np.asarray((self.cost if rounded else self.plain)(quantity).sum(axis=1))
        # Many lanes (one per location) are mostly unused, and an unused lane costs nothing.
        row, lane = np.nonzero(quantity)
        used = self.take(lane)
        usd = (used.cost if rounded else used.plain)(quantity[row, lane])
        return np.bincount(row, weights=usd, minlength=quantity.shape[0]).astype(np.float64, copy=False)

    def billed(self, quantity: FloatArray) -> FloatArray:
        """Quantities after increments and minima, as `TariffTable.billed`."""
        step = np.where(self.increment > 0, self.increment, 1.0)
        rounded = np.where(self.increment > 0, np.ceil(quantity / step - _HAIR) * step, quantity)
        return np.where(quantity > 0, np.maximum(rounded, self.minimum), 0.0)

    @cached_property
    def lowest(self) -> FloatArray:
        """Lowest price (L,) of any tier."""
        return np.asarray(np.where(np.isfinite(self.starts), self.price, np.inf).min(axis=0))

    @cached_property
    def tame(self) -> BoolArray:
        """Lanes whose least addition lies at one end of the base's range: see `marginal`."""
        there = np.isfinite(self.starts)
        steps = np.where(there[1:], np.diff(self.price, axis=0), 0.0)
        rising = (steps >= 0).all(axis=0)
        falling_later = (steps[1:] <= 0).all(axis=0)
        first_lowest = (np.where(there, self.price, np.inf) >= self.price[0]).all(axis=0)
        return np.asarray(rising | (falling_later & first_lowest))

    def marginal(self, quantity: FloatArray, above: FloatArray, lanes: IntArray | None = None) -> FloatArray:
        """The least USD (…, L) by which `quantity` (…, L) more units raise a lane's cost over bases in [0, above].

        The last axis lists all lanes, or the given ones. On a free (or cheapest) first tier followed by falling prices
        the addition grows with the base inside the first tier and falls beyond it; on rising prices it grows. Either
        way its minimum is at an end of the range. Other shapes fall back on their lowest price.
        """
        curves, tame, lowest = self, self.tame, self.lowest
        if lanes is not None:
            curves, tame, lowest = self.take(lanes), tame[lanes], lowest[lanes]
        least = np.minimum(curves.plain(quantity), curves.plain(quantity + above) - curves.plain(above))
        return np.maximum(np.where(tame, least, quantity * lowest), 0.0)


def lines_below(
    curves: Curves, pool: IntArray, low: FloatArray, high: FloatArray, aim: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Intercepts (…, pools) and slopes (…, L) of lines below the pools' costs, close to them at totals `aim`.

    `low`, `high`, `aim` are (…, pools) bounds and a guess of the pools' totals, low ≤ aim ≤ high; lane l is in pool
    pool[l]. Where a curve has a kink at `aim`, the slope lies midway between the flattest and the steepest.
    Guarantee: for totals in the bounds, intercept + Σ_l slope_l · q_l ≤ the pool's cost, but for float rounding.
    """
    bottom, last, here = low[..., pool], high[..., pool], aim[..., pool]
    x, y = _corners(curves, bottom, last)
    gap = x - here
    rise = np.divide(y - curves.cost(here), gap, out=np.zeros_like(gap), where=np.abs(gap) > _TINY)
    left = np.where(gap < 0, rise, 0.0).max(axis=0)
    right = np.where(gap > 0, rise, np.inf).min(axis=0)
    lean = 0.5 * (left + np.where(np.isfinite(right), np.maximum(right, 0.0), left))
    cut = (y - lean * x).min(axis=0)
    if low.shape[-1] == pool.shape[0]:
        intercept = np.empty_like(cut)
        intercept[..., pool] = cut
    else:
        order = np.argsort(pool, kind="stable")
        first = np.searchsorted(pool[order], np.arange(low.shape[-1]))
        intercept = np.minimum.reduceat(cut.take(order, axis=-1), first, axis=-1)
    # A pool that may be unused costs nothing then, so its lines must pass at or below the origin.
    np.minimum(intercept, 0.0, out=intercept, where=low <= 0)
    ratio = np.divide(y - intercept[..., pool], x, out=np.full_like(x, np.inf), where=x > _TINY)
    slopes = ratio.min(axis=0)
    return intercept, np.where(np.isfinite(slopes), np.maximum(slopes, 0.0), 0.0)


def _corners(curves: Curves, bottom: FloatArray, last: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Points (corners, …, L) such that a rising line below all of them is below the curves on [bottom, last]."""
    tiers = curves.starts.shape[0]
    lift = (slice(1, None), *(None,) * (bottom.ndim - 1))
    x = np.empty((tiers + 1 + curves.rounds, *bottom.shape))
    y = np.empty_like(x)
    at_first, at_last = curves.cost(np.stack([bottom, last]))
    first = bottom
    if curves.rounds:
        # Within one step the cost is flat: its lowest ratio to the quantity is at the step's right end, so the last
        # full step's is a corner. Below its minimum a lane costs what the minimum costs, at least.
        step = np.where(curves.increment > 0, curves.increment, 1.0)
        up = np.where(curves.increment > 0, np.ceil(bottom / step - _HAIR) * step, bottom)
        least = np.broadcast_to(curves.minimum, bottom.shape)
        below = bottom < least
        first = np.minimum(np.where(below, least, up), last)
        at_first = np.where(below, curves.plain(least), at_first)
        whole = np.where(curves.increment > 0, np.floor(last / step) * step, last)
        whole = np.where(whole > first, whole, last)
        x[-1], y[-1] = whole, curves.cost(whole)
    x[0], y[0], x[1], y[1] = first, at_first, last, at_last
    starts = curves.starts[lift]
    inside = (starts > first) & (starts < last)
    x[2 : tiers + 1] = np.where(inside, starts, last)
    y[2 : tiers + 1] = np.where(inside, curves.knots[lift], at_last)
    return x, y


def floors(curves: Curves, pool: IntArray, pools: int) -> Curves:
    """One curve per pool that lies below its lanes' curves: the lowest price of any lane, tier by tier, unrounded."""
    shared = np.bincount(pool, minlength=pools) > 1
    lane_of = np.zeros(pools, dtype=np.int64)
    lane_of[pool] = np.arange(pool.size)
    if not shared.any():
        return curves.take(lane_of).unrounded()
    merged: dict[int, tuple[FloatArray, FloatArray]] = {}
    for j in np.flatnonzero(shared).tolist():
        mates = np.flatnonzero(pool == j)
        starts = np.unique(curves.starts[:, mates])
        starts = starts[np.isfinite(starts)]
        # The tier of each mate that holds each start: the last one that has begun.
        tier = (curves.starts[:, mates, None] <= starts).sum(axis=0) - 1
        merged[j] = starts, curves.price[tier, mates[:, None]].min(axis=0)
    width = max(curves.starts.shape[0], *(starts.size for starts, _ in merged.values()))
    all_starts, price = np.full((pools, width), np.inf), np.zeros((pools, width))
    tiers = curves.starts.shape[0]
    all_starts[:, :tiers], price[:, :tiers] = curves.starts[:, lane_of].T, curves.price[:, lane_of].T
    for j, (starts, lowest) in merged.items():
        all_starts[j], price[j] = np.inf, 0.0
        all_starts[j, : starts.size], price[j, : starts.size] = starts, lowest
    return Curves.from_tiers(all_starts, price, np.zeros(pools), np.zeros(pools))
