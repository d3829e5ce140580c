"""Whether a window's memory stays flat while what it shows changes all the time.

A real server process with a twin that runs in its sandbox: its devices send a message a second each, a fifth of which
is no JSON, so that values, rates, errors and alerts come and go. Windows look on at all that: the list of twins, the
twin's overview, its errors, a device. The server's proportional set size is taken every minute; the baseline is the
fifth minute, by when everything has been shown once.

Run: python -m benchmarks.feed [--minutes M] [--windows N] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.backend import DEFINITION
from benchmarks.memory import mib
from benchmarks.window import Window, browser_cookies
from twin2multicloud.app.data_directory import sandbox_directory
from twin2multicloud.app.schemas.placements import PlacementInput
from twin2multicloud.app.schemas.twins import TwinInput
from twin2multicloud.app.server_process import ServerProcess
from twin2multicloud.app.ui import places

DEVICES = 8
BASELINE_MINUTE = 5
BOUND_MIB = 4.0
"""So much more than in the baseline's minute a window may take at the end: charts and lists fill to what they show."""


@dataclass(frozen=True)
class Minute:
    """A minute: the server's memory, and what all windows were sent in it."""

    minute: int
    server_mib: float
    sent_kib: float


@contextmanager
def devices(backend: ServerProcess, twin: str, folder: Path) -> Iterator[None]:
    """The twin's devices, which send for as long as the block lasts."""
    definition = folder / "twin.yaml"
    definition.write_text(backend.client.twins.get(twin).current.source)
    keys = sandbox_directory(backend.data, twin) / "connection.json"
    command = [sys.executable, "-m", "twin2multicloud", "simulate", str(definition), "--keys", str(keys)]
    options = ["--devices", f"{DEVICES}", "--interval", "1s", "--duration", "12h", "--fault", "malformed=0.2"]
    with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


async def watch(backend: ServerProcess, twin: str, device: str, count: int, minutes: int) -> list[Minute]:
    """Look on, and see what it takes."""
    origin = backend.client.http.url
    cookies = browser_cookies(backend.client, origin)
    routes = [
        places.TWINS,
        places.twin(twin),
        places.twin(twin, "errors"),
        places.asked(places.twin(twin, "devices"), device=device),
    ]
    found: list[Minute] = []
    async with AsyncExitStack() as stack:
        opened = [Window(origin, cookies, routes[number % len(routes)]) for number in range(count)]
        for window in opened:
            await stack.enter_async_context(window)
        began, sent = time.perf_counter(), 0
        for minute in range(1, minutes + 1):
            await asyncio.sleep(max(0.0, began + 60 * minute - time.perf_counter()))
            for window in opened:
                window.forget()
            now = sum(window.received_bytes for window in opened)
            found.append(Minute(minute, mib(backend.pid), (now - sent) / 1024))
            sent = now
    return found


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--windows", type=int, default=8)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ServerProcess(Path(folder) / "data") as backend:
        made = backend.client.twins.create(TwinInput(source=DEFINITION.format(name="watched")))
        backend.client.twins.place(made.id, PlacementInput(anew=True), made.version)
        backend.deploy(made.id, DEVICES)
        device = backend.client.watching.devices(made.id).items[0].id
        with devices(backend, made.id, Path(folder)):
            found = asyncio.run(watch(backend, made.id, device, given.windows, given.minutes))
        backend.end_sandboxes()
    first, last = found[min(BASELINE_MINUTE, len(found)) - 1], found[-1]
    grown = (last.server_mib - first.server_mib) / given.windows
    if given.json:
        print(json.dumps({"minutes": [asdict(each) for each in found], "grown_mib_per_window": grown}))
        return
    table = Table("minute", "server MiB", "sent KiB", box=None)
    for each in found:
        table.add_row(f"{each.minute}", f"{each.server_mib:.1f}", f"{each.sent_kib:,.0f}")
    Console().print(table)
    print(f"a window takes {grown:+.2f} MiB more than in minute {first.minute}; the bound is {BOUND_MIB} MiB")


if __name__ == "__main__":
    main()
