"""Servers are killed at random moments of deployments to the sandbox and of their destruction: all is done in the end,
once, and nothing is left over.
"""

from __future__ import annotations

import random
import time
from functools import partial
from itertools import count, islice

import pytest

from tests.kill.bench import Bench
from tests.kill.waves import MOMENTS, Killer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("killed deployments")]
TWINS = 5
KILLS = 8


def test_killed_while_deploying(on_sqlite: Bench) -> None:
    bench = on_sqlite
    names = (f"house-{number}" for number in count())
    killer = Killer(bench, random.Random(1817), server=bench.serve().ready())
    # How long it takes undisturbed, with as much going on at the same time.
    twins = [bench.twin(name) for name in islice(names, TWINS)]
    began = time.monotonic()
    for run in [bench.ask(twin, "deploy") for twin in twins]:
        bench.ended(run)
    over_s = time.monotonic() - began
    while killer.moments < MOMENTS:
        destroyed, twins = twins, [bench.twin(name) for name in islice(names, TWINS)]
        killer.wave([partial(bench.ask, twin, "deploy") for twin in twins], over_s, KILLS)
        for twin in twins:
            bench.check_deployed(twin)
    killer.wave([partial(bench.ask, twin, "destroy") for twin in destroyed], over_s, 2)
    for twin in destroyed:
        bench.check_gone(twin)
    for twin in twins:
        bench.check_deployed(twin)
