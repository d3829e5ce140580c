"""Whole frontiers of cost against carbon and against latency: how long they take, and how many points they have.

Run: python -m benchmarks.frontier [--runs N] [--json]

The built-in scenarios and random workloads of their kinds, in the candidate regions of the bundled price book. `small`
rows are held against every placement tried: two regions, frontiers alike to 1e-8, or the benchmark stops.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.scenarios import SCENARIOS
from twin2multicloud.model.slots import Provider
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.carbon.factors import load_factors
from twin2multicloud.optimizer.carbon.weights import CarbonWeights
from twin2multicloud.optimizer.frontiers import Against, frontier_of
from twin2multicloud.optimizer.latency.coordinates import Point
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.search.brute import count_placements, enumerate_best
from twin2multicloud.optimizer.search.frontier import SAME, frontier
from twin2multicloud.optimizer.search.subset import undominated

VIENNA = Point(48.2, 16.4)
AGAINST: tuple[Against, ...] = ("carbon", "latency")


@dataclass(frozen=True)
class Row:
    """One line of the table; times in milliseconds."""

    case: str
    against: str
    runs: int
    points: float  # median
    most_points: int
    median_ms: float
    max_ms: float
    tried: int = 0  # placements that brute force tried


def workloads(runs: int) -> list[Workload]:
    """Random sizes of the scenarios: devices and intervals by factors from a tenth to ten."""
    rng = np.random.default_rng(7)
    found = []
    for number in range(runs):
        base = SCENARIOS[number % len(SCENARIOS)].workload
        more, slower = 10 ** rng.uniform(-1, 1, 2)
        changes = {
            "devices": max(round(base.devices * more), 1),
            "message_interval_s": float(np.clip(base.message_interval_s * slower, 0.5, 3600)),
        }
        found.append(Workload.model_validate({**base.model_dump(), **changes}))
    return found


def measured(case: str, optimizer: BillOptimizer, given: Sequence[Workload]) -> Iterator[Row]:
    """Both frontiers of some workloads; the market is prepared beforehand, as it is in a server."""
    for against in AGAINST:
        frontier_of(optimizer, given[0], against, devices=VIENNA)
        times, points = [], []
        for workload in given:
            start = time.perf_counter()
            found = frontier_of(optimizer, workload, against, devices=VIENNA)
            times.append((time.perf_counter() - start) * 1e3)
            points.append(len(found.points))
        yield Row(
            case, against, len(given), statistics.median(points), max(points), statistics.median(times), max(times)
        )


def small(workload: Workload) -> Row:
    """One frontier that brute force finds, too."""
    regions = {Provider.AWS: ("eu-central-1",), Provider.AZURE: ("westeurope",)}
    constraints = Constraints(providers=tuple(regions), regions=regions)
    optimizer = BillOptimizer(load_book(), constraints)
    market = optimizer.market
    amounts = market.amounts(Volumes.of([workload]))
    (problem,) = market.problems(amounts)
    allowed = np.all([part.allows for part in optimizer.restrictions(workload.entities_3d > 0)], axis=0)
    allowed &= market.holding(amounts)[0][:, 0][market.offer]
    weights = CarbonWeights(market, load_factors()).of(problem, amounts.units[:, 0])
    start = time.perf_counter()
    found = frontier(problem, weights, allowed=allowed)
    took_ms = (time.perf_counter() - start) * 1e3
    tried = count_placements(problem, allowed)
    choices, usd = enumerate_best(problem, allowed=allowed, k=tried)
    weight = weights.of(problem, choices)
    kept = undominated(usd, weight, SAME)
    if not (
        found.usd.size == kept.size
        and np.allclose(found.usd, usd[kept], rtol=1e-8)
        and np.allclose(found.weight, weight[kept], rtol=1e-8)
    ):
        raise SystemExit("the frontiers differ: one of the two is wrong")
    return Row("small", "carbon", 1, found.usd.size, found.usd.size, took_ms, took_ms, tried)


def rows(runs: int) -> Iterator[Row]:
    """All of the table."""
    optimizer = BillOptimizer(load_book())
    for each in SCENARIOS:
        yield from measured(each.name, optimizer, [each.workload] * 3)
    yield from measured("random sizes", optimizer, workloads(runs))
    for each in SCENARIOS[:2]:
        yield small(each.workload)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = list(rows(given.runs))
    if given.json:
        print(json.dumps([asdict(row) for row in found], indent=2))
        return
    table = Table(box=None)
    for name in ("case", "against", "runs", "points", "most", "median ms", "max ms", "tried"):
        table.add_column(name, justify="left" if name in ("case", "against") else "right")
    for row in found:
        tried = f"{row.tried:,}" if row.tried else ""
        table.add_row(
            row.case,
            row.against,
            str(row.runs),
            f"{row.points:g}",
            str(row.most_points),
            f"{row.median_ms:.0f}",
            f"{row.max_ms:.0f}",
            tried,
        )
    Console().print(table)


if __name__ == "__main__":
    main()
