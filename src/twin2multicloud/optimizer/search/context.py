"""One provider holding one set of slots: quantities, relaxation and exact prices of its choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.curves import Curves, lines_below

if TYPE_CHECKING:
    from twin2multicloud.optimizer.search.subset import Pool

AIMS = 3
"""How often the lines are aimed at the pool totals of the choice they led to."""


@dataclass(frozen=True)
class Pair:
    """Two slots (positions a < b) joined by edges inside the provider."""

    a: int
    b: int
    usd: FloatArray  # (n_a, n_b) traffic and flat prices, exact
    extra: tuple[FloatArray, FloatArray, FloatArray, FloatArray] | None  # a same/apart, b same/apart: (n, columns)


class Context:
    """Options of m slots side by side (n in all), with everything priced that can be priced option by option."""

    def __init__(
        self,
        sizes: Sequence[int],
        base: FloatArray,
        quantity: FloatArray,
        curves: Curves,
        pool: IntArray,
        place: IntArray,
        pairs: list[Pair],
        origin: IntArray,
    ) -> None:
        """Prepare.

        `base` (n,): USD of each option but for its curved lanes; `quantity` (n, C): certain use of the curved
        lanes `curves` (C), in pools `pool` (C,); `place` (n,): locations; `origin`: the caller's option numbers.
        """
        ends = np.cumsum(sizes)
        self.offset: IntArray = ends - np.asarray(sizes)
        self.spans = list(zip(self.offset.tolist(), ends.tolist(), strict=True))
        self.size = int(ends[-1])
        self.origin, self.place, self.pairs = origin, place, pairs
        self._base_all, self._quantity_all, self._curves_all, self._pool_all = base, quantity, curves, pool
        self._fold(base, quantity, curves, pool)
        self._prepare_bounds()
        self._prepare_forest()

    def _fold(self, base: FloatArray, quantity: FloatArray, curves: Curves, pool: IntArray) -> None:
        """Price lanes that only one slot's options touch; keep the others as coupled columns."""
        used = quantity > 0
        touching = np.add.reduceat(used, self.offset, axis=0) > 0  # (m, C)
        loose = np.zeros(pool.shape, dtype=bool)  # columns that inner relations change
        for pair in self.pairs:
            for part in pair.extra or ():
                loose |= (part > 0).any(axis=0)
        active = touching.any(axis=0) | loose
        kept: list[int] = []
        folded: list[int] = []
        columns = np.flatnonzero(active)
        single = np.bincount(pool[columns], minlength=int(pool.max(initial=-1)) + 1)[pool] == 1
        alone = single & (touching.sum(axis=0) <= 1) & ~loose
        for column in columns[~single[columns]].tolist():
            mates = columns[pool[columns] == pool[column]]
            solo = touching[:, mates].any(axis=1).sum() <= 1 and not loose[mates].any()
            alone[column] = solo and int(used[:, mates].sum(axis=1).max()) <= 1
        folded = columns[alone[columns]].tolist()
        kept = columns[~alone[columns]].tolist()
        self.base = base
        if folded:
            self.base = base + curves.take(np.array(folded)).cost(quantity[:, folded]).sum(axis=1)
        self._kept = np.array(kept, dtype=np.int64)
        self.quantity = quantity[:, self._kept]
        self.columns = len(kept)
        self.curves = curves.take(self._kept)
        names, self.pool = np.unique(pool[self._kept], return_inverse=True)
        self.pools = names.size
        self.shared = self.pools < self.columns
        self.loose = loose[self._kept]

    def _prepare_bounds(self) -> None:
        """Ranges of the coupled totals, open slots' ranges per level, and which columns are bounded by additions."""
        low = np.minimum.reduceat(self.quantity, self.offset, axis=0)
        high = np.maximum.reduceat(self.quantity, self.offset, axis=0)
        extra = np.zeros(self.columns)
        for pair in self.pairs:
            if pair.extra is not None:
                a_same, a_apart, b_same, b_apart = (part[:, self._kept] for part in pair.extra)
                extra += np.maximum(a_same.max(axis=0) + b_same.max(axis=0), a_apart.max(axis=0) + b_apart.max(axis=0))
        zero = np.zeros((1, self.columns))
        self.open_low = np.concatenate([np.cumsum(low[::-1], axis=0)[::-1], zero])
        self.open_high = np.concatenate([np.cumsum(high[::-1], axis=0)[::-1], zero]) + extra
        member = np.zeros((self.columns, self.pools))
        member[np.arange(self.columns), self.pool] = 1.0
        self.member = member
        # A pool's total moves less than its lanes do: options differ in the lane they use.
        pooled = self.quantity @ member
        self.low = np.minimum.reduceat(pooled, self.offset, axis=0).sum(axis=0)
        self.high = np.maximum.reduceat(pooled, self.offset, axis=0).sum(axis=0) + extra @ member
        lanes_in_pool = member.sum(axis=0)[self.pool]
        first, last = self.place.min(initial=0), self.place.max(initial=0)
        used = self.quantity > 0
        users_low = np.where(used, self.place[:, None], last + 1).min(axis=0)
        users_high = np.where(used, self.place[:, None], first - 1).max(axis=0)
        local = (users_low == users_high) & (first < last)
        self.added = local & (lanes_in_pool == 1) & (self.low[self.pool] == 0) if self.columns else local
        self.lined = ~self.added
        self.alone = np.flatnonzero(self.lined & (lanes_in_pool == 1))
        self.least = np.zeros(self.size)
        if self.added.any():
            columns = np.flatnonzero(self.added)
            slot = np.repeat(np.arange(len(self.spans)), np.diff([*self.offset, self.size]))
            above = self.open_high[0][columns] - high[slot][:, columns]
            self.least = self.curves.take(columns).marginal(self.quantity[:, columns], above).sum(axis=1)
        self.added_columns = np.flatnonzero(self.added)
        self.added_curves = self.curves.take(self.added_columns)
        self.alone_curves = self.curves.take(self.alone)

    def _prepare_forest(self) -> None:
        """Each position's parent: the earlier position it pays most to be apart from."""
        self.parent = [-1] * len(self.spans)
        weight = [0.0] * len(self.spans)
        self.pair_at: dict[tuple[int, int], Pair] = {}
        for pair in self.pairs:
            self.pair_at[pair.a, pair.b] = pair
            finite = np.where(np.isfinite(pair.usd), pair.usd, 1e12)
            heft = float(finite.mean())
            if heft > weight[pair.b]:
                self.parent[pair.b], weight[pair.b] = pair.a, heft

    # --- relaxation -------------------------------------------------------------------------------------------------

    def relax(self, pool: Pool) -> float:
        """The best bound over several aims; prices the choices met on the way. Sets `bound`, `excess`, lines."""
        best = -np.inf
        aim = 0.5 * (self.low + self.high)
        seen: set[tuple[int, ...]] = set()
        for turn in range(AIMS):
            lines = self._lines(aim)
            bound, excess, steps, choice = self._programme(*lines)
            if bound > best or turn == 0:
                best = bound
                self.bound, self.excess, self.steps = bound, excess, steps
                self.intercept, self.slope = lines[1], lines[2]
            if not np.isfinite(bound):
                return float(bound)
            key = tuple(choice.tolist())
            if key not in seen:
                self._descend(choice, pool, seen)
            if not best < pool.cut or not self.columns:
                break
            aim = np.clip(self._totals(choice[None])[0] @ self.member, self.low, self.high)
        return float(best)

    def _lines(self, aim: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Option prices (n,) under the lines, the intercepts (pools,) and the slopes (columns,)."""
        unary = self.base + self.least
        if not self.lined.any():
            return unary, np.zeros(self.pools), np.zeros(self.columns)
        cut, slope = lines_below(self.curves, self.pool, self.pools, self.low, self.high, aim, 0.5)
        slope = np.where(self.lined, slope, 0.0)
        cut = np.where(self.lined.astype(float) @ self.member > 0, cut, 0.0)
        return unary + self.quantity @ slope, cut, slope

    def _programme(
        self, unary: FloatArray, cut: FloatArray, _: FloatArray
    ) -> tuple[float, FloatArray, list[FloatArray], IntArray]:
        """Minimum over the forest: bound, excess (n,), step costs per position, the minimising choice."""
        value = unary.copy()
        raw: list[FloatArray] = []
        for b in range(len(self.spans) - 1, -1, -1):
            lo, hi = self.spans[b]
            a = self.parent[b]
            if a < 0:
                raw.append(value[lo:hi])
                continue
            table = self.pair_at[a, b].usd + value[lo:hi]  # (n_a, n_b)
            raw.append(table)
            value[self.spans[a][0] : self.spans[a][1]] += table.min(axis=1)
        raw.reverse()
        bound = float(cut.sum())
        steps: list[FloatArray] = []
        excess = np.empty(self.size)
        choice = np.empty(len(self.spans), dtype=np.int64)
        for b, (lo, hi) in enumerate(self.spans):
            a = self.parent[b]
            table = raw[b]
            if a < 0:
                least = table.min()
                bound += float(least)
                if not np.isfinite(bound):
                    return np.inf, excess, steps, choice
                step = table - least
                excess[lo:hi] = step
                choice[b] = lo + step.argmin()
            else:
                least = table.min(axis=1, keepdims=True)
                step = np.where(np.isfinite(least), table - np.where(np.isfinite(least), least, 0.0), np.inf)
                first = self.spans[a][0]
                excess[lo:hi] = (excess[first : self.spans[a][1], None] + step).min(axis=0)
                choice[b] = lo + step[choice[a] - first].argmin()
            steps.append(step)
        return bound, excess, steps, choice

    def _descend(self, choice: IntArray, pool: Pool, seen: set[tuple[int, ...]]) -> None:
        """Price the choice and all that differ in one slot, move to the best, until none is better."""
        slot = np.repeat(np.arange(len(self.spans)), np.diff([*self.offset, self.size]))
        while (key := tuple(choice.tolist())) not in seen:
            seen.add(key)
            near = np.repeat(choice[None], self.size, axis=0)
            near[np.arange(self.size), slot] = np.arange(self.size)
            usd = self.price(near)
            other = near[np.arange(self.size), slot] != choice[slot]
            other[choice[0]] = True  # the choice itself, once
            pool.add(self.origin[near[other]], usd[other])
            choice = near[int(usd.argmin())]

    def step(self, level: int, index: IntArray) -> FloatArray:
        """Bound increase (M, n) for each option of position `level` after the choices `index` (M, level)."""
        table, a = self.steps[level], self.parent[level]
        out = table[None, :] if a < 0 else table[index[:, a] - self.spans[a][0]]
        for other in range(level):
            pair = self.pair_at.get((other, level))
            if pair is not None and other != a:
                out = out + pair.usd[index[:, other] - self.spans[other][0]]
        return out

    def shortfall(self, level: int, total: FloatArray, least: FloatArray) -> FloatArray:
        """What the coupled lanes cost (M,) at least beyond lines and additions; `level` positions are chosen."""
        out = np.zeros(total.shape[0])
        if self.added_columns.size:
            out += np.maximum(self.added_curves.plain(total[:, self.added_columns]).sum(axis=1) - least, 0.0)
        if self.alone.size:
            columns, curves = self.alone, self.alone_curves
            slope, cut = self.slope[columns], self.intercept[self.pool[columns]]
            low = total[:, columns] + self.open_low[level][columns]
            high = total[:, columns] + self.open_high[level][columns]
            over = np.minimum(curves.plain(low) - slope * low, curves.plain(high) - slope * high)
            rise = curves.knots - slope * np.where(np.isfinite(curves.starts), curves.starts, 0.0)
            for tier in range(1, curves.starts.shape[0]):
                within = (curves.starts[tier] > low) & (curves.starts[tier] < high)
                over = np.where(within, np.minimum(over, rise[tier]), over)
            if curves.rounds:
                over = np.maximum(over, curves.cost(low) - slope * high)
            out += np.maximum(over - cut, 0.0).sum(axis=1)
        return out

    # --- exact ------------------------------------------------------------------------------------------------------

    def extra_of(self, index: IntArray) -> FloatArray | float:
        """Use of coupled lanes (M, columns) that the last chosen position adds through relations inside."""
        level = index.shape[1] - 1
        out: FloatArray | float = 0.0
        for other in range(level):
            pair = self.pair_at.get((other, level))
            if pair is not None and pair.extra is not None:
                out = out + self._pair_extra(pair, index)
        return out

    def _pair_extra(self, pair: Pair, index: IntArray) -> FloatArray:
        assert pair.extra is not None
        a, b = index[:, pair.a], index[:, pair.b]
        same = (self.place[a] == self.place[b])[:, None]
        a, b = a - self.spans[pair.a][0], b - self.spans[pair.b][0]
        a_same, a_apart, b_same, b_apart = (part[:, self._kept] for part in pair.extra)
        return np.asarray(np.where(same, a_same[a] + b_same[b], a_apart[a] + b_apart[b]))

    def _totals(self, index: IntArray) -> FloatArray:
        total = np.asarray(self.quantity[index].sum(axis=1))
        for pair in self.pairs:
            if pair.extra is not None:
                total = total + self._pair_extra(pair, index)
        return total

    def price(self, index: IntArray) -> FloatArray:
        """Exact USD (K,) of choices (K, m), indices into the context's options."""
        usd = np.asarray(self.base[index].sum(axis=1))
        for pair in self.pairs:
            usd += pair.usd[index[:, pair.a] - self.spans[pair.a][0], index[:, pair.b] - self.spans[pair.b][0]]
        if self.columns:
            total = self._totals(index)
            if not self.shared:
                usd += self.curves.cost(total).sum(axis=1)
            else:
                volume = (total @ self.member)[:, self.pool]
                share = np.divide(total, volume, out=np.zeros_like(total), where=volume > 0)
                usd += (share * self.curves.cost(volume)).sum(axis=1)
        return usd

    def restrict(self, keep: BoolArray) -> Context:
        """The context with only the options kept."""
        sizes = np.add.reduceat(keep, self.offset).tolist()
        parts = [keep[a:b] for a, b in self.spans]
        pairs = []
        for pair in self.pairs:
            extra = None
            if pair.extra is not None:
                a_same, a_apart, b_same, b_apart = pair.extra
                a, b = parts[pair.a], parts[pair.b]
                extra = (a_same[a], a_apart[a], b_same[b], b_apart[b])
            pairs.append(Pair(pair.a, pair.b, pair.usd[np.ix_(parts[pair.a], parts[pair.b])], extra))
        return Context(
            sizes,
            self._base_all[keep],
            self._quantity_all[keep],
            self._curves_all,
            self._pool_all,
            self.place[keep],
            pairs,
            self.origin[keep],
        )
