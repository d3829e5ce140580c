"""Servers are killed at random moments of moves in the sandbox, while devices send: each slot arrives, nothing that was
sent is lost or doubled, and nothing is left where it was.
"""

from __future__ import annotations

import random
import time
from functools import partial
from itertools import cycle

import pytest

from tests.kill.bench import Bench
from tests.kill.moving import AllSend, Devices
from tests.kill.waves import MOMENTS, Killer
from twin2multicloud.model.slots import Slot

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("killed moves")]
KILLS = 8
SLOTS = (Slot.HOT, Slot.ACQUISITION, Slot.COOL, Slot.PROCESSING, Slot.MANAGEMENT)
OTHER = {"aws": "azure", "azure": "aws"}


def test_killed_while_moving(on_postgres: Bench) -> None:
    bench = on_postgres
    names = [f"house-{number}" for number in range(5)]
    twins = [bench.twin(name) for name in names]
    killer = Killer(bench, random.Random(1814), server=bench.serve().ready())
    for run in [bench.ask(twin, "deploy") for twin in twins]:
        bench.ended(run)
    rigs = [Devices(bench, twin, name) for twin, name in zip(twins, names, strict=True)]
    over_s = 0.0
    with AllSend(rigs, interval_s=0.5) as all_send:
        for first in cycle(range(len(SLOTS))):
            # Each twin moves another slot, in each wave the next.
            slots = [SLOTS[(first + number) % len(SLOTS)] for number in range(len(twins))]
            targets = [OTHER[rig.cloud_of(slot)] for rig, slot in zip(rigs, slots, strict=True)]
            asks = [
                partial(bench.ask, twin, "move", slot=slot.value, to=cloud)
                for twin, slot, cloud in zip(twins, slots, targets, strict=True)
            ]
            began = time.monotonic()
            killer.wave(asks, over_s, KILLS if over_s else 0)
            over_s = over_s or time.monotonic() - began
            for twin, rig, slot, cloud in zip(twins, rigs, slots, targets, strict=True):
                bench.check_deployed(twin)
                rig.check_at(slot, cloud)
                where = bench.owner.get(f"twins/{twin}")["current"]["placement"]
                assert where[slot.value]["provider"] == cloud
            if killer.moments >= MOMENTS:
                break
    for rig, sending in zip(rigs, all_send.sendings, strict=True):
        rig.check_stored(sending.done)
