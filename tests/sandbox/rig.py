"""A small twin in a real sandbox: real processes, sockets and stores. What was sent is compared with what is stored."""

from __future__ import annotations

import asyncio
import base64
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.patience import PATIENCE_S
from tests.sandbox.twins import placement_of, small_twin
from twin2multicloud.blueprint.plan import blueprint_of
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import TwinSpec
from twin2multicloud.model.workload import Workload
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.runtime.device_keys import device_key
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.handlers.archive import unpack
from twin2multicloud.runtime.system_clock import SystemClock
from twin2multicloud.sandbox.client import SandboxClient
from twin2multicloud.sandbox.create import SandboxError, TwinInSandbox, create, start, stop
from twin2multicloud.sandbox.layout import Layout
from twin2multicloud.simulator.connection import Following
from twin2multicloud.simulator.faults import Fault as DeviceFault
from twin2multicloud.simulator.ledger import Ledger, LedgerEntry, data_digest, read_ledger
from twin2multicloud.simulator.link import Target
from twin2multicloud.simulator.report import Report
from twin2multicloud.simulator.simulation import Plan, Simulation

_PLACEMENT = "placement"


@dataclass
class Run:
    """What a simulation sent."""

    report: Report
    ledger: list[LedgerEntry]


class Rig:
    """A running sandbox."""

    def __init__(self, directory: Path, spec: TwinSpec, workload: Workload, placement: Placement) -> None:
        self.layout = Layout(directory)
        self.spec = spec
        self.placement = placement
        self.twin = TwinInSandbox(
            spec, blueprint_of(workload, placement), {}, {_PLACEMENT: placement.model_dump(mode="json")}, []
        )
        self._runs = 0

    def up(self, *, speed: float = 1.0) -> SandboxClient:
        create(self.layout, self.twin, speed=speed)
        start(self.layout)
        return self.client

    @property
    def client(self) -> SandboxClient:
        return SandboxClient(self.layout)

    def down(self) -> None:
        stop(self.layout)

    # ── Devices ─────────────────────────────────────────────────────────────────────────────────────────────
    async def simulate(
        self,
        *,
        messages: int,
        interval_s: float = 0.2,
        faults: Mapping[DeviceFault, float] | None = None,
        seed: int = 1,
        drain_s: float = 60.0,
        started: Callable[[Simulation], None] = lambda _simulation: None,
    ) -> Run:
        """Every device sends so many messages; returns when all are acknowledged."""
        connection = self.layout.connection()
        secret = base64.b64decode(connection.keys["secret"])
        url = connection.mqtt or connection.http
        assert url is not None
        self._runs += 1
        file = self.layout.directory / f"ledger-{self._runs}.ndjson"
        plan = Plan(
            interval_s,
            seed=seed,
            messages_per_device=messages,
            faults=dict(faults or {}),
            drain_s=drain_s,
            offline_s=0.3,
        )
        with Ledger(file) as ledger:
            simulation = Simulation(
                self.spec,
                Target.parse(self.spec.name, url),
                lambda device: device_key(secret, device),
                plan,
                clock=SystemClock(),
                ledger=ledger,
                where=Following(self.layout.connection_file),
            )
            started(simulation)
            report = await simulation.run()
        return Run(report, read_ledger(file))

    def run(self, **arguments: object) -> Run:
        """`simulate`, alone."""
        return asyncio.run(self.simulate(**arguments))  # type: ignore[arg-type]

    # ── Settling and comparing ──────────────────────────────────────────────────────────────────────────────
    def settle(self, count: int, timeout_s: float = PATIENCE_S) -> None:
        """Wait until `count` records are stored and nothing is on its way any more."""
        deadline = time.monotonic() + timeout_s
        stored, waiting = -1, -1
        while time.monotonic() < deadline:
            try:
                stored, waiting = self._progress()
            except SandboxError:
                time.sleep(0.1)
                continue
            if stored >= count and waiting == 0:
                return
            time.sleep(0.1)
        raise AssertionError(f"{stored} of {count} records stored, {waiting} messages still waiting")

    def calm(self, timeout_s: float = PATIENCE_S) -> None:
        """Lift every fault, as soon as every cloud is there."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                return self.client.clear_faults()
            except SandboxError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def until_all_are(self, tier: str, count: int, timeout_s: float = PATIENCE_S) -> None:
        """Wait until a tier holds all of so many records."""
        deadline = time.monotonic() + timeout_s
        while True:
            found: Counter[str] = Counter()
            for name in self.client.config.clouds:
                for store in self.client.cloud_status(name).stores:
                    found.update({kind.storage_class: kind.records for kind in store.classes})
            if found[tier] == count and found.total() == count:
                return
            assert time.monotonic() < deadline, f"{dict(found)}: not all {count} are {tier}"
            time.sleep(0.1)

    def _progress(self) -> tuple[int, int]:
        client = self.client
        stored = waiting = 0
        for name in client.config.clouds:
            status = client.cloud_status(name)
            stored += sum(c.records for store in status.stores for c in store.classes)
            waiting += sum(queue.depth for queue in status.queues)
        return stored, waiting

    def stored(self) -> list[Event]:
        """Every record in every tier. The sandbox must be down."""
        events: list[Event] = []
        blueprint = self.twin.blueprint
        for slot in (Slot.HOT, Slot.COOL, Slot.ARCHIVE):
            directory = self.layout.cloud(blueprint.places[slot].provider.value)
            if slot is Slot.HOT:
                hot = LocalHotStore(directory / "hot.db")
                events += hot.between(self.spec.device_names, "0", "9")
                hot.close()
            elif (directory / slot.value.removeprefix("L3.")).is_dir():
                store = LocalObjectStore(directory / slot.value.removeprefix("L3."))
                for stored in store.list("", "", 100_000):
                    events += unpack(store.get(stored.key))
                store.close()
        return events

    def check_exact(self, runs: Iterable[Run], marked: Collection[str] = ()) -> None:
        """Everything sent is stored once, as it was sent, and nothing else is (but marked messages, also once).

        Takes the sandbox down.
        """
        self.down()
        expected = {entry.id: entry for run in runs for entry in run.ledger}
        found = self.stored()
        counts = Counter(event.id for event in found)
        assert [id for id, count in counts.items() if count > 1] == [], "doubled"
        assert [expected[id] for id in expected.keys() - counts.keys()] == [], "lost"
        assert counts.keys() - expected.keys() == set(marked), "never sent"
        for event in found:
            if event.id in marked:
                continue
            entry = expected[event.id]
            assert (event.subject, event.time) == (entry.device, entry.time)
            assert data_digest(event.data) == entry.digest, f"{event.subject}: changed on the way"


@contextmanager
def sandbox(
    directory: Path, clouds: Mapping[Slot, str] | str, *, devices: int = 20, speed: float = 1.0, **spec: object
) -> Iterator[Rig]:
    """A small twin, up in a sandbox with its slots placed as `clouds` says; down at the end."""
    twin, workload = small_twin(devices, **spec)  # type: ignore[arg-type]
    rig = Rig(directory, twin, workload, placement_of(clouds))
    rig.up(speed=speed)
    try:
        yield rig
    finally:
        rig.down()
