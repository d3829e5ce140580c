"""How long a twin and its functions take to start: `sandbox up` to the first record, and cold imports of the functions.

Run: python -m benchmarks.runtime --only start imports
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rig import POLL_S, Arrivals, Running, devices, report_of
from twin2multicloud.sandbox.layout import Layout

ENTRIES = tuple(f"twin2multicloud.runtime.entry.{cloud}" for cloud in ("aws", "azure", "gcp"))


@dataclass
class Start:
    """`sandbox up` as a user types it, optimization included, then devices; until the first record can be read."""

    what: str
    up_s: float
    first_record_s: float


def first_telemetry(folder: Path, name: str) -> Start:
    """One start of a built-in twin, its placement pinned so that three clouds are in use."""
    command = [sys.executable, "-m", "twin2multicloud", "sandbox", "up", name, "--dir", str(folder), "--devices", "100"]
    pins = ["--pin", "L1=aws", "--pin", "L2=azure", "--pin", "L3.hot=gcp"]
    began = time.perf_counter()
    subprocess.run([*command, *pins], check=True, stdout=subprocess.DEVNULL)
    up = time.perf_counter() - began
    with Running(Layout(folder)) as running:
        child = devices(running.layout, 100, 100)
        arrivals = Arrivals(running)
        while not arrivals.records():
            time.sleep(POLL_S)
        first = time.perf_counter() - began
        report_of(child)
        arrivals.close()
    return Start(f"sandbox up {name}", up, first)


NO_SDK = """
import importlib.abc, importlib.machinery, sys
class Empty(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {"azure", "boto3", "botocore", "functions_framework", "google", "grpc"}:
            return importlib.machinery.ModuleSpec(name, self, is_package=True)
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        module.__getattr__ = lambda name: type(name, (Exception,), {})
sys.meta_path.insert(0, Empty())
"""
"""The clouds' SDKs as empty modules: what remains is ours, and what ours needs of the standard library."""


@dataclass
class Import:
    """What the host of a function waits for before its first event, without the cloud's SDK."""

    module: str
    median_ms: float
    slowest_ms: float
    msgspec_ms: float
    modules: int


def imported(module: str, runs: int) -> Import:
    """`python -X importtime`: the total of the entry module and all that it brings."""
    totals, brought, counts = [], [], []
    for _ in range(runs + 1):
        command = [sys.executable, "-X", "importtime", "-c", f"{NO_SDK}\nimport {module}"]
        found = subprocess.run(command, check=True, capture_output=True, text=True)
        times = {
            match[3]: (int(match[1]), int(match[2]))
            for match in re.finditer(r"import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)", found.stderr)
        }
        # The parents of the module are loaded before it and stand on lines of their own.
        parts = module.split(".")
        whole = sum(times.get(".".join(parts[: n + 1]), (0, 0))[1] for n in range(len(parts)))
        totals.append(whole / 1000)
        brought.append(times.get("msgspec", (0, 0))[1] / 1000)
        counts.append(len(times))
    # The first run warms the file cache.
    return Import(module, statistics.median(totals[1:]), max(totals[1:]), statistics.median(brought[1:]), counts[-1])
