"""Whether the management backend's memory stays flat while it works: reads, optimizations that differ each time,
new twins with their events, and streams that come and go.

A real server process (uvicorn, SQLite) with its optimizer's processes; memory is their proportional set size. The
baseline is the second minute of the same run: by then everything has been asked once, and caches are what they will be.

Run: python -m benchmarks.memory [--minutes M] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from benchmarks.backend import DEFINITION, TOKEN, Call, drive, served, workloads

STREAMS = 20
SAMPLE_S = 5.0
SLICE_S = 5.0
"""Streams are opened anew after so long."""
NEW_EVERY = 10
"""So many rounds of questions for each new twin."""


@dataclass(frozen=True)
class Minute:
    """A minute of work: the median of the memory, and what was answered."""

    minute: int
    server_mib: float
    all_mib: float
    answers: int


def children(pid: int) -> list[int]:
    """The processes that a process has begun."""
    found: list[str] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            found += (task / "children").read_text().split()
    return sorted({int(child) for child in found})


def mib(pid: int) -> float:
    """A process's proportional set size."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def calls(folder: Path, twin: str) -> Iterator[tuple[str, str, bytes]]:
    """What is asked, in turn."""
    found = workloads(folder)
    turns = 0
    while True:
        for detail in ("compact", "full"):
            yield (
                "POST",
                "/api/v1/optimize",
                msgspec.json.encode({"workload": next(found), "detail": detail}),
            )
        for path in (f"twins/{twin}", "twins?limit=50", "events?newest=true&limit=100", "audit?limit=50", "offers"):
            yield "GET", f"/api/v1/{path}", b""
        turns += 1
        if turns % NEW_EVERY == 0:
            source = DEFINITION.format(name=f"more-{turns}")
            yield "POST", "/api/v1/twins", msgspec.json.encode({"source": source})


async def stream(port: int, seconds: float) -> None:
    """Watch all events for some time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    headers = f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}"
    writer.write(f"GET /api/v1/events/stream HTTP/1.1\r\n{headers}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 200 " not in head:
        raise SystemExit(f"no stream: {head.decode()}")
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while await reader.read(1 << 16):
                pass
    writer.close()


async def work(port: int, call: Call, minutes: float, answers: list[int]) -> None:
    """Ask and watch."""
    end = time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        async with asyncio.TaskGroup() as group:
            for _ in range(STREAMS):
                group.create_task(stream(port, SLICE_S))
            _, took = await drive(port, call, SLICE_S)
        answers.append(len(took))


async def sample(pid: int, taken: list[tuple[float, float, float]]) -> None:
    """Note how much memory is used, until this is cancelled."""
    began = time.monotonic()
    while True:
        await asyncio.sleep(SAMPLE_S)
        server = mib(pid)
        rest = 0.0
        for child in children(pid):
            with suppress(OSError):
                rest += mib(child)
        taken.append((time.monotonic() - began, server, server + rest))


async def watched(port: int, pid: int, call: Call, minutes: float) -> list[Minute]:
    """Work, and what memory it took, minute by minute."""
    taken: list[tuple[float, float, float]] = []
    answers: list[int] = []
    sampling = asyncio.create_task(sample(pid, taken))
    await work(port, call, minutes, answers)
    sampling.cancel()
    per_minute = round(60 / SLICE_S)
    found = []
    for number in range(max(1, int(minutes))):
        these = [each for each in taken if 60 * number <= each[0] < 60 * (number + 1)]
        found.append(
            Minute(
                number + 1,
                statistics.median(server for _, server, _ in these),
                statistics.median(both for _, _, both in these),
                sum(answers[per_minute * number : per_minute * (number + 1)]),
            )
        )
    return found


def measure(minutes: float) -> list[Minute]:
    """All minutes."""
    with served() as server:
        found = calls(server.folder, server.twin)
        return asyncio.run(watched(server.port, server.pid, lambda: next(found), minutes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.minutes)
    if options.json:
        print(json.dumps([asdict(minute) for minute in found], indent=2))
        return
    table = Table("minute", "server MiB", "with its processes MiB", "× baseline", "answers", title="Memory at work")
    base = found[min(1, len(found) - 1)].all_mib
    for each in found:
        figures = [f"{each.server_mib:.1f}", f"{each.all_mib:.1f}", f"{each.all_mib / base:.3f}", f"{each.answers:,}"]
        table.add_row(str(each.minute), *figures)
    Console().print(table)


if __name__ == "__main__":
    main()
