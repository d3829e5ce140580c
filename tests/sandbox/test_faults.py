"""Nothing lost, nothing doubled while something goes wrong: clouds killed, requests dropped, stores that refuse."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.sandbox.rig import Rig, Run, sandbox
from tests.sandbox.twins import ring
from twin2multicloud.sandbox.faults import Fault, FaultKind
from twin2multicloud.simulator.faults import Fault as DeviceFault

pytestmark = pytest.mark.slow

CLOUDS = ring(0, 1)
"""Telemetry from AWS to Azure, processed there, stored in GCP: every hop is a link."""

Trouble = Callable[[Rig], Awaitable[None]]


def on_links(kind: FaultKind, rate: float, seconds: float = 2.0) -> Trouble:
    """A fault on every link of every cloud for as long as the devices send."""

    async def trouble(rig: Rig) -> None:
        rig.client.inject(Fault(kind, rate=rate, seconds=seconds))

    return trouble


def on_store(kind: FaultKind, store: str, seconds: float = 1.5) -> Trouble:
    """A store that refuses every write for a while."""

    async def trouble(rig: Rig) -> None:
        await asyncio.sleep(0.3)
        rig.client.inject(Fault(kind, store))
        await asyncio.sleep(seconds)
        rig.client.clear_faults()

    return trouble


def killed(cloud: str, seconds: float) -> Trouble:
    """SIGKILL at a random moment, and the cloud stays away for a while."""

    async def trouble(rig: Rig) -> None:
        await asyncio.sleep(random.Random(cloud).uniform(0.2, 1.0))
        rig.client.kill(cloud, seconds)

    return trouble


async def clocks_jump(rig: Rig) -> None:
    """One cloud's clock is put forward by ten minutes, then back by twenty: its signatures count for nothing then."""
    for jump in (600.0, -1200.0, 600.0):
        await asyncio.sleep(0.5)
        rig.client.request("azure", "POST", "/control/clock", {"jump": jump, "wall_jump": jump})


async def keys_rotate(rig: Rig) -> None:
    """Every link gets a new key while telemetry flows."""
    await asyncio.to_thread(rig.client.rotate_keys)


TROUBLES = {
    "aws killed for 4 s": killed("aws", 4.0),
    "azure killed for 10 s": killed("azure", 10.0),
    "gcp killed for 4 s": killed("gcp", 4.0),
    "20 % dropped": on_links(FaultKind.DROP, 0.2),
    "20 % of answers lost": on_links(FaultKind.LOSE_ANSWER, 0.2),
    "20 % duplicated": on_links(FaultKind.DUPLICATE, 0.2),
    "10 % answered 500": on_links(FaultKind.ERROR, 0.1),
    "429 with Retry-After": on_links(FaultKind.THROTTLE, 0.1, 1.0),
    "2 s delays": on_links(FaultKind.DELAY, 0.3, 2.0),
    "the hot store's disk is full": on_store(FaultKind.DISK_FULL, "hot"),
    "every queue refuses writes": on_store(FaultKind.REFUSE_WRITES, "queues"),
    "the clock jumps": clocks_jump,
    "keys rotate": keys_rotate,
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
def test_nothing_is_lost_or_doubled(trouble: Trouble, tmp_path: Path) -> None:
    async def run(rig: Rig) -> Run:
        sending = asyncio.create_task(rig.simulate(messages=20, interval_s=0.1))
        await trouble(rig)
        return await sending

    with sandbox(tmp_path / "s", CLOUDS) as rig:
        done = asyncio.run(run(rig))
        assert done.report.acked == done.report.sent == 400
        rig.calm()
        rig.settle(400)
        rig.check_exact([done])


def test_devices_faults_end_where_they_belong(tmp_path: Path) -> None:
    """What is valid arrives, whatever happens to it on the way; what is not waits in the dead-letter store."""
    faults = {
        DeviceFault.MALFORMED: 0.05,
        DeviceFault.OUT_OF_RANGE: 0.05,
        DeviceFault.WRONG_TYPE: 0.05,
        DeviceFault.MISSING_FIELD: 0.05,
        DeviceFault.UNKNOWN_FIELD: 0.05,
        DeviceFault.CLOCK_SKEW: 0.05,
        DeviceFault.LATE: 0.05,
        DeviceFault.DUPLICATE: 0.1,
        DeviceFault.DISCONNECT: 0.05,
        DeviceFault.BURST: 0.02,
    }
    with sandbox(tmp_path / "s", CLOUDS) as rig:
        run = rig.run(messages=20, interval_s=0.1, faults=faults)
        valid = len({entry.id for entry in run.ledger})
        rig.settle(valid)
        kinds = {error.kind for _, error in rig.client.errors()[0]}
        assert {"malformed", "invalid", "disconnected", "clock-skew"} <= kinds
        letters = list(rig.client.dead_letters())
        spoiled = sum(run.report.faults.get(f, 0) for f in ("malformed", "out-of-range", "wrong-type", "missing-field"))
        assert len(letters) == spoiled > 0
        assert {letter["component"] for _, letter in letters} == {"telemetry-sender", "process"}
        rig.check_exact([run])
