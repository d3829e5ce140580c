"""Servers, stages' processes and with them Terraform's engine are killed at random moments of a rehearsal: it goes on
where it was, with the states and locks that the dead left behind.
"""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import pytest

from tests.kill.bench import Bench
from tests.kill.rehearsed import pretended
from tests.kill.waves import Killer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("killed moves")]


def test_killed_while_rehearsing(on_sqlite: Bench) -> None:
    bench = on_sqlite
    twin = bench.twin("house", "aws")
    world = pretended(bench, twin)
    killer = Killer(bench, random.Random(1809), server=bench.serve().ready())
    wish = {"target": "rehearsal", "slots": ["L3.hot"]}
    over_s = bench.seconds(bench.ask(twin, "deploy", **wish))
    whole = world.existing
    kind = "destroy"
    for _ in range(2):
        more: dict[str, Any] = {"slots": []} if kind == "destroy" else {}
        killer.wave([partial(bench.ask, twin, kind, **{**wish, **more})], over_s, 5)
        assert world.existing == world.known == (whole if kind == "deploy" else 0)
        world.check_unlocked()
        kind = {"destroy": "deploy", "deploy": "destroy"}[kind]
    assert killer.moments >= 7
