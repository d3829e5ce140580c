"""`demo`: one twin's whole way in a minute, from its cheapest placement to its metered cost, an outage between."""

from __future__ import annotations

import asyncio
import base64
import shutil
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twin2multicloud.app.cli.check import read_twin
from twin2multicloud.app.cli.definitions import given
from twin2multicloud.app.cli.demo_view import Stage, Stream, tier_line
from twin2multicloud.app.cli.sandbox import FAILED
from twin2multicloud.app.cli.sandbox_view import print_hops
from twin2multicloud.app.cli.terminal import make_console
from twin2multicloud.app.data_directory import sandbox_directory
from twin2multicloud.app.errors import BackendError
from twin2multicloud.app.server_process import ServerProcess
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.runtime.device_keys import device_key
from twin2multicloud.runtime.system_clock import SystemClock
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import SandboxError, stop
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.sandbox.metering.window import Window
from twin2multicloud.sandbox.verify import Verification
from twin2multicloud.simulator.faults import Fault
from twin2multicloud.simulator.ledger import Ledger, read_ledger
from twin2multicloud.simulator.link import Target
from twin2multicloud.simulator.simulation import Plan, Simulation

if TYPE_CHECKING:
    from rich.console import Console

    from twin2multicloud.model.placement import Placement
    from twin2multicloud.model.twin.definition import TwinDefinition
    from twin2multicloud.optimizer.bill.result import BillResult
    from twin2multicloud.simulator.report import Report

OUTAGE_S: Final = 6.0
SPOILED: Final = {Fault.MALFORMED: 0.002, Fault.OUT_OF_RANGE: 0.002}
"""A few messages are spoiled, so that errors and dead letters are seen."""
WARM_UP_S: Final = 3.0
KILL_AFTER: Final = 0.5
"""Share of the streaming time before the outage."""
SETTLE_S: Final = 60.0
AGEING_S: Final = 10.0
_SENT: Final = "sent.ndjson"
"""In the sandbox's directory: what devices sent while it was counted."""


@dataclass(frozen=True)
class DemoRequest:
    """The arguments of `demo`: how many of the twin's devices send, how often, and for how long."""

    twin: str
    devices: int
    rate: float
    seconds: float
    keep: Path | None


@dataclass
class _Streaming:
    """A simulation that runs beside the live view."""

    simulation: Simulation
    thread: threading.Thread
    report: list[Report] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> None:
        """All of it, in a loop of its own."""
        self.loop = asyncio.get_running_loop()
        self.report.append(await self.simulation.run())

    def end(self) -> None:
        """Send no more; wait until all that was sent is acknowledged."""
        if self.loop is not None and self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.simulation.finish)
        self.thread.join()


