"""How many may have the front end open at once, and what a window costs.

A real server process (uvicorn, SQLite, the front end mounted), windows over WebSockets. Each window shows the list of
twins, then searches and goes back, on and on; the time is from what somebody did to the last message that shows its
outcome (the search's own 0.3 s of waiting for more letters left out). The baseline is one window by itself.

Run: python -m benchmarks.windows [--windows N] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.backend import DEFINITION
from benchmarks.memory import mib
from benchmarks.window import Window, browser_cookies
from twin2multicloud.app.schemas.twins import TwinInput
from twin2multicloud.app.server_process import ServerProcess
from twin2multicloud.app.ui.components import typed

TWINS = 200
ROUNDS = 8
PAUSE_S = 2.0
"""Between two things that somebody does."""
_ROOM = {"T2M_FRONT_END__EACH": "200", "T2M_FRONT_END__AT_ONCE": "200"}
"""All windows are one person's here."""


@dataclass(frozen=True)
class Figures:
    """So many windows: how long each answer took, what the server took meanwhile."""

    windows: int
    go_median_ms: float
    go_p95_ms: float
    search_median_ms: float
    search_p95_ms: float
    cpu_share: float
    server_mib: float
    sent_kib_per_action: float


async def work(window: Window, number: int, going: list[float], searching: list[float]) -> None:
    """What one person does."""
    await window.sees("twin-000")
    await asyncio.sleep(number % 10 * PAUSE_S / 10)
    for turn in range(ROUNDS):
        # Neither the first nor the last, which would be in view already, at the same place.
        wanted = f"twin-{1 + (number * 7 + turn * 13) % (TWINS - 2):03}"
        window.forget()
        began = await window.type("Search twins", wanted[1:])
        searching.append(await window.sees(wanted) - began - typed.PAUSE_S)
        await asyncio.sleep(PAUSE_S)
        window.forget()
        began = await window.go("/?sort=-name")
        going.append(await window.sees(f"twin-{TWINS - 1:03}") - began)
        await asyncio.sleep(PAUSE_S)


async def together(origin: str, cookies: str, pid: int, count: int) -> Figures:
    """So many windows at once."""
    going: list[float] = []
    searching: list[float] = []
    async with AsyncExitStack() as stack:
        windows = [await stack.enter_async_context(Window(origin, cookies)) for _ in range(count)]
        for window in windows:
            await window.sees("twin-000")
        cpu, began = _cpu_s(pid), time.perf_counter()
        before = sum(each.received_bytes for each in windows)
        await asyncio.gather(*(work(window, number, going, searching) for number, window in enumerate(windows)))
        took = time.perf_counter() - began
        share, memory = (_cpu_s(pid) - cpu) / took, mib(pid)
        sent = sum(each.received_bytes for each in windows) - before
    return Figures(
        count,
        1000 * statistics.median(going),
        1000 * statistics.quantiles(going, n=20)[-1],
        1000 * statistics.median(searching),
        1000 * statistics.quantiles(searching, n=20)[-1],
        share,
        memory,
        sent / 1024 / (len(going) + len(searching)),
    )


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ServerProcess(Path(folder), _ROOM) as backend:
        origin = backend.client.http.url
        for number in range(TWINS):
            backend.client.twins.create(TwinInput(source=DEFINITION.format(name=f"twin-{number:03}")))
        cookies = browser_cookies(backend.client, origin)
        empty = mib(backend.pid)
        figures = [asyncio.run(together(origin, cookies, backend.pid, count)) for count in (1, given.windows)]
    if given.json:
        print(json.dumps({"empty_mib": empty, "figures": [asdict(each) for each in figures]}))
        return
    table = Table("windows", "go ms", "p95", "search ms", "p95", "CPU", "server MiB", "KiB/action", box=None)
    for each in figures:
        table.add_row(
            f"{each.windows}",
            f"{each.go_median_ms:.0f}",
            f"{each.go_p95_ms:.0f}",
            f"{each.search_median_ms:.0f}",
            f"{each.search_p95_ms:.0f}",
            f"{each.cpu_share:.0%}",
            f"{each.server_mib:.0f}",
            f"{each.sent_kib_per_action:.1f}",
        )
    console = Console()
    console.print(table)
    console.print(f"the server before anybody came: {empty:.0f} MiB")


if __name__ == "__main__":
    main()
