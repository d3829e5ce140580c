"""What every option uses in every problem of a batch, by the rows of the structure, and a price below each row.

A row's quantities are sums of up to 1 + degree entries of the usage; which ones is laid out once (`RowIndex`), so that
a batch costs a few gathers. A row's *price* (`Rows.price`) is what its option adds to the bill at the very least: lanes
of one price and lanes of one slot exactly, what several slots share by least additions. Traffic between locations and
what relations inside a provider add are left out; both are ≥ 0. So a placement costs at least the sum of its rows'
prices.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import FloatArray, IntArray
from twin2multicloud.optimizer.search.curves import Curves, floors
from twin2multicloud.optimizer.search.many.batch import Batch
from twin2multicloud.optimizer.search.many.runs import Runs
from twin2multicloud.optimizer.search.problem import CLOUD, REGION, SAME
from twin2multicloud.optimizer.search.structure import LINEAR, SOLO, Structure


class RowIndex:
    """Index arrays of a structure: which usage entries a row's quantities are made of."""

    def __init__(self, s: Structure) -> None:
        self.s = s
        self._lay_out_parts()
        self._lay_out_rows()
        self._lay_out_shared()

    def _lay_out_parts(self) -> None:
        """Number the parts: distinct places of the usage, then what is certain of relations inside, then nothing."""
        s = self.s
        self.order = np.argsort(s.usage_place, kind="stable")
        self.places = Runs(s.usage_place[self.order])
        shape = (1 + 3 * s.degree, s.options + 1, s.width)
        used = self.places.names.size
        part = np.full(shape[0] * shape[1] * shape[2], -1)
        part[self.places.names] = np.arange(used)
        part = part.reshape(shape)
        same, region, cloud = (part[1 + kind :: 3] for kind in (SAME, REGION, CLOUD))
        inner = np.nonzero((same >= 0) | (region >= 0))
        self.inner_bit, self.inner_option, self.inner_column = inner
        self.nothing = used + inner[0].size
        # Usage that no relation has is the last column of the parts.
        self.inner_same = np.where(same[inner] >= 0, same[inner], used)
        self.inner_region = np.where(region[inner] >= 0, region[inner], used)
        certain = np.full(same.shape, self.nothing)
        certain[inner] = used + np.arange(inner[0].size)
        cloud = np.where(cloud >= 0, cloud, self.nothing)
        rows = np.where(part[:1] >= 0, part[:1], self.nothing)[None]  # (parts, patterns, O + 1, width)
        for bit in range(s.degree):
            away = np.concatenate([rows, np.broadcast_to(cloud[bit], (1, *rows.shape[1:]))])
            here = np.concatenate([rows, np.broadcast_to(certain[bit], (1, *rows.shape[1:]))])
            rows = np.concatenate([away, here], axis=1)
        self._parts = rows.reshape(rows.shape[0], -1, s.width)[:, s.row_source]

    def _lay_out_rows(self) -> None:
        s = self.s
        lane = s.lane[s.row_option]
        row, column = np.nonzero((self._parts != self.nothing).any(axis=0))
        parts, lane = self._parts[:, row, column], lane[row, column]
        del self._parts
        linear = s.kind[lane] == LINEAR
        paid = linear & (s.flat_price[lane] > 0)
        self.linear_parts, self.linear_price = _filled(parts[:, paid], self.nothing), s.flat_price[lane[paid]]
        self.linear = Runs(row[paid])
        # Patterns share most of their quantities: each distinct sum on a lane is one entry.
        same = np.vstack([np.sort(parts[:, ~linear], axis=0), lane[~linear]])
        _, first, number = np.unique(same, axis=1, return_index=True, return_inverse=True)
        number = number.reshape(-1)
        self.parts = _filled(parts[:, ~linear][:, first], self.nothing)
        self.lane = lane[~linear][first]
        self.entries = self.lane.size
        # Where a row's quantity on a curved lane is found among the entries; the last is nothing.
        self.entry = np.full((s.row_option.size, s.columns), self.entries)
        self.entry[row[~linear], s.column_of[self.lane[number]]] = number
        self.entry = self.entry[:, :-1]
        inner_lane = s.lane[self.inner_option, self.inner_column]
        self.inner_price = s.flat_price[inner_lane]
        self.inner_entry = np.full((s.degree, s.options, s.columns), self.inner_bit.size)
        self.inner_entry[self.inner_bit, self.inner_option, s.column_of[inner_lane]] = np.arange(self.inner_bit.size)
        self.inner_entry = self.inner_entry[..., :-1]
        self.inner_lane = inner_lane

    def _lay_out_shared(self) -> None:
        """Entries on lanes of one slot, and what rows use of pools that several slots share."""
        s, tariffs = self.s, self.s.problem.tariffs
        kind = s.kind[self.lane]
        self.solo = np.flatnonzero(kind == SOLO)
        self.solo_curves = s.curves.take(self.lane[self.solo])
        row, column = np.nonzero(self.entry != self.entries)
        entry = self.entry[row, column]
        alone = kind[entry] == SOLO
        self.solo_of_rows = np.searchsorted(self.solo, entry[alone])
        self.solo_rows = Runs(row[alone])
        row, entry = row[~alone], entry[~alone]
        lanes = np.unique(np.concatenate([self.lane[entry], self.inner_lane[s.kind[self.inner_lane] > SOLO]]))
        names, pool_of_lane = np.unique(tariffs.pool[lanes], return_inverse=True)
        self.pools = names.size
        self.floors = floors(s.curves.take(lanes), pool_of_lane, self.pools)
        pool = np.searchsorted(names, tariffs.pool[self.lane[entry]])
        key = row * max(self.pools, 1) + pool
        order = np.argsort(key, kind="stable")
        uses = Runs(key[order])
        # A use of a pool is a set of entries; rows share most of theirs, too.
        sets = [tuple(part.tolist()) for part in np.split(entry[order], uses.start[1:])] if uses.start.size else []
        numbers = {each: number for number, each in enumerate(dict.fromkeys(sets))}
        self.shared = np.array([one for each in numbers for one in each], dtype=np.int64)
        self.shared_runs = Runs(np.repeat(np.arange(len(numbers)), [len(each) for each in numbers]))
        use = np.array([numbers[each] for each in sets], dtype=np.int64)
        use_row, use_pool = np.divmod(uses.names, max(self.pools, 1))
        self.shared_pool = np.zeros(len(numbers), dtype=np.int64)
        self.shared_pool[use] = use_pool
        self.use, self.use_rows = use, Runs(use_row)
        # The most that each slot uses of a pool.
        slots = np.unique(np.vstack([use_pool * s.slots + s.problem.slot[s.row_option[use_row]], use]), axis=1)
        self.by_slot = slots[1]
        self.slots_of_pool = Runs(slots[0])
        self.pool_of_slots = Runs(self.slots_of_pool.names // s.slots)
        # And of it, at the most, for what lies inside the provider: per bit, slot and lane.
        there = np.flatnonzero(s.kind[self.inner_lane] > SOLO)
        slot = s.problem.slot[self.inner_option[there]]
        pools = np.searchsorted(names, tariffs.pool[self.inner_lane[there]])
        key = ((pools * s.degree + self.inner_bit[there]) * s.slots + slot) * (s.lanes + 1) + self.inner_lane[there]
        order = np.argsort(key, kind="stable")
        self.extra = there[order]
        self.extra_runs = Runs(key[order])
        self.extra_pools = Runs(self.extra_runs.names // (s.degree * s.slots * (s.lanes + 1)))
        blocks = [block for blocks in s.blocks for block in blocks if block.options.size]
        segment_start = np.concatenate(
            [block.first + np.arange(block.patterns) * block.options.size for block in blocks]
            or [np.empty(0, dtype=np.int64)]
        )
        self.segments = Runs(np.searchsorted(segment_start, np.arange(s.row_option.size), side="right"))
        # The segment (P, slots, sets) of rows that a provider's slot has for a set; the last: none.
        self.segment = np.full((s.providers, s.slots, 1 << s.slots), segment_start.size)
        begin = 0
        for block in blocks:
            self.segment[block.provider, block.slot, s.sets_with[block.slot]] = begin + s.patterns[block.slot]
            begin += block.patterns


def _filled(parts: IntArray, nothing: int) -> list[tuple[IntArray, IntArray]]:
    """Of each of the summands (parts, entries): which entries have it, and which part it is."""
    out = []
    for summand in parts:
        at = np.flatnonzero(summand != nothing)
        out.append((at, summand[at]))
    return out


class Rows:
    """A batch laid on the rows; problems are the last axis, since every step does the same to all of them."""

    def __init__(self, index: RowIndex, batch: Batch) -> None:
        self.index, self.s, self.batch = index, index.s, batch
        size, used = batch.size, index.places.names.size
        parts = np.zeros((index.nothing + 1, size))
        parts[:used] = index.places.add(batch.usage.take(index.order, axis=0))
        # The first of what is certain is not written yet and stands for usage that no relation has.
        same, region = parts.take(index.inner_same, axis=0), parts.take(index.inner_region, axis=0)
        certain = np.minimum(same, region)
        parts[used:-1] = certain
        self.gap: FloatArray = np.zeros((2, index.inner_bit.size + 1, size))
        """What a relation (SAME, REGION) inside the provider adds to the certain, (2, entries + 1, W)."""
        self.gap[0, :-1], self.gap[1, :-1] = same - certain, region - certain
        self.quantity: FloatArray = np.zeros((index.entries + 1, size))
        """Certain quantities on curved lanes (entries + 1, W)."""
        for at, part in index.parts:
            self.quantity[at] += parts.take(part, axis=0)
        linear = np.zeros((index.linear_price.size, size))
        for at, part in index.linear_parts:
            linear[at] += parts.take(part, axis=0)
        linear *= index.linear_price[:, None]
        fixed = self.s.problem.fixed_usd[self.s.row_option]
        self.flat: FloatArray = np.repeat(fixed[:, None], size, axis=1)
        """USD (R, W) of what has one price; exact."""
        self.flat[index.linear.names] += index.linear.add(linear)

    @cached_property
    def inner_usd(self) -> FloatArray:
        """What `gap` costs on lanes of one price, USD (2, degree · O, W)."""
        index, s = self.index, self.s
        key = index.inner_bit * s.options + index.inner_option  # ascending, as `np.nonzero` gives them
        runs = Runs(key)
        out = np.zeros((2, s.degree * s.options, self.batch.size))
        for relation in (0, 1):
            out[relation][runs.names] = runs.add(self.gap[relation, :-1] * index.inner_price[:, None])
        return out

    def price(self) -> FloatArray:
        """Least USD (R, W) that a row adds to any placement; +inf where the option is not allowed."""
        index = self.index
        usd = self.flat.copy()
        if index.solo.size:
            quantity = self.quantity.take(index.solo, axis=0)
            cost = tier_by_tier(index.solo_curves, index.solo_curves.billed(quantity.T).T)
            usd[index.solo_rows.names] += index.solo_rows.add(cost.take(index.solo_of_rows, axis=0))
        if index.pools:
            total = index.shared_runs.add(self.quantity.take(index.shared, axis=0))
            usd[index.use_rows.names] += index.use_rows.add(self._least(total).take(index.use, axis=0))
        usd[~self.batch.allowed.take(self.s.row_option, axis=0)] = np.inf
        return usd

    def _least(self, total: FloatArray) -> FloatArray:
        """Least additions of quantities on pools, as `Pools._additions`."""
        index, curves = self.index, self.index.floors
        reach = np.zeros((index.pools, self.batch.size))
        most = index.slots_of_pool.most(total.take(index.by_slot, axis=0))
        reach[index.pool_of_slots.names] = index.pool_of_slots.add(most)
        if index.extra.size:
            gap = np.maximum(*self.gap.take(index.extra, axis=1))
            reach[index.extra_pools.names] += index.extra_pools.add(index.extra_runs.most(gap))
        tier = np.maximum((curves.starts[:, :, None] < reach).sum(axis=0) - 1, 0)
        last = np.where(
            curves.tame[:, None], curves.price[tier, np.arange(index.pools)[:, None]], curves.lowest[:, None]
        )
        least = total * last.take(index.shared_pool, axis=0)
        some = np.flatnonzero(curves.tame[index.shared_pool])
        if some.size:
            plain = tier_by_tier(curves.take(index.shared_pool[some]), total.take(some, axis=0))
            least[some] = np.minimum(least[some], plain)
        return least

    def bounds(self, price: FloatArray) -> FloatArray:
        """A bound (P, sets, W) below what each provider is paid for each set of slots, from the rows' prices."""
        index, s = self.index, self.s
        out = np.zeros((s.providers, 1 << s.slots, self.batch.size))
        if not index.segments.start.size:
            out[:, 1:] = np.inf
            return out
        least = index.segments.least(price)
        least = np.concatenate([least, np.full((1, self.batch.size), np.inf)])
        for slot in range(s.slots):
            sets = s.sets_with[slot]
            out[:, sets] += least.take(index.segment[:, slot, sets], axis=0)
        return out


def tier_by_tier(curves: Curves, quantity: FloatArray) -> FloatArray:
    """`Curves.plain` of (L, W) quantities, without an array over all tiers: many lanes have one or two."""
    usd = np.minimum(quantity, curves.width[0][:, None]) * curves.price[0][:, None]
    most = quantity.max(axis=1, initial=0.0)
    for tier in range(1, curves.starts.shape[0]):
        at = np.flatnonzero(curves.starts[tier] < most)
        inside = quantity.take(at, axis=0)
        inside -= curves.starts[tier, at][:, None]
        np.clip(inside, 0.0, curves.width[tier, at][:, None], out=inside)
        inside *= curves.price[tier, at][:, None]
        usd[at] += inside
    return np.asarray(usd)