class Demo:
    """Runs the demo on a console. `failed` says what did not hold."""

    def __init__(self, request: DemoRequest, console: Console) -> None:
        self._request = request
        self._console = console
        self.failed: list[str] = []

    def run(self) -> int:
        """All of it; the exit code."""
        directory = (self._request.keep or Path(tempfile.mkdtemp(prefix="twin2multicloud-demo-"))).absolute()
        definition = read_twin(self._request.twin)
        stage = Stage(self._console)
        with ExitStack() as stack:
            try:
                self._steps(stage, stack, directory, definition)
            except (SandboxError, BackendError) as error:
                self.failed.append(str(error))
                self._console.print(f"✗ {error}", style="red")
            finally:
                stage.begin("Shut down")
                stack.close()
                if self._request.keep is None:
                    shutil.rmtree(directory, ignore_errors=True)
                stage.say("every process has ended" + ("" if self._request.keep else ", its files are removed"))
        return FAILED if self.failed else 0

    def _steps(self, stage: Stage, stack: ExitStack, directory: Path, definition: TwinDefinition) -> None:
        """All but the end; `stack` ends what was begun."""
        result = self._optimize(stage, definition)
        client = self._up(stage, stack, directory, result)
        report, metered = self._stream(stage, client, definition)
        self._exact(stage, client, report)
        self._verify(stage, client)
        self._metered(stage, definition, result.placement, len(client.layout.spec().device_names), metered)
        self._age(stage, client)
        self._stay(stage, client, definition)

    # ── Steps ───────────────────────────────────────────────────────────────────────────────────────────────
    def _optimize(self, stage: Stage, definition: TwinDefinition) -> BillResult:
        from twin2multicloud.app.cli.tables import headline, placement_table
        from twin2multicloud.app.report.view import View
        from twin2multicloud.optimizer.bill.optimize import BillOptimizer
        from twin2multicloud.optimizer.pricing.book import load_book

        stage.begin(f"Optimize {definition.name}")
        book = load_book(None)
        optimizer = BillOptimizer(book, definition.constraints or Constraints(), definition.assumptions)
        result = optimizer.optimize(definition.workload, alternatives=True)
        view = View(result, book)
        self._console.print(headline(view), "", placement_table(self._console, view), sep="\n")
        return result

    def _up(self, stage: Stage, stack: ExitStack, directory: Path, result: BillResult) -> SandboxClient:
        clouds = len(result.placement.providers)
        stage.begin(f"Bring it up on this machine: {clouds} simulated clouds, real sockets, signed links")
        began = time.perf_counter()
        backend = stack.enter_context(ServerProcess(directory))
        twin = backend.keep(given(self._request.twin), result.placement)
        stage.say("the front end, signed in, for as long as this lasts:")
        self._console.print(backend.link(), soft_wrap=True, style="bold", highlight=False)
        layout = Layout(sandbox_directory(directory, twin.id))
        stack.callback(stop, layout)
        backend.deploy(twin.id, self._request.devices)
        client = SandboxClient(layout)
        whole, _ = client.status()
        for process in whole.clouds:
            slots = " ".join(place.slot for place in whole.placement if place.cloud == process.cloud)
            stage.say(f"{Provider(process.cloud).label:<6} {slots:<42} console {process.url}")
        stage.say(f"up after {time.perf_counter() - began:.1f} s; dashboard {whole.dashboard_url}")
        return client

    def _stream(self, stage: Stage, client: SandboxClient, definition: TwinDefinition) -> tuple[Report, Window]:
        """Stream telemetry and kill a cloud meanwhile; the devices' report, and what was counted before the outage."""
        request = self._request
        names = client.layout.spec().device_names
        stage.begin(f"Stream from {len(names):,} devices at {request.rate:,.0f} messages/s, and survive an outage")
        streaming = self._simulation(client, definition, names, request.seconds)
        victim = client.cloud_of(Slot.PROCESSING)
        counters: list[Window] = []
        looks = [WARM_UP_S, request.seconds * KILL_AFTER]
        with Stream(self._console, client) as stream:
            began = time.monotonic()
            while streaming.thread.is_alive():
                passed = time.monotonic() - began
                if looks and passed > looks[0]:
                    looks.pop(0)
                    counters.append(Window.until_now(client.meters()))
                    if not looks:
                        client.kill(victim, OUTAGE_S)
                        stream.note(f"✗ {Provider(victim).label} killed with SIGKILL for {OUTAGE_S:g} s")
                stream.show(streaming.simulation.report, passed)
                time.sleep(0.25)
            streaming.thread.join()
            self._settle(streaming.simulation.report.valid, stream)
        return streaming.report[0], counters[1].since(counters[0])

    def _simulation(
        self, client: SandboxClient, definition: TwinDefinition, names: tuple[str, ...], seconds: float | None
    ) -> _Streaming:
        connection = client.layout.connection()
        secret = base64.b64decode(connection.keys["secret"])
        url = connection.mqtt or connection.http
        assert url is not None
        request = self._request
        ledger = Ledger(client.layout.directory / (_SENT if seconds is not None else "sent-later.ndjson"))
        simulation = Simulation(
            client.layout.spec(),
            Target.parse(definition.name, url),
            lambda device: device_key(secret, device),
            Plan(
                interval_s=len(names) / request.rate,
                devices=names,
                duration_s=seconds,
                drain_s=SETTLE_S,
                faults=SPOILED,
            ),
            clock=SystemClock(),
            waveforms=definition.waveforms(),
            ledger=ledger,
        )
        streaming = _Streaming(simulation, threading.Thread(target=lambda: None))

        def run() -> None:
            with ledger:
                asyncio.run(streaming.run())

        streaming.thread = threading.Thread(target=run, name="devices", daemon=True)
        streaming.thread.start()
        return streaming

    def _settle(self, count: int, stream: Stream) -> None:
        deadline = time.monotonic() + SETTLE_S
        while time.monotonic() < deadline:
            stored, waiting = stream.progress()
            stream.show(None, None)
            if stored >= count and not waiting:
                return
            time.sleep(0.25)

    def _exact(self, stage: Stage, client: SandboxClient, report: Report) -> None:
        expected = len(read_ledger(client.layout.directory / _SENT))
        counted = sum(
            kind.records
            for name in client.config.clouds
            for store in client.cloud_status(name).stores
            for kind in store.classes
        )
        same = expected == counted == report.valid
        letters = sum(client.cloud_status(name).dead_letters for name in client.config.clouds)
        text = (
            f"nothing lost, nothing doubled: {report.sent:,} sent, {report.acked:,} acknowledged, {counted:,} stored, "
            f"{letters:,} spoiled ones set aside"
        )
        if same and report.complete:
            stage.good(text)
        else:
            self.failed.append(f"{expected} valid messages sent, {counted} stored")
            stage.bad(self.failed[-1])

    def _verify(self, stage: Stage, client: SandboxClient) -> None:
        stage.begin("Verify every hop with a marked message, and a command back")
        hops = Verification(client).run()
        print_hops(self._console, hops)
        self.failed += [f"{hop.name}: {hop.detail}" for hop in hops if not hop.ok]

    def _metered(
        self,
        stage: Stage,
        definition: TwinDefinition,
        placement: Placement,
        devices: int,
        window: Window,
    ) -> None:
        from twin2multicloud.app.cli.sandbox_meters import compare_run, print_comparison
        from twin2multicloud.blueprint.plan import blueprint_of
        from twin2multicloud.sandbox.metering.calibrate import measured_assumptions

        # The month of this run: its devices at its pace, with the sizes and compression that were measured.
        amounts = window.book.amounts()
        count, size = (amounts.get((f"payload-{what}", "L1/gateway"), 0.0) for what in ("count", "bytes"))
        workload = definition.workload.model_copy(
            update={
                "devices": devices,
                "message_interval_s": window.elapsed_s * devices / max(count, 1.0),
                "message_size_bytes": max(round(size / max(count, 1.0)), 1),
                "dashboard_hours_per_day": 0.0,  # nobody looks at it meanwhile
                # An event makes two alerts: that a rule fired, and that it is over.
                "event_share": min(amounts.get(("event-count", "L2/alerts"), 0.0) / 2 / max(count, 1.0), 1.0),
            }
        )
        base = definition.assumptions or Assumptions()
        measured = measured_assumptions(blueprint_of(workload, placement, base), window.book)
        blueprint = blueprint_of(workload, placement, base.model_copy(update=measured))
        stage.begin(f"Metered in {window.elapsed_s:.0f} s before the outage, scaled to a month, against predicted")
        print_comparison(self._console, compare_run(blueprint, window), all_meters=False)

    def _age(self, stage: Stage, client: SandboxClient) -> None:
        retention = client.layout.spec().retention
        months = retention.archive_s / (730 * 3600)
        stage.begin(f"Let {months:.0f} months pass in {AGEING_S:g} s: hot → cool → archive")
        client.set_clock(speed=0.95 * retention.archive_s / AGEING_S)
        seen: deque[str] = deque(maxlen=1)
        until = time.monotonic() + AGEING_S
        while time.monotonic() < until:
            line = tier_line([client.cloud_status(name) for name in client.config.clouds])
            if not seen or seen[0] != line:
                seen.append(line)
                stage.say(line)
            time.sleep(0.25)
        client.set_clock(speed=1.0)

    def _stay(self, stage: Stage, client: SandboxClient, definition: TwinDefinition) -> None:
        """Let somebody at a terminal look around, while the devices go on sending."""
        if not self._console.is_terminal or not sys.stdin.isatty():
            return
        stage.begin("Look around: the twin goes on running, and its devices go on sending")
        streaming = self._simulation(client, definition, client.layout.spec().device_names, None)
        with suppress(EOFError, KeyboardInterrupt):
            self._console.input("    press Enter to shut it down ")
        streaming.end()


def demo(request: DemoRequest, console: Callable[[], Any] = make_console) -> int:
    """Run the demo; exit code 6 if something did not hold."""
    return Demo(request, console()).run()
