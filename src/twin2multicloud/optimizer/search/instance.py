"""One problem laid on its structure: bounds for a mask, and the options of a provider that holds a set of slots."""

from __future__ import annotations

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.context import Options, Pair
from twin2multicloud.optimizer.search.problem import REGION, SAME, Problem
from twin2multicloud.optimizer.search.structure import LINEAR
from twin2multicloud.optimizer.search.table import Table, TableIndex, flat_usd, narrow_usd


class Instance:
    """A problem ready to be searched."""

    def __init__(self, index: TableIndex, problem: Problem) -> None:
        self.index, self.structure, self.problem = index, index.structure, problem
        s = self.structure
        self.numbers = s.quantities(problem)
        self.flat = flat_usd(index, problem, self.numbers)
        self.rows_usd = self.flat + narrow_usd(index, self.numbers)
        self._table: Table | None = None
        self._pairs: dict[tuple[int, int, int], Pair | None] = {}
        # Curved lanes of each provider, and every lane's column among them (the last one: none).
        curved = s.kind[:-1] != LINEAR
        self.lanes = [np.flatnonzero(curved & (s.problem.lane_provider == p)) for p in s.each]
        self.curves = [s.curves.take(lanes) for lanes in self.lanes]
        self.column = np.empty((s.providers, s.lanes + 1), dtype=np.int64)
        for p, lanes in enumerate(self.lanes):
            self.column[p] = lanes.size
            self.column[p, lanes] = np.arange(lanes.size)

    def table(self, allowed: BoolArray) -> Table:
        """The table of bounds under a mask; the last one is kept."""
        if self._table is None or (self._table.allowed != allowed).any():
            self._table = Table(self.index, self.problem, self.numbers, allowed, self.rows_usd)
        return self._table

    def options(self, p: int, subset: int, allowed: BoolArray) -> Options:
        """The options of provider p, which holds exactly the slots of bit set `subset`."""
        s, problem = self.structure, self.problem
        slots = [slot for slot in range(s.slots) if subset >> slot & 1]
        parts, rows = [], []
        for slot in slots:
            block = s.blocks[p][slot]
            part = block.options[allowed[block.options]]
            parts.append(part)
            rows.append(s.rows_of(block, subset, part))
        option, row = np.concatenate(parts), np.concatenate(rows)
        joined: dict[tuple[int, int], list[int]] = {}
        for number, edge in enumerate(problem.edges):
            if edge.source in slots and edge.target in slots:
                a, b = sorted((slots.index(edge.source), slots.index(edge.target)))
                joined.setdefault((a, b), []).append(number)
        pairs = []
        for (a, b), edges in sorted(joined.items()):
            key = (p, slots[a], slots[b])
            if key not in self._pairs:
                self._pairs[key] = self._pair(*key, edges)
            pair = self._pairs[key]
            if pair is not None:
                pairs.append(pair.between(a, b, *(allowed[s.blocks[p][slots[at]].options] for at in (a, b))))
        return Options(
            sizes=[part.size for part in parts],
            base=self.flat[row],
            quantity=self._dense(p, option, self.numbers.rows[row]),
            place=problem.location[option],
            origin=option,
            pairs=pairs,
            curves=self.curves[p],
            pool=problem.tariffs.pool[self.lanes[p]],
            floors=self.index.memo[p],
        )

    def _dense(self, p: int, option: IntArray, use: FloatArray) -> FloatArray:
        """Use (n, M) of options as a matrix (n, curved lanes of p)."""
        out = np.zeros((option.size, self.lanes[p].size + 1))
        # An option's real lanes are distinct; several padded ones may write to the last column.
        out[np.arange(option.size)[:, None], self.column[p][self.structure.lane[option]]] = use
        return out[:, :-1]

    def _pair(self, p: int, a: int, b: int, edges: list[int]) -> Pair | None:
        """What `edges` between slots a and b cost when both are inside p, over all options; None if nothing."""
        problem = self.problem
        parts = [self.structure.blocks[p][slot].options for slot in (a, b)]
        here, there = (problem.location[part] for part in parts)
        apart = here[:, None] != there
        usd = np.zeros(apart.shape)
        if apart.any():
            for number in edges:
                edge = problem.edges[number]
                if edge.gb_per_month > 0:
                    price = problem.usd_per_gb[here[:, None], there]
                    if edge.source != a:
                        price = problem.usd_per_gb[there, here[:, None]]
                    usd += edge.gb_per_month * np.where(apart, price, 0.0)
        if not self.numbers.extra[edges].any():
            return Pair(a, b, usd, None) if usd.any() else None
        a_same, a_apart, a_usd = self._extra(p, a, b, parts[0])
        b_same, b_apart, b_usd = self._extra(p, b, a, parts[1])
        usd += np.where(apart, a_usd[1][:, None] + b_usd[1], a_usd[0][:, None] + b_usd[0])
        return Pair(a, b, usd, (a_same, a_apart, b_same, b_apart))

    def _extra(
        self, p: int, slot: int, other: int, part: IntArray
    ) -> tuple[FloatArray, FloatArray, tuple[FloatArray, FloatArray]]:
        """What options of `slot` use beyond the certain if `other` is at the same place or apart, and its flat USD."""
        s, kinds = self.structure, self.numbers.kinds
        bit, lane = s.bit(slot, other), s.lane[part]
        same, apart = kinds[s.plane(bit, SAME), part], kinds[s.plane(bit, REGION), part]
        certain = np.minimum(same, apart)
        same, apart = same - certain, apart - certain
        flat = s.flat_price[lane]
        usd = ((same * flat).sum(axis=1), (apart * flat).sum(axis=1))
        return self._dense(p, part, same), self._dense(p, part, apart), usd
