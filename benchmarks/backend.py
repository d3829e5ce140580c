"""The management backend over HTTP on one machine: optimizations and reads a second, the client on the same cores.

A real server process (uvicorn, SQLite) with 1,000 twins, of which every other one runs in a sandbox as far as the
database tells, with its health and three alerts. The client keeps a few connections busy and reads answers whole.
Every optimization has inputs of its own, but for the row that says otherwise.

Baselines, on the same machine in the same run:

- for optimizations: `BillOptimizer` called in one process, on the same workloads, the answer encoded as JSON;
- for reads: a bare FastAPI endpoint that answers a constant, under the same server and client.

Rows are measured in turn, several times over, so that a slow spell of the machine hits all of them; figures are
medians.

Run: python -m benchmarks.backend [--seconds S] [--rounds N] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from benchmarks.processes import batch_file

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from twin2multicloud.app.db.tables import Twin

SINGLE = {"OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
"""What the command line sets, too, before Python starts: the matrices are small, and more threads would spin."""
CONNECTIONS = 8
TWINS = 1_000
TOKEN = "t2m_benchmark-of-the-backend"
DEFINITION = """\
name: {name}
workload: {{message_interval_s: 10, message_size_bytes: 150}}
device_types: {{sensor: {{fields: {{temperature: {{type: double, unit: "°C", min: -20, max: 60}}}}}}}}
devices: [{{type: sensor, count: 30, name: "sensor-{{n}}"}}]
"""
Call = Callable[[], tuple[str, str, bytes]]
"""Makes a request: method, path, body."""


@dataclass(frozen=True)
class Row:
    """One kind of request. `cpu_ms` is processor time of the server with its workers (of this process, for what is
    called directly) per answer; `ratio` is to the baseline's rate.
    """

    what: str
    per_s: float
    p50_ms: float
    p95_ms: float
    cpu_ms: float
    ratio: float
    target_per_s: float | None = None


class Constant(BaseModel):
    """What the bare endpoint answers."""

    status: str


# ── The server ──────────────────────────────────────────────────────────────────────────────────────────────
def serve(folder: Path, port: int) -> None:
    """Serve the backend in `folder`, and beside it the bare endpoint."""
    import uvicorn
    from fastapi import FastAPI

    from twin2multicloud.app.api.app import create_app, load
    from twin2multicloud.app.backend import open_backend
    from twin2multicloud.app.loading import settled
    from twin2multicloud.app.settings import read_settings

    bare = FastAPI()

    @bare.get("/bare")
    async def answer() -> Constant:
        return Constant(status="ok")

    with open_backend(read_settings(data=folder, port=port)) as backend:
        app = create_app(backend)
        load(app)
        settled()

        async def both(scope: Any, receive: Any, send: Any) -> None:
            await (bare if scope.get("path") == "/bare" else app)(scope, receive, send)

        uvicorn.run(both, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off")


def prepare(folder: Path) -> str:
    """A migrated database with twins and a key; the id of one twin."""
    from twin2multicloud.app.auth.access import Principal, Scope
    from twin2multicloud.app.auth.tokens import token_hash
    from twin2multicloud.app.backend import open_backend
    from twin2multicloud.app.db import migrate
    from twin2multicloud.app.db.tables import ApiKey, User, Workspace, WorkspaceMember
    from twin2multicloud.app.schemas.twins import TwinInput
    from twin2multicloud.app.services import twins
    from twin2multicloud.app.settings import read_settings

    with open_backend(read_settings(data=folder)) as backend:
        migrate.upgrade(backend.database)
        now = datetime.now(UTC)
        scopes = [scope.value for scope in Scope]
        with backend.database.write() as session:
            session.add(Workspace(id="wsp_1", name="here", created_at=now))
            session.add(User(id="usr_1", subject="b", email="b@example.org", name="b", admin=False, created_at=now))
            session.flush()
            session.add(WorkspaceMember(workspace_id="wsp_1", user_id="usr_1", role="owner"))
            session.add(
                ApiKey(
                    id="key_1",
                    key_hash=token_hash(TOKEN),
                    prefix="t2m_bench",
                    user_id="usr_1",
                    name="b",
                    scopes=scopes,
                    created_at=now,
                )
            )
        principal = Principal("usr_1", "b", "b@example.org", False, frozenset(Scope))
        with backend.database.write() as session:
            for number in range(TWINS):
                given = TwinInput(source=DEFINITION.format(name=f"twin-{number:03}"))
                made = twins.create(backend, session, principal, "wsp_1", twins.check(given), "")
                session.flush()
                if number % 2:
                    run_in_sandbox(session, made, now)
        return made.id


def run_in_sandbox(session: Session, twin: Twin, now: datetime) -> None:
    """Have a twin deployed, seen and complained about, as far as the database tells."""
    from twin2multicloud.app.api.examples import PLACEMENT
    from twin2multicloud.app.db.tables import Alert, Glance, Stack, TwinVersion

    here = {"twin_id": twin.id, "target": "sandbox"}
    version = session.get_one(TwinVersion, (twin.id, 1))
    version.placement, version.usd_per_month = PLACEMENT, 100.0
    layers = []
    for slot, choice in PLACEMENT.items():
        cloud, applied = choice["provider"], {"fingerprint": "", "whole": True, "applied_at": now}
        session.add(Stack(**here, name=slot, slot=slot, site=f"{cloud}/{choice['region']}", **applied))
        layers.append({"slot": slot, "cloud": cloud, "health": "ok", "since": now.isoformat()})
    session.add(Glance(**here, health="ok", seen_at=now, layers=layers, usd_per_month=90.0, metered_at=now))
    for number, severity in enumerate(("warning", "error", "critical")):
        session.add(
            Alert(
                **here,
                id=f"alr_{twin.id[4:-1]}{number}",
                workspace_id=twin.workspace_id,
                fold=str(number),
                kind="quota",
                severity=severity,
                layer="L3",
                cloud="aws",
                message="the disk is full",
                data={},
                count=1,
                first_at=now,
                last_at=now,
            )
        )


# ── The client ──────────────────────────────────────────────────────────────────────────────────────────────
async def drive(port: int, call: Call, seconds: float) -> tuple[float, list[float]]:
    """Keep the connections busy for some time; answers per second, and how long each took in seconds."""
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        while (began := time.perf_counter()) < end:
            method, path, body = call()
            writer.write(
                f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            answer = await reader.readexactly(length)
            if head[9:11] != b"20":
                raise SystemExit(f"{method} {path}: {head[:15].decode()} {answer[:300].decode()}")
            took.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return len(took) / (time.perf_counter() - began), took


def processor_s(pid: int) -> float:
    """Processor time that a process and its children have used so far, in seconds."""
    found = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        if pid in (int(stat.parent.name), int(fields[1])):
            found += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        found: int = free.getsockname()[1]
    return found


def wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server listens."""
    while True:
        if server.poll() is not None:
            raise SystemExit("the server ended")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return


