"""Batches against plain-Python brute force and against HiGHS, workload for workload, with equal optima asserted.

Rows of `edt25`: the published model. Brute force is plain Python, formulas included: a workload's slots and transfers
are priced once, then all 2^7 vectors are summed. HiGHS gets the prices as coefficients of a programme that is built
once. Rows of `bill`: brute force prices placements in plain Python from ready-made lists of usage; there are far too
many, so it is extrapolated from a timed random sample of them. HiGHS can only be asked about a market whose tariffs it
can express (`benchmarks.bill_milp`); on the full market its time on that smaller one is a stand-in, marked ≥.

Baselines are charged for solving only. Ours is charged for all a row names: `optimum` is the search alone, `result`
adds volumes, invoice and single-cloud baselines, `process` is a whole process that reads and writes files. Times are
milliseconds per workload: medians over workloads, or over repeats where a batch is one call.

Run: python -m benchmarks.batches [--json]
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.bill_milp import REGIONS, BillMilp, linearisable_offers
from benchmarks.edt25_milp import Edt25Milp
from benchmarks.processes import COMMAND, batch_file, once
from tests.edt25 import edt25_reference as reference
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.edt25.formulas import costs
from twin2multicloud.optimizer.edt25.result import solve as solve_edt25
from twin2multicloud.optimizer.edt25.workload import PaperWorkloads
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.search.exact import Search, solve
from twin2multicloud.optimizer.search.problem import Problem, Usage

EDT25_BATCH = 10_000
BILL_BATCH = 1_000
EDT25_SAMPLE = 200  # workloads of the baselines
BILL_SAMPLE = 25
PLACEMENTS_PER_WORKLOAD = 100  # timed random placements
REPEATS = 5


@dataclass(frozen=True)
class Row:
    """One way of asking, in milliseconds per workload; a stand-in's ratio is at least what is stated."""

    what: str
    ours_ms: float
    brute_force_ms: float
    brute_force_note: str
    milp_ms: float
    milp_stands_in: bool = False

    @property
    def times_brute_force(self) -> float:
        """How many times longer brute force takes."""
        return self.brute_force_ms / self.ours_ms

    @property
    def times_milp(self) -> float:
        """How many times longer HiGHS takes."""
        return self.milp_ms / self.ours_ms


