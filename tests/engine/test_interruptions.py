"""Runs that are stopped: what was made is in the state, and the next run finishes the rest."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from tests.engine.processes import processes_in
from tests.engine.rig import CHAIN, STACK, Rig, rig_at
from twin2multicloud.deployer.engine.binary import Core
from twin2multicloud.deployer.engine.events import Event, Progress
from twin2multicloud.deployer.engine.lifecycle import deploy
from twin2multicloud.deployer.engine.outcome import StackOutcome, Status
from twin2multicloud.deployer.engine.process import Patience, Stop

pytestmark = pytest.mark.slow
SLOW = CHAIN % "sleep 30"
STUBBORN = """#!/bin/sh
trap '' INT TERM
for each; do
  case $each in -out=*) : > "${each#-out=}";; esac
done
case $1 in
  init) exit 0;;
  plan) exit 2;;
  apply) while :; do sleep 1; done;;
esac
"""


async def _interrupted(rig: Rig) -> StackOutcome:
    stop = Stop()
    job = rig.write(SLOW)
    run = asyncio.create_task(rig.deploy(job, stop=stop))
    await rig.until_started("terraform_data.slow")
    stop.request("asked by Ada")
    return await run


def test_an_interrupted_apply_keeps_what_was_made(rig: Rig) -> None:
    begun = time.monotonic()
    stopped = asyncio.run(_interrupted(rig))
    assert time.monotonic() - begun < 20
    assert (stopped.status, stopped.reason, stopped.lost) == (Status.INTERRUPTED, "asked by Ada", False)
    assert stopped.resources is not None
    assert "terraform_data.first" in {resource.address for resource in stopped.resources}
    assert rig.store.lock_of(STACK) is None
    rig.events.clear()
    finished = asyncio.run(rig.deploy(rig.write(CHAIN % "true"), "run-2"))
    assert finished.status is Status.DONE
    assert finished.resources is not None
    assert len(finished.resources) == 3
    started = {event.resource for event in rig.said(Progress) if event.action == "create"}
    assert started == {"terraform_data.slow", "terraform_data.last"}


def test_a_cancelled_task_ends_only_when_the_state_is_saved(rig: Rig) -> None:
    async def cancelled() -> None:
        run = asyncio.create_task(rig.deploy(rig.write(SLOW)))
        await rig.until_started("terraform_data.slow")
        run.cancel()
        # Somebody impatient cancels once more: the state is still saved.
        await asyncio.sleep(0.01)
        run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run

    asyncio.run(cancelled())
    current = rig.store.current(STACK)
    assert current is not None
    assert current.resources >= 1
    assert rig.store.lock_of(STACK) is None


def test_a_run_that_takes_too_long_is_interrupted(tmp_path: Path, core: Core) -> None:
    with rig_at(tmp_path, core, patience=Patience(command_s=2.0)) as rig:
        stopped = asyncio.run(rig.deploy(rig.write(SLOW)))
        assert (stopped.status, stopped.reason) == (Status.INTERRUPTED, "it took longer than 2 s")
        assert rig.store.lock_of(STACK) is None


def test_a_run_that_does_not_end_is_ended_by_force_and_says_so(tmp_path: Path, core: Core) -> None:
    """A program that ignores both requests stands for a provider that hangs."""
    stubborn = tmp_path / "stubborn"
    stubborn.write_text(STUBBORN)
    stubborn.chmod(0o755)

    async def stopped() -> StackOutcome:
        stop = Stop()
        asyncio.get_running_loop().call_later(1.0, stop.request, "asked by Ada")
        return await rig.deploy(rig.write(SLOW), stop=stop)

    with rig_at(tmp_path, core._replace(command=(str(stubborn),)), patience=Patience(ending_s=0.5, force_s=0.5)) as rig:
        killed = asyncio.run(stopped())
        assert (killed.status, killed.lost) == (Status.INTERRUPTED, True)
        assert "Terraform was ended by force: what it was making then may exist" in killed.describe()


def test_an_error_in_whoever_listens_stops_the_run_in_order(rig: Rig) -> None:
    class FullError(Exception):
        pass

    def disk_is_full(event: Event) -> None:
        if isinstance(event, Progress) and event.resource == "terraform_data.slow":
            raise FullError

    async def run() -> None:
        async with rig.engine.open(rig.write(SLOW), run_id="run-1", sink=disk_is_full) as opened:
            await deploy(opened)

    with pytest.raises(FullError):
        asyncio.run(run())
    assert rig.store.lock_of(STACK) is None
    current = rig.store.current(STACK)
    assert current is not None
    assert current.resources >= 1


def test_nothing_is_left_running(rig: Rig) -> None:
    asyncio.run(_interrupted(rig))
    assert processes_in(rig.root) == []


def test_nothing_is_begun_after_a_request_to_stop(any_rig: Rig) -> None:
    async def stopped() -> StackOutcome:
        stop = Stop()
        stop.request("asked by Ada")
        stop.request("asked by Bob, later")
        return await any_rig.deploy(any_rig.write(SLOW), stop=stop)

    outcome = asyncio.run(stopped())
    assert (outcome.status, outcome.reason) == (Status.INTERRUPTED, "asked by Ada")
    assert any_rig.events == []
    assert not (any_rig.place() / "module" / ".terraform").exists()
