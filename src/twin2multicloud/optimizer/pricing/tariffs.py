"""How providers charge: one shape that all tariff kinds compile to, evaluated on whole arrays.

Per use, bundle, provisioned, per user and instance tariffs are all "round the quantity up, then walk the tiers":

    billed(q) = 0 if q = 0, else max(minimum, ceil(q / increment) · increment)
    cost(q)   = Σ_tiers price_t · clip(billed(q) − start_t, 0, start_{t+1} − start_t)

A free allowance is a first tier at price 0. `increment` 0 means no rounding.

Several lanes (a meter in a region) may share one *pool*, when the provider counts their quantities together for
tiers and free allowances (an account's egress, Lambda's free grant over both architectures). With Q the pool's
total, a lane with quantity q pays its share of its own tariff at the pool's volume: q / Q · cost(Q). For a pool
with one lane this is exactly cost(q), and the allowance is counted once however many lanes draw on it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


_HAIR = 1e-9
"""A hair above a whole number of increments is that number: 12.000000000000002 units are 12, not 13."""


@dataclass(frozen=True)
class TariffLine:
    """The part of a quantity that falls into one tier."""

    from_quantity: float
    quantity: float
    usd_per_unit: float
    usd: float


@dataclass(frozen=True)
class Tariff:
    """One lane's tariff in USD per month, quantities in the lane's billing unit.

    `starts` are the lower bounds of the tiers, ascending from 0; `usd_per_unit` their prices, each ≥ 0.
    """

    starts: tuple[float, ...]
    usd_per_unit: tuple[float, ...]
    increment: float = 0.0
    minimum: float = 0.0

    def __post_init__(self) -> None:
        if not self.starts or self.starts[0] != 0.0 or len(self.starts) != len(self.usd_per_unit):
            raise ValueError("a tariff's tiers start at 0 and each has one price")
        if any(b <= a for a, b in zip(self.starts, self.starts[1:], strict=False)):
            raise ValueError("a tariff's tiers ascend")
        numbers = (*self.starts, *self.usd_per_unit, self.increment, self.minimum)
        if not all(np.isfinite(n) and n >= 0 for n in numbers):
            raise ValueError("a tariff's bounds and prices are finite and not negative")

    def billed(self, quantity: float) -> float:
        """The quantity a provider bills for `quantity`, after rounding up to increment and minimum."""
        if quantity <= 0:
            return 0.0
        if self.increment > 0:
            quantity = math.ceil(quantity / self.increment - _HAIR) * self.increment
        return max(quantity, self.minimum)

    def lines(self, quantity: float) -> list[TariffLine]:
        """How a quantity falls into the tiers, after rounding: the non-empty ones, ascending."""
        billed = self.billed(quantity)
        bounds = (*self.starts[1:], math.inf)
        found = []
        for start, end, price in zip(self.starts, bounds, self.usd_per_unit, strict=True):
            inside = min(billed, end) - start
            if inside <= 0:
                break
            found.append(TariffLine(start, inside, price, inside * price))
        return found

    def cost(self, quantity: float | FloatArray) -> FloatArray:
        """USD per month for `quantity` ≥ 0 (any shape; the result has the same)."""
        table = TariffTable.of([self])
        q = np.asarray(quantity, dtype=np.float64)
        return table.cost(q.reshape(-1, 1)).reshape(q.shape)


@dataclass(frozen=True)
class TariffTable:
    """The tariffs of L lanes side by side, padded to T tiers, so that one call prices (…, L) quantities.

    `pool[l]` numbers the pool of lane l (0 … P−1). A lane alone in its pool is priced on its own quantity.
    """

    starts: FloatArray  # (L, T), +inf where a lane has fewer tiers
    usd_per_unit: FloatArray  # (L, T), 0 where padded
    increment: FloatArray  # (L,)
    minimum: FloatArray  # (L,)
    pool: IntArray  # (L,)
    pools: int = field(default=0)

    @classmethod
    def of(cls, tariffs: Sequence[Tariff], pool: Sequence[int] | None = None) -> TariffTable:
        """Lay tariffs side by side; without `pool` every lane is a pool of its own."""
        width = max((len(t.starts) for t in tariffs), default=1)
        starts = np.full((len(tariffs), width), np.inf)
        prices = np.zeros((len(tariffs), width))
        for row, tariff in enumerate(tariffs):
            starts[row, : len(tariff.starts)] = tariff.starts
            prices[row, : len(tariff.starts)] = tariff.usd_per_unit
        numbers = np.arange(len(tariffs)) if pool is None else np.asarray(pool, dtype=np.int64)
        return cls(
            starts=starts,
            usd_per_unit=prices,
            increment=np.array([t.increment for t in tariffs], dtype=np.float64),
            minimum=np.array([t.minimum for t in tariffs], dtype=np.float64),
            pool=numbers.astype(np.int64),
            pools=int(numbers.max()) + 1 if len(tariffs) else 0,
        )

    @property
    def lanes(self) -> int:
        """Number of lanes L."""
        return int(self.pool.shape[0])

    @cached_property
    def _tiers(self) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
        """(start, width, price) of each tier over the lanes; tiers a lane does not have are free and empty."""
        start = np.where(np.isfinite(self.starts), self.starts, np.finfo(np.float64).max)
        end = np.concatenate([self.starts[:, 1:], np.full((self.lanes, 1), np.inf)], axis=1)
        return [
            (start[:, tier], np.maximum(end[:, tier] - start[:, tier], 0.0), self.usd_per_unit[:, tier])
            for tier in range(self.starts.shape[1])
        ]

    @cached_property
    def _rounds(self) -> IntArray:
        """The lanes that round up."""
        return np.flatnonzero((self.increment > 0) | (self.minimum > 0))

    @cached_property
    def _member(self) -> FloatArray:
        """(L, P) with a 1 where a lane belongs to a pool."""
        member = np.zeros((self.lanes, self.pools))
        member[np.arange(self.lanes), self.pool] = 1.0
        return member

    def own_cost(self, quantity: FloatArray) -> FloatArray:
        """USD of each lane at its own `quantity` (…, L), as if no pool were shared."""
        billed = self.billed(quantity)
        cost = np.zeros_like(billed)
        # Tier by tier: a (…, L, T) intermediate would dominate the time for wide arrays of placements.
        for start, width, price in self._tiers:
            cost += np.minimum(np.maximum(billed - start, 0.0), width) * price
        return cost

    def billed(self, quantity: FloatArray) -> FloatArray:
        """The quantities (…, L) a provider bills, after rounding up to increments and minimum."""
        billed = np.array(quantity, dtype=np.float64)
        lanes = self._rounds
        if lanes.size:
            q, increment = billed[..., lanes], self.increment[lanes]
            step = np.where(increment > 0, increment, 1.0)
            rounded = np.where(increment > 0, np.ceil(q / step - _HAIR) * step, q)
            billed[..., lanes] = np.where(q > 0, np.maximum(rounded, self.minimum[lanes]), 0.0)
        return billed

    def cost(self, quantity: FloatArray) -> FloatArray:
        """USD of each lane (…, L) for lane quantities (…, L), pools counted together."""
        q = np.asarray(quantity, dtype=np.float64)
        if self.pools == self.lanes:
            return self.own_cost(q)
        total = self.pool_totals(q)[..., self.pool]
        share = np.divide(q, total, out=np.zeros_like(q), where=total > 0)
        return share * self.own_cost(total)

    def pool_totals(self, quantity: FloatArray) -> FloatArray:
        """Totals (…, P) of the pools for lane quantities (…, L)."""
        return np.asarray(quantity @ self._member)
