"""Lower bounds on what each provider is paid for each set of slots, all at once.

W(p, S) is the least that provider p can be paid when it holds exactly the slots S. Its bound adds up, slot by slot, the
cheapest option, where
* lanes of one slot are priced exactly, and lanes of one location by least additions (`Curves.marginal`);
* each pool over the whole provider is priced by lines below it over the totals that S allows (`lines_below`), aimed
  at the totals of a good choice, or by least additions: whichever is closer to that choice's cost;
* traffic between locations pays the cheapest price to any other location, along a forest of the dearest edges. With
  one price per location a message costs one minimum instead of a matrix.
A second round aims the lines at the choice that the first round's bound takes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.curves import floors, lines_below
from twin2multicloud.optimizer.search.problem import Problem
from twin2multicloud.optimizer.search.structure import LOCAL, SOLO, WIDE, Quantities, Structure

ROUNDS = 2
"""How often lines are aimed."""


class TableIndex:
    """Static part of the tables of a structure."""

    def __init__(self, structure: Structure) -> None:
        self.structure = s = structure
        kind = s.kind[s.row_lane]  # (R, M)
        self.flat = s.flat_price[s.row_lane]
        self.row_slot = s.problem.slot[s.row_option]
        self.solo = np.nonzero(kind == SOLO)
        self.solo_curves = s.curves.take(s.row_lane[self.solo])
        self.local = np.nonzero(kind == LOCAL)
        self.local_lane = s.row_lane[self.local]
        self.local_curves = s.curves.take(self.local_lane)
        self.local_slot = self.row_slot[self.local[0]]
        self._lay_out_wide(kind == WIDE)
        self._lay_out_segments()
        self._lay_out_transit()

    def _lay_out_wide(self, wide: BoolArray) -> None:
        """Lanes and pools of kind WIDE, numbered over all providers; rows' wide entries packed to the left."""
        s = self.structure
        self.lanes = np.flatnonzero(s.kind == WIDE)
        names, self.pool = np.unique(s.pool[self.lanes], return_inverse=True)
        self.pools = names.size
        self.curves = s.curves.take(self.lanes)
        self.floors = floors(self.curves, self.pool, self.pools)
        self.member = np.zeros((self.lanes.size, self.pools))
        self.member[np.arange(self.lanes.size), self.pool] = 1.0
        owner = np.zeros(self.pools, dtype=np.int64)
        owner[self.pool] = s.problem.lane_provider[self.lanes]
        self.pool_owner = owner
        self.paid_to = (owner[:, None] == np.arange(s.providers)[None, :]).astype(np.float64)
        self.width = int(wide.sum(axis=1).max(initial=0))
        order = np.argsort(~wide, axis=1, kind="stable")[:, : self.width]
        self.entry = np.arange(wide.shape[0])[:, None] * s.width + order  # flat into (R, M)
        real = np.take_along_axis(wide, order, axis=1)
        column = np.full(s.problem.tariffs.lanes + 1, self.lanes.size, dtype=np.int64)
        column[self.lanes] = np.arange(self.lanes.size)
        self.lane = np.where(real, column[np.take_along_axis(s.row_lane, order, axis=1)], self.lanes.size)
        self.lane_pool = np.append(self.pool, self.pools)[self.lane]  # (R, width)
        self.real = real
        # A pool's least addition is booked on the row's first entry of the pool.
        earlier = [(self.lane_pool[:, :c] == self.lane_pool[:, c : c + 1]).any(axis=1) for c in range(self.width)]
        self.books = real & ~np.stack(earlier, axis=1) if earlier else real
        self.pool_place = np.arange(wide.shape[0])[:, None] * (self.pools + 1) + self.lane_pool
        padded = np.vstack([self.lane, np.full((1, self.width), self.lanes.size)])
        at = s.sets_with[None, :, :, None, None, None] * (self.lanes.size + 1)
        self.slope_place = at + padded[s.gather]
        self.entry_curves = self.floors.take(np.where(real, self.lane_pool, 0).ravel()) if self.pools else self.floors

    def _lay_out_segments(self) -> None:
        """Segments of rows: one (slot, pattern, provider) each."""
        s = self.structure
        provider = s.problem.provider[s.row_option]
        pattern = np.concatenate(
            [
                np.repeat(np.arange(1 << len(s.incident[slot])), s.slot_size[slot])
                for slot in range(s.slots)
            ]
        )
        keys = np.stack([self.row_slot, pattern, provider], axis=1)
        new = np.ones(keys.shape[0], dtype=bool)
        new[1:] = (keys[1:] != keys[:-1]).any(axis=1)
        self.segment_start = np.flatnonzero(new)
        self.segment = np.cumsum(new) - 1
        count = self.segment_start.size
        number = {tuple(key): i for i, key in enumerate(keys[self.segment_start].tolist())}
        # Segment of each (provider, slot, set with the slot); `count` where the slot is not offered.
        self.segment_of = np.array(
            [
                [[number.get((slot, int(pat), p), count) for pat in s.patterns[slot]] for slot in range(s.slots)]
                for p in s.each
            ],
            dtype=np.int64,
        ).reshape(s.providers, s.slots, -1)
        self.segment_slot = keys[self.segment_start, 0]
        # The same for each (slot, set, wide pool), with `count + 1` where the set lacks the slot.
        place = np.full((s.slots, 1 << s.slots, self.pools), count + 1, dtype=np.int64)
        for slot in range(s.slots):
            place[slot, s.sets_with[slot]] = self.segment_of[self.pool_owner, slot].T
        self.pool_segment = place

    def _lay_out_transit(self) -> None:
        """(P, locations): the cheapest traffic to and from another location of the provider, USD per GB."""
        s = self.structure
        there = s.location_of >= 0
        at = np.maximum(s.location_of, 0)
        price = s.problem.usd_per_gb[at[:, :, None], at[:, None, :]]
        other = there[:, :, None] & there[:, None, :] & ~np.eye(s.locations, dtype=bool)[None]
        price = np.where(other, price, np.inf)
        self.cheapest_out = price.min(axis=2, initial=np.inf)
        self.cheapest_in = price.min(axis=1, initial=np.inf)
        self.position = np.zeros((s.slots, 1 << s.slots), dtype=np.int64)
        for slot in range(s.slots):
            self.position[slot, s.sets_with[slot]] = np.arange(s.sets_with.shape[1])


