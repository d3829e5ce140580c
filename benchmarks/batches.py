"""Batches against plain-Python brute force and against HiGHS, workload for workload, with equal optima asserted.

`edt25`: brute force is plain Python, formulas included: a workload's slots and transfers are priced once, then all 2^7
vectors are summed. HiGHS gets the prices as coefficients of a programme that is built once.

`bill`: brute force prices placements in plain Python from ready-made lists of usage; there are far too many, so it is
extrapolated from a timed random sample of them. HiGHS cannot express pools over lanes with different prices, nor
minima. So it is asked about a market without them (3 regions), and about one of the full size in which each lane has
its own tiers (8 regions, pools split). On the full market the latter's time stands in for it.

Baselines are charged for solving alone. Ours is charged for what a row names: `optimum` is the search, `result` adds
volumes, invoice and single-cloud baselines, `process` is a whole process, which starts, reads, checks and writes, too.
Times are milliseconds per workload: medians over workloads, or a batch's time divided by its length.

Run: python -m benchmarks.batches [--json]
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from tests.edt25 import edt25_reference as reference

from benchmarks.bill_milp import REGIONS, BillMilp, linearisable_offers, split_pools
from benchmarks.edt25_milp import Edt25Milp
from benchmarks.processes import COMMAND, batch_file, once
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.candidates import candidate_regions
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

_T = TypeVar("_T")


@dataclass(frozen=True)
class Row:
    """One way of asking, in milliseconds per workload."""

    what: str
    ours_ms: float
    brute_force_ms: float
    milp_ms: float
    note: str

    @property
    def times_brute_force(self) -> float:
        """How many times longer brute force takes."""
        return self.brute_force_ms / self.ours_ms

    @property
    def times_milp(self) -> float:
        """How many times longer HiGHS takes."""
        return self.milp_ms / self.ours_ms


def timed(run: Callable[[], _T]) -> tuple[float, _T]:
    """Milliseconds of one call, and its answer."""
    start = time.perf_counter()
    answer = run()
    return (time.perf_counter() - start) * 1e3, answer


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
    batch_ms = [timed(lambda: solve_edt25(arrays))[0] / len(workloads) for _ in range(REPEATS)]
    ours = solve_edt25(arrays).usd_per_month
    priced, milp, relaxed = costs(arrays), Edt25Milp(), Edt25Milp(integer=False)
    alone_ms, brute_ms, milp_ms, relaxed_ms = (list[float]() for _ in range(4))
    for w, workload in enumerate(workloads[:EDT25_SAMPLE]):
        slots = priced.slots[:, :, w].tolist()
        links = (priced.acquisition_to_hot, priced.hot_to_cool, priced.cool_to_archive)
        transfers = [link[:, :, w].tolist() for link in links]
        needs_3d, case, single = bool(arrays.needs_3d[w]), paper_case(workload), [workload]
        asked: list[tuple[str, list[float], Callable[[], float]]] = [
            ("one alone", alone_ms, lambda w=single: float(solve_edt25(w).usd_per_month[0])),  # type: ignore[misc]
            ("brute force", brute_ms, lambda c=case: brute_force_edt25(c)),  # type: ignore[misc]
            ("HiGHS", milp_ms, lambda s=slots, t=transfers, n=needs_3d: milp.solve(s, t, n)),  # type: ignore[misc]
            ("HiGHS, LP", relaxed_ms, lambda s=slots, t=transfers, n=needs_3d: relaxed.solve(s, t, n)),  # type: ignore[misc]
        ]
        for who, times, run in asked:
            ms, usd = timed(run)
            times.append(ms)
            agree(float(ours[w]), usd, who, 1e-6 if "HiGHS" in who else 1e-9)
    brute, linear = statistics.median(brute_ms), statistics.median(milp_ms)
    note = f"its linear relaxation is integral; as an LP HiGHS takes {statistics.median(relaxed_ms):.2f} ms"
    return [
        Row(f"edt25: {len(workloads):,} at once", statistics.median(batch_ms), brute, linear, note),
        Row(f"edt25: {len(workloads):,}, process", process_ms, brute, linear, note),
        Row("edt25: one alone", statistics.median(alone_ms), brute, linear, note),
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
    return market.problems(market.amounts(Volumes.of(workloads)))


def brute_force_bill(problems: Sequence[Problem], rng: random.Random) -> tuple[float, str]:
    """Milliseconds that all placements of one workload would take, from random ones of each; and a note."""
    first = problems[0]
    options = [first.options_of(slot).tolist() for slot in range(first.slots)]
    placements = math.prod(len(held) for held in options)
    each_ms = []
    for problem in problems:
        plain = PlainBill(problem)
        choices = [[rng.choice(held) for held in options] for _ in range(PLACEMENTS_PER_WORKLOAD)]
        ms, found = timed(lambda plain=plain, choices=choices: [plain.usd(c) for c in choices])  # type: ignore[misc]
        each_ms.append(ms / len(choices))
        for usd, expected in zip(found, problem.evaluate(np.array(choices)), strict=True):
            agree(float(expected), usd, "plain Python", 1e-9)
    one = statistics.median(each_ms)
    count = f"{first.options} options, {placements:,} placements"
    return one * placements, f"{count}; brute force extrapolated from {one * 1e3:.0f} µs each"


def searched(problems: Sequence[Problem]) -> tuple[float, list[float]]:
    """Median milliseconds of the search with shared index structures, as in a batch, and the optima."""
    search = Search(problems[0])
    search.solve(problems[0])
    times, optima = [], []
    for problem in problems:
        ms, solution = timed(lambda p=problem: search.solve(p))  # type: ignore[misc]
        if not solution.proven:
            raise SystemExit("a search ended without proof")
        times.append(ms)
        optima.append(float(solution.usd[0]))
    return statistics.median(times), optima


def by_highs(problems: Sequence[Problem], optima: Sequence[float]) -> float:
    """Median milliseconds of HiGHS, which must find the same optima; formulating is not charged."""
    times = []
    for problem, optimum in zip(problems, optima, strict=True):
        ms, found = timed(BillMilp(problem).solve)
        if not found.optimal:
            raise SystemExit("HiGHS ended without proof")
        times.append(ms)
        agree(optimum, found.usd, "HiGHS", 1e-6)
    return statistics.median(times)


def bill_rows(workloads: Sequence[Workload], process_ms: float) -> list[Row]:
    """The two markets that HiGHS can express, then the full one."""
    book, rng = load_book(), random.Random(1)
    sample = workloads[:BILL_SAMPLE]
    optimizer = BillOptimizer(book)
    rows = []

    three = [region for region in book.regions.values() if region.code in REGIONS]
    small = problems_of(Market(book, regions=three, offers=linearisable_offers()), sample)
    ours_ms, optima = searched(small)
    alone_ms = statistics.median([timed(lambda p=p: solve(p))[0] for p in small])  # type: ignore[misc]
    milp_ms = by_highs(small, optima)
    brute_ms, note = brute_force_bill(small, rng)
    rows += [
        Row("bill, 3 regions: optimum", ours_ms, brute_ms, milp_ms, note),
        Row("bill, 3 regions: alone", alone_ms, brute_ms, milp_ms, f"{note}; ours without shared indices"),
    ]

    complete = candidate_regions(book, optimizer.constraints)
    market = Market(book, regions=complete, offers=linearisable_offers())
    split = [split_pools(problem) for problem in problems_of(market, sample)]
    ours_ms, optima = searched(split)
    milp_ms = by_highs(split, optima)
    brute_ms, note = brute_force_bill(split, rng)
    places = len(market.locations)
    rows.append(Row(f"bill, {places} regions split: optimum", ours_ms, brute_ms, milp_ms, note))

    full = problems_of(optimizer.market, sample)
    optimum_ms, _ = searched(full)
    plain = [workload for workload in workloads if not workload.entities_3d][:BILL_SAMPLE]
    list(optimizer.optimize_many(plain[:1]))  # builds the index structures, once per batch
    result_ms = timed(lambda: list(optimizer.optimize_many(plain)))[0] / len(plain)
    brute_ms, note = brute_force_bill(full, rng)
    note += "; HiGHS with pools split stands in"
    places = len(optimizer.market.locations)
    ours = {"optimum": optimum_ms, "result": result_ms, f"{len(workloads):,}, process": process_ms}
    return rows + [Row(f"bill, {places} regions: {what}", ms, brute_ms, milp_ms, note) for what, ms in ours.items()]


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


def show(rows: Sequence[Row], console: Console) -> None:
    """The rows for people, their notes below."""
    table = Table(title="Milliseconds per workload", box=SIMPLE, pad_edge=False)
    table.add_column("what", no_wrap=True)
    table.add_column("note", justify="right")
    for name in ("ours", "brute force", "times", "HiGHS", "times"):
        table.add_column(name, justify="right")
    numbers = {note: str(n) for n, note in enumerate(dict.fromkeys(row.note for row in rows), 1)}
    for row in rows:
        brute, milp = (row.brute_force_ms, row.times_brute_force), (row.milp_ms, row.times_milp)
        table.add_row(row.what, f"({numbers[row.note]})", *map(figure, (row.ours_ms, *brute, *milp)))
    console.print(table)
    for note, number in numbers.items():
        console.print(f"({number}) {note}", highlight=False)


def figure(value: float) -> str:
    """Three digits, without an exponent unless it is needed."""
    if value >= 1e6:
        return f"{value:.1e}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


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
    show(rows, Console(width=None if sys.stdout.isatty() else 100))


if __name__ == "__main__":
    main()
