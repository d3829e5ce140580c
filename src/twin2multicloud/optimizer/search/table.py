"""Lower bounds on what each provider is paid for each set of slots, all at once.

W(p, S) is the least that provider p can be paid when it holds exactly the slots S. The bound replaces
* lanes of one slot by their exact cost, and lanes of one location by least additions (`Curves.marginal`);
* pools over the whole provider by lines below them over the totals that S allows (`lines_below`), aimed by a first
  guess at the total and again by the choice that guess leads to;
* traffic between locations by the cheapest price to any other location, along a forest of the heaviest edges:
  messages then cost one minimum per slot instead of a matrix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.curves import lines_below
from twin2multicloud.optimizer.search.problem import Problem
from twin2multicloud.optimizer.search.structure import LINEAR, LOCAL, SOLO, WIDE, Quantities, Structure

ROUNDS = 2
"""How often the lines are aimed anew."""


class TableIndex:
    """Static part of the table for a structure."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        s = structure
        kind = s.kind[s.row_lane]  # (R, M)
        real = s.row_lane < s.problem.tariffs.lanes
        self.flat = s.flat_price[s.row_lane]
        self.curved = np.nonzero((kind == SOLO) & real)
        self.curved_curves = s.curves.take(s.row_lane[self.curved])
        self.local = np.nonzero((kind == LOCAL) & real)
        self.local_lane = s.row_lane[self.local]
        self.local_curves = s.curves.take(self.local_lane)
        slot_of_row = s.problem.slot[s.row_option]
        self.local_slot = slot_of_row[self.local[0]]
        self._lay_out_wide(kind, real)
        self._lay_out_transit()
        self.position = np.zeros((s.slots, 1 << s.slots), dtype=np.int64)
        for slot in range(s.slots):
            self.position[slot, s.sets_with[slot]] = np.arange(s.sets_with.shape[1])

    def _lay_out_wide(self, kind: IntArray, real: BoolArray) -> None:
        s = self.structure
        wide = np.flatnonzero(s.kind[:-1] == WIDE)
        owner = s.problem.lane_provider[wide]
        self.lanes = [wide[owner == p] for p in s.each]
        pools = [np.unique(s.pool[lanes]) for lanes in self.lanes]
        self.wide_lanes = max((x.size for x in self.lanes), default=0)
        self.wide_pools = max((x.size for x in pools), default=0)
        self.pool_of_lane = []
        self.lane_curves = []
        lane_column = np.full(s.problem.tariffs.lanes + 1, self.wide_lanes, dtype=np.int64)
        pool_column = np.full(s.problem.tariffs.lanes + 1, self.wide_pools, dtype=np.int64)
        for lanes, numbers in zip(self.lanes, pools, strict=True):
            lane_column[lanes] = np.arange(lanes.size)
            pool_column[lanes] = np.searchsorted(numbers, s.pool[lanes])
            self.pool_of_lane.append(pool_column[lanes])
            self.lane_curves.append(s.curves.take(lanes))
        # Wide entries moved to the front of each row.
        is_wide = (kind == WIDE) & real
        self.wide_width = int(is_wide.sum(axis=1).max(initial=0))
        order = np.argsort(~is_wide, axis=1, kind="stable")[:, : self.wide_width]
        self.wide_column = np.take_along_axis(np.arange(s.width)[None, :].repeat(kind.shape[0], 0), order, axis=1)
        self.wide_real = np.take_along_axis(is_wide, order, axis=1)
        lane = np.take_along_axis(s.row_lane, order, axis=1)
        self.wide_lane = np.where(self.wide_real, lane_column[lane], self.wide_lanes)
        wide_pool = np.where(self.wide_real, pool_column[lane], self.wide_pools)
        rows = np.arange(kind.shape[0])[:, None]
        self.pool_place = rows * (self.wide_pools + 1) + wide_pool
        if not self.wide_width:
            return
        # Flat index into the slopes (providers, sets, wide lanes + 1) for every gathered row.
        padded = np.vstack([self.wide_lane, np.full((1, self.wide_width), self.wide_lanes)])
        sets = 1 << s.slots
        base = np.arange(s.providers)[:, None, None] * sets + s.sets_with[None]
        self.slope_place = base[..., None, None, None] * (self.wide_lanes + 1) + padded[s.gather]

    def _lay_out_transit(self) -> None:
        s = self.structure
        usd = s.problem.usd_per_gb
        there = s.location_of >= 0
        at = np.maximum(s.location_of, 0)
        price = usd[at[:, :, None], at[:, None, :]]
        other = there[:, :, None] & there[:, None, :] & ~np.eye(s.locations, dtype=bool)[None]
        price = np.where(other, price, np.inf)
        # (P, locations): cheapest to and from another location of the provider.
        self.cheapest_out = price.min(axis=2, initial=np.inf)
        self.cheapest_in = price.min(axis=1, initial=np.inf)


