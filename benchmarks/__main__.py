"""Run every benchmark: python -m benchmarks."""

from __future__ import annotations

import subprocess
import sys

MODULES = (
    "benchmarks.processes",
    "benchmarks.search",
    "benchmarks.frontier",
    "benchmarks.batches",
    "benchmarks.mqtt",
    "benchmarks.runtime",
    "benchmarks.deploying",
    "benchmarks.events",
    "benchmarks.backend",
    "benchmarks.memory",
    "benchmarks.front_end",
    "benchmarks.interactions",
    "benchmarks.windows",
    "benchmarks.feed",
    "benchmarks.price_lists",
)

if __name__ == "__main__":
    for module in MODULES:
        print(f"── {module} " + "─" * 60, flush=True)
        subprocess.run([sys.executable, "-m", module, *sys.argv[1:]], check=True)
