"""The running twin: throughput, latency, processor time, memory and start of a sandbox over three clouds and over one.

The load comes from simulated devices in a process of their own (MQTT, QoS 1, one connection each). Records are counted
in the hot store and twins compared in the graph from outside, so "arrived" means readable by anybody who asks. The
baseline answers the same devices and inserts their messages into one SQLite table (`benchmarks.baseline_loop`).

Run: python -m benchmarks.runtime [--only PART …] [--offer R …] [--tenth R] [--rate R] [--seconds S] [--json]
     parts: flow, latency, start, imports; and soak, which only runs when it is named
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.rig import (
    DEVICES,
    PLACEMENTS,
    POLL_S,
    Arrivals,
    Running,
    cpu_s,
    devices,
    memory_mib,
    report_of,
    sandbox_at,
    twin,
)
from benchmarks.starting import ENTRIES, Import, Start, first_telemetry, imported
from twin2multicloud.runtime.times import to_epoch

BARE = "bare loop"
_PATIENCE_S = 120.0


# ── Throughput and processor time ───────────────────────────────────────────────────────────────────────────
@dataclass
class Flow:
    """A load of `offered` messages a second. `us` is processor time for a message: in all, by process, by handler."""

    where: str
    offered: float
    messages: int
    per_s: float
    """Messages over the time from the first event to the last record and twin."""
    us: float
    devices_us: float
    by_process_us: dict[str, float]
    by_handler_us: dict[str, float] = field(default_factory=dict)
    idle_mib: tuple[float, float] = (0.0, 0.0)
    """(PSS, RSS) of all our processes."""
    busy_mib: tuple[float, float] = (0.0, 0.0)
    times_bare: float | None = None
    """Processor time as a multiple of the bare loop's."""


def flow(where: str, folder: Path, messages: int, rate: float) -> Flow:
    """Devices offer messages, perhaps more than the twin can take at once; it has to work all of it off."""
    with Running(sandbox_at(folder, PLACEMENTS[where], twin())) as running:
        time.sleep(2.0)
        idle = running.memory()
        arrivals = Arrivals(running)
        before, handlers = running.cpu(), _handlers(running)
        child = devices(running.layout, rate, messages)
        with peak_memory(running) as peak:
            ended = _all_arrived(arrivals, child, messages)
        after = running.cpu()
        report = report_of(child)
        if arrivals.records() != report["sent"]:
            raise SystemExit(f"{report['sent']} messages sent, {arrivals.records()} records stored")
        seconds = ended - to_epoch(arrivals.first())
        arrivals.close()
        used = {name: 1e6 * (after[name] - before[name]) / messages for name in before}
        by_handler = {
            name: 1e6 * (cpu - handlers.get(name, 0.0)) / messages for name, cpu in _handlers(running).items()
        }
    return Flow(
        where,
        rate,
        messages,
        messages / seconds,
        sum(used.values()),
        1e6 * report["cpu_s"] / messages,
        used,
        {name: cpu for name, cpu in by_handler.items() if cpu > 0.05},
        idle,
        peak[0],
    )


def bare_flow(folder: Path, messages: int, rate: float) -> Flow:
    """The baseline under the same load."""
    layout = sandbox_at(folder, PLACEMENTS["one cloud"], twin())
    with bare(folder / "bare.sqlite") as (pid, url):
        idle = memory_mib(pid)
        before = cpu_s(pid)
        report = report_of(devices(layout, rate, messages, url))
        used = 1e6 * (cpu_s(pid) - before) / messages
        return Flow(
            BARE,
            rate,
            messages,
            report["messages_per_s"],
            used,
            1e6 * report["cpu_s"] / messages,
            {BARE: used},
            idle_mib=idle,
            busy_mib=memory_mib(pid),
        )


