"""Many problems of one structure side by side: what differs between them, as arrays with a column per problem."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray, TariffTable
from twin2multicloud.optimizer.search.many.runs import Runs
from twin2multicloud.optimizer.search.problem import REGION, Edge, Problem, Usage


@dataclass(frozen=True)
class Batch:
    """W problems that share all but quantities, traffic and allowed options with `structure`."""

    structure: Problem
    usage: FloatArray  # (entries, W), in the order of `structure.usage`
    edge_gb: FloatArray  # (edges, W)
    allowed: BoolArray  # (O, W)
    max_providers: int | None = None

    @property
    def size(self) -> int:
        """Number of problems W."""
        return int(self.usage.shape[1])

    def part(self, chosen: BoolArray) -> Batch:
        """Some of the problems (a mask)."""
        usage, edge_gb, allowed = self.usage[:, chosen], self.edge_gb[:, chosen], self.allowed[:, chosen]
        return Batch(self.structure, usage, edge_gb, allowed, self.max_providers)

    def problem(self, w: int) -> Problem:
        """Problem w by itself (without its mask)."""
        s, column = self.structure, np.ascontiguousarray(self.usage[:, w])
        own = s.own.quantity.size
        first = own
        edges = []
        for number, edge in enumerate(s.edges):
            parts = []
            for usage in edge.usage:
                end = first + usage.quantity.size
                parts.append(Usage(usage.indptr, usage.lane, column[first:end]))
                first = end
            gb = float(self.edge_gb[number, w])
            edges.append(Edge(edge.source, edge.target, gb, (parts[0], parts[1], parts[2])))
        return Problem(
            slots=s.slots,
            slot=s.slot,
            provider=s.provider,
            location=s.location,
            fixed_usd=s.fixed_usd,
            own=Usage(s.own.indptr, s.own.lane, column[:own]),
            edges=tuple(edges),
            usd_per_gb=s.usd_per_gb,
            tariffs=s.tariffs,
            lane_provider=s.lane_provider,
        )

    def price(self, choice: IntArray) -> FloatArray:
        """Exact USD per month (W,) of one placement (slots,); +inf where its options are not allowed or priced."""
        s = self.structure
        sources = np.array([choice[edge.source] for edge in s.edges], dtype=np.int64)
        targets = np.array([choice[edge.target] for edge in s.edges], dtype=np.int64)
        relation = s.relation(sources, targets)
        tables = s.options * (1 + 3 * np.arange(len(s.edges)) + relation)
        entry, _ = s.usage.entries(np.concatenate([choice, tables + sources, tables + targets]))
        usd = np.full(self.size, float(s.fixed_usd[choice].sum()))
        if entry.size:
            lane = s.usage.lane[entry]
            order = np.argsort(lane, kind="stable")
            runs = Runs(lane[order])
            total = runs.add(self.usage.take(entry[order], axis=0))
            usd += some_lanes(s.tariffs, runs.names).cost(total.T).sum(axis=1)
        for number in np.flatnonzero(relation == REGION).tolist():
            price = float(s.usd_per_gb[s.location[sources[number]], s.location[targets[number]]])
            gb = self.edge_gb[number]
            usd += np.where(gb > 0, np.where(gb > 0, gb, 1.0) * price, 0.0)
        if self.max_providers is not None and np.unique(s.provider[choice]).size > self.max_providers:
            usd[:] = np.inf
        return np.where(self.allowed[choice].all(axis=0), usd, np.inf)


def some_lanes(tariffs: TariffTable, lanes: IntArray) -> TariffTable:
    """The tariffs of `lanes` alone, their pools numbered anew; what other lanes of a pool use is taken to be 0."""
    pool = np.unique(tariffs.pool[lanes], return_inverse=True)[1].astype(np.int64)
    return TariffTable(
        tariffs.starts[lanes],
        tariffs.usd_per_unit[lanes],
        tariffs.increment[lanes],
        tariffs.minimum[lanes],
        pool,
        int(pool.max(initial=-1)) + 1,
    )
