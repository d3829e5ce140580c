"""Servers are killed while twins are deployed to the sandbox slot by slot, and while slots go again: in the end just
those slots are there that were asked for, and what others hold is still there.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from functools import partial

import pytest
from sqlalchemy import select

from tests.kill.bench import Bench, until
from tests.kill.waves import Killer
from twin2multicloud.app.db.tables import Stack
from twin2multicloud.deployer.stacks import ORDER
from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.adapters.local.secrets import LocalSecrets
from twin2multicloud.sandbox.connecting import clouds_in_use

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("killed layers")]
TWINS = 2
KILLS = 3


def check(bench: Bench, twin: str, slots: Collection[Slot]) -> None:
    """Just these slots of a twin are there, whole, with a process for each of their clouds; and that is noted."""
    layout = bench.layout(twin)
    assert set(layout.built()) == set(slots)
    clouds = clouds_in_use(layout.blueprint(), slots, None)
    assert set(layout.config().clouds) == set(clouds)

    def found() -> list[str]:
        return sorted(each.command[-1] for each in bench.processes("sandbox.cloud") if each.of(layout.directory))

    until(lambda: found() == sorted(clouds), lambda: f"{found()} instead of {clouds}", 10.0)
    with bench.site.backend.database.read() as session:
        stacks = session.scalars(select(Stack).where(Stack.twin_id == twin)).all()
    assert {stack.slot for stack in stacks if stack.whole} == {stack.slot for stack in stacks} == set(slots)
    health = bench.owner.get(f"twins/{twin}/status")["layers"]
    assert {each["slot"]: each["health"] for each in health} == dict.fromkeys(slots, "ok")


def marks(bench: Bench, twin: str) -> list[str]:
    """Something that each cloud of a twin keeps for as long as it is not set up anew."""
    found = []
    for cloud in ("aws", "azure", "gcp"):
        file = bench.layout(twin).cloud(cloud) / "secrets.db"
        if file.exists():
            secrets = LocalSecrets(file)
            if "mark" not in secrets.names():
                secrets.put("mark", f"{twin} {cloud}")
            found.append(secrets.get("mark"))
            secrets.close()
    return found


def test_killed_while_slots_come_and_go(on_sqlite: Bench) -> None:
    bench = on_sqlite
    killer = Killer(bench, random.Random(1905), server=bench.serve().ready())
    over_s = bench.seconds(bench.ask(bench.twin("first"), "deploy", slots=["L3.hot"]))
    twins = [bench.twin(f"house-{number}") for number in range(TWINS)]
    there: set[Slot] = set()
    marked: dict[str, list[str]] = {twin: [] for twin in twins}
    for part in (ORDER[:3], ORDER[3:5], ORDER[5:]):
        there |= set(part)
        asked = [slot.value for slot in part]
        killer.wave([partial(bench.ask, twin, "deploy", slots=asked) for twin in twins], TWINS * over_s, KILLS)
        for twin in twins:
            check(bench, twin, there)
            now = marks(bench, twin)
            assert set(marked[twin]) <= set(now)
            marked[twin] = now
    for twin in twins:
        bench.check_deployed(twin)
    for kind, part in (("redeploy", ORDER[1:4]), ("destroy", ORDER[4:])):
        there -= set(part) if kind == "destroy" else set()
        asked = [slot.value for slot in part]
        killer.wave([partial(bench.ask, twin, kind, slots=asked) for twin in twins], TWINS * over_s, KILLS)
        for twin in twins:
            check(bench, twin, there)
            assert marks(bench, twin) == marked[twin]
    killer.wave([partial(bench.ask, twin, "destroy") for twin in twins], TWINS * over_s, 2)
    for twin in twins:
        bench.check_gone(twin)
    assert killer.moments > TWINS
