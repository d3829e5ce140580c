"""The machine loses its power: servers, stages' processes and simulated clouds are gone at the same moment."""

from __future__ import annotations

import random
import time

import pytest

from tests.kill.bench import Bench
from tests.kill.moving import AllSend, Devices
from tests.kill.processes import kill
from twin2multicloud.model.slots import Slot

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("killed workers")]


def lose_power(bench: Bench) -> None:
    while there := bench.processes():
        kill(there)
        time.sleep(0.02)
    bench.serve()


def carried_through(bench: Bench, twin: str, run: str) -> None:
    bench.ended(run)
    if not bench.processes("sandbox.supervisor"):
        bench.ended(bench.ask(twin, "deploy"))  # it had just ended: what is up is not brought up by itself
    bench.check_deployed(twin)
    bench.check_events(run)


def test_while_deploying(on_sqlite: Bench) -> None:
    bench, chance = on_sqlite, random.Random(1805)
    bench.serve().ready()
    twin = bench.twin("house")
    over_s = bench.seconds(bench.ask(twin, "deploy"))
    for part in range(2):
        bench.ended(bench.ask(twin, "destroy"))
        run = bench.ask(twin, "deploy")
        time.sleep(over_s * (part + chance.random()) / 2)
        lose_power(bench)
        carried_through(bench, twin, run)
    bench.watcher.check()


def test_while_moving(on_sqlite: Bench) -> None:
    bench, chance = on_sqlite, random.Random(1806)
    bench.serve().ready()
    twin = bench.twin("house")
    bench.ended(bench.ask(twin, "deploy"))
    rig = Devices(bench, twin, "house")
    over_s = 0.0
    with AllSend([rig], interval_s=0.5) as all_send:
        for part, slot in enumerate((Slot.HOT, Slot.ACQUISITION, Slot.HOT)):
            cloud = {"aws": "azure", "azure": "aws"}[rig.cloud_of(slot)]
            run = bench.ask(twin, "move", slot=slot.value, to=cloud)
            bench.until_told(run, "run.applying")
            began = time.monotonic()
            if part:
                time.sleep(over_s * (part - 1 + chance.random()) / 2)
                lose_power(bench)
            carried_through(bench, twin, run)
            over_s = over_s or time.monotonic() - began
            rig.check_at(slot, cloud)
    bench.watcher.check()
    rig.check_stored(all_send.sendings[0].done)
