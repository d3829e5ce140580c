"""The exact search on random instances: time, proof, and ratios to HiGHS and to plain-Python brute force.

Run: python -m benchmarks.search [--runs N] [--json] [--without-milp]

Times are wall time per solve and include preparing the index structures, except for `batch` rows, where one structure
serves all workloads, and `pins` rows, which add one optimum per option and per provider to a solved problem.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.instances import SCALES, experiment, twin
from twin2multicloud.optimizer.search.exact import Search, Solution, solve
from twin2multicloud.optimizer.search.problem import REGION, SAME, Problem

MILP_RUNS = 3
MILP_LIMIT_S = 60.0


@dataclass(frozen=True)
class Row:
    """One line of the table; times in milliseconds."""

    case: str
    instances: int
    median_ms: float
    p95_ms: float
    max_ms: float
    proven: float  # share
    against: str = ""
    ratio: float | None = None  # how many times longer the other took, median


def timed(run: Callable[[], Solution]) -> tuple[float, Solution]:
    start = time.perf_counter()
    solution = run()
    return (time.perf_counter() - start) * 1e3, solution


def row(
    case: str, times: Sequence[float], proven: Sequence[bool], against: str = "", ratio: float | None = None
) -> Row:
    ordered = sorted(times)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return Row(
        case, len(ordered), statistics.median(ordered), p95, ordered[-1], sum(proven) / len(proven), against, ratio
    )


def experiment_rows(runs: int) -> Iterator[Row]:
    """The experiment's shape with egress tiers per region."""
    for n, scale in itertools.product((60, 99, 180), SCALES):
        for k in (1, 10) if n == 180 else (1,):
            times, proven = [], []
            for seed in range(runs):
                problem = experiment(n, scale, seed)
                ms, solution = timed(lambda p=problem, k=k: solve(p, k=k))  # type: ignore[misc]
                times.append(ms)
                proven.append(solution.proven)
            yield row(f"n = {n}, {scale}" + (f", top {k}" if k > 1 else ""), times, proven)


def milp_rows() -> Iterator[Row]:
    """The same optimum by HiGHS (one thread) on a few instances."""
    from benchmarks.milp import solve_milp

    for scale in SCALES:
        times, ratios, agreed = [], [], []
        for seed in range(MILP_RUNS):
            problem = experiment(60, scale, seed)
            ms, solution = timed(lambda p=problem: solve(p))  # type: ignore[misc]
            start = time.perf_counter()
            other = solve_milp(problem, MILP_LIMIT_S)
            ratios.append((time.perf_counter() - start) * 1e3 / ms)
            times.append(ms)
            agreed.append(bool(solution.usd[0] <= other.usd * (1 + 1e-7)) and solution.proven)
        yield row(f"n = 60, {scale}", times, agreed, "HiGHS", statistics.median(ratios))