# ── What is asked ───────────────────────────────────────────────────────────────────────────────────────────
def workloads(folder: Path) -> Iterator[dict[str, Any]]:
    """Workloads, no two alike, as the batches' benchmark has them."""
    lines = batch_file(folder, 5_000).read_text().splitlines()
    for number, line in enumerate(itertools.cycle(lines)):
        workload = json.loads(line)
        workload["devices"] += number
        yield workload


def direct(found: Iterator[dict[str, Any]], seconds: float, *, full: bool) -> tuple[float, float]:
    """The baseline: optimizations a second in this process, and the processor time of each in ms."""
    from twin2multicloud.model.workload import Workload
    from twin2multicloud.optimizer.bill.as_json import compact_json, full_json
    from twin2multicloud.optimizer.bill.optimize import BillOptimizer
    from twin2multicloud.optimizer.pricing.book import load_book

    optimizer = _OPTIMIZERS.setdefault("one", BillOptimizer(load_book()))
    optimizer.optimize(Workload(**next(found)))
    began, used, count = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < seconds:
        result = optimizer.optimize(Workload(**next(found)), alternatives=full)
        msgspec.json.encode((full_json if full else compact_json)(result))
        count += 1
    return count / (time.perf_counter() - began), 1e3 * (time.process_time() - used) / count


_OPTIMIZERS: dict[str, Any] = {}


@dataclass(frozen=True)
class Served:
    """A server that listens: its data directory, one of its twins, its port and its process."""

    folder: Path
    twin: str
    port: int
    pid: int


