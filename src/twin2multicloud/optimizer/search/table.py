"""Lower bounds on what each provider is paid for each set of slots, all at once.

W(p, S) is the least that provider p can be paid when it holds exactly the slots S. Its bound adds up, slot by slot, the
cheapest option, where
* lanes of one slot are priced exactly, and lanes of one location by least additions (`Curves.marginal`);
* pools over the whole provider are bounded as in `pools`;
* traffic between locations pays the cheapest price to any other location, along a forest of the dearest edges. With
  one price per location a message costs one minimum instead of a matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.pools import PoolIndex, Pools
from twin2multicloud.optimizer.search.problem import Problem
from twin2multicloud.optimizer.search.quantities import Quantities
from twin2multicloud.optimizer.search.selection import Selections
from twin2multicloud.optimizer.search.structure import LOCAL, SOLO, Structure


class TableIndex:
    """Static part of the tables of a structure."""

    def __init__(self, structure: Structure) -> None:
        self.structure = s = structure
        lane = s.lane[s.row_option]  # (R, M)
        kind = s.kind[lane]
        self.flat = s.flat_price[lane]
        self.solo = np.nonzero(kind == SOLO)
        self.solo_curves = s.curves.take(lane[self.solo])
        self.local = np.nonzero(kind == LOCAL)
        self.local_lane = lane[self.local]
        self.local_slot = s.problem.slot[s.row_option[self.local[0]]]
        self.local_curves = s.curves.take(self.local_lane)
        self.pools = [PoolIndex(s, p) for p in s.each]
        self.selections = Selections(s)
        # (P, locations): the cheapest traffic to and from another location of the provider, USD per GB.
        there = s.location_of >= 0
        at = np.maximum(s.location_of, 0)
        other = there[:, :, None] & there[:, None, :] & ~np.eye(s.locations, dtype=bool)
        price = np.where(other, s.problem.usd_per_gb[at[:, :, None], at[:, None, :]], np.inf)
        self.cheapest_out = price.min(axis=2, initial=np.inf)
        self.cheapest_in = price.min(axis=1, initial=np.inf)


def flat_usd(index: TableIndex, problem: Problem, numbers: Quantities) -> FloatArray:
    """USD (R,) of each row for what has one price: exact."""
    own = problem.fixed_usd[index.structure.row_option]
    return np.asarray(own + np.einsum("rm,rm->r", numbers.rows, index.flat))


def narrow_usd(index: TableIndex, numbers: Quantities) -> FloatArray:
    """USD (R,) of each row on lanes of one slot or one location: a lower bound."""
    s, rows = index.structure, numbers.rows
    cost = np.zeros(rows.shape[0])
    if index.solo[0].size:
        cost += np.bincount(index.solo[0], weights=index.solo_curves.cost(rows[index.solo]), minlength=cost.size)
    if index.local[0].size:
        quantity, own = rows[index.local], (index.local_lane, index.local_slot)
        most = np.zeros((s.lanes, s.slots))
        np.maximum.at(most, own, quantity)
        above = most.sum(axis=1)[index.local_lane] - most[own]
        extra = numbers.extra_most
        if extra is not None:
            above += extra.sum(axis=1)[index.local_lane]
        least = index.local_curves.marginal(quantity, above)
        cost += np.bincount(index.local[0], weights=least, minlength=cost.size)
    return cost


@dataclass(frozen=True)
class Message:
    """Slots that hang on an earlier one with which they exchange traffic."""

    slot: int
    parent: int
    rows: IntArray  # places of the sets concerned among the slot's sets
    parent_rows: IntArray  # and among the parent's
    toll: FloatArray  # (P, 1, locations of the parent): least USD if the slot is elsewhere


class Table:
    """Bounds (P, 2^slots) for one problem under one mask; a further mask costs a pass over what it changes."""

    def __init__(
        self, index: TableIndex, problem: Problem, numbers: Quantities, allowed: BoolArray, rows_usd: FloatArray
    ) -> None:
        """Build; `rows_usd` (R,) as `flat_usd` + `narrow_usd`."""
        self.index, self.s = index, index.structure
        s, self.allowed = self.s, allowed
        self._hang(problem)
        usd = np.where(allowed[s.row_option], rows_usd, np.inf)
        pools = [Pools(part, numbers, usd) for part in index.pools]
        self.constant = np.zeros((s.providers, 1 << s.slots))
        self.at = np.full((s.providers, s.slots, s.sets_with.shape[1], s.locations), np.inf)
        self.unary: dict[tuple[int, int], FloatArray] = {}  # by provider and slot
        for p, part in enumerate(pools):
            prices, self.constant[p] = part.prices(part.first_choice())
            for number, block in enumerate(part.index.held):
                self.unary[p, block.slot] = cost = part.unary(number, prices)
                least = np.minimum.reduceat(cost, block.start, axis=1).transpose(0, 2, 1)
                self.at[p, block.slot][:, block.places] = least.reshape(-1, block.places.size)
        self.bound = self._sum(self.at.copy(), np.arange(s.providers))
        self.bound[:, 0] = 0.0

    def restricted(self, masks: Sequence[BoolArray]) -> FloatArray:
        """Bounds (masks, P, sets) under masks that allow no more options than the table's own.

        What is closed altogether only rules out sets; the sums change where some of a slot's options remain.
        """
        s = self.s
        bounds = np.repeat(self.bound[None], len(masks), axis=0)
        changed: list[tuple[int, int]] = []
        tables: list[FloatArray] = []
        for number, allowed in enumerate(masks):
            differs = np.flatnonzero(allowed != self.allowed)
            places = set(zip(s.problem.provider[differs].tolist(), s.problem.slot[differs].tolist(), strict=True))
            at: dict[int, FloatArray] = {}
            for p, slot in sorted(places):
                block = s.blocks[p][slot]
                left = allowed[block.options]
                if not left.any():
                    bounds[number, p, s.sets_with[slot]] = np.inf
                    continue
                if p not in at:
                    at[p] = self.at[p].copy()
                shut = np.where(left, 0.0, np.inf)[:, None]
                least = np.minimum.reduceat(self.unary[p, slot] + shut, block.start, axis=1).transpose(0, 2, 1)
                at[p][slot][:, block.places] = least.reshape(-1, block.places.size)
            changed += [(number, p) for p in at]
            tables += at.values()
        if changed:
            which, provider = np.array(changed).T
            sums = self._sum(np.stack(tables), provider)
            bounds[which, provider] = np.maximum(bounds[which, provider], sums)
        return bounds

    def _hang(self, problem: Problem) -> None:
        """Choose, per set, the earlier slot whose traffic with a slot is dearest: messages go along these edges."""
        s = self.s
        tolls: dict[tuple[int, int], FloatArray] = {}
        if s.locations > 1:
            for edge in problem.edges:
                if edge.gb_per_month > 0:
                    slot, earlier = max(edge.source, edge.target), min(edge.source, edge.target)
                    price = self.index.cheapest_out if edge.source == earlier else self.index.cheapest_in
                    tolls[slot, earlier] = tolls.get((slot, earlier), 0.0) + edge.gb_per_month * price
        parents = np.full(s.sets_with.shape, -1, dtype=np.int64)
        heaviest = np.zeros(s.sets_with.shape)
        for (slot, earlier), toll in tolls.items():
            finite = toll[np.isfinite(toll)]
            weight = float(finite.mean()) if finite.size else 1.0
            better = (s.sets_with[slot] >> earlier & 1 == 1) & (weight > heaviest[slot])
            parents[slot, better], heaviest[slot, better] = earlier, weight
        self.roots = parents < 0
        self.messages = []
        # Children come before their parents: a parent is always an earlier slot.
        for slot, earlier in sorted(tolls, reverse=True):
            rows = np.flatnonzero(parents[slot] == earlier)
            if rows.size:
                above = s.position[earlier, s.sets_with[slot][rows]]
                self.messages.append(Message(slot, earlier, rows, above, tolls[slot, earlier][:, None]))

    def _sum(self, at: FloatArray, provider: IntArray) -> FloatArray:
        """Bounds (n, sets) from the cheapest options (n, slots, sets/2, locations) of providers (n,), joined by
        messages; `at` is used up.
        """
        for m in self.messages:
            mine = at[:, m.slot, m.rows]
            at[:, m.parent, m.parent_rows] += np.minimum(mine, mine.min(axis=-1, keepdims=True) + m.toll[provider])
        # A slot with a parent is counted in its parent's message.
        least = np.where(self.roots, at.min(axis=-1, initial=np.inf), 0.0)
        out = self.constant[provider]
        for slot in range(self.s.slots):
            out[:, self.s.sets_with[slot]] += least[:, slot]
        return out