def twin_rows(runs: int) -> Iterator[Row]:
    """The product's shape: a batch over one structure, and the price of every pin."""
    for regions, scale in itertools.product((1, 2), (0.1, 1.0, 10.0)):
        make = {"regions": regions, "offers": 6 // regions, "scale": scale}
        search = Search(twin(0, **make))  # type: ignore[arg-type]
        times, proven = [], []
        for seed in range(1, 2 * runs + 1):
            problem = twin(seed, **make)  # type: ignore[arg-type]
            ms, solution = timed(lambda s=search, p=problem: s.solve(p))  # type: ignore[misc]
            times.append(ms)
            proven.append(solution.proven)
        yield row(f"batch, {problem.options} options, traffic × {scale:g}", times, proven)
    times, proven, ratios = [], [], []
    for seed in range(1, 4):
        problem = twin(seed)
        search = Search(problem)
        search.solve(problem)
        pins = [(problem.slot != problem.slot[o]) | (np.arange(problem.options) == o) for o in range(problem.options)]
        pins += [problem.provider == p for p in range(3)]
        start = time.perf_counter()
        solutions = search.pinned(pins, problem)
        times.append((time.perf_counter() - start) * 1e3 / len(pins))
        alone = [timed(lambda p=problem, a=pin: solve(p, allowed=a))[0] for pin in pins[::8]]  # type: ignore[misc]
        ratios.append(statistics.mean(alone) / times[-1])
        proven += [s.proven for s in solutions]
    yield row(
        f"pins, {len(pins)} per problem (ms each)", times, proven, "solving each alone", statistics.median(ratios)
    )


def plain_python(problem: Problem) -> float:
    """The optimum by trying everything, without NumPy: what a first implementation would do."""
    tariffs = problem.tariffs
    rows = {
        (e, kind): _rows(usage, problem.options)
        for e, edge in enumerate(problem.edges)
        for kind, usage in enumerate(edge.usage)
    }
    own = _rows(problem.own, problem.options)
    provider, location = problem.provider.tolist(), problem.location.tolist()
    transit, fixed = problem.usd_per_gb.tolist(), problem.fixed_usd.tolist()
    best = float("inf")
    for choice in itertools.product(*(problem.options_of(s).tolist() for s in range(problem.slots))):
        usd = sum(fixed[o] for o in choice)
        lanes: dict[int, float] = {}
        entries = [entry for o in choice for entry in own[o]]
        for e, edge in enumerate(problem.edges):
            a, b = choice[edge.source], choice[edge.target]
            kind = SAME if location[a] == location[b] else REGION if provider[a] == provider[b] else 2
            if kind == REGION:
                usd += edge.gb_per_month * transit[location[a]][location[b]]
            entries += rows[e, kind][a] + rows[e, kind][b]
        for lane, quantity in entries:
            lanes[lane] = lanes.get(lane, 0.0) + quantity
        for lane, quantity in lanes.items():
            usd += _cost(tariffs.starts[lane], tariffs.usd_per_unit[lane], tariffs.increment[lane], quantity)
        best = min(best, usd)
    return best


def _rows(usage: object, options: int) -> list[list[tuple[int, float]]]:
    indptr, lane, quantity = (getattr(usage, name).tolist() for name in ("indptr", "lane", "quantity"))
    return [list(zip(lane[a:b], quantity[a:b], strict=True)) for a, b in itertools.pairwise(indptr)][:options]


def _cost(starts: Sequence[float], prices: Sequence[float], increment: float, quantity: float) -> float:
    if increment > 0:
        quantity = -(-quantity // increment) * increment
    usd = 0.0
    for tier, price in enumerate(prices):
        end = starts[tier + 1] if tier + 1 < len(starts) else float("inf")
        usd += max(0.0, min(quantity, end) - starts[tier]) * price if starts[tier] < quantity else 0.0
    return usd


def brute_rows() -> Iterator[Row]:
    """Tiny instances, where trying everything is possible at all."""
    times, ratios, agreed = [], [], []
    for seed in range(3):
        problem = experiment(6, "mixed", seed)
        ms, solution = timed(lambda p=problem: solve(p))  # type: ignore[misc]
        start = time.perf_counter()
        usd = plain_python(problem)
        ratios.append((time.perf_counter() - start) * 1e3 / ms)
        times.append(ms)
        agreed.append(abs(usd - solution.usd[0]) <= 1e-9 * usd)
    yield row("n = 6, mixed", times, agreed, "plain-Python brute force", statistics.median(ratios))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="instances per row")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--without-milp", action="store_true", help="leave HiGHS out (it takes minutes)")
    arguments = parser.parse_args()
    rows = [*experiment_rows(arguments.runs), *twin_rows(arguments.runs), *brute_rows()]
    if not arguments.without_milp:
        rows += milp_rows()
    if arguments.json:
        print(json.dumps([asdict(r) for r in rows], indent=2))
        return
    table = Table("case", "instances", "median ms", "p95 ms", "max ms", "proven", "against", "times slower")
    for r in rows:
        ratio = "" if r.ratio is None else f"{r.ratio:,.0f}"
        times = (f"{ms:.1f}" for ms in (r.median_ms, r.p95_ms, r.max_ms))
        table.add_row(r.case, str(r.instances), *times, f"{r.proven:.0%}", r.against, ratio)
    Console().print(table)


if __name__ == "__main__":
    main()
