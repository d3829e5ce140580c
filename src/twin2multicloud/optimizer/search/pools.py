"""The pools one provider counts over all its locations, bounded for every set of slots at once.

A pool's cost is bounded either by lines below it over the totals that the set allows (`lines_below`), aimed at the
totals of a good choice, or by least additions row by row; per set and pool, whichever is closer to that choice's
cost. Both add up over slots, so that what remains is one matrix product per slot: rows' quantities times the prices of
the sets.
"""

from __future__ import annotations

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.curves import floors, lines_below
from twin2multicloud.optimizer.search.quantities import Quantities
from twin2multicloud.optimizer.search.structure import WIDE, Structure


class PoolIndex:
    """Static part: the wide lanes and pools of provider p, and which of its rows use them."""

    def __init__(self, s: Structure, p: int) -> None:
        self.s, self.p, self.blocks = s, p, s.blocks[p]
        self.sets = 1 << s.slots
        wide = np.append((s.kind[:-1] == WIDE) & (s.problem.lane_provider == p), False)
        self.lanes = np.flatnonzero(wide)
        self.pool = np.unique(s.problem.tariffs.pool[self.lanes], return_inverse=True)[1]
        self.pools = int(self.pool.max(initial=-1)) + 1
        self.curves = s.curves.take(self.lanes)
        self.floors = floors(self.curves, self.pool, self.pools)
        self.member = np.zeros((self.lanes.size, self.pools))
        self.member[np.arange(self.lanes.size), self.pool] = 1.0
        self.columns = s.column_of[self.lanes]  # among all curved lanes
        self.first = s.provider_rows[p].start
        self.count = s.provider_rows[p].stop - self.first
        self._lay_out_segments()

    def _lay_out_segments(self) -> None:
        """Segments of rows, one per slot and pattern; of every slot and set, or the last where there is none."""
        s = self.s
        self.held = [block for block in self.blocks if block.options.size]
        self.option = np.concatenate([block.options for block in self.held] or [np.empty(0, dtype=np.int64)])
        ends = np.cumsum([block.options.size for block in self.held]).tolist()
        self.spans = [slice(end - block.options.size, end) for block, end in zip(self.held, ends, strict=True)]
        self.start = np.concatenate(
            [block.first - self.first + np.arange(block.patterns) * block.options.size for block in self.held]
            or [np.empty(0, dtype=np.int64)]
        )
        self.segment = np.repeat(np.arange(self.start.size), np.diff(np.append(self.start, self.count)))
        self.slot_of_segment = np.repeat([b.slot for b in self.held], [b.patterns for b in self.held]).astype(np.int64)
        self.segment_of = np.full((s.slots, self.sets), self.start.size)
        begin = 0
        for block in self.held:
            self.segment_of[block.slot, s.sets_with[block.slot]] = begin + s.patterns[block.slot]
            begin += block.patterns


