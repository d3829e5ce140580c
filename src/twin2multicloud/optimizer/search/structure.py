"""What many problems share: the index structure behind the search, prepared once.

Rows. What an option uses for certain depends only on *which* neighbouring slots its provider holds, too: its
*pattern*, one bit per slot it shares an edge with. A row is one (provider, slot, pattern, option); there are far fewer
rows than (provider, slot set, option) triples, and tariffs are applied to rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, IntArray
from twin2multicloud.optimizer.search.curves import Curves
from twin2multicloud.optimizer.search.layout import Lanes
from twin2multicloud.optimizer.search.problem import REGION, SAME, Edge, Problem, Usage

MAX_VECTORS = 300_000
"""Provider vectors (providers ** slots) beyond which this search is the wrong tool."""

LINEAR, SOLO, LOCAL, WIDE = 0, 1, 2, 3
"""How a lane couples slots: not at all; within one slot only; within one location; over its provider."""


@dataclass(frozen=True)
class Block:
    """The rows of one provider and slot: (patterns, options) from `first` on, options by location."""

    provider: int
    slot: int
    options: IntArray  # (n,)
    patterns: int
    first: int
    start: IntArray  # where each location's options start
    places: IntArray  # those locations, numbered within the provider

    @property
    def rows(self) -> slice:
        """The block's rows."""
        return slice(self.first, self.first + self.patterns * self.options.size)


