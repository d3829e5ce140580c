"""What many problems share: the index structure behind the search, prepared once.

Rows. What an option uses before anything is known about where inside its provider the other slots sit depends only
on *which* of its slot's edges stay inside the provider: its *pattern*, one bit per incident edge. A row is one
(slot, pattern, provider, location, option); there are far fewer rows than (provider, slot set, option) triples, and
tariffs are applied to rows. Tables over slot sets are then gathers from rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.curves import Curves
from twin2multicloud.optimizer.search.problem import CLOUD, REGION, SAME, Problem, Usage

MAX_VECTORS = 300_000
"""Provider vectors (providers ** slots) beyond which this search is the wrong tool."""

LINEAR, SOLO, LOCAL, WIDE = 0, 1, 2, 3
"""How a lane couples slots: not at all; within one slot only; within one location; over the provider."""


@dataclass(frozen=True)
class Quantities:
    """One problem's numbers laid on the structure."""

    kinds: FloatArray  # (1 + 3·degree, O + 1, M): own, then CLOUD/SAME/REGION use per incident edge (see `plane`)
    rows: FloatArray  # (R, M) certain quantities of each row
    extra: BoolArray  # (edges,) whether the two inner relations differ in use


class Structure:
    """Index arrays of all problems that share slots, options, locations, usage patterns, edges and tariffs."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.slots, self.options = problem.slots, problem.options
        if self.slots < 1:
            raise ValueError("a problem has at least one slot")
        self.providers = int(problem.provider.max(initial=0)) + 1
        if self.providers**self.slots > MAX_VECTORS:
            raise ValueError(f"{self.providers} providers over {self.slots} slots are too many for this search")
        self.curves = Curves.of(problem.tariffs)
        self.pool = np.append(problem.tariffs.pool, problem.tariffs.pools)
        self._lay_out_usage()
        self._check()
        self._lay_out_rows()
        self._classify_lanes()
        self._lay_out_sets()

    def _check(self) -> None:
        """Money must stay with one provider: options, lanes, pools and locations may not straddle."""
        problem = self.problem
        used = self.lane < problem.tariffs.lanes
        paid_to = np.append(problem.lane_provider, -1)[self.lane]
        if (used & (paid_to != np.append(problem.provider, -1)[:, None])).any():
            raise ValueError("an option uses a lane that is paid to another provider")
        for keys, owners, what in (
            (problem.tariffs.pool, problem.lane_provider, "pool"),
            (problem.location, problem.provider, "location"),
        ):
            pairs = np.unique(np.stack([keys, owners], axis=1), axis=0)
            if pairs.shape[0] != np.unique(keys).size:
                raise ValueError(f"a {what} belongs to more than one provider")

    # --- usage as padded rows: option o uses lanes lane[o, :] -------------------------------------------------------

    def _lay_out_usage(self) -> None:
        problem = self.problem
        lanes, options = problem.tariffs.lanes, self.options
        slot = problem.slot
        incident: list[list[int]] = [[] for _ in range(self.slots)]
        for number, edge in enumerate(problem.edges):
            if edge.source == edge.target:
                raise ValueError("an edge joins two different slots")
            incident[edge.source].append(number)
            incident[edge.target].append(number)
        self.incident = incident
        self.degree = max((len(edges) for edges in incident), default=0)
        # Bit of each (edge, slot) in that slot's patterns.
        self.bit = {(e, s): d for s, edges in enumerate(incident) for d, e in enumerate(edges)}
        usages: list[tuple[Usage, IntArray, IntArray]] = []  # usage, plane per entry, option per entry
        for usage, planes in [(problem.own, np.zeros(options, dtype=np.int64)), *self._edge_planes(slot)]:
            option = np.repeat(np.arange(options), np.diff(usage.indptr))
            usages.append((usage, planes[option], option))
        option = np.concatenate([o for _, _, o in usages])
        plane = np.concatenate([p for _, p, _ in usages])
        lane = np.concatenate([u.lane for u, _, _ in usages])
        if (plane < 0).any():
            raise ValueError("an edge's usage names an option of a slot that is not its end")
        keys, where = np.unique(option * (lanes + 1) + lane, return_inverse=True)
        owner = keys // (lanes + 1)
        first = np.searchsorted(owner, np.arange(options + 1))
        column = np.arange(keys.size) - first[owner]
        self.width = int(column.max(initial=0)) + 1
        self.lane = np.full((options + 1, self.width), lanes, dtype=np.int64)
        self.lane[owner, column] = keys % (lanes + 1)
        self._planes = 1 + 3 * self.degree
        self._place = (plane * (options + 1) + option) * self.width + column[where]

    def _edge_planes(self, slot: IntArray) -> list[tuple[Usage, IntArray]]:
        """Each edge's usages with the plane each option's entries go to (-1: the option is no end of the edge)."""
        out = []
        for number, edge in enumerate(self.problem.edges):
            for kind, usage in enumerate(edge.usage):
                planes = np.full(self.options, -1, dtype=np.int64)
                for end in (edge.source, edge.target):
                    planes[slot == end] = self.plane(self.bit[number, end], kind)
                out.append((usage, planes))
        return out

    def plane(self, bit: int, kind: int) -> int:
        """Index into `Quantities.kinds` of relation `kind` on incident edge `bit`."""
        return 1 + 3 * bit + (kind + 1) % 3  # CLOUD, SAME, REGION

    def quantities(self, problem: Problem) -> Quantities:
        """Lay `problem`'s numbers out; it must share this structure's indices (not checked entry by entry)."""
        usages = [problem.own, *(u for e in problem.edges for u in e.usage)]
        numbers = np.concatenate([u.quantity for u in usages])
        if numbers.shape != self._place.shape:
            raise ValueError("the problem's usage does not share the structure")
        shape = (self._planes, self.options + 1, self.width)
        kinds = np.bincount(self._place, weights=numbers, minlength=int(np.prod(shape))).reshape(shape)
        rows = kinds[:1]
        for bit in range(self.degree):
            outside = kinds[self.plane(bit, CLOUD)]
            inside = np.minimum(kinds[self.plane(bit, SAME)], kinds[self.plane(bit, REGION)])
            rows = np.concatenate([rows + outside, rows + inside])
        extra = np.zeros(len(problem.edges), dtype=bool)
        for number, edge in enumerate(problem.edges):
            same, region = edge.usage[SAME], edge.usage[REGION]
            if same.lane.size or region.lane.size:
                extra[number] = any(
                    bool((kinds[self.plane(b, SAME), o] != kinds[self.plane(b, REGION), o]).any())
                    for b, o in (
                        (self.bit[number, end], self.problem.options_of(end)) for end in (edge.source, edge.target)
                    )
                )
        return Quantities(kinds, rows.reshape(-1, self.width)[self.row_source], extra)

    # --- rows --------------------------------------------------------------------------------------------------------

    def _lay_out_rows(self) -> None:
        problem = self.problem
        # Locations numbered within their provider.
        here = np.unique(np.stack([problem.provider, problem.location], axis=1), axis=0)
        counts = np.bincount(here[:, 0], minlength=self.providers)
        self.locations = int(counts.max(initial=0))
        start = np.cumsum([0, *counts])
        local = np.full(int(problem.location.max(initial=-1)) + 1, -1, dtype=np.int64)
        local[here[:, 1]] = np.arange(here.shape[0]) - start[here[:, 0]]
        self.local = local
        self.location_of = np.full((self.providers, self.locations), -1, dtype=np.int64)
        self.location_of[here[:, 0], local[here[:, 1]]] = here[:, 1]
        place = local[problem.location]
        source, option, slot_start, size = [], [], [], []
        total = 0
        for slot in range(self.slots):
            chosen = problem.options_of(slot)
            chosen = chosen[np.lexsort((chosen, place[chosen], problem.provider[chosen]))]
            patterns = 1 << len(self.incident[slot])
            slot_start.append(total)
            size.append(chosen.size)
            option.append(np.tile(chosen, patterns))
            source.append((np.arange(patterns)[:, None] * (self.options + 1) + chosen[None, :]).ravel())
            total += patterns * chosen.size
        self.row_source = np.concatenate(source).astype(np.int64)
        self.row_option = np.concatenate(option).astype(np.int64)
        self.row_lane = self.lane[self.row_option]
        self.row_start, self.slot_size = slot_start, size
        self.rank = np.zeros(self.options, dtype=np.int64)
        for slot in range(self.slots):
            first = self.row_option[slot_start[slot] : slot_start[slot] + size[slot]]
            self.rank[first] = np.arange(size[slot])

    def row(self, slot: int, pattern: int | IntArray, option: IntArray) -> IntArray:
        """Row numbers of options of `slot` in `pattern`."""
        return np.asarray(self.row_start[slot] + pattern * self.slot_size[slot] + self.rank[option])

    def pattern(self, slot: int, subset: int) -> int:
        """Pattern of `slot` when its provider holds exactly the slots of bit set `subset`."""
        out = 0
        for bit, number in enumerate(self.incident[slot]):
            edge = self.problem.edges[number]
            other = edge.target if edge.source == slot else edge.source
            out |= (subset >> other & 1) << bit
        return out

    # --- lanes -------------------------------------------------------------------------------------------------------

    def _classify_lanes(self) -> None:
        problem, lanes = self.problem, self.problem.tariffs.lanes
        used = self.lane[:-1] < lanes
        option, column = np.nonzero(used)
        lane = self.lane[option, column]
        pool = problem.tariffs.pool[lane]
        pools = problem.tariffs.pools

        def spread(of: IntArray) -> IntArray:
            """Number of distinct values of `of` (per entry) in each pool."""
            pairs = np.unique(np.stack([pool, of], axis=1), axis=0)
            return np.bincount(pairs[:, 0], minlength=pools)

        lanes_in, slots_in = np.bincount(problem.tariffs.pool, minlength=pools), spread(problem.slot[option])
        places_in = spread(problem.location[option])
        entries, distinct = np.bincount(pool, minlength=pools), spread(option)
        kind = np.full(pools, WIDE)
        counts = np.array([np.isfinite(row).sum() for row in problem.tariffs.starts], dtype=np.int64)
        flat = (counts == 1) & (problem.tariffs.increment == 0) & (problem.tariffs.minimum == 0)
        several = np.bincount(problem.provider, minlength=self.providers)
        places = np.array(
            [np.unique(problem.location[problem.provider == p]).size for p in range(several.size)], dtype=np.int64
        )
        owner = np.zeros(pools, dtype=np.int64)
        owner[problem.tariffs.pool] = problem.lane_provider
        kind[(places_in == 1) & (lanes_in == 1) & (places[np.minimum(owner, places.size - 1)] > 1)] = LOCAL
        kind[(slots_in <= 1) & (entries == distinct)] = SOLO
        flat_pool = np.ones(pools, dtype=bool)
        np.logical_and.at(flat_pool, problem.tariffs.pool, flat)
        # Flat prices do not care about the pool's volume, whatever the other lanes' prices.
        kind[flat_pool] = LINEAR
        self.kind = np.append(kind[problem.tariffs.pool], LINEAR)
        self.flat_price = np.where(self.kind == LINEAR, np.append(problem.tariffs.usd_per_unit[:, 0], 0.0), 0.0)

    # --- slot sets ---------------------------------------------------------------------------------------------------

    def _lay_out_sets(self) -> None:
        slots, sets = self.slots, 1 << self.slots
        self.sets_with = np.array([[s for s in range(sets) if s >> slot & 1] for slot in range(slots)], dtype=np.int64)
        self.patterns = np.array(
            [[self.pattern(slot, int(s)) for s in self.sets_with[slot]] for slot in range(slots)], dtype=np.int64
        )
        held = [
            [self.problem.options_of(slot)[self.problem.provider[self.problem.options_of(slot)] == p] for p in self.each]
            for slot in range(slots)
        ]
        self.held = held
        deepest = 1
        for slot in range(slots):
            for p in self.each:
                places = self.local[self.problem.location[held[slot][p]]]
                deepest = max(deepest, int(np.bincount(places, minlength=1).max(initial=0)))
        self.deep = deepest
        none = self.row_option.size
        shape = (self.providers, slots, sets // 2, self.locations, deepest)
        self.gather = np.full(shape, none, dtype=np.int64)
        for slot in range(slots):
            for p in self.each:
                options = held[slot][p]
                if not options.size:
                    continue
                order = np.argsort(self.local[self.problem.location[options]], kind="stable")
                options = options[order]
                places = self.local[self.problem.location[options]]
                depth = np.arange(options.size) - np.searchsorted(places, places)
                rows = self.row(slot, self.patterns[slot][:, None], options[None, :])
                self.gather[p, slot][:, places, depth] = rows
        digits = np.array(np.unravel_index(np.arange(self.providers**slots), (self.providers,) * slots)).T
        self.vectors = digits  # (V, slots) provider of each slot
        bits = 1 << np.arange(slots)
        self.vector_sets = np.stack([((digits == p) * bits).sum(axis=1) for p in self.each])  # (P, V)
        self.vector_providers = (self.vector_sets > 0).sum(axis=0)

    @property
    def each(self) -> range:
        """The providers' numbers."""
        return range(self.providers)