@dataclass(frozen=True)
class Forest:
    """Which earlier slot each slot's traffic is bounded with, per set, and what being apart costs at least."""

    tolls: dict[tuple[int, int], FloatArray]  # (slot, earlier slot) → (P, locations of the earlier slot)
    parents: IntArray  # (slots, sets/2), -1 for roots


class Table:
    """Bounds (P, 2^slots) for one problem under one mask; further masks only cost a pass over the last round."""

    def __init__(
        self, index: TableIndex, problem: Problem, numbers: Quantities, allowed: BoolArray, rows_usd: FloatArray
    ) -> None:
        """Build; `rows_usd` as `unary_rows` gives."""
        self.index, self.s = index, index.structure
        self.forest = _forest(index, problem)
        usd = np.append(np.where(allowed[self.s.row_option], rows_usd, np.inf), np.inf)
        self.unary = usd[self.s.gather]
        self.intercept = np.zeros((self.s.providers, 1 << self.s.slots))
        if index.width:
            self.bound = self._aimed(numbers, usd)
        else:
            self.bound = self._sum(self.unary)

    def restricted(self, allowed: BoolArray) -> FloatArray:
        """Bounds under a mask that allows no more options than the table's own."""
        shut = np.append(np.where(allowed[self.s.row_option], 0.0, np.inf), np.inf)
        return np.maximum(self.bound, self._sum(self.unary + shut[self.s.gather]))

    def _aimed(self, numbers: Quantities, usd: FloatArray) -> FloatArray:
        index, s = self.index, self.s
        use = np.where(index.real, numbers.rows.ravel()[index.entry], 0.0)
        low, high, most = self._ranges(numbers, use, np.isfinite(usd[:-1]))
        addition = self._additions(use, most)
        gathered_use, gathered_addition = _padded(use)[s.gather], _padded(addition)[s.gather]
        chosen = self._first_choice(use, usd[:-1], high)
        best = np.full(self.intercept.shape, -np.inf)
        base = self.unary
        lanes = index.lanes.size
        for turn in range(ROUNDS):
            lane_total, added = self._totals(chosen, use, addition)
            aim = np.clip(lane_total @ index.member, low, high)
            cut, slope = lines_below(index.curves, index.pool, low, high, aim)
            lined = cut + (lane_total * slope) @ index.member > added
            weight = np.zeros((1 << s.slots, lanes + 1))
            weight[:, :lanes] = ~lined[:, index.pool]
            line = np.zeros_like(weight)
            line[:, :lanes] = np.where(lined[:, index.pool], slope, 0.0)
            self.intercept = ((cut * lined) @ index.paid_to).T
            self.unary = base + np.einsum("...m,...m->...", gathered_use, line.ravel()[index.slope_place])
            self.unary += np.einsum("...m,...m->...", gathered_addition, weight.ravel()[index.slope_place])
            best = np.maximum(best, self._sum(self.unary))
            if turn + 1 < ROUNDS:
                flat = self.unary.reshape(*self.unary.shape[:3], -1)
                pick = flat.argmin(axis=-1)[..., None]
                chosen = np.take_along_axis(s.gather.reshape(flat.shape), pick, axis=-1)[..., 0]
        return best

    def _ranges(
        self, numbers: Quantities, use: FloatArray, open_: BoolArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Least and most totals (sets, pools) over open rows, and each slot's most (slots, pools)."""
        index, s = self.index, self.s
        size = use.shape[0] * (index.pools + 1)
        total = np.bincount(index.pool_place.ravel(), weights=use.ravel(), minlength=size)
        total = total.reshape(-1, index.pools + 1)[:, :-1]
        ends = np.zeros((2, index.pools))
        least = np.minimum.reduceat(np.where(open_[:, None], total, np.inf), index.segment_start)
        top = np.maximum.reduceat(np.where(open_[:, None], total, 0.0), index.segment_start)
        if numbers.extra.any():
            extra = np.zeros((index.pools, s.slots))
            np.add.at(extra, index.pool, _extra_most(s, numbers)[index.lanes])
            top = top + extra.T[index.segment_slot]
        least = np.vstack([np.where(np.isfinite(least), least, 0.0), ends])
        top = np.vstack([top, ends])
        columns = np.arange(index.pools)
        low, high = (part[index.pool_segment, columns].sum(axis=0) for part in (least, top))
        most = np.zeros((s.slots, index.pools))
        np.maximum.at(most, index.segment_slot, top[:-2])
        return low, high, most

    def _additions(self, use: FloatArray, most: FloatArray) -> FloatArray:
        """Least additions (R, width), booked on the first entry of a pool in a row.

        Coarser than `Curves.marginal`: beyond the first tier, at the price of the last tier within reach.
        """
        index = self.index
        total = most.sum(axis=0)
        curves = index.floors
        reached = np.maximum((curves.starts < total).sum(axis=0) - 1, 0)
        last = np.where(curves.tame, curves.price[reached, np.arange(index.pools)], curves.lowest)
        pool = np.where(index.real, index.lane_pool, 0)
        amount = use
        if index.pools < index.lanes.size:
            # Several entries of one pool in a row add up on the first.
            amount = np.zeros_like(use)
            for column in range(index.width):
                same = index.lane_pool == index.lane_pool[:, column : column + 1]
                amount[:, column] = np.where(same, use, 0.0).sum(axis=1)
        alone = index.entry_curves.plain(amount.ravel()).reshape(use.shape)
        alone = np.where(curves.tame[pool], alone, np.inf)
        return np.where(index.books, np.minimum(alone, amount * last[pool]), 0.0)

    def _first_choice(self, use: FloatArray, usd: FloatArray, high: FloatArray) -> IntArray:
        """Rows (P, slots, sets/2) cheapest at the prices of large totals; the padding row where there is none."""
        index = self.index
        top = np.maximum(high.max(axis=0), 1e-12)[index.pool]
        slope = np.append((index.curves.cost(top) - index.curves.cost(0.5 * top)) / (0.5 * top), 0.0)
        guess = usd + np.einsum("rm,rm->r", use, slope[index.lane])
        least = np.minimum.reduceat(guess, index.segment_start)
        hits = np.flatnonzero((guess == least[index.segment]) & np.isfinite(guess))[::-1]
        pick = np.full(index.segment_start.size + 2, usd.size)
        pick[index.segment[hits]] = hits
        return np.asarray(pick[index.segment_of])

    def _totals(self, chosen: IntArray, use: FloatArray, addition: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Lane totals (sets, lanes) and sums of least additions (sets, pools) of the chosen rows."""
        index, sets = self.index, 1 << self.s.slots
        lanes, pools = index.lanes.size + 1, index.pools + 1
        row = np.minimum(chosen, use.shape[0] - 1)
        there = (chosen < use.shape[0])[..., None]
        at = self.s.sets_with[None, :, :, None]
        lane = np.bincount(
            (at * lanes + index.lane[row]).ravel(), weights=(use[row] * there).ravel(), minlength=sets * lanes
        )
        pool = np.bincount(
            (at * pools + index.lane_pool[row]).ravel(),
            weights=(addition[row] * there).ravel(),
            minlength=sets * pools,
        )
        return lane.reshape(sets, lanes)[:, :-1], pool.reshape(sets, pools)[:, :-1]

    def _sum(self, unary: FloatArray) -> FloatArray:
        """Bounds (P, sets) from unary costs: the cheapest options, joined by messages along the forest."""
        s, forest, position = self.s, self.forest, self.index.position
        at = unary.min(axis=-1)  # (P, slots, sets/2, locations)
        for slot in range(s.slots - 1, 0, -1):
            for parent in range(slot):
                if (slot, parent) not in forest.tolls:
                    continue
                sets = np.flatnonzero(forest.parents[slot] == parent)
                mine = at[:, slot, sets]
                message = np.minimum(mine, mine.min(axis=-1, keepdims=True) + forest.tolls[slot, parent][:, None])
                at[:, parent, position[parent, s.sets_with[slot][sets]]] += message
        # A slot with a parent is counted in its parent's message.
        least = np.where(forest.parents < 0, at.min(axis=-1), 0.0)
        out = self.intercept.copy()
        for slot in range(s.slots):
            out[:, s.sets_with[slot]] += least[:, slot]
        return out


def _padded(rows: FloatArray) -> FloatArray:
    return np.vstack([rows, np.zeros((1, rows.shape[1]))])


def unary_rows(index: TableIndex, problem: Problem, numbers: Quantities) -> FloatArray:
    """USD (R,) of each row without the provider-wide pools: a lower bound."""
    s, rows = index.structure, numbers.rows
    cost = np.asarray(problem.fixed_usd[s.row_option] + np.einsum("rm,rm->r", rows, index.flat))
    count = cost.size
    if index.solo[0].size:
        cost += np.bincount(index.solo[0], weights=index.solo_curves.cost(rows[index.solo]), minlength=count)
    if index.local[0].size:
        quantity = rows[index.local]
        lanes = s.problem.tariffs.lanes
        most = np.zeros((lanes, s.slots))
        np.maximum.at(most, (index.local_lane, index.local_slot), quantity)
        own = (index.local_lane, index.local_slot)
        above = most.sum(axis=1)[index.local_lane] - most[own]
        if numbers.extra.any():
            # What inner relations add may come first, the row's own extras included.
            above += _extra_most(s, numbers).sum(axis=1)[index.local_lane]
        least = index.local_curves.marginal(quantity, above)
        cost += np.bincount(index.local[0], weights=least, minlength=count)
    return cost


def _extra_most(s: Structure, numbers: Quantities) -> FloatArray:
    """Most (lanes + 1, slots) that inner relations may add to a lane beyond the certain quantities."""
    most = np.zeros((s.problem.tariffs.lanes + 1, s.slots))
    for bit in range(s.degree):
        gap = np.abs(numbers.kinds[s.plane(bit, 0)] - numbers.kinds[s.plane(bit, 1)])[:-1]
        part = np.zeros_like(most)
        np.maximum.at(part, (s.lane[:-1], s.problem.slot[:, None]), gap)
        most += part
    return most


def _forest(index: TableIndex, problem: Problem) -> Forest:
    s = index.structure
    tolls: dict[tuple[int, int], FloatArray] = {}
    if s.locations > 1:
        for edge in problem.edges:
            if edge.gb_per_month > 0:
                slot, earlier = max(edge.source, edge.target), min(edge.source, edge.target)
                price = index.cheapest_out if edge.source == earlier else index.cheapest_in
                tolls[slot, earlier] = tolls.get((slot, earlier), 0.0) + edge.gb_per_month * price
    parents = np.full(s.sets_with.shape, -1, dtype=np.int64)
    heaviest = np.zeros(s.sets_with.shape)
    for (slot, earlier), toll in tolls.items():
        finite = toll[np.isfinite(toll)]
        weight = float(finite.mean()) if finite.size else 1.0
        better = (s.sets_with[slot] >> earlier & 1 == 1) & (weight > heaviest[slot])
        parents[slot, better], heaviest[slot, better] = earlier, weight
    return Forest(tolls, parents)