@dataclass
class Table:
    """Bounds (P, 2^slots) for one problem under one mask, with what is needed to restrict the mask further."""

    bound: FloatArray
    unary: FloatArray  # (P, slots, sets/2, locations, deep) of the last round
    intercept: FloatArray  # (P, sets) of the last round


def unary_rows(index: TableIndex, problem: Problem, numbers: Quantities) -> FloatArray:
    """USD (R,) of each row without the provider-wide pools: a lower bound."""
    s, rows = index.structure, numbers.rows
    cost = np.asarray(problem.fixed_usd[s.row_option] + np.einsum("rm,rm->r", rows, index.flat))
    if index.curved[0].size:
        np.add.at(cost, index.curved[0], index.curved_curves.cost(rows[index.curved]))
    if index.local[0].size:
        quantity = rows[index.local]
        lanes = s.problem.tariffs.lanes
        most = np.zeros((lanes, s.slots))
        np.maximum.at(most, (index.local_lane, index.local_slot), quantity)
        if numbers.extra.any():
            most += _extra_most(s, numbers)[:lanes]
        above = (most.sum(axis=1)[:, None] - most)[index.local_lane, index.local_slot]
        # An edge's inner extras of the same slot may come on top of the certain quantity.
        above = above + most[index.local_lane, index.local_slot] - quantity if numbers.extra.any() else above
        np.add.at(cost, index.local[0], index.local_curves.marginal(quantity, above))
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


def build(
    index: TableIndex, problem: Problem, numbers: Quantities, allowed: BoolArray, rows_usd: FloatArray
) -> Table:
    """The table for `problem` with the options `allowed`; `rows_usd` as `unary_rows` gives."""
    s = index.structure
    masked = np.append(np.where(allowed[s.row_option], rows_usd, np.inf), np.inf)
    base = masked[s.gather]
    if not index.wide_width:
        return Table(_sum(index, problem, base, np.zeros((s.providers, 1 << s.slots))), base, np.zeros((1, 1)))
    use = np.where(index.wide_real, np.take_along_axis(numbers.rows, index.wide_column, axis=1), 0.0)
    size = s.row_option.size * (index.wide_pools + 1)
    totals = np.bincount(index.pool_place.ravel(), weights=use.ravel(), minlength=size)
    totals = np.vstack([totals.reshape(-1, index.wide_pools + 1)[:, :-1], np.zeros((1, index.wide_pools))])
    low, high = _ranges(index, numbers, totals, np.isfinite(masked))
    padded_use = np.vstack([use, np.zeros((1, index.wide_width))])[s.gather]
    aim = 0.5 * (low + high)
    best = np.full(low.shape[:2], -np.inf)
    unary, intercept = base, np.zeros(low.shape[:2])
    for turn in range(ROUNDS):
        slopes = np.zeros((*low.shape[:2], index.wide_lanes + 1))
        intercept = np.zeros(low.shape[:2])
        for p in s.each:
            if not index.lanes[p].size:
                continue
            pools = int(index.pool_of_lane[p].max()) + 1
            part = slice(None, pools)
            cut, slope = lines_below(
                index.lane_curves[p], index.pool_of_lane[p], pools, low[p, :, part], high[p, :, part], aim[p, :, part], 0.5
            )
            slopes[p, :, : slope.shape[1]] = slope
            intercept[p] = cut.sum(axis=1)
        unary = base + np.einsum("...m,...m->...", padded_use, slopes.ravel()[index.slope_place])
        best = np.maximum(best, _sum(index, problem, unary, intercept))
        if turn + 1 < ROUNDS:
            aim = np.clip(_chosen(s, unary, totals), low, high)
    return Table(best, unary, intercept)