@contextmanager
def bare(file: Path) -> Iterator[tuple[int, str]]:
    """The baseline's process and address."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = int(found.getsockname()[1])
    child = subprocess.Popen([sys.executable, "-m", "benchmarks.baseline_loop", str(port), str(file)])
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        yield child.pid, f"mqtt://127.0.0.1:{port}"
    finally:
        child.kill()
        child.wait()


@contextmanager
def peak_memory(running: Running) -> Iterator[list[tuple[float, float]]]:
    """The most memory of all processes together, looked at every half second."""
    peak = [running.memory()]
    done = threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            peak[0] = max(peak[0], running.memory())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _all_arrived(arrivals: Arrivals, child: subprocess.Popen[str], messages: int) -> float:
    """When the last record and the last twin had arrived."""
    deadline = time.monotonic() + _PATIENCE_S
    while arrivals.records() < messages:
        if child.poll() not in (None, 0) or time.monotonic() > deadline:
            raise SystemExit(f"{arrivals.records()} of {messages} records arrived")
        time.sleep(0.01)
    ended = time.time()
    while arrivals.graph_is_behind():
        if time.monotonic() > deadline:
            raise SystemExit("the graph does not catch up")
        ended = time.time()
    return ended


def _handlers(running: Running) -> dict[str, float]:
    return {
        f"{function.name} ({cloud})": function.cpu_s
        for cloud, status in running.statuses().items()
        for function in status.functions
    }


# ── Latency ─────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass
class Latency:
    """From a message's event time (set when the device makes it) until its record can be read in the hot store."""

    where: str
    rate: float
    messages: int
    p50_ms: float
    p99_ms: float
    largest_ms: float
    us: float
    """Processor time of all our processes for a message at this rate."""