class Pools:
    """One problem's rows on the pools of provider p."""

    def __init__(self, index: PoolIndex, numbers: Quantities, usd: FloatArray) -> None:
        """Prepare; `usd` (R,): the rows' other costs, +inf where closed."""
        self.index, s = index, index.s
        lanes = index.lanes.size
        self.usd = usd[s.provider_rows[index.p]]
        self.use = numbers.dense[s.provider_rows[index.p]][:, index.columns]
        total = self.use @ index.member
        self._ranges(total, np.isfinite(self.usd), numbers.extra_most)
        self.curves, self.floors = index.curves.upto(self.reach[index.pool]), index.floors.upto(self.reach)
        self.addition = self._additions(total)
        # Quantities and least additions side by side, and a last row of nothing.
        self.rows = np.zeros((index.count + 1, lanes + index.pools))
        self.rows[:-1, :lanes], self.rows[:-1, lanes:] = self.use, self.addition
        self.relations = self._relations(numbers)

    def _relations(self, numbers: Quantities) -> list[list[tuple[int, FloatArray]]]:
        """What each block's options use beyond the certain if neighbours inside the provider are here, or elsewhere.

        Per block, (bit of the neighbour, (here and elsewhere, n, lanes + 1)); the last column is in USD. Neighbours
        are left out where one of the relations adds nothing to any option: the bound could then take that one.
        """
        index = self.index
        out: list[list[tuple[int, FloatArray]]] = [[] for _ in index.held]
        if not numbers.any_extra:
            return out
        parts = np.empty((2, index.s.degree, index.option.size, index.lanes.size + 1))
        parts[..., :-1] = numbers.inner[:, :, index.option][..., index.columns]
        parts[..., -1] = numbers.inner_usd[:, :, index.option]
        both = parts.any(axis=(2, 3)).all(axis=0)
        for bit in np.flatnonzero(both).tolist():
            for number, span in enumerate(index.spans):
                mine = parts[:, bit, span]
                if mine.any(axis=2).all(axis=0).any():
                    out[number].append((bit, mine))
        return out

    def _ranges(self, total: FloatArray, open_: BoolArray, extra: FloatArray | None) -> None:
        """Least and most totals (sets, pools) over open rows, and the most (pools,) whatever the set."""
        index = self.index
        least = np.minimum.reduceat(np.where(open_[:, None], total, np.inf), index.start)
        most = np.maximum.reduceat(np.where(open_[:, None], total, 0.0), index.start)
        least[~np.isfinite(least)] = 0.0
        if extra is not None:
            most += (extra[index.lanes].T @ index.member)[index.slot_of_segment]
        top = np.zeros((index.s.slots, index.pools))
        np.maximum.at(top, index.slot_of_segment, most)
        self.reach = top.sum(axis=0)
        nothing = np.zeros((1, index.pools))
        self.low = np.vstack([least, nothing])[index.segment_of].sum(axis=0)
        self.high = np.vstack([most, nothing])[index.segment_of].sum(axis=0)

    def _additions(self, total: FloatArray) -> FloatArray:
        """Least additions (rows, pools) on top of anything within reach.

        Coarser than `Curves.marginal`: past the first tier, at the price of the last tier within reach.
        """
        curves = self.floors
        tier = np.maximum((curves.starts < self.reach).sum(axis=0) - 1, 0)
        last = np.where(curves.tame, curves.price[tier, np.arange(self.index.pools)], curves.lowest)
        return np.minimum(np.where(curves.tame, curves.plain(total), np.inf), total * last)

    def first_choice(self) -> IntArray:
        """Rows (slots, sets) cheapest at the prices of large totals; the row of nothing where there is none."""
        index = self.index
        top = np.maximum(self.reach, 1e-9)[index.pool]
        price = (self.curves.cost(top) - self.curves.cost(0.5 * top)) / (0.5 * top)
        guess = self.usd + self.use @ price
        least = np.minimum.reduceat(guess, index.start)
        hits = np.flatnonzero((guess == least[index.segment]) & np.isfinite(guess))[::-1]
        pick = np.full(index.start.size + 1, index.count)
        pick[index.segment[hits]] = hits
        return np.asarray(pick[index.segment_of])

    def prices(self, chosen: IntArray) -> tuple[FloatArray, FloatArray]:
        """Prices (sets, lanes + pools) of `rows` and the constants (sets,), close to the cost of the rows chosen."""
        index, lanes = self.index, self.index.lanes.size
        total = self.rows[chosen].sum(axis=0)
        used, added = total[:, :lanes], total[:, lanes:]
        aim = np.minimum(np.maximum(used @ index.member, self.low), self.high)
        cut, slope = lines_below(self.curves, index.pool, self.low, self.high, aim)
        lined = cut + (used * slope) @ index.member > added
        out = np.empty_like(total)
        out[:, :lanes] = np.where(lined[:, index.pool], slope, 0.0)
        out[:, lanes:] = ~lined
        return out, np.where(lined, cut, 0.0).sum(axis=1)

    def unary(self, number: int, prices: FloatArray) -> FloatArray:
        """USD (patterns, options, sets of a pattern) of a held block's rows under the sets' prices."""
        s, block = self.index.s, self.index.held[number]
        shape = (block.patterns, block.options.size)
        first = block.first - self.index.first
        part = slice(first, first + shape[0] * shape[1])
        mine = prices[s.sets_with[block.slot]].reshape(
            block.patterns, self.index.sets // 2 // block.patterns, prices.shape[1]
        )
        rows = self.rows[part].reshape(*shape, prices.shape[1])
        usd = np.asarray(rows @ mine.transpose(0, 2, 1) + self.usd[part].reshape(*shape, 1))
        for bit, parts in self.relations[number]:
            inside = np.flatnonzero(np.arange(block.patterns) >> bit & 1)
            price = mine[inside][..., : self.index.lanes.size].transpose(0, 2, 1)
            usd[inside] += (parts[:, None, :, :-1] @ price + parts[:, None, :, -1:]).min(axis=0)
        return usd
