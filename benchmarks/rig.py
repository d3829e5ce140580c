"""What the benchmarks of the running twin share: a twin, its placements, devices in a process of their own, counters.

Run: python -m benchmarks.rig DIRECTORY URL RATE COUNT   (the devices, started by the benchmarks)
"""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.blueprint.plan import blueprint_of
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.spec import AlertAction, DeviceGroup, DeviceType, Field, Retention, Rule, TwinSpec
from twin2multicloud.model.workload import Workload
from twin2multicloud.runtime.device_keys import device_key
from twin2multicloud.runtime.system_clock import SystemClock
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import TwinInSandbox, create, start, stop
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.status import CloudStatus
from twin2multicloud.sandbox.supervisor import ask
from twin2multicloud.simulator.link import Target
from twin2multicloud.simulator.simulation import Plan, Simulation

MONTH_S = 730 * 3600.0
TICK = os.sysconf("SC_CLK_TCK")
DEVICES = 1000
POLL_S = 0.002
"""Between two looks at what has arrived."""

_REGIONS = {Provider.AWS: "eu-central-1", Provider.AZURE: "westeurope", Provider.GCP: "europe-west1"}
THREE = {
    Slot.ACQUISITION: Provider.AWS,
    Slot.PROCESSING: Provider.AZURE,
    Slot.HOT: Provider.GCP,
    Slot.COOL: Provider.AWS,
    Slot.ARCHIVE: Provider.AZURE,
    Slot.MANAGEMENT: Provider.GCP,
    Slot.VISUALIZATION: Provider.AWS,
}
"""Every edge leads from one cloud into another."""
ONE = dict.fromkeys(Slot, Provider.AWS)
PLACEMENTS: Mapping[str, Mapping[Slot, Provider]] = {"three clouds": THREE, "one cloud": ONE}


def twin(devices: int = DEVICES) -> TwinSpec:
    """Sensors with five fields, and two rules that look at every message and seldom fire."""
    kind = DeviceType(
        "sensor",
        "dtmi:bench:sensor;1",
        (
            Field("temperature", "double", "°C", -20, 60),
            Field("humidity", "double", "%", 0, 100),
            Field("co2", "integer", "ppm", 300, 10_000),
            Field("open", "boolean"),
            Field("mode", "string", allowed=("comfort", "night")),
        ),
    )
    rules = (
        Rule("hot", "sensor", "temperature > 59.5", for_s=60, clear="temperature < 55", actions=(AlertAction("hot"),)),
        Rule("stuffy", "sensor", "co2 > 9990 and not open", actions=(AlertAction("{co2} ppm"),)),
    )
    group = DeviceGroup("sensor", prefix="sensor-", width=5, count=devices)
    return TwinSpec("bench", (kind,), (group,), Retention(MONTH_S, 3 * MONTH_S, 12 * MONTH_S), rules=rules)


def sandbox_at(directory: Path, where: Mapping[Slot, Provider], spec: TwinSpec) -> Layout:
    """A sandbox's directory, with nothing running."""
    choices = {}
    for slot, provider in where.items():
        offer = next(o for o in OFFERS if o.slot is slot and o.provider is provider)
        choices[slot] = SlotChoice(provider=provider, offer=offer.id, region=_REGIONS[provider])
    workload = Workload(devices=len(spec.device_names), message_interval_s=1, message_size_bytes=150)
    placement = Placement(choices)
    blueprint = blueprint_of(workload, placement)
    layout = Layout(directory)
    create(layout, TwinInSandbox(spec, blueprint, {}, {"placement": placement.model_dump(mode="json")}, []))
    return layout


# ── Devices ─────────────────────────────────────────────────────────────────────────────────────────────────
def drive(layout: Layout, url: str, rate: float, count: int) -> dict[str, Any]:
    """The child process: every device sends its share of `count` messages, all together `rate` a second."""
    spec = layout.spec()
    secret = base64.b64decode(layout.connection().keys["secret"])
    devices = len(spec.device_names)
    cpu: list[float] = []

    def mark(report: Any) -> None:
        if report.sent and not cpu:
            cpu.append(time.process_time())

    plan = Plan(devices / rate, messages_per_device=max(1, round(count / devices)), drain_s=60.0)
    simulation = Simulation(
        spec,
        Target.parse(spec.name, url),
        lambda device: device_key(secret, device),
        plan,
        clock=SystemClock(),
        progress=mark,
    )
    report = uvloop.run(simulation.run())
    return report.as_json() | {"cpu_s": time.process_time() - (cpu or [0.0])[0]}


