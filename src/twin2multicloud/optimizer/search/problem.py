"""The placement problem as arrays: what the search minimises, and its reference evaluation.

One option per slot is chosen. An option sits at a *location* (one region of one provider). It uses quantities on
priced *lanes* by itself, and more at each end of an edge, depending on where the edge's other end sits:

    SAME    at the same location (a local hand-off),
    REGION  at another location of the same provider,
    CLOUD   at another provider.

The bill is the tariffs' cost of the summed quantities (pools included), plus each option's own fixed price, plus
a linear price per byte for traffic between two locations of one provider. Every pool belongs to one provider, so
that what is paid to a provider depends only on its own options and on which slots it holds: the structure the
exact search builds on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray, TariffTable

SAME, REGION, CLOUD = 0, 1, 2
"""How the two ends of an edge lie to each other; indexes `Edge.usage`."""


@dataclass(frozen=True)
class Usage:
    """Quantities on lanes per option, as sparse rows: option o's are [indptr[o] : indptr[o + 1]]."""

    indptr: IntArray  # (O + 1,)
    lane: IntArray  # (nnz,)
    quantity: FloatArray  # (nnz,), each ≥ 0, in the lane's billing unit

    @classmethod
    def of(cls, rows: Sequence[Sequence[tuple[int, float]]]) -> Usage:
        """Build from one list of (lane, quantity) per option."""
        flat = [entry for row in rows for entry in row]
        return cls(
            indptr=np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64),
            lane=np.array([lane for lane, _ in flat], dtype=np.int64),
            quantity=np.array([quantity for _, quantity in flat], dtype=np.float64),
        )

    def dense(self, lanes: int) -> FloatArray:
        """The (O, lanes) matrix."""
        out = np.zeros((self.indptr.shape[0] - 1, lanes))
        rows = np.repeat(np.arange(out.shape[0]), np.diff(self.indptr))
        np.add.at(out, (rows, self.lane), self.quantity)
        return out

    def entries(self, options: IntArray) -> tuple[IntArray, IntArray]:
        """Where the entries of `options` (K,) are: their positions in `lane`, and the k each belongs to."""
        first = self.indptr[options]
        counts = self.indptr[options + 1] - first
        owner = np.repeat(np.arange(options.shape[0]), counts)
        ahead = np.cumsum(counts) - counts
        return np.arange(owner.shape[0]) + (first - ahead)[owner], owner


@dataclass(frozen=True)
class Edge:
    """Data flowing from one slot to another.

    `usage[SAME | REGION | CLOUD]` holds, for every option of the problem, what that option uses when it is an end
    of this edge in that relation (rows of options of other slots are empty). `gb_per_month` travels between the
    ends and is priced with `Problem.usd_per_gb` when they are two locations of one provider.
    """

    source: int
    target: int
    gb_per_month: float
    usage: tuple[Usage, Usage, Usage]


@dataclass(frozen=True)
class Problem:
    """One instance. Options are numbered 0 … O−1 over all slots; locations and providers are numbered too."""

    slots: int
    slot: IntArray  # (O,) slot of each option
    provider: IntArray  # (O,)
    location: IntArray  # (O,) location of each option; a location belongs to one provider
    fixed_usd: FloatArray  # (O,) ≥ 0, independent of everything else
    own: Usage
    edges: tuple[Edge, ...]
    usd_per_gb: FloatArray  # (locations, locations); +inf where the traffic is not priced; 0 on the diagonal
    tariffs: TariffTable
    lane_provider: IntArray  # (L,) provider each lane is paid to

    @property
    def options(self) -> int:
        """Number of options O."""
        return int(self.slot.shape[0])

    @cached_property
    def usage(self) -> Usage:
        """All usage as one: the options' rows of `own`, then of each edge those of SAME, REGION and CLOUD."""
        parts = [self.own, *(usage for edge in self.edges for usage in edge.usage)]
        counts = np.concatenate([part.indptr[1:] - part.indptr[:-1] for part in parts])
        return Usage(
            indptr=np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)]),
            lane=np.concatenate([part.lane for part in parts]),
            quantity=np.concatenate([part.quantity for part in parts]),
        )

    def options_of(self, slot: int, allowed: BoolArray | None = None) -> IntArray:
        """The options that fill `slot`, ascending."""
        chosen = self.slot == slot
        return np.flatnonzero(chosen if allowed is None else chosen & allowed)

    def relation(self, a: IntArray, b: IntArray) -> IntArray:
        """SAME, REGION or CLOUD for options `a` and `b`, element by element."""
        apart = np.where(self.provider[a] == self.provider[b], REGION, CLOUD)
        return np.asarray(np.where(self.location[a] == self.location[b], SAME, apart))

    def quantities(self, choices: IntArray) -> FloatArray:
        """Lane quantities (K, L) of K placements, `choices` (K, slots) holding option numbers."""
        lanes, count = self.tariffs.lanes, choices.shape[0]
        sources, targets = self._ends(choices)
        # The rows of `usage` that a placement uses: its options' own, and those of both ends of each edge.
        tables = self.options * (1 + 3 * np.arange(len(self.edges)) + self.relation(sources, targets))
        rows = np.concatenate([choices, tables + sources, tables + targets], axis=1)
        entry, owner = self.usage.entries(rows.ravel())
        place = owner // rows.shape[1] * lanes + self.usage.lane[entry]
        total = np.bincount(place, weights=self.usage.quantity[entry], minlength=count * lanes)
        return np.asarray(total.reshape(count, lanes))

    def transit_usd(self, choices: IntArray) -> FloatArray:
        """USD (K,) for traffic between locations of one provider."""
        sources, targets = self._ends(choices)
        gb = np.array([edge.gb_per_month for edge in self.edges])
        moves = (self.relation(sources, targets) == REGION) & (gb > 0)
        price = self.usd_per_gb[self.location[sources], self.location[targets]]
        return np.asarray((gb * np.where(moves, price, 0.0)).sum(axis=1))

    def _ends(self, choices: IntArray) -> tuple[IntArray, IntArray]:
        """The options (K, edges) at the edges' sources and targets."""
        ends = np.array([(edge.source, edge.target) for edge in self.edges], dtype=np.int64).reshape(-1, 2)
        return choices[:, ends[:, 0]], choices[:, ends[:, 1]]

    def evaluate(self, choices: IntArray) -> FloatArray:
        """USD per month (K,) of K placements: the definition every search is held to."""
        lanes = self.tariffs.cost(self.quantities(choices)).sum(axis=1)
        return np.asarray(lanes + self.fixed_usd[choices].sum(axis=1) + self.transit_usd(choices))
