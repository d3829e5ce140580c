"""What subproblems have in common whose options use the same lanes: index arrays and the tariffs they select.

Problems of a batch differ in quantities, hardly in which quantities are positive, so that layouts are worth keeping.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, IntArray
from twin2multicloud.optimizer.search.curves import Curves, floors

_KEPT = 2048
"""So many layouts (8 kB each) are kept per provider before all are dropped; bounds memory, not results."""


class Lanes:
    """The lanes of one provider that have more than one price, and the layouts seen so far."""

    def __init__(self, lanes: IntArray, curves: Curves, pool: IntArray) -> None:
        """Select `lanes`, whose curves and pools (any numbering) are given in the same order."""
        self.lanes, self.curves, self.pool = lanes, curves, pool
        self._layouts: dict[tuple[tuple[int, ...], bytes, bytes], Layout] = {}
        self._floors: dict[bytes, Curves] = {}

    def layout(self, sizes: Sequence[int], used: BoolArray, loose: BoolArray) -> Layout:
        """The layout of slots with `sizes` options that use lanes (n, C); inner relations change `loose` lanes (C,)."""
        key = (tuple(sizes), used.tobytes(), loose.tobytes())
        if key not in self._layouts:
            if len(self._layouts) >= _KEPT:
                self._layouts.clear()
                self._floors.clear()
            self._layouts[key] = Layout(self, sizes, used, loose)
        return self._layouts[key]

    def floors(self, columns: IntArray, pool: IntArray, pools: int) -> Curves:
        """The floors (`curves.floors`) of the pools that some of the lanes form."""
        key = columns.tobytes()
        if key not in self._floors:
            self._floors[key] = floors(self.curves.take(columns), pool, pools)
        return self._floors[key]


class Layout:
    """Where options lie, which lanes single slots decide (*solo*) and which couple slots."""

    def __init__(self, lanes: Lanes, sizes: Sequence[int], used: BoolArray, loose: BoolArray) -> None:
        """See `Lanes.layout`."""
        self.lanes = lanes
        ends = np.cumsum(sizes)
        self.offset: IntArray = ends - np.asarray(sizes)
        self.spans: list[tuple[int, int]] = list(zip(self.offset.tolist(), ends.tolist(), strict=True))
        self.size = int(ends[-1])
        self.slot = np.repeat(np.arange(len(self.spans)), sizes)
        self.others = 1.0 - np.eye(len(self.spans))
        self.solo, self.coupled = self._columns(used, loose)
        self.solo_curves = lanes.curves.take(self.solo)
        self.curves = lanes.curves.take(self.coupled)
        self.columns = self.coupled.size
        names, self.pool = np.unique(lanes.pool[self.coupled], return_inverse=True)
        self.pools = names.size
        self.member = np.zeros((self.columns, self.pools))
        self.member[np.arange(self.columns), self.pool] = 1.0
        self.single = self.member.sum(axis=0) == 1
        self.lane_of = np.zeros(self.pools, dtype=np.int64)
        self.lane_of[self.pool] = np.arange(self.columns)

    @cached_property
    def floors(self) -> Curves:
        """The floors of the coupled pools."""
        return self.lanes.floors(self.coupled, self.pool, self.pools)

    def _columns(self, used: BoolArray, loose: BoolArray) -> tuple[IntArray, IntArray]:
        """Lanes that a single slot decides, and lanes that couple slots."""
        pool = self.lanes.pool
        touching = np.logical_or.reduceat(used, self.offset, axis=0)  # (m, C)
        columns = np.flatnonzero(touching.any(axis=0) | loose)
        mates = np.bincount(pool[columns], minlength=1)[pool[columns]]
        alone = (touching.sum(axis=0) <= 1)[columns] & ~loose[columns] & (mates == 1)
        shared = np.unique(pool[columns[mates > 1]])
        if shared.size:
            # Lanes of one pool: still one slot's business if no option uses two of them.
            member = (pool[:, None] == shared).astype(np.float64)
            solo = ((touching @ member) > 0).sum(axis=0) <= 1
            solo &= ((used @ member).max(axis=0) <= 1) & (loose @ member == 0)
            alone |= np.isin(pool[columns], shared[solo])
        return columns[alone], columns[~alone]