@contextmanager
def served() -> Iterator[Served]:
    """A server process with its twins, for as long as this lasts."""
    with tempfile.TemporaryDirectory() as name:
        twin, port = prepare(Path(name)), free_port()
        command = [sys.executable, "-m", "benchmarks.backend", "--serve", name, "--port", str(port)]
        server = subprocess.Popen(command, env=os.environ | SINGLE)
        try:
            wait_for(port, server)
            yield Served(Path(name), twin, port, server.pid)
        finally:
            server.terminate()
            server.wait(30)


def measure(seconds: float, rounds: int) -> list[Row]:
    """All rows."""
    with served() as server:
        return rows(server.port, server.pid, server.folder, server.twin, seconds, rounds)


def rows(port: int, pid: int, folder: Path, twin: str, seconds: float, rounds: int) -> list[Row]:
    """Ask everything in turn, `rounds` times after one that warms up."""
    found = workloads(folder)

    def post(**more: Any) -> Call:
        return lambda: ("POST", "/api/v1/optimize", msgspec.json.encode({"workload": next(found), **more}))

    def get(path: str) -> Call:
        return lambda: ("GET", path, b"")

    same = msgspec.json.encode({"scenario": "smart-building"})
    asked: dict[str, tuple[Call, str, float | None]] = {
        "POST /optimize, complete": (post(), "direct, complete", 100),
        "POST /optimize, without alternatives": (post(alternatives=False), "direct, compact", None),
        "POST /optimize, compact": (post(detail="compact"), "direct, compact", 100),
        "POST /optimize, the same again": (lambda: ("POST", "/api/v1/optimize", same), "bare", None),
        "GET /twins/{twin}": (get(f"/api/v1/twins/{twin}"), "bare", 400),
        "GET /twins, 50 of 1,000": (get("/api/v1/twins?limit=50"), "bare", None),
        "GET /twins, by alerts": (get("/api/v1/twins?limit=50&sort=-alerts"), "bare", None),
        "GET /twins, chosen": (get("/api/v1/twins?limit=50&life=deployed&attention=false&health=ok"), "bare", None),
        "GET /offers": (get("/api/v1/offers?slot=L3.hot"), "bare", 400),
        "bare": (get("/bare"), "bare", None),
    }
    rates: dict[str, list[float]] = {}
    used: dict[str, list[float]] = {}
    times: dict[str, list[float]] = {}
    for turn in range(rounds + 1):
        for full in (True, False):
            rate, cpu_ms = direct(found, seconds, full=full)
            if turn:
                what = f"direct, {'complete' if full else 'compact'}"
                rates.setdefault(what, []).append(rate)
                used.setdefault(what, []).append(cpu_ms)
        for what, (call, _, _) in asked.items():
            before = processor_s(pid)
            rate, took = asyncio.run(drive(port, call, seconds if turn else 1.0))
            if turn:
                rates.setdefault(what, []).append(rate)
                used.setdefault(what, []).append(1e3 * (processor_s(pid) - before) / len(took))
                times.setdefault(what, []).extend(took)
    result = []
    for what, each in rates.items():
        took = sorted(times.get(what, [0.0]))
        base, target = asked[what][1:] if what in asked else (what, None)
        result.append(
            Row(
                what,
                statistics.median(each),
                1e3 * took[len(took) // 2],
                1e3 * took[int(len(took) * 0.95)],
                statistics.median(used[what]),
                statistics.median(each) / statistics.median(rates[base]),
                target,
            )
        )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.port)
        return
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        # The baseline is calculated in this process.
        os.execve(sys.executable, [sys.executable, "-m", "benchmarks.backend", *sys.argv[1:]], os.environ | SINGLE)
    found = measure(options.seconds, options.rounds)
    if options.json:
        print(json.dumps([asdict(row) for row in found], indent=2))
        return
    table = Table(
        "what", "a second", "p50 ms", "p95 ms", "CPU ms", "× baseline", "target", title="The backend over HTTP"
    )
    for row in found:
        cells = [f"{row.per_s:,.0f}", f"{row.p50_ms:.1f}", f"{row.p95_ms:.1f}", f"{row.cpu_ms:.1f}", f"{row.ratio:.2f}"]
        table.add_row(row.what, *cells, "" if row.target_per_s is None else f"≥ {row.target_per_s:g}")
    Console().print(table)


if __name__ == "__main__":
    main()