def latency(where: str, folder: Path, rate: float, seconds: float) -> Latency:
    """Watches records arrive, asking the hot store every 2 ms."""
    messages = max(DEVICES, round(rate * seconds / DEVICES) * DEVICES)
    with Running(sandbox_at(folder, PLACEMENTS[where], twin())) as running:
        time.sleep(2.0)
        arrivals = Arrivals(running)
        before = running.cpu()
        child = devices(running.layout, rate, messages)
        taken: list[float] = []
        deadline = time.monotonic() + messages / rate + _PATIENCE_S
        while len(taken) < messages and time.monotonic() < deadline:
            times = arrivals.new()
            now = time.time()
            taken += [now - to_epoch(at) for at in times]
            time.sleep(POLL_S)
        report_of(child)
        arrivals.close()
        used = sum(running.cpu().values()) - sum(before.values())
    if len(taken) < messages:
        raise SystemExit(f"{len(taken)} of {messages} records arrived")
    taken.sort()
    return Latency(
        where,
        rate,
        messages,
        1000 * taken[len(taken) // 2],
        1000 * taken[int(0.99 * len(taken))],
        1000 * taken[-1],
        1e6 * used / messages,
    )


# ── Long run ────────────────────────────────────────────────────────────────────────────────────────────────
@dataclass
class Moment:
    """What a long run looked like at a moment."""

    seconds: float
    pss_mib: float
    rss_mib: float
    waiting: int
    wal_mib: float
    behind: float
    """Messages that devices have sent and that are not in the hot store yet, by their rate."""


def soak(folder: Path, rate: float, seconds: float) -> list[Moment]:
    """A steady load over three clouds; at its end every message is one record."""
    messages = round(rate * seconds / DEVICES) * DEVICES
    moments: list[Moment] = []
    with Running(sandbox_at(folder, PLACEMENTS["three clouds"], twin())) as running:
        arrivals = Arrivals(running)
        child = devices(running.layout, rate, messages)
        began = 0.0
        while child.poll() is None:
            if not began and arrivals.records():
                began = to_epoch(arrivals.first())
            if began:
                passed = time.time() - began
                pss, rss = running.memory()
                wal = sum(file.stat().st_size for file in running.layout.directory.rglob("*-wal")) / 2**20
                behind = min(passed * rate, messages) - arrivals.records()
                moments.append(Moment(passed, pss, rss, running.waiting(), wal, behind))
            time.sleep(5.0 if began else 0.05)
        ended = _all_arrived(arrivals, child, messages)
        report = report_of(child)
        if arrivals.records() != report["sent"]:
            raise SystemExit(f"{report['sent']} messages sent, {arrivals.records()} records stored")
        pss, rss = running.memory()
        wal = sum(file.stat().st_size for file in running.layout.directory.rglob("*-wal")) / 2**20
        moments.append(Moment(ended - began, pss, rss, running.waiting(), wal, 0.0))
        arrivals.close()
    return moments


# ── Tables ──────────────────────────────────────────────────────────────────────────────────────────────────
def show_flows(console: Console, flows: list[Flow]) -> None:
    columns = ("", "offered/s", "messages", "per s", "CPU µs/message", "× bare", "devices µs")
    table = Table(
        *columns, "idle MiB PSS/RSS", "busy MiB PSS/RSS", title="From the devices into the hot store and the graph"
    )
    for f in flows:
        ratio = "" if f.times_bare is None else f"{f.times_bare:.1f}"
        idle, busy = ("/".join(f"{mib:.0f}" for mib in pair) for pair in (f.idle_mib, f.busy_mib))
        row = (f"{f.offered:,.0f}", f"{f.messages:,}", f"{f.per_s:,.0f}", f"{f.us:.0f}", ratio)
        table.add_row(f.where, *row, f"{f.devices_us:.0f}", idle, busy)
    console.print(table)
    for f in flows:
        parts: Mapping[str, float] = f.by_process_us | f.by_handler_us
        figures = ", ".join(f"{name} {us:.1f}" for name, us in parts.items())
        console.print(f"{f.where} at {f.offered:,.0f}/s, µs: {figures}", highlight=False)


def show_latencies(console: Console, latencies: list[Latency]) -> None:
    table = Table(
        "", "per s", "messages", "p50 ms", "p99 ms", "largest ms", "CPU µs/message", title="Device → hot store"
    )
    for lat in latencies:
        figures = (lat.p50_ms, lat.p99_ms, lat.largest_ms, lat.us)
        table.add_row(lat.where, f"{lat.rate:,.0f}", f"{lat.messages:,}", *(f"{figure:,.0f}" for figure in figures))
    console.print(table)


def show_rest(console: Console, start: Start | None, imports: list[Import], moments: list[Moment]) -> None:
    if start is not None:
        console.print(f"{start.what}: up in {start.up_s:.1f} s, first record after {start.first_record_s:.1f} s")
    if imports:
        table = Table("entry", "median ms", "slowest ms", "of it msgspec ms", "modules", title="Cold imports, no SDK")
        for i in imports:
            table.add_row(i.module, *(f"{ms:.0f}" for ms in (i.median_ms, i.slowest_ms, i.msgspec_ms)), str(i.modules))
        console.print(table)
    if moments:
        table = Table("s", "PSS MiB", "RSS MiB", "waiting", "WAL MiB", "behind", title="Long run, three clouds")
        for m in moments:
            figures = (m.seconds, m.pss_mib, m.rss_mib, m.waiting, m.wal_mib, m.behind)
            table.add_row(*(f"{figure:,.0f}" for figure in figures))
        console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=["flow", "latency", "start", "imports"])
    parser.add_argument("--where", nargs="+", default=list(PLACEMENTS), choices=list(PLACEMENTS))
    parser.add_argument("--offer", type=float, nargs="+", default=[2000.0, 12_000.0], help="flow: messages a second")
    parser.add_argument("--tenth", type=float, help="latency: messages a second; default: a tenth of the fastest flow")
    parser.add_argument("--rate", type=float, default=1000.0, help="soak: messages a second")
    parser.add_argument("--seconds", type=float, help="how long: default 6 (flow), 20 (latency), 180 (soak)")
    parser.add_argument("--json", action="store_true")
    options, _ = parser.parse_known_args()
    flows, latencies, imports, moments, start = [], [], [], [], None
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        for rate in options.offer if "flow" in options.only else []:
            messages = round(rate * (options.seconds or 6.0) / DEVICES) * DEVICES
            base = bare_flow(folder / f"bare-{rate:.0f}", messages, rate)
            flows.append(base)
            for where in options.where:
                found = flow(where, folder / f"{where}-{rate:.0f}", messages, rate)
                found.times_bare = found.us / base.us
                flows.append(found)
        for where in options.where if "latency" in options.only else []:
            fastest = max((f.per_s for f in flows if f.where == where), default=2000.0)
            rate = options.tenth or fastest / 10
            latencies.append(latency(where, folder / f"latency-{where}", rate, options.seconds or 20.0))
        if "start" in options.only:
            start = first_telemetry(folder / "start", "smart-building")
        if "imports" in options.only:
            imports = [imported(module, 5) for module in ENTRIES]
        if "soak" in options.only:
            moments = soak(folder / "soak", options.rate, options.seconds or 180.0)
    if options.json:
        parts = {"load": load, "flows": flows, "latencies": latencies, "start": start, "imports": imports}
        print(json.dumps(parts | {"moments": moments}, default=asdict, indent=2))
        return
    console = Console(width=max(130, Console().width))
    console.print(f"load average at the start {load:.1f}")
    if flows:
        show_flows(console, flows)
    if latencies:
        show_latencies(console, latencies)
    show_rest(console, start, imports, moments)


if __name__ == "__main__":
    main()
