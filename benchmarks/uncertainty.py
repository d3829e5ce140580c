"""Thousands of uncertain workloads, each optimized exactly: whole processes, and arrays against one by one.

Three kinds of samples of a large smart building: *narrow* (five numbers ± 20 %), *wide* (four, from a tenth to ten
times), *mixed* (one number of each kind of spread, two of them correlated). *Process* is `twin2multicloud uncertainty`
with everything that it prints. *Arrays* is re-optimizing alone, in one process; *one by one* is `BillOptimizer` on a
sample of the same workloads, charged for the optimum's search alone as far as it can be asked for that (its complete
result without alternatives has the invoice and the single-cloud baselines, too). Optima must agree within 1e-9.

Run: python -m benchmarks.uncertainty [--samples N] [--json]
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.processes import COMMAND, once
from twin2multicloud.blueprint.volumes import FIELDS
from twin2multicloud.model.scenarios import scenario
from twin2multicloud.model.uncertain import FIELDS as NUMBERS
from twin2multicloud.model.uncertain import Uncertain, uncertain
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.tariffs import FloatArray
from twin2multicloud.optimizer.sampling.draw import draw
from twin2multicloud.optimizer.sampling.optima import Sampler

ONE_BY_ONE: Final = 100  # workloads of the baseline
RUNS: Final = 3
TARGET_S: Final = 5.0

_BASE: Final = scenario("smart-building").workload


def _around(names: tuple[str, ...], low: float, high: float, **more: Any) -> dict[str, Any]:
    return {name: {"low": getattr(_BASE, name) * low, "high": getattr(_BASE, name) * high, **more} for name in names}


KINDS: Final[dict[str, tuple[dict[str, Any], list[Any]]]] = {
    "narrow": (
        _around(
            ("devices", "message_interval_s", "message_size_bytes", "viewers", "dashboard_refreshes_per_hour"), 0.8, 1.2
        ),
        [],
    ),
    "wide": (
        _around(
            ("devices", "message_interval_s", "message_size_bytes", "dashboard_refreshes_per_hour"),
            0.1,
            10,
            shape="log-uniform",
        ),
        [],
    ),
    "mixed": (
        {
            "devices": {"low": 500, "mode": 5_000, "high": 60_000},
            "message_interval_s": {"mean": 10, "sd": 8},
            "message_size_bytes": {"low": 100, "high": 4_000},
            "entities_3d": {"values": [0, 200], "weights": [3, 1]},
            "viewers": {"mean": 200, "sd": 80, "shape": "normal", "low": 0},
            "dashboard_hours_per_day": {"low": 2, "high": 24},
        },
        [{"between": ["devices", "viewers"], "r": 0.7}],
    ),
}


@dataclass(frozen=True)
class Row:
    """One kind of samples."""

    kind: str
    samples: int
    process_s: float  # median
    slowest_s: float
    cpu_s: float  # median processor time of both processes together: it hardly depends on what else runs
    peak_mib: float  # of one process; there are two
    arrays_ms: float  # a workload
    one_by_one_ms: float
    times: float
    placements: int  # that are best somewhere
    alone: int  # workloads whose search was made by itself


def given(kind: str) -> Uncertain:
    """The uncertain workload of a kind."""
    spreads, correlations = KINDS[kind]
    found, findings = uncertain(_BASE, spreads, correlations)
    if found is None:
        raise SystemExit(f"{kind}: {findings}")
    return found


def workload_of(row: FloatArray) -> Workload:
    """A row of a table as a workload."""
    values = zip(FIELDS, row.tolist(), strict=True)
    return Workload(**{name: int(value) if NUMBERS[name].whole else value for name, value in values})


def measure(kind: str, samples: int, folder: Path) -> Row:
    """One kind, everything."""
    spreads, correlations = KINDS[kind]
    file = folder / f"{kind}.json"
    file.write_text(json.dumps({"workload": {**_BASE.model_dump(), **spreads}, "correlations": correlations}))
    command = [*COMMAND, "uncertainty", str(file), "--samples", str(samples)]
    once(command)  # warms the file cache and the byte code
    processes, cpu = [], []
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        processes.append(once(command))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    processes.sort()
    table = draw(given(kind), samples, 1)
    sampler = Sampler(BillOptimizer(load_book()))
    start = time.perf_counter()
    optima = sampler.optimize(table)
    arrays_s = time.perf_counter() - start
    some = np.random.default_rng(1).choice(samples, min(ONE_BY_ONE, samples), replace=False)
    workloads = [workload_of(row) for row in table[some]]
    start = time.perf_counter()
    found = [result.usd_per_month for result in sampler.optimizer.optimize_many(workloads)]
    one_s = time.perf_counter() - start
    for ours, theirs in zip(optima.usd[some].tolist(), found, strict=True):
        if abs(ours - theirs) > 1e-9 * theirs:
            raise SystemExit(f"{kind}: one by one finds {theirs!r}, arrays {ours!r}")
    arrays_ms, one_ms = arrays_s / samples * 1e3, one_s / len(workloads) * 1e3
    return Row(
        kind,
        samples,
        processes[RUNS // 2][0],
        processes[-1][0],
        sorted(cpu)[RUNS // 2],
        max(peak for _, peak in processes),
        arrays_ms,
        one_ms,
        one_ms / arrays_ms,
        optima.choices.shape[0],
        optima.alone,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(kind, options.samples, Path(folder)) for kind in KINDS]
    if options.json:
        json.dump([asdict(row) for row in rows], sys.stdout, indent=2)
        print()
        return
    columns = (
        "samples",
        "process s",
        "slowest s",
        "CPU s",
        "MiB",
        "arrays ms",
        "one by one ms",
        "×",
        "placements",
        "alone",
    )
    table = Table("kind", *columns, title=f"Uncertain workloads (target: {TARGET_S:g} s)")
    for row in rows:
        times = (f"{row.process_s:.2f}", f"{row.slowest_s:.2f}", f"{row.cpu_s:.2f}", f"{row.peak_mib:.0f}")
        rest = (
            f"{row.arrays_ms:.2f}",
            f"{row.one_by_one_ms:.1f}",
            f"{row.times:.1f}",
            f"{row.placements:,}",
            f"{row.alone}",
        )
        table.add_row(row.kind, f"{row.samples:,}", *times, *rest)
    Console(width=max(120, Console().width)).print(table)


if __name__ == "__main__":
    main()
