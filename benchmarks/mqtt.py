"""The device gateway: CPU per acknowledged message, as a ratio to a bare MQTT-to-SQLite loop, beside other brokers.

Every server gets the same load from the same simulated devices: QoS 1, one connection each. The bare loop answers
every PUBLISH after a batched insert and checks nothing. Mosquitto and amqtt only acknowledge; they store nothing.

Run: python -m benchmarks.mqtt [--devices N] [--rate R …] [--seconds S] [--amqtt PYTHON] [--json]
     --amqtt: the Python of an environment that has amqtt
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from twin2multicloud.model.spec import DeviceGroup, DeviceType, Field, Retention, TwinSpec
from twin2multicloud.runtime.device_keys import DeviceKeys, device_key
from twin2multicloud.runtime.envelope import RawMessage
from twin2multicloud.runtime.failures import ErrorReport
from twin2multicloud.runtime.system_clock import SystemClock
from twin2multicloud.sandbox.gateway.intake import Intake
from twin2multicloud.sandbox.gateway.mqtt import MqttGateway
from twin2multicloud.simulator.link import Target
from twin2multicloud.simulator.report import Report
from twin2multicloud.simulator.simulation import Plan, Simulation

SECRET = b"only for benchmarks, nowhere else"
TWIN = "bench"
TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
BARE = "bare loop"

AMQTT = """
import asyncio, sys, logging
from amqtt.broker import Broker
logging.disable(logging.CRITICAL)
config = {"listeners": {"default": {"type": "tcp", "bind": "127.0.0.1:" + sys.argv[1]}},
          "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}}
async def main():
    broker = Broker(config)
    await broker.start()
    await asyncio.Event().wait()
asyncio.run(main())
"""


@dataclass(frozen=True)
class Timing:
    """One server under one load."""

    server: str
    rate: float
    acked_per_s: float
    server_us: float
    """CPU of the server for an acknowledged message, all threads, kernel included."""
    devices_us: float
    """CPU of the simulated devices for a message, likewise."""
    p50_ms: float
    p99_ms: float
    memory_mib: float
    times_bare: float | None = None


class Store:
    """A table of messages, filled a batch at a time."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute("CREATE TABLE messages (id INTEGER PRIMARY KEY, device TEXT, body BLOB)")

    def put(self, rows: list[tuple[str, bytes]]) -> None:
        """Write a batch."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO messages (device, body) VALUES (?, ?)", rows)
        self._connection.execute("COMMIT")


class Bare(asyncio.Protocol):
    """Answers what clients of 3.1.1 say, trusting that each packet comes whole; PUBLISH after its insert."""

    waiting: list[tuple[asyncio.Transport, bytes, bytes]] = []  # noqa: RUF012  one list for all, on purpose
    flush: Callable[[], None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer at once but PUBLISH, which waits for the next insert."""
        position = 0
        while position < len(data):
            first, length, shift = data[position], 0, 0
            position += 1
            while True:
                byte = data[position]
                position += 1
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            if first & 0xF0 == 0x30:
                at = position + 2 + (data[position] << 8 | data[position + 1])
                if not Bare.waiting:
                    asyncio.get_running_loop().call_later(0.002, Bare.flush)
                Bare.waiting.append((self.transport, data[at : at + 2], data[at + 2 : position + length]))
            elif first == 0x10:
                self.transport.write(b"\x20\x02\x00\x00")
            elif first == 0x82:
                self.transport.write(b"\x90\x03" + data[position : position + 2] + b"\x01")
            position += length


async def serve_bare(port: int, path: Path) -> None:
    store = Store(path)

    def flush() -> None:
        entries = Bare.waiting[:]
        Bare.waiting.clear()
        store.put([("device", body) for _, _, body in entries])
        for transport, number, _ in entries:
            transport.write(b"\x40\x02" + number)

    Bare.flush = flush
    await asyncio.get_running_loop().create_server(Bare, "127.0.0.1", port, backlog=1024)
    await asyncio.Event().wait()


async def serve_gateway(port: int, path: Path, *, in_thread: bool) -> None:
    store = Store(path)

    class Complain:
        def report(self, reports: Iterable[ErrorReport]) -> None:
            for report in reports:
                print(report, file=sys.stderr)

    def sink(messages: list[RawMessage]) -> None:
        store.put([(message.device, message.payload) for message in messages])

    intake = Intake(sink, reporter=Complain(), in_thread=in_thread)
    intake.start()
    keys = DeviceKeys(SECRET, lambda _device: True)
    gateway = MqttGateway(TWIN, keys.authenticate, intake, clock=SystemClock(), reporter=Complain())
    await gateway.start(port=port)
    await asyncio.Event().wait()


def serve(name: str, port: int, path: Path) -> None:
    """The child process of a server of ours."""
    if name == BARE:
        uvloop.run(serve_bare(port, path))
    else:
        uvloop.run(serve_gateway(port, path, in_thread=name.endswith("thread")))


def cpu_s(pid: int) -> float:
    """CPU seconds that a process has used, in user mode and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_mib(pid: int) -> float:
    """Memory a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


@contextmanager
def running(command: list[str], port: int) -> Iterator[int]:
    """A server process that listens, by its id."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.02)
        else:
            raise SystemExit(f"{command[0]} does not listen")
        yield child.pid
    finally:
        child.kill()
        child.wait()


def spec(devices: int) -> TwinSpec:
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
    group = DeviceGroup("sensor", prefix="sensor-", width=5, count=devices)
    return TwinSpec(TWIN, (kind,), (group,), Retention(1, 2, 3))


def measure(name: str, command: list[str], port: int, devices: int, rate: float, seconds: float) -> Timing:
    """One server under one load; CPU is that of the time in which messages are sent."""
    with running(command, port) as pid:
        marks: list[tuple[float, float, int]] = []

        def mark(report: Report) -> None:
            if report.duration_s > 0:
                marks.append((cpu_s(pid), time.process_time(), report.acked))

        plan = Plan(devices / rate, duration_s=seconds, drain_s=10.0)
        target = Target(TWIN, "mqtt", "127.0.0.1", port)
        simulation = Simulation(
            spec(devices), target, lambda d: device_key(SECRET, d), plan, clock=SystemClock(), progress=mark
        )
        report = uvloop.run(simulation.run())
        first, last = marks[0], marks[-1]
        count = max(1, last[2] - first[2])
        return Timing(
            name,
            rate,
            report.rate,
            1e6 * (last[0] - first[0]) / count,
            1e6 * (last[1] - first[1]) / count,
            1000 * (report.latencies.quantile_s(0.5) or 0.0),
            1000 * (report.latencies.quantile_s(0.99) or 0.0),
            memory_mib(pid),
        )


def servers(port: int, folder: Path, amqtt: str | None) -> Iterator[tuple[str, list[str]]]:
    """Each server and its command, as far as this machine has it."""
    for number, name in enumerate((BARE, "gateway, sink in loop", "gateway, sink in thread")):
        path = folder / f"{number}-{port}.sqlite"
        yield name, [sys.executable, "-m", "benchmarks.mqtt", "--serve", name, str(port), str(path)]
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if mosquitto is not None:
        config = folder / "mosquitto.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_type none\n")
        yield "mosquitto (C, stores nothing)", [mosquitto, "-c", str(config)]
    if amqtt is not None:
        yield "amqtt (stores nothing)", [amqtt, "-c", AMQTT, str(port)]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def run(devices: int, rates: list[float], seconds: float, amqtt: str | None) -> list[Timing]:
    timings = []
    with tempfile.TemporaryDirectory() as folder:
        for rate in rates:
            bare: float | None = None
            names = [name for name, _ in servers(0, Path(folder), amqtt)]
            for index in range(len(names)):
                port = free_port()
                name, command = list(servers(port, Path(folder), amqtt))[index]
                found = measure(name, command, port, devices, rate, seconds)
                bare = found.server_us if name == BARE else bare
                ratio = None if not bare else found.server_us / bare
                timings.append(Timing(**(asdict(found) | {"times_bare": ratio})))
    return timings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=2000)
    parser.add_argument("--rate", type=float, nargs="+", default=[2000.0, 8000.0])
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--amqtt", metavar="PYTHON")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options, _ = parser.parse_known_args()
    if options.serve:
        serve(options.serve[0], int(options.serve[1]), Path(options.serve[2]))
        return
    timings = run(options.devices, options.rate, options.seconds, options.amqtt)
    if options.json:
        print(json.dumps([asdict(timing) for timing in timings], indent=2))
        return
    columns = ("server", "asked/s", "acked/s", "CPU µs/message", "× bare", "devices µs", "p50 ms", "p99 ms", "MiB")
    table = Table(*columns, title=f"{options.devices:,} devices, QoS 1")
    for t in timings:
        ratio = "" if t.times_bare is None else f"{t.times_bare:.2f}"
        row = (f"{t.rate:,.0f}", f"{t.acked_per_s:,.0f}", f"{t.server_us:.1f}", ratio, f"{t.devices_us:.1f}")
        table.add_row(t.server, *row, f"{t.p50_ms:.1f}", f"{t.p99_ms:.1f}", f"{t.memory_mib:.0f}")
    Console(width=max(120, Console().width)).print(table)


if __name__ == "__main__":
    main()
