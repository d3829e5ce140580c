"""Servers are killed at random moments of deployments to the sandbox and of their destruction: all is done in the end,
once, and nothing is left over.
"""

from __future__ import annotations

import random
import time
from functools import partial

import pytest

from tests.kill.bench import Bench
from tests.kill.waves import Killer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("killed runs")]
MOMENTS = 50


def test_killed_while_deploying(on_sqlite: Bench) -> None:
    bench = on_sqlite
    twins = [bench.twin(f"house-{number}") for number in range(5)]
    killer = Killer(bench, random.Random(1817), server=bench.serve().ready())
    # How long it takes undisturbed, with as much going on at the same time.
    began = time.monotonic()
    for run in [bench.ask(twin, "deploy") for twin in twins]:
        bench.ended(run)
    over_s = time.monotonic() - began
    moments = 0
    while moments < MOMENTS:
        killer.wave([partial(bench.ask, twin, "destroy") for twin in twins], over_s, 1)
        for twin in twins:
            bench.check_gone(twin)
        before = killer.moments
        killer.wave([partial(bench.ask, twin, "deploy") for twin in twins], over_s, 5)
        for twin in twins:
            bench.check_deployed(twin)
        moments += killer.moments - before
