"""Events on their way from a run to those who watch it: delay, CPU and memory, as ratios to a single watcher.

A real server over SQLite, a process of its own that writes events like a run's, and watchers over plain sockets in this
process, all on the same cores. Every watcher's events are checked: all of them, each once, in order. The delay is from
the moment an event was made, before its commit, to the moment a watcher's process has read it.

Run: python -m benchmarks.events [--watchers N …] [--rate R] [--seconds S] [--commit N] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import uvicorn
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from benchmarks.mqtt import cpu_s, free_port, memory_mib
from twin2multicloud.app.api.app import create_app, end_streams
from twin2multicloud.app.auth.access import Scope
from twin2multicloud.app.auth.tokens import token_hash
from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.db import migrate
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.db.tables import ApiKey, Event, Run, User, Workspace, WorkspaceMember
from twin2multicloud.app.events.log import EventLog, NewEvent
from twin2multicloud.app.settings import Settings, read_settings
from twin2multicloud.runtime.system_clock import SystemClock

TOKEN = "t2m_only-for-benchmarks"
RUN, WORKSPACE, USER = "run_bench", "wsp_bench", "usr_bench"
TEXT = "aws-l2: aws_lambda_function.persister: Still creating... [10s elapsed]"
PATIENCE_S = 60.0
_ID = re.compile(rb"id: (\d+)\ndata: ")


@dataclass(frozen=True)
class Timing:
    """One number of watchers."""

    watchers: int
    events: int
    events_per_s: float
    p50_ms: float
    p99_ms: float
    largest_ms: float
    server_us: float
    """CPU of the server for an event that a watcher gets, kernel included."""
    clients_us: float
    """The same of the watchers."""
    server_cores: float
    memory_mib: float
    times_p50: float | None = None
    times_server_us: float | None = None


def settings_of(folder: Path, port: int = 1) -> Settings:
    return read_settings(data=folder, port=port)


def prepare(folder: Path) -> None:
    """A database with a run and somebody who may watch it."""
    settings, now = settings_of(folder), datetime.now(UTC)
    folder.mkdir(exist_ok=True)
    database = Database(settings.url)
    migrate.upgrade(database)
    with database.write() as session:
        session.add(User(id=USER, subject="b|b", email="", name="b", admin=False, created_at=now))
        session.add(Workspace(id=WORKSPACE, name="b", created_at=now))
        session.flush()
        session.add(WorkspaceMember(workspace_id=WORKSPACE, user_id=USER, role="viewer"))
        session.add(
            ApiKey(
                id="key_bench",
                key_hash=token_hash(TOKEN),
                prefix="t2m_",
                user_id=USER,
                name="b",
                scopes=[Scope.READ.value],
                created_at=now,
                last_used_at=now,
            )
        )
        session.add(
            Run(
                id=RUN,
                workspace_id=WORKSPACE,
                number=1,
                kind="deploy",
                target="sandbox",
                status="running",
                request={},
                request_hash="",
                created_by=USER,
                created_at=now,
            )
        )
    database.close()


class Server(uvicorn.Server):
    """One that does not wait for streams, which never end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams first."""
        end_streams(self.config.app)  # type: ignore[arg-type]
        await super().shutdown(sockets)


def serve(folder: Path, port: int) -> None:
    with open_backend(settings_of(folder, port)) as backend:
        app = create_app(backend)
        Server(uvicorn.Config(app, port=port, log_level="warning", access_log=False, backlog=512)).run()


def write(folder: Path, rate: float, seconds: float, commit: int) -> None:
    """Events at a steady rate, `commit` in each transaction."""
    database = Database(settings_of(folder).url)
    log = EventLog(database, SystemClock())
    begun = time.monotonic()
    for number in range(int(rate * seconds / commit)):
        ahead = begun + number * commit / rate - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        with database.write() as session:
            log.add(
                session,
                *[
                    NewEvent(
                        WORKSPACE, "run.line", TEXT, run_id=RUN, stack="aws-l2", data={"stage": "apply", "line": n}
                    )
                    for n in range(number * commit, (number + 1) * commit)
                ],
            )
    database.close()


class Watcher:
    """A connection, and what came over it: (when, the first number, how many) per reading."""

    def __init__(self, port: int) -> None:
        self.taken: list[tuple[float, int, int]] = []
        self.last = 0
        self._rest = b""
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self.socket.sendall(
            f"GET /api/v1/runs/{RUN}/events/stream?after=0 HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            f"Authorization: Bearer {TOKEN}\r\n\r\n".encode()
        )
        begun = self.socket.recv(65_536)
        if not begun.startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"no stream: {begun!r}")
        self.socket.setblocking(False)

    def take(self, expected: list[bytes]) -> None:
        """Read once, and check."""
        found = self.socket.recv(1 << 20)
        now = time.time()
        if not found:
            raise SystemExit("a stream ended early")
        text = self._rest + found
        whole = text.rfind(b"\n\n") + 2
        if whole < 2:
            self._rest = text
            return
        self._rest = text[whole:]
        numbers = _ID.findall(text, 0, whole)
        if numbers != expected[self.last : self.last + len(numbers)]:
            raise SystemExit(f"lost, doubled or out of order after event {self.last}")
        if numbers:
            self.taken.append((now, self.last, len(numbers)))
            self.last += len(numbers)


@contextmanager
def process(*arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    found = subprocess.Popen([sys.executable, "-m", "benchmarks.events", *map(str, arguments)])
    try:
        yield found
    finally:
        found.terminate()
        found.wait(PATIENCE_S)


def connected(port: int, count: int) -> list[Watcher]:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return [Watcher(port) for _ in range(count)]
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def measure(watchers: int, rate: float, seconds: float, commit: int) -> Timing:
    events = int(rate * seconds / commit) * commit
    expected = [str(number).encode() for number in range(1, events + 1)]
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        prepare(folder)
        with process("--serve", folder, port) as server:
            clients = connected(port, watchers)
            server_s, own_s = cpu_s(server.pid), time.process_time()
            with selectors.DefaultSelector() as selector:
                for client in clients:
                    selector.register(client.socket, selectors.EVENT_READ, client)
                with process("--write", folder, rate, seconds, commit):
                    deadline = time.monotonic() + seconds + PATIENCE_S
                    while any(client.last < events for client in clients):
                        if time.monotonic() > deadline:
                            raise SystemExit(f"only {min(client.last for client in clients)} of {events} arrived")
                        for key, _ in selector.select(1.0):
                            key.data.take(expected)
            server_s, own_s = cpu_s(server.pid) - server_s, time.process_time() - own_s
            memory = memory_mib(server.pid)
            for client in clients:
                client.socket.close()
        database = Database(settings_of(folder).url)
        with database.read() as session:
            made = np.array([at.timestamp() for at in session.scalars(select(Event.at).order_by(Event.id))])
        database.close()
    delays = np.concatenate(
        [now - made[first : first + count] for client in clients for now, first, count in client.taken]
    )
    took = max(client.taken[-1][0] for client in clients) - made[0]
    p50, p99, largest = 1000 * np.quantile(delays, [0.5, 0.99, 1.0])
    told = events * watchers
    return Timing(
        watchers,
        events,
        events / float(took),
        float(p50),
        float(p99),
        float(largest),
        1e6 * server_s / told,
        1e6 * own_s / told,
        server_s / float(took),
        memory,
    )


def run(watchers: list[int], rate: float, seconds: float, commit: int) -> list[Timing]:
    alone = measure(1, rate, seconds, commit)
    found = [alone]
    for count in watchers:
        timing = measure(count, rate, seconds, commit)
        ratios = {"times_p50": timing.p50_ms / alone.p50_ms, "times_server_us": timing.server_us / alone.server_us}
        found.append(Timing(**(asdict(timing) | ratios)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--watchers", type=int, nargs="+", default=[50, 200])
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--commit", type=int, default=10, help="events in each transaction")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=4, help=argparse.SUPPRESS)
    options, _ = parser.parse_known_args()
    if options.serve:
        serve(Path(options.serve[0]), int(options.serve[1]))
        return
    if options.write:
        folder, rate, seconds, commit = options.write
        write(Path(folder), float(rate), float(seconds), int(commit))
        return
    files, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(files, min(most, 4096)), most))
    timings = run(options.watchers, options.rate, options.seconds, options.commit)
    if options.json:
        print(json.dumps([asdict(timing) for timing in timings], indent=2))
        return
    columns = ("watchers", "events/s", "p50 ms", "× one", "p99 ms", "largest ms", "server µs/event", "× one")
    table = Table(*columns, "clients µs/event", "server's cores", "MiB", title=f"load {os.getloadavg()[0]:.1f}")
    for t in timings:
        ratios = ["" if each is None else f"{each:.2f}" for each in (t.times_p50, t.times_server_us)]
        table.add_row(
            str(t.watchers),
            f"{t.events_per_s:,.0f}",
            f"{t.p50_ms:.1f}",
            ratios[0],
            f"{t.p99_ms:.1f}",
            f"{t.largest_ms:.1f}",
            f"{t.server_us:.2f}",
            ratios[1],
            f"{t.clients_us:.2f}",
            f"{t.server_cores:.2f}",
            f"{t.memory_mib:.0f}",
        )
    Console(width=max(120, Console().width)).print(table)


if __name__ == "__main__":
    main()
