"""Time that runs fast: records turn cool, are archived and are deleted when they are old enough, and are never lost."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.sandbox.rig import Rig, sandbox
from tests.sandbox.twins import ring
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import Retention
from twin2multicloud.runtime.times import to_time
from twin2multicloud.sandbox.probe import connect

pytestmark = pytest.mark.slow

DAY_S = 86_400.0
RETENTION = Retention(30 * DAY_S, 90 * DAY_S, 360 * DAY_S)
AGES = {"hot": (1, 10, 25), "cool": (35, 50, 65, 80), "archive": (100, 200, 300, 340, 350), "gone": (370, 500)}
"""Days; the tier they are in."""


def tiers(rig: Rig) -> dict[str, int]:
    """Records by tier, wherever it is."""
    found = dict.fromkeys(("hot", "cool", "archive"), 0)
    for cloud in rig.client.config.clouds:
        for store in rig.client.cloud_status(cloud).stores:
            for kind in store.classes:
                found[kind.storage_class] += kind.records
    return found


def until(rig: Rig, expected: Mapping[str, int], timeout_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + timeout_s
    while (found := tiers(rig)) != expected:
        assert time.monotonic() < deadline, f"{found}, not {expected}"
        time.sleep(0.1)


@pytest.mark.parametrize("clouds", ["aws", ring(0, 1)], ids=["one cloud", "three clouds"])
def test_each_record_is_in_the_tier_of_its_age(clouds: Mapping[Slot, str] | str, tmp_path: Path) -> None:
    with sandbox(tmp_path / "s", clouds, retention=RETENTION) as rig:
        now = time.time()
        device = connect(rig.layout.connection(), "lamp-1")
        for ages in AGES.values():
            for age in ages:
                moment = to_time(now - age * DAY_S)
                device.send(json.dumps({"power": age, "mode": "dim", "time": moment}).encode())
        device.close()
        rig.settle(sum(map(len, AGES.values())))
        until(rig, {"hot": 14, "cool": 0, "archive": 0})  # no mover has run yet

        def at_rest_after(days: float) -> dict[str, int]:
            """What belongs where then. A record moves with its window, as soon as all of that is old enough."""
            old = [age + days for ages in AGES.values() for age in ages]
            return {
                "hot": sum(age < 30 for age in old),
                "cool": sum(30 <= age < 90 for age in old),
                "archive": sum(90 <= age < 360 for age in old),
            }

        moved = 0.0
        for days in (2.0, 30.0, 60.0):
            # At an hour a second movers and lifecycle rules, which run once an hour, run again soon.
            rig.client.set_clock(jump=days * DAY_S, speed=3600)
            moved += days
            until(rig, at_rest_after(moved))
        # Four months in a second: everything grows old, passes every tier and goes.
        rig.client.set_clock(speed=120 * DAY_S)
        seen = set()
        deadline = time.monotonic() + PATIENCE_S
        while sum((found := tiers(rig)).values()):
            seen |= {tier for tier, count in found.items() if count}
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        assert "archive" in seen
        assert [error.kind for _, error in rig.client.errors()[0]] == []