def devices(layout: Layout, rate: float, count: int, url: str = "") -> subprocess.Popen[str]:
    """Devices in a process of their own; `report_of` waits for it."""
    command = [sys.executable, "-m", "benchmarks.rig", str(layout.directory)]
    command += [url or layout.connection().mqtt or "", str(rate), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def report_of(child: subprocess.Popen[str]) -> dict[str, Any]:
    """What the devices say about their run; everything they sent must have been acknowledged."""
    text, _ = child.communicate()
    if child.returncode != 0:
        raise SystemExit("the devices' process failed")
    report: dict[str, Any] = json.loads(text)
    if not report["complete"]:
        raise SystemExit(f"not everything was acknowledged: {report}")
    return report


# ── Processes ───────────────────────────────────────────────────────────────────────────────────────────────
def cpu_s(pid: int) -> float:
    """Processor seconds of a process so far, in user mode and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_mib(pid: int) -> tuple[float, float]:
    """(PSS, RSS): what a process holds, shared pages by its share of them, and counted in full."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    found = {line.split()[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
    return found["Pss:"], found["Rss:"]


@dataclass
class Running:
    """A sandbox that is up."""

    layout: Layout
    pids: dict[str, int] = field(default_factory=dict)
    """The supervisor and each cloud."""

    def __enter__(self) -> Running:
        start(self.layout)
        found = ask(self.layout, {"do": "status"})
        self.pids = {"supervisor": found["pid"]} | {name: state["pid"] for name, state in found["clouds"].items()}
        return self

    def __exit__(self, *_: object) -> None:
        stop(self.layout)

    def cpu(self) -> dict[str, float]:
        """Processor seconds by process."""
        return {name: cpu_s(pid) for name, pid in self.pids.items()}

    def memory(self) -> tuple[float, float]:
        """(PSS, RSS) of all processes in MiB."""
        each = [memory_mib(pid) for pid in self.pids.values()]
        return sum(pss for pss, _ in each), sum(rss for _, rss in each)

    def statuses(self) -> dict[str, CloudStatus]:
        """Every cloud's status document."""
        client = SandboxClient(self.layout)
        return {name: client.cloud_status(name) for name in client.config.clouds}

    def waiting(self) -> int:
        """Messages in all queues."""
        return sum(queue.depth for status in self.statuses().values() for queue in status.queues)

    def store(self, slot: Slot) -> Path:
        """The file of the hot store or the graph."""
        provider = self.layout.blueprint().places[slot].provider
        return self.layout.cloud(provider.value) / ("hot.db" if slot is Slot.HOT else "graph.db")


# ── What has arrived ────────────────────────────────────────────────────────────────────────────────────────
class Arrivals:
    """Reads the hot store and the graph from outside, as anybody who asks them would see them."""

    def __init__(self, running: Running) -> None:
        self._hot = _reader(running.store(Slot.HOT))
        self._graph = _reader(running.store(Slot.MANAGEMENT))
        self._seen = int(self._hot.execute("SELECT coalesce(max(row), 0) FROM records").fetchone()[0])

    def close(self) -> None:
        """Close the files."""
        self._hot.close()
        self._graph.close()

    def records(self) -> int:
        """Records in the hot store."""
        return int(self._hot.execute("SELECT records FROM progress").fetchone()[0])

    def new(self) -> list[str]:
        """The event times of the records that came since the last call."""
        rows = self._hot.execute("SELECT row, time FROM records WHERE row > ? ORDER BY row", (self._seen,)).fetchall()
        if rows:
            self._seen = rows[-1][0]
        return [time for _, time in rows]

    def first(self) -> str:
        """The earliest event time."""
        return str(self._hot.execute("SELECT min(time) FROM records").fetchone()[0])

    def graph_is_behind(self) -> bool:
        """Whether any device's twin is older than its latest record."""
        latest = dict(self._hot.execute("SELECT device, max(time) FROM records GROUP BY device").fetchall())
        rows = self._graph.execute("SELECT id, state FROM entities").fetchall()
        twins = {id: max(msgspec.json.decode(state)[1].values(), default="") for id, state in rows}
        return any(twins.get(device, "") < time for device, time in latest.items())


def _reader(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)


if __name__ == "__main__":
    print(json.dumps(drive(Layout(Path(sys.argv[1])), sys.argv[2], float(sys.argv[3]), int(sys.argv[4]))))
