"""Whole processes as a user starts them: wall time, peak memory, and the ratio to starting Python alone.

Run: python -m benchmarks.processes [--runs N] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

COMMAND = [sys.executable, "-m", "twin2multicloud"]


@dataclass(frozen=True)
class Timing:
    """Several runs of one command."""

    what: str
    median_s: float
    slowest_s: float
    peak_mib: float
    times_python: float
    target_s: float | None


def batch_file(folder: Path, lines: int, seed: int = 7) -> Path:
    """A file of random valid workloads, some with 3D."""
    rng = random.Random(seed)
    path = folder / f"{lines}.jsonl"
    with path.open("w") as out:
        for _ in range(lines):
            hot = rng.choice([1, 2, 3])
            workload = {
                "devices": int(10 ** rng.uniform(1, 4.7)),
                "message_interval_s": rng.choice([1, 5, 6, 30, 60, 120, 600]),
                "message_size_bytes": rng.randrange(50, 8000),
                "hot_months": hot,
                "cool_months": hot + rng.choice([2, 9]),
                "archive_months": 12 + rng.choice([0, 12, 24, 48]),
                "entities_3d": rng.choice([0, 0, 0, 200]),
                "editors": rng.randrange(0, 100),
                "viewers": rng.randrange(0, 400),
                "dashboard_refreshes_per_hour": rng.choice([1, 12, 60, 120]),
                "dashboard_hours_per_day": rng.choice([1, 4, 8, 24]),
            }
            out.write(json.dumps(workload) + "\n")
    return path


def once(arguments: list[str]) -> tuple[float, float]:
    """(wall seconds, peak MiB) of one process; it must succeed."""
    start = time.perf_counter()
    child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"failed: {' '.join(arguments)}")
    child.returncode = 0
    return wall, usage.ru_maxrss / 1024


def measure(runs: int) -> list[Timing]:
    """Every command, in turn within each run so that a slow spell of the machine hits all of them."""
    with tempfile.TemporaryDirectory() as folder:
        many = batch_file(Path(folder), 10_000)
        some = batch_file(Path(folder), 1_000)
        commands: list[tuple[str, list[str], float | None]] = [
            ("python -c pass", [sys.executable, "-c", "pass"], None),
            ("--help", [*COMMAND, "--help"], 0.3),
            ("optimize smart-building", [*COMMAND, "optimize", "smart-building"], 1.0),
            ("optimize smart-building --explain", [*COMMAND, "optimize", "smart-building", "--explain"], None),
            ("paper", [*COMMAND, "paper"], None),
            ("10,000 edt25 workloads", [*COMMAND, "optimize", str(many), "--model", "edt25"], 1.5),
            ("1,000 bill workloads", [*COMMAND, "optimize", str(some)], 10.0),
        ]
        walls: dict[str, list[float]] = {what: [] for what, _, _ in commands}
        peaks: dict[str, float] = dict.fromkeys(walls, 0.0)
        for run in range(runs + 1):
            for what, arguments, _ in commands:
                wall, peak = once(arguments)
                if run:  # the first run warms the file cache and the byte code
                    walls[what].append(wall)
                    peaks[what] = max(peaks[what], peak)
        python = statistics.median(walls["python -c pass"])
        return [
            Timing(
                what,
                statistics.median(walls[what]),
                max(walls[what]),
                peaks[what],
                statistics.median(walls[what]) / python,
                target,
            )
            for what, _, target in commands
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    timings = measure(options.runs)
    if options.json:
        print(json.dumps([asdict(timing) for timing in timings], indent=2))
        return
    table = Table("process", "median s", "slowest s", "peak MiB", "× bare Python", "target s", title="Whole processes")
    for t in timings:
        target = "" if t.target_s is None else f"{t.target_s:g}"
        row = (f"{t.median_s:.2f}", f"{t.slowest_s:.2f}", f"{t.peak_mib:.0f}", f"{t.times_python:.0f}", target)
        table.add_row(t.what, *row)
    Console(width=max(120, Console().width)).print(table)


if __name__ == "__main__":
    main()
