"""The engine is killed with SIGKILL in mid-apply: nothing goes on alone, and nothing that was made is forgotten."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.engine.processes import await_none_in, processes, processes_in
from tests.engine.rig import CHAIN, STACK, rig_at
from tests.engine.store_contract import holder, request, state
from twin2multicloud.deployer.engine import supervise
from twin2multicloud.deployer.engine.binary import EMBEDDED, Core
from twin2multicloud.deployer.engine.errors import WorkDirectoryError
from twin2multicloud.deployer.engine.events import Log, Progress
from twin2multicloud.deployer.engine.hints import Kind
from twin2multicloud.deployer.engine.outcome import StackOutcome, Status
from twin2multicloud.deployer.state.records import Liveness

pytestmark = pytest.mark.slow


def _kill_in_mid_apply(root: Path, core: Core, provisioner: str = "sleep 60") -> None:
    name = EMBEDDED if core.embedded else core.command[0]
    command = [sys.executable, "-m", "tests.engine.victim", str(root), name, provisioner]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == b"under way\n"
        victim.kill()


def test_what_was_made_is_taken_up_again(tmp_path: Path, core: Core) -> None:
    _kill_in_mid_apply(tmp_path, core)
    await_none_in(tmp_path / "work")
    with rig_at(tmp_path, core) as rig:
        # The state had nowhere to go, and the lock nobody to give it back to.
        assert rig.store.current(STACK) is None
        lock = rig.store.lock_of(STACK)
        assert lock is not None
        assert lock.holder.liveness() is Liveness.DEAD
        assert (rig.place() / "module" / "errored.tfstate").exists()

        finished = asyncio.run(rig.deploy(rig.write(CHAIN % "true"), "run-2"))
        assert finished.status is Status.DONE
        assert finished.resources is not None
        assert len(finished.resources) == 3
        assert finished.unsaved is None
        created = {event.resource for event in rig.said(Progress) if event.action == "create"}
        assert created == {"terraform_data.slow", "terraform_data.last"}, "the first was made before and is known"
        said = [event.message for event in rig.said(Log) if event.kind == "recover"]
        assert said[0] == "broke the lock that run victim left when it died"
        assert said[1] == "saved the state that the last run could not save"
        assert rig.store.lock_of(STACK) is None


def test_what_the_dead_began_is_alone_in_its_directory_until_it_has_ended(tmp_path: Path, any_core: Core) -> None:
    _kill_in_mid_apply(tmp_path, any_core)
    # Terraform is trying to save its state still, watched over by its supervisor.
    assert processes_in(tmp_path / "work")
    with rig_at(tmp_path, any_core) as rig:
        lock = rig.store.lock_of(STACK)
        assert lock is not None
        assert lock.holder.liveness() is Liveness.ALIVE
        with pytest.raises(WorkDirectoryError, match="which began it, has died, and Terraform is saving"):
            asyncio.run(rig.deploy(rig.write(CHAIN % "true"), "run-2"))
    with rig_at(tmp_path, any_core, directory_wait_s=30.0) as rig:
        assert asyncio.run(rig.deploy(rig.write(CHAIN % "true"), "run-2")).status is Status.DONE


def test_a_state_that_others_went_past_is_not_pushed_but_kept(tmp_path: Path, any_core: Core) -> None:
    _kill_in_mid_apply(tmp_path, any_core)
    await_none_in(tmp_path / "work")
    with rig_at(tmp_path, any_core) as rig:
        rig.store.break_lock(STACK)
        rig.store.lock(STACK, request(), holder())
        rig.store.write(STACK, state(7, "somebody_elses"), lock_id="lock-1", holder=holder())
        rig.store.unlock(STACK, "lock-1")
        failed = asyncio.run(rig.deploy(rig.write(CHAIN % "true"), "run-2"))
        assert failed.status is Status.FAILED
        assert failed.unsaved is not None
        assert failed.unsaved.exists()
        assert f"kept in {failed.unsaved}" in failed.describe()
        assert Kind.DIVERGED in {failure.hint.kind for failure in failed.failures if failure.hint}
        assert rig.store.content(STACK) == state(7, "somebody_elses")


def test_a_terraform_that_the_system_killed_is_reported_as_such(tmp_path: Path, core: Core) -> None:
    async def killed() -> StackOutcome:
        run = asyncio.create_task(rig.deploy(rig.write(CHAIN % "sleep 60")))
        await rig.until_started("terraform_data.slow")
        terraform = [
            number for number, line in processes(tmp_path / "work") if " apply " in line and "supervise" not in line
        ]
        assert len(terraform) == 1
        os.kill(terraform[0], signal.SIGKILL)
        return await run

    with rig_at(tmp_path, core) as rig:
        failed = asyncio.run(killed())
        assert (failed.status, failed.lost) == (Status.FAILED, True)
        assert failed.reason == "Terraform was ended by signal 9, not by us"
        assert "may exist without being in the state" in failed.describe()
        assert rig.store.lock_of(STACK) is None
        await_none_in(tmp_path / "work")
        assert asyncio.run(rig.deploy(rig.write(CHAIN % "true"), "run-2")).status is Status.DONE


def test_a_supervisor_outlives_a_reader_that_stopped_reading(tmp_path: Path) -> None:
    """A command that goes on printing after the engine's death still gets to its own end."""
    done = tmp_path / "done"
    script = "import signal,time,pathlib\nsignal.signal(2, lambda *_: None)\n"
    script += "for _ in range(3000): print('x' * 99, flush=True)\n"
    script += f"time.sleep(1)\nfor _ in range(3000): print('x' * 99, flush=True)\npathlib.Path({str(done)!r}).touch()\n"
    command = [sys.executable, "-I", "-S", supervise.__file__, "20", "5", sys.executable, "-c", script]
    supervisor = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    assert supervisor.stdin is not None
    assert supervisor.stdout is not None
    supervisor.stdout.read(1000)
    supervisor.stdin.close()
    supervisor.stdout.close()
    assert supervisor.wait(20) == 0
    assert done.exists()


def test_a_command_that_ignores_its_orphaning_is_ended_by_force(tmp_path: Path) -> None:
    ignore = "for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)"
    stubborn = f"import signal, time\n{ignore}\nprint('up', flush=True)\ntime.sleep(60)"
    command = [sys.executable, "-I", "-S", supervise.__file__, "0.3", "0.3", sys.executable, "-c", stubborn]
    begun = time.monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path, start_new_session=True
    ) as supervisor:
        assert supervisor.stdin is not None
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == b"up\n"
        supervisor.stdin.close()
        assert supervisor.wait(20) == -signal.SIGKILL
    assert time.monotonic() - begun < 10
    await_none_in(tmp_path)
