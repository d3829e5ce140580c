"""Moving slots of a small twin in a real sandbox while its devices send."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.sandbox.rig import Rig, Run
from tests.sandbox.twins import MONTH_S, placement_of, small_twin
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.moving.steps import Report
from twin2multicloud.sandbox.moving.session import SandboxMove

STORES = {
    Slot.ACQUISITION: "commands.db",
    Slot.PROCESSING: "rule-states.db",
    Slot.HOT: "hot.db",
    Slot.COOL: "cool",
    Slot.ARCHIVE: "archive",
    Slot.MANAGEMENT: "graph.db",
}
"""What each slot has in its cloud's directory."""


def moved(placement: Placement, slot: Slot, cloud: str) -> Placement:
    """The placement with one slot in another cloud, filled by that cloud's first offer."""
    return placement.with_choice(slot, placement_of(cloud)[slot])


class MovingRig(Rig):
    """A rig whose slots move."""

    def __init__(self, directory: Path, spec: Any, workload: Workload, placement: Placement) -> None:
        super().__init__(directory, spec, workload, placement)
        self.workload = workload

    def after(self, slot: Slot, cloud: str) -> tuple[Blueprint, Mapping[str, Any]]:
        """Blueprint and placement document with a slot in another cloud."""
        placement = moved(self.placement, slot, cloud)
        return blueprint_of(self.workload, placement), {"placement": placement.model_dump(mode="json")}

    def adopt(self) -> None:
        """Take over where the sandbox has the slots now."""
        document = json.loads(self.layout.placement_file.read_text("utf-8"))
        self.placement = Placement.model_validate(document["placement"])
        self.twin = replace(self.twin, blueprint=self.layout.blueprint(), placement=document)

    def cloud_of(self, slot: Slot) -> str:
        return self.layout.blueprint().places[slot].provider.value

    def by_tier(self) -> Counter[str]:
        """Records by the storage class they are in."""
        found: Counter[str] = Counter()
        for name in self.client.config.clouds:
            for store in self.client.cloud_status(name).stores:
                found.update({kind.storage_class: kind.records for kind in store.classes})
        return found

    def check_left_nothing_behind(self) -> None:
        """The sandbox's directory holds stores where slots are, and nowhere else; and nothing of a move under way."""
        places = self.layout.blueprint().places
        wanted = {(places[slot].provider.value, STORES[slot]) for slot in STORES}
        if places[Slot.ARCHIVE].provider is places[Slot.COOL].provider:
            wanted.discard((places[Slot.ARCHIVE].provider.value, STORES[Slot.ARCHIVE]))  # one bucket for both tiers
        found = {
            (cloud.name, name)
            for cloud in (self.layout.directory / "clouds").iterdir()
            for name in STORES.values()
            if (cloud / name).exists()
        }
        assert found == wanted
        assert {cloud.name for cloud in (self.layout.directory / "clouds").iterdir()} == set(self.client.config.clouds)
        assert set(self.client.config.clouds) == {place.provider.value for place in places.values()}
        assert self.layout.transition() is None
        assert [file.name for file in self.layout.moves.iterdir() if file.suffix == ".json"] == []

    def move(self, slot: Slot, cloud: str, **more: Any) -> Report:
        blueprint, document = self.after(slot, cloud)
        with SandboxMove(self.layout, **more) as session:
            report = session.begin(slot, blueprint, document)
        self.adopt()
        return report

    def resume(self, **more: Any) -> Report:
        with SandboxMove(self.layout, **more) as session:
            report = session.resume()
        self.adopt()
        return report

    def abort(self, **more: Any) -> Report:
        with SandboxMove(self.layout, **more) as session:
            report = session.abort()
        self.adopt()
        return report


class Sending:
    """Devices that send until they are told to stop."""

    def __init__(self, rig: MovingRig, interval_s: float = 0.25, **more: Any) -> None:
        self._rig = rig
        self._more = {"messages": 100_000, "interval_s": interval_s, **more}
        self._thread = threading.Thread(target=self._send)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.run: Run | None = None

    def _send(self) -> None:
        self.run = self._rig.run(started=self._started, **self._more)

    def _started(self, simulation: Any) -> None:
        self._simulation = simulation
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> Sending:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        while self._loop is None:
            self._thread.join(0.01)
        self._loop.call_soon_threadsafe(self._simulation.finish)
        self._thread.join(90.0)
        assert not self._thread.is_alive(), "not everything was acknowledged"

    @property
    def done(self) -> Run:
        assert self.run is not None
        return self.run


@contextmanager
def moving(
    directory: Path, clouds: Mapping[Slot, str] | str, *, devices: int = 12, **spec: object
) -> Iterator[MovingRig]:
    """A small twin, up in a sandbox."""
    twin, workload = small_twin(devices, **spec)  # type: ignore[arg-type]
    rig = MovingRig(directory, twin, workload, placement_of(clouds))
    rig.up()
    try:
        yield rig
    finally:
        rig.down()


def fill_all_tiers(rig: MovingRig) -> list[Run]:
    """Records that are archived, and records that are cool; those to come are hot."""
    runs = []
    for seed, months in ((1, 4), (2, 2)):
        runs.append(rig.run(messages=3, interval_s=0.05, seed=seed))
        rig.settle(seed * 3 * len(rig.spec.device_names))
        rig.client.set_clock(jump=months * MONTH_S)
        for mover in ("to-cool-mover", "to-archive-mover", "lifecycle"):
            with suppress(UsageError):  # a lifecycle rule, or a mover: never both
                rig.client.run_now(mover)
        rig.client.set_clock(jump=-months * MONTH_S)
    return runs