def _chosen(s: Structure, unary: FloatArray, totals: FloatArray) -> FloatArray:
    """Pool totals (P, sets, pools) of each slot's cheapest option."""
    flat = unary.reshape(*unary.shape[:3], -1)
    pick = flat.argmin(axis=-1)[..., None]
    row = np.take_along_axis(s.gather.reshape(flat.shape), pick, axis=-1)[..., 0]
    out = np.zeros((s.providers, 1 << s.slots, totals.shape[1]))
    for slot in range(s.slots):
        out[:, s.sets_with[slot]] += totals[row[:, slot]]
    return out


def _ranges(index: TableIndex, numbers: Quantities, totals: FloatArray, open_: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Least and most pool totals (P, sets, pools) over allowed choices."""
    s = index.structure
    shape = (s.providers, 1 << s.slots, totals.shape[1])
    low, high = np.zeros(shape), np.zeros(shape)
    extra = _extra_most(s, numbers) if numbers.extra.any() else None
    for slot in range(s.slots):
        patterns = 1 << len(s.incident[slot])
        rows = slice(s.row_start[slot], s.row_start[slot] + patterns * s.slot_size[slot])
        here = totals[rows].reshape(patterns, s.slot_size[slot], -1)
        fine = open_[rows].reshape(patterns, -1)[0]
        provider = s.problem.provider[s.row_option[rows][: s.slot_size[slot]]]
        for p in s.each:
            mine = here[:, fine & (provider == p)]
            if not mine.shape[1]:
                continue
            least, most = mine.min(axis=1), mine.max(axis=1)
            if extra is not None:
                for lane, pool in zip(index.lanes[p], index.pool_of_lane[p], strict=True):
                    most[:, pool] += extra[lane, slot]
            low[p, s.sets_with[slot]] += least[s.patterns[slot]]
            high[p, s.sets_with[slot]] += most[s.patterns[slot]]
    return low, high


def _sum(index: TableIndex, problem: Problem, unary: FloatArray, intercept: FloatArray) -> FloatArray:
    """Bounds (P, sets) from unary costs: the cheapest options, joined by messages where locations pay for traffic."""
    s = index.structure
    at = unary.min(axis=-1)  # (P, slots, sets/2, locations)
    out = intercept.copy()
    tolls = _tolls(index, problem)
    parents = _parents(s, tolls)
    for slot in range(s.slots - 1, 0, -1):
        for parent in range(slot):
            if (slot, parent) not in tolls:
                continue
            sets = np.flatnonzero(parents[slot] == parent)
            mine = at[:, slot, sets]
            message = np.minimum(mine, mine.min(axis=-1, keepdims=True) + tolls[slot, parent][:, None])
            at[:, parent, index.position[parent, s.sets_with[slot][sets]]] += message
    least = at.min(axis=-1)
    for slot in range(s.slots):
        # A slot with a parent is counted in its parent's message.
        out[:, s.sets_with[slot]] += np.where(parents[slot] < 0, least[:, slot], 0.0)
    return out


def _tolls(index: TableIndex, problem: Problem) -> dict[tuple[int, int], FloatArray]:
    """Per pair (slot, earlier slot) with traffic: least USD (P, locations) if the slot is not where the earlier one is."""
    out: dict[tuple[int, int], FloatArray] = {}
    if index.structure.locations < 2:
        return out
    for edge in problem.edges:
        if edge.gb_per_month > 0:
            slot, earlier = max(edge.source, edge.target), min(edge.source, edge.target)
            price = index.cheapest_out if edge.source == earlier else index.cheapest_in
            out[slot, earlier] = out.get((slot, earlier), 0.0) + edge.gb_per_month * price
    return out


def _parents(s: Structure, tolls: dict[tuple[int, int], FloatArray]) -> IntArray:
    """The earlier slot (slots, sets/2) each slot hangs on: the one with the dearest toll in the set; -1 for roots."""
    parents = np.full(s.sets_with.shape, -1, dtype=np.int64)
    heaviest = np.zeros(s.sets_with.shape)
    for (slot, earlier), toll in tolls.items():
        finite = toll[np.isfinite(toll)]
        weight = float(finite.mean()) if finite.size else 1.0
        better = (s.sets_with[slot] >> earlier & 1 == 1) & (weight > heaviest[slot])
        parents[slot, better], heaviest[slot, better] = earlier, weight
    return parents