def milliseconds(run: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3


def agree(ours: float, other: float, who: str, tolerance: float) -> None:
    """Stop the benchmark when two methods find different optima."""
    if abs(ours - other) > tolerance * max(abs(ours), 1e-9):
        raise SystemExit(f"{who} finds {other!r}, we find {ours!r}")


# ── The published model ─────────────────────────────────────────────────────────────────────────────────────────────
def paper_case(workload: Workload) -> reference.Case:
    """A workload in the paper's units, for the scalar restatement of the published formulas."""
    return reference.Case(
        n=workload.devices,
        i=workload.message_interval_s / 60.0,
        k=workload.message_size_bytes / 1000.0,
        h=workload.hot_months,
        c=workload.cool_months,
        a=workload.archive_months,
        entities=workload.entities_3d,
        editors=workload.editors,
        viewers=workload.viewers,
        r=workload.dashboard_refreshes_per_hour,
        t=workload.dashboard_hours_per_day,
    )


def brute_force_edt25(case: reference.Case) -> float:
    """The cheapest of all 2^7 vectors in plain Python; what a vector's parts cost is worked out only once."""
    clouds = (reference.AWS, reference.AZURE)
    slots = reference.slot_prices(case)
    l1, l2, hot, cool, archive, l4, l5 = (slots[slot] for slot in reference.SLOTS)
    pairs = list(itertools.product(clouds, clouds))
    plain = {pair: reference.plain_transfer(case, *pair) for pair in pairs}
    moved = {pair: reference.hot_to_cool(case, *pair) for pair in pairs}
    best = float("inf")
    for a, b, c, d, e, f, g in itertools.product(clouds, repeat=7):
        if b == c and not (case.needs_3d and f == reference.AZURE):
            usd = l1[a] + l2[b] + hot[c] + cool[d] + archive[e] + l4[f] + l5[g]
            best = min(best, usd + plain[a, c] + moved[c, d] + plain[d, e])
    return best


def edt25_rows(workloads: Sequence[Workload], process_ms: float) -> list[Row]:
    """All workloads in one call, each on its own, and as a whole process that took `process_ms` per workload."""
    arrays = PaperWorkloads.from_workloads(workloads)
    batch_ms = [milliseconds(lambda: solve_edt25(arrays)) / len(workloads) for _ in range(REPEATS)]
    ours = solve_edt25(arrays).usd_per_month
    priced, milp = costs(arrays), Edt25Milp()
    alone_ms, brute_ms, milp_ms = [], [], []
    for w, workload in enumerate(workloads[:EDT25_SAMPLE]):
        single = [workload]
        alone_ms.append(milliseconds(lambda single=single: solve_edt25(single)))  # type: ignore[misc]
        case = paper_case(workload)
        start = time.perf_counter()
        brute = brute_force_edt25(case)
        brute_ms.append((time.perf_counter() - start) * 1e3)
        slots = priced.slots[:, :, w].tolist()
        links = (priced.acquisition_to_hot, priced.hot_to_cool, priced.cool_to_archive)
        transfers = [link[:, :, w].tolist() for link in links]
        start = time.perf_counter()
        linear = milp.solve(slots, transfers, bool(arrays.needs_3d[w]))
        milp_ms.append((time.perf_counter() - start) * 1e3)
        agree(float(ours[w]), brute, "brute force", 1e-9)
        agree(float(ours[w]), linear, "HiGHS", 1e-6)
    brute, note = statistics.median(brute_ms), "2^7 vectors"
    linear = statistics.median(milp_ms)
    return [
        Row(f"edt25, {len(workloads):,} workloads in one call", statistics.median(batch_ms), brute, note, linear),
        Row(f"edt25, {len(workloads):,} workloads, process", process_ms, brute, note, linear),
        Row("edt25, one workload alone", statistics.median(alone_ms), brute, note, linear),
    ]


# ── The bill ────────────────────────────────────────────────────────────────────────────────────────────────────────
class PlainBill:
    """A problem as Python lists, to price one placement at a time the way a first implementation would."""

    def __init__(self, problem: Problem) -> None:
        tariffs = problem.tariffs
        self.provider: list[int] = problem.provider.tolist()
        self.location: list[int] = problem.location.tolist()
        self.fixed: list[float] = problem.fixed_usd.tolist()
        self.transit: list[list[float]] = problem.usd_per_gb.tolist()
        self.own = _lists(problem.own)
        self.edges = [(e.source, e.target, e.gb_per_month, [_lists(u) for u in e.usage]) for e in problem.edges]
        self.pool: list[int] = tariffs.pool.tolist()
        self.rounding: list[tuple[float, float]] = list(
            zip(tariffs.increment.tolist(), tariffs.minimum.tolist(), strict=True)
        )
        self.tiers: list[list[tuple[float, float, float]]] = []
        for starts, prices in zip(tariffs.starts.tolist(), tariffs.usd_per_unit.tolist(), strict=True):
            ends = [*starts[1:], float("inf")]
            tiers = zip(starts, ends, prices, strict=True)
            self.tiers.append([tier for tier in tiers if tier[0] < float("inf")])

    def usd(self, choice: Sequence[int]) -> float:
        """USD per month of one placement (an option number per slot)."""
        usd = 0.0
        quantity: dict[int, float] = {}
        for option in choice:
            usd += self.fixed[option]
            for lane, amount in self.own[option]:
                quantity[lane] = quantity.get(lane, 0.0) + amount
        for source, target, gb, usage in self.edges:
            a, b = choice[source], choice[target]
            if self.location[a] == self.location[b]:
                rows = usage[0]
            elif self.provider[a] == self.provider[b]:
                rows = usage[1]
                if gb > 0:
                    usd += gb * self.transit[self.location[a]][self.location[b]]
            else:
                rows = usage[2]
            for end in (a, b):
                for lane, amount in rows[end]:
                    quantity[lane] = quantity.get(lane, 0.0) + amount
        pooled: dict[int, float] = {}
        for lane, amount in quantity.items():
            pooled[self.pool[lane]] = pooled.get(self.pool[lane], 0.0) + amount
        for lane, amount in quantity.items():
            if amount > 0:
                total = pooled[self.pool[lane]]
                usd += amount / total * self._tariff_usd(lane, total)
        return usd

    def _tariff_usd(self, lane: int, quantity: float) -> float:
        increment, minimum = self.rounding[lane]
        if increment > 0:
            # The model's hair: 12.000000000000002 units are 12.
            quantity = -(-(quantity / increment - 1e-9) // 1) * increment
        quantity = max(quantity, minimum)
        usd = 0.0
        for start, end, price in self.tiers[lane]:
            if quantity <= start:
                break
            usd += (min(quantity, end) - start) * price
        return usd


def _lists(usage: Usage) -> list[list[tuple[int, float]]]:
    entries = list(zip(usage.lane.tolist(), usage.quantity.tolist(), strict=True))
    return [entries[a:b] for a, b in itertools.pairwise(usage.indptr.tolist())]


def problems_of(market: Market, workloads: Sequence[Workload]) -> list[Problem]:
    """The workloads as problems, without anyone's constraints and without the offers' capacity limits."""
    volumes = Volumes.of(workloads)
    return market.problems(volumes, market.quantities(volumes))


def brute_force_bill(problems: Sequence[Problem], rng: random.Random) -> tuple[float, str]:
    """Milliseconds that all placements of one workload would take, from random ones of each; and a note."""
    first = problems[0]
    options = [first.options_of(slot).tolist() for slot in range(first.slots)]
    placements = float(np.prod([len(held) for held in options]))
    each_ms = []
    for problem in problems:
        plain = PlainBill(problem)
        choices = [[rng.choice(held) for held in options] for _ in range(PLACEMENTS_PER_WORKLOAD)]
        start = time.perf_counter()
        found = [plain.usd(choice) for choice in choices]
        each_ms.append((time.perf_counter() - start) * 1e3 / len(choices))
        for usd, expected in zip(found, problem.evaluate(np.array(choices)), strict=True):
            agree(float(expected), usd, "plain Python", 1e-9)
    ms = statistics.median(each_ms)
    return ms * placements, f"extrapolated: {placements:,.0f} placements at {ms * 1e3:.0f} µs"


def searched(problems: Sequence[Problem]) -> tuple[float, list[float]]:
    """Median milliseconds of the search with shared index structures, as in a batch, and the optima."""
    search = Search(problems[0])
    search.solve(problems[0])
    times, optima = [], []
    for problem in problems:
        start = time.perf_counter()
        solution = search.solve(problem)
        times.append((time.perf_counter() - start) * 1e3)
        if not solution.proven:
            raise SystemExit("a search ended without proof")
        optima.append(float(solution.usd[0]))
    return statistics.median(times), optima


def bill_rows(workloads: Sequence[Workload], process_ms: float) -> list[Row]:
    """The market that HiGHS can express, then the full one."""
    book, rng = load_book(), random.Random(1)
    regions = [region for region in book.regions.values() if region.code in REGIONS]
    sample = workloads[:BILL_SAMPLE]

    linear = problems_of(Market(book, regions=regions, offers=linearisable_offers()), sample)
    ours_ms, optima = searched(linear)
    alone_ms = statistics.median([milliseconds(lambda p=p: solve(p)) for p in linear])  # type: ignore[misc]
    milp_times = []
    for problem, optimum in zip(linear, optima, strict=True):
        milp = BillMilp(problem)
        start = time.perf_counter()
        found = milp.solve()
        milp_times.append((time.perf_counter() - start) * 1e3)
        if not found.optimal:
            raise SystemExit("HiGHS ended without proof")
        agree(optimum, found.usd, "HiGHS", 1e-6)
    milp_ms = statistics.median(milp_times)
    brute_ms, note = brute_force_bill(linear, rng)
    name = f"bill, {linear[0].options} options in 3 regions"
    rows = [
        Row(f"{name}, optimum in a batch", ours_ms, brute_ms, note, milp_ms),
        Row(f"{name}, optimum alone", alone_ms, brute_ms, note, milp_ms),
    ]

    optimizer = BillOptimizer(book)
    full = problems_of(optimizer.market, sample)
    optimum_ms, _ = searched(full)
    plain = [workload for workload in workloads if not workload.entities_3d][:BILL_SAMPLE]
    list(optimizer.optimize_many(plain[:1]))  # builds the index structures, once per batch
    result_ms = milliseconds(lambda: list(optimizer.optimize_many(plain))) / len(plain)
    brute_ms, note = brute_force_bill(full, rng)
    name = f"bill, {full[0].options} options in {len(optimizer.market.locations)} regions"
    return [
        *rows,
        Row(f"{name}, optimum in a batch", optimum_ms, brute_ms, note, milp_ms, milp_stands_in=True),
        Row(f"{name}, result in a batch", result_ms, brute_ms, note, milp_ms, milp_stands_in=True),
        Row(f"{name}, {BILL_BATCH:,} workloads, process", process_ms, brute_ms, note, milp_ms, milp_stands_in=True),
    ]


# ── Output ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def measure() -> list[Row]:
    """All rows. The workloads are those of `benchmarks.processes`."""
    with tempfile.TemporaryDirectory() as folder:
        many, some = batch_file(Path(folder), EDT25_BATCH), batch_file(Path(folder), BILL_BATCH)
        edt25 = [*COMMAND, "optimize", str(many), "--model", "edt25"]
        once(edt25)  # warms the file cache and the byte code
        edt25_process_ms = statistics.median(once(edt25)[0] for _ in range(3)) * 1e3 / EDT25_BATCH
        bill_process_ms = once([*COMMAND, "optimize", str(some)])[0] * 1e3 / BILL_BATCH
        workloads = [Workload.model_validate_json(line) for line in many.read_text().splitlines()]
    return [*edt25_rows(workloads, edt25_process_ms), *bill_rows(workloads[:BILL_BATCH], bill_process_ms)]


def as_table(rows: Sequence[Row]) -> Table:
    """The rows for people."""
    table = Table(title="Milliseconds per workload")
    table.add_column("what")
    for name in ("ours", "brute force", "times", "HiGHS", "times"):
        table.add_column(name, justify="right")
    table.add_column("brute force is")
    for r in rows:
        sign = "≥ " if r.milp_stands_in else ""
        brute = f"{r.brute_force_ms:.3g}" if r.brute_force_ms < 1e4 else f"{r.brute_force_ms:.1e}"
        times = f"{r.times_brute_force:,.2g}" if r.times_brute_force >= 1e5 else f"{r.times_brute_force:,.1f}"
        milp = (f"{sign}{r.milp_ms:.3g}", f"{sign}{r.times_milp:,.1f}")
        table.add_row(r.what, f"{r.ours_ms:.3g}", brute, times, *milp, r.brute_force_note)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    rows = measure()
    if options.json:
        ratios = [{"times_brute_force": r.times_brute_force, "times_milp": r.times_milp} for r in rows]
        json.dump([asdict(r) | ratio for r, ratio in zip(rows, ratios, strict=True)], sys.stdout, indent=2)
        print()
        return
    Console().print(as_table(rows))


if __name__ == "__main__":
    main()