class Structure:
    """Index arrays of all problems that share slots, options, locations, usage patterns, edges and tariffs."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.slots, self.options, self.lanes = problem.slots, problem.options, problem.tariffs.lanes
        if self.slots < 1:
            raise ValueError("a problem has at least one slot")
        self.providers = int(problem.provider.max(initial=0)) + 1
        if self.providers**self.slots > MAX_VECTORS:
            raise ValueError(f"{self.providers} providers over {self.slots} slots are too many for this search")
        self.curves = Curves.of(problem.tariffs)
        self._lay_out_edges()
        self._lay_out_usage()
        self._check()
        self._lay_out_rows()
        self._classify_lanes()
        self._lay_out_sets()

    @property
    def each(self) -> range:
        """The providers' numbers."""
        return range(self.providers)

    def _check(self) -> None:
        """Money must stay with one provider: options, lanes, pools and locations may not straddle."""
        problem = self.problem
        paid_to = np.append(problem.lane_provider, -1)[self.lane]
        if ((self.lane < self.lanes) & (paid_to != np.append(problem.provider, -1)[:, None])).any():
            raise ValueError("an option uses a lane that is paid to another provider")
        for keys, owners, what in (
            (problem.tariffs.pool, problem.lane_provider, "pool"),
            (problem.location, problem.provider, "location"),
        ):
            owner = np.zeros(int(keys.max(initial=-1)) + 1, dtype=np.int64)
            owner[keys] = owners
            if (owner[keys] != owners).any():
                raise ValueError(f"a {what} belongs to more than one provider")

    # ── Edges and usage: option o uses the lanes lane[o, :] ──────────────────────────────────────────────────
    def _lay_out_edges(self) -> None:
        ends = [(edge.source, edge.target) for edge in self.problem.edges]
        if any(source == target for source, target in ends):
            raise ValueError("an edge joins two different slots")
        # Edges to one neighbour lie alike, so a pattern has one bit per neighbour.
        self.neighbours = [
            sorted({b for a, b in ends if a == slot} | {a for a, b in ends if b == slot}) for slot in range(self.slots)
        ]
        self.degree = max(len(slots) for slots in self.neighbours)

    def _lay_out_usage(self) -> None:
        options, width = self.options, self.lanes + 1
        usages: list[tuple[Usage, IntArray]] = [(self.problem.own, np.zeros(options, dtype=np.int64))]
        for edge in self.problem.edges:
            for kind, usage in enumerate(edge.usage):
                planes = np.full(options, -1, dtype=np.int64)
                for end in (edge.source, edge.target):
                    other = edge.target if end == edge.source else edge.source
                    planes[self.problem.slot == end] = self.plane(self.bit(end, other), kind)
                usages.append((usage, planes))
        option = np.concatenate([np.repeat(np.arange(options), np.diff(u.indptr)) for u, _ in usages])
        plane = np.concatenate([np.repeat(planes, np.diff(u.indptr)) for u, planes in usages])
        lane = np.concatenate([u.lane for u, _ in usages])
        if (plane < 0).any():
            raise ValueError("an edge's usage names an option of a slot that is not its end")
        seen = np.zeros(options * width, dtype=bool)
        seen[option * width + lane] = True
        keys = np.flatnonzero(seen)
        owner = keys // width
        column = np.arange(keys.size) - np.searchsorted(owner, np.arange(options + 1))[owner]
        self.width = int(column.max(initial=0)) + 1
        self.lane = np.full((options + 1, self.width), self.lanes, dtype=np.int64)
        self.lane[owner, column] = keys % width
        where = np.zeros(seen.shape, dtype=np.int64)
        where[keys] = column
        # Where a problem's quantities go, in (1 + 3·degree planes, O + 1, width).
        self.usage_place = (plane * (options + 1) + option) * self.width + where[option * width + lane]

        self.edge_ends = [self._ends(edge) for edge in self.problem.edges]

    def _ends(self, edge: Edge) -> BoolArray:
        """Which options (degree, O) have the edge, and for which bit; none if only other providers matter to it."""
        out = np.zeros((self.degree, self.options), dtype=bool)
        if edge.usage[SAME].lane.size or edge.usage[REGION].lane.size:
            for slot, other in ((edge.source, edge.target), (edge.target, edge.source)):
                out[self.bit(slot, other)] |= self.problem.slot == slot
        return out

    def bit(self, slot: int, other: int) -> int:
        """Bit of neighbour `other` in the patterns of `slot`."""
        return self.neighbours[slot].index(other)

    def plane(self, bit: int, kind: int) -> int:
        """Plane of the quantities laid out (the first: own) of relation `kind` with the neighbour of bit `bit`."""
        return 1 + 3 * bit + kind

    # ── Rows ─────────────────────────────────────────────────────────────────────────────────────────────────
    def _lay_out_rows(self) -> None:
        problem = self.problem
        owner = np.full(int(problem.location.max(initial=-1)) + 1, -1, dtype=np.int64)
        owner[problem.location] = problem.provider
        self.locations = max((int((owner == p).sum()) for p in self.each), default=0)
        # Locations numbered within their provider, and back (-1 where a provider has fewer).
        self.local = np.zeros(owner.size, dtype=np.int64)
        self.location_of = np.full((self.providers, self.locations), -1, dtype=np.int64)
        for p in self.each:
            mine = np.flatnonzero(owner == p)
            self.local[mine] = np.arange(mine.size)
            self.location_of[p, : mine.size] = mine
        place = self.local[problem.location]
        by_place = np.lexsort((place, problem.slot, problem.provider))
        key = (problem.provider * self.slots + problem.slot)[by_place]
        bounds = np.searchsorted(key, np.arange(self.providers * self.slots + 1))
        self.blocks: list[list[Block]] = []
        self.rank = np.zeros(self.options, dtype=np.int64)
        option, source, total = [], [], 0
        for p in self.each:
            self.blocks.append([])
            for slot in range(self.slots):
                at = p * self.slots + slot
                chosen = by_place[bounds[at] : bounds[at + 1]]
                self.rank[chosen] = np.arange(chosen.size)
                patterns = 1 << len(self.neighbours[slot])
                there = place[chosen]
                start = np.flatnonzero(np.diff(there, prepend=-1))
                self.blocks[p].append(Block(p, slot, chosen, patterns, total, start, there[start]))
                option.append(np.tile(chosen, patterns))
                source.append((np.arange(patterns)[:, None] * (self.options + 1) + chosen).ravel())
                total += patterns * chosen.size
        self.row_option = np.concatenate(option).astype(np.int64)
        self.row_source = np.concatenate(source).astype(np.int64)
        starts = [blocks[0].first for blocks in self.blocks]
        self.provider_rows = [slice(a, b) for a, b in zip(starts, [*starts[1:], total], strict=True)]

    def rows_of(self, block: Block, subset: int, options: IntArray) -> IntArray:
        """Row numbers of some of a block's options when the provider holds exactly the slots of bit set `subset`."""
        pattern = sum((subset >> other & 1) << bit for bit, other in enumerate(self.neighbours[block.slot]))
        return np.asarray(block.first + pattern * block.options.size + self.rank[options])

    # ── Lanes ────────────────────────────────────────────────────────────────────────────────────────────────
    def _classify_lanes(self) -> None:
        problem, tariffs = self.problem, self.problem.tariffs
        option, column = np.nonzero(self.lane[:-1] < self.lanes)
        pool = tariffs.pool[self.lane[option, column]]

        def spread(of: IntArray) -> IntArray:
            """Number of distinct values of `of` (per entry) in each pool."""
            base = int(of.max(initial=0)) + 1
            return np.bincount(np.unique(pool * base + of) // base, minlength=tariffs.pools)

        one_entry_each = np.bincount(pool, minlength=tariffs.pools) == spread(option)
        one_lane = np.bincount(tariffs.pool, minlength=tariffs.pools) == 1
        owner = np.zeros(tariffs.pools, dtype=np.int64)
        owner[tariffs.pool] = problem.lane_provider
        places = np.append((self.location_of >= 0).sum(axis=1), 0)[np.minimum(owner, self.providers)]
        flat = (np.isfinite(tariffs.starts).sum(axis=1) == 1) & (tariffs.increment == 0) & (tariffs.minimum == 0)
        kind = np.full(tariffs.pools, WIDE)
        kind[(spread(problem.location[option]) == 1) & one_lane & (places > 1)] = LOCAL
        kind[(spread(problem.slot[option]) <= 1) & one_entry_each] = SOLO
        # Flat prices do not care about the pool's volume, whatever the other lanes' prices.
        kind[np.bincount(tariffs.pool, weights=~flat, minlength=tariffs.pools) == 0] = LINEAR
        self.kind = np.append(kind[tariffs.pool], LINEAR)
        self.flat_price = np.where(self.kind == LINEAR, np.append(tariffs.usd_per_unit[:, 0], 0.0), 0.0)

        # The curved lanes of each provider, and the column (O, M) of each option's lanes among its provider's; the last
        # of all columns stands for none.
        curved = self.kind[:-1] != LINEAR
        chosen = [np.flatnonzero(curved & (problem.lane_provider == p)) for p in self.each]
        self.curved = [Lanes(lanes, self.curves.take(lanes), tariffs.pool[lanes]) for lanes in chosen]
        self.columns = 1 + max(lanes.size for lanes in chosen)
        self.column_of = np.full(self.lanes + 1, self.columns - 1, dtype=np.int64)
        for lanes in chosen:
            self.column_of[lanes] = np.arange(lanes.size)
        self.column = self.column_of[self.lane[:-1]]

    # ── Slot sets ────────────────────────────────────────────────────────────────────────────────────────────
    def _lay_out_sets(self) -> None:
        slots, every = self.slots, np.arange(1 << self.slots)
        # The sets with a slot, ordered by the slot's pattern: rows of one pattern serve consecutive sets.
        self.sets_with = np.empty((slots, every.size // 2), dtype=np.int64)
        self.patterns = np.empty_like(self.sets_with)
        self.position = np.zeros((slots, every.size), dtype=np.int64)
        for slot in range(slots):
            mine = every[every >> slot & 1 == 1]
            pattern = np.zeros(mine.size, dtype=np.int64)
            for bit, other in enumerate(self.neighbours[slot]):
                pattern |= (mine >> other & 1) << bit
            order = np.argsort(pattern, kind="stable")
            self.sets_with[slot], self.patterns[slot] = mine[order], pattern[order]
            self.position[slot, mine[order]] = np.arange(mine.size)
        digits = np.array(np.unravel_index(np.arange(self.providers**slots), (self.providers,) * slots))
        bits = (1 << np.arange(slots))[:, None]
        self.vector_sets = np.stack([((digits == p) * bits).sum(axis=0) for p in self.each])  # (P, vectors)
        self.vector_providers = (self.vector_sets > 0).sum(axis=0)
