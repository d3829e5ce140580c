"""Batches against plain Python and against a MILP solver, workload for workload.

The baselines answer the same question on the same workloads in the same run: every placement tried in plain Python,
and the placement as a mixed-integer programme solved by HiGHS. Both are timed on a sample and stated per workload.

Run: python -m benchmarks.batches [--workloads N] [--json]
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.milp import solve_milp
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.edt25.formulas import costs
from twin2multicloud.optimizer.edt25.result import solve
from twin2multicloud.optimizer.edt25.workload import PaperWorkloads
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.search.problem import Problem


@dataclass(frozen=True)
class Row:
    """Milliseconds per workload of one model, and how much faster than the baselines."""

    what: str
    ours_ms: float
    brute_force_ms: float
    brute_force_note: str
    milp_ms: float | None
    milp_note: str

    @property
    def times_brute(self) -> float:
        """How often faster than plain-Python brute force."""
        return self.brute_force_ms / self.ours_ms

    @property
    def times_milp(self) -> float | None:
        """How often faster than HiGHS."""
        return None if self.milp_ms is None else self.milp_ms / self.ours_ms


def random_workloads(count: int, seed: int = 7) -> list[Workload]:
    """Valid workloads without 3D, so that both models have a choice in every slot."""
    rng = random.Random(seed)
    return [
        Workload(
            devices=int(10 ** rng.uniform(1, 4.5)),
            message_interval_s=float(rng.choice([5, 6, 30, 60, 120, 600])),
            message_size_bytes=rng.randrange(50, 4000),
            hot_months=1.0,
            cool_months=float(rng.choice([3, 6])),
            archive_months=float(rng.choice([12, 36])),
            editors=rng.randrange(0, 50),
            viewers=rng.randrange(0, 200),
        )
        for _ in range(count)
    ]


def per_call_ms(run: Callable[[], object], calls: int) -> float:
    """Milliseconds per call of something that makes `calls` calls."""
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1000 / calls


def edt25(workloads: list[Workload]) -> Row:
    """The published model: 2^7 vectors per workload."""
    arrays = PaperWorkloads.from_workloads(workloads)
    ours = per_call_ms(lambda: solve(arrays), len(workloads))
    table = costs(arrays)
    sample = min(50, len(workloads))
    prices = table.slots[:, :, :sample].tolist()

    def brute() -> None:
        # Only the enumeration is charged to the baseline: it is handed the slots' prices.
        for w in range(sample):
            for vector in itertools.product((0, 1), repeat=7):
                sum(prices[slot][cloud][w] for slot, cloud in enumerate(vector))

    return Row("edt25", ours, per_call_ms(brute, sample), f"128 sums, {sample} workloads", None, "")


def bill(workloads: list[Workload]) -> Row:
    """The bill: millions of placements per workload, so brute force is extrapolated from a sample of them."""
    optimizer = BillOptimizer(load_book())
    list(optimizer.optimize_many(workloads[:2]))  # builds the index structures
    ours = per_call_ms(lambda: list(optimizer.optimize_many(workloads)), len(workloads))
    volumes = Volumes.of(workloads[:1])
    problem = optimizer.market.problems(volumes, optimizer.market.quantities(volumes))[0]
    sample = 300
    one = per_call_ms(lambda: [plain_cost(problem, choice) for choice in some_choices(problem, sample)], sample)
    placements = float(np.prod([problem.options_of(slot).size for slot in range(problem.slots)]))
    start = time.perf_counter()
    result = solve_milp(problem, time_limit_s=120.0)
    milp = (time.perf_counter() - start) * 1000
    note = "1 workload, roundings relaxed" + ("" if result.optimal else ", stopped after 120 s unproven")
    brute_note = f"{placements:.1e} placements, {sample} timed"
    return Row("bill", ours, one * placements, brute_note, milp, note)


def some_choices(problem: Problem, count: int) -> list[list[int]]:
    """Random placements."""
    rng = random.Random(1)
    options = [problem.options_of(slot).tolist() for slot in range(problem.slots)]
    return [[rng.choice(held) for held in options] for _ in range(count)]


def plain_cost(problem: Problem, choice: list[int]) -> float:
    """One placement's cost in plain Python, the way a first implementation would do it."""
    use: dict[int, float] = {}

    def add(usage: object, option: int) -> None:
        start, end = usage.indptr[option], usage.indptr[option + 1]  # type: ignore[attr-defined]
        for at in range(start, end):
            lane = int(usage.lane[at])  # type: ignore[attr-defined]
            use[lane] = use.get(lane, 0.0) + float(usage.quantity[at])  # type: ignore[attr-defined]

    for option in choice:
        add(problem.own, option)
    for edge in problem.edges:
        a, b = choice[edge.source], choice[edge.target]
        same = problem.location[a] == problem.location[b]
        relation = 0 if same else 1 if problem.provider[a] == problem.provider[b] else 2
        add(edge.usage[relation], a)
        add(edge.usage[relation], b)
    total = 0.0
    for lane, quantity in use.items():
        starts, prices = problem.tariffs.starts[lane].tolist(), problem.tariffs.usd_per_unit[lane].tolist()
        for start, end, price in zip(starts, [*starts[1:], float("inf")], prices, strict=True):
            total += max(0.0, min(quantity, end) - start) * price if start < float("inf") else 0.0
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workloads", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    workloads = random_workloads(options.workloads)
    rows = [edt25(workloads * 10), bill(workloads)]
    if options.json:
        print(json.dumps([{**asdict(r), "times_brute": r.times_brute, "times_milp": r.times_milp} for r in rows]))
        return
    table = Table("model", "ours ms", "brute force ms", "×", "HiGHS ms", "×", "notes", title="Per workload")
    for row in rows:
        milp = ("–", "–") if row.milp_ms is None else (f"{row.milp_ms:,.0f}", f"{row.times_milp:,.0f}")
        notes = "; ".join(filter(None, (row.brute_force_note, row.milp_note)))
        table.add_row(
            row.what, f"{row.ours_ms:.3g}", f"{row.brute_force_ms:.3g}", f"{row.times_brute:,.0f}", *milp, notes
        )
    Console().print(table)


if __name__ == "__main__":
    main()
