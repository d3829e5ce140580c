"""Several engines and one state: one works, the others are told who, and nobody overwrites what they have not seen."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.engine.rig import CHAIN, STACK, Rig, rig_at
from tests.engine.store_contract import holder, request
from twin2multicloud.deployer.engine.binary import Core
from twin2multicloud.deployer.engine.errors import EngineError
from twin2multicloud.deployer.engine.events import Progress
from twin2multicloud.deployer.engine.hints import Kind
from twin2multicloud.deployer.engine.outcome import StackOutcome, Status

pytestmark = pytest.mark.slow


def until(file: Path) -> str:
    """A provisioner's command that ends once the file is there."""
    return f"until [ -e {file} ]; do sleep 0.05; done"


async def _both(first: Rig, second: Rig, wait_s: float = 0.0) -> tuple[StackOutcome, StackOutcome]:
    """The second begins while the first is busy, which it is until the second has ended, or has waited so long."""
    go_on = first.root / "go-on"
    busy = asyncio.create_task(first.deploy(first.write(CHAIN % until(go_on)), "run-of-ada"))
    await first.until_started("terraform_data.slow")
    late = asyncio.create_task(second.deploy(second.write(CHAIN % "true"), "run-of-bob"))
    await asyncio.wait({late}, timeout=wait_s or None)
    go_on.touch()
    return await busy, await late


def test_who_comes_second_is_told_who_has_it(tmp_path: Path, core: Core) -> None:
    with rig_at(tmp_path, core, work="ada") as first, rig_at(tmp_path, core, work="bob") as second:
        done, refused = asyncio.run(_both(first, second))
        assert done.status is Status.DONE
        assert refused.status is Status.FAILED
        hints = [failure.hint for failure in refused.failures if failure.hint]
        assert {hint.kind for hint in hints} == {Kind.LOCKED}
        text = refused.describe()
        assert "run run-of-ada" in text
        assert f"process {os.getpid()}" in text
        assert "That run is going on: wait for it, or stop it first" in text


def test_who_can_wait_gets_it(tmp_path: Path, any_core: Core) -> None:
    with (
        rig_at(tmp_path, any_core, work="ada") as first,
        rig_at(tmp_path, any_core, work="bob", state_wait_s=30.0) as second,
    ):
        done, late = asyncio.run(_both(first, second, wait_s=1.5))
        assert (done.status, late.status) == (Status.DONE, Status.DONE)
        assert [version.run_id for version in first.store.history(STACK)] == ["run-of-ada"]


def test_who_lost_the_lock_is_told_and_keeps_the_state(rig: Rig) -> None:
    asyncio.run(rig.deploy(rig.write('resource "terraform_data" "first" {\n  input = "one"\n}\n'), "run-0"))
    rig.events.clear()
    go_on = rig.root / "go-on"
    busy = CHAIN % until(go_on)

    async def robbed() -> StackOutcome:
        run = asyncio.create_task(rig.deploy(rig.write(busy)))
        await rig.until_started("terraform_data.slow")
        rig.store.break_lock(STACK)
        go_on.touch()
        return await run

    lost = asyncio.run(robbed())
    assert lost.status is Status.FAILED
    assert Kind.LOCK_LOST in {failure.hint.kind for failure in lost.failures if failure.hint}
    assert "is not the stack's: nobody has it now" in lost.describe()
    assert lost.unsaved is not None
    assert [version.run_id for version in rig.store.history(STACK)] == ["run-0"]

    rig.events.clear()
    resumed = asyncio.run(rig.deploy(rig.write(busy), "run-2"))
    assert resumed.status is Status.DONE
    assert resumed.unsaved is None
    assert resumed.resources is not None
    assert len(resumed.resources) == 3
    assert not [event for event in rig.said(Progress) if event.action == "create"], "all was made before, and is known"
    newest, *_, oldest = rig.store.history(STACK)
    assert (newest.run_id, newest.lineage) == ("run-2", oldest.lineage)


def test_a_lock_is_broken_by_its_id_only(any_rig: Rig) -> None:
    async def check() -> None:
        async with any_rig.engine.open(any_rig.write(CHAIN % "true"), run_id="run-2") as run:
            await run.init()
            with pytest.raises(EngineError, match="berlin/L1: any is not its lock: it is not locked"):
                await run.force_unlock("any")
            any_rig.store.lock(STACK, request("their-lock"), holder("their-run", host="elsewhere"))
            with pytest.raises(EngineError, match=r"any is not its lock: .*run their-run"):
                await run.force_unlock("any")
            assert (await run.force_unlock("their-lock")).ok
            assert run.lock() is None

    asyncio.run(check())


def test_a_run_on_another_machine_keeps_its_lock(any_rig: Rig) -> None:
    any_rig.store.lock(STACK, request(), holder("their-run", host="elsewhere"))
    refused = asyncio.run(any_rig.deploy(any_rig.write(CHAIN % "true")))
    assert refused.status is Status.FAILED
    assert "can be seen on elsewhere only: look before you unlock" in refused.describe()
    assert any_rig.store.lock_of(STACK) is not None


def test_runs_of_several_stacks_go_on_at_once(any_rig: Rig) -> None:
    async def all_three() -> list[StackOutcome]:
        jobs = [any_rig.write(CHAIN % "sleep 1", stack=f"berlin/L{number}") for number in (1, 2, 3)]
        return await asyncio.gather(*(any_rig.deploy(job, job.name) for job in jobs))

    assert [outcome.status for outcome in asyncio.run(all_three())] == [Status.DONE] * 3
    assert any_rig.store.stacks() == ["berlin/L1", "berlin/L2", "berlin/L3"]
