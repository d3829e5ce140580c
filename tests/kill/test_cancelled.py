"""Runs that are called off, by real servers and real processes: they end in order, tell what there is, and leave
nothing that a redeployment or a destruction could not deal with.
"""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.kill.bench import Bench, until
from tests.kill.processes import Process, kill, pending, signal_all
from tests.kill.rehearsed import pretended

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("killed deployments")]
TRIES = 5


def cancelled(bench: Bench, run: str, halted: Sequence[Process] = ()) -> Any:
    """Call a run off whose processes may be halted; they go on once they have been told."""
    bench.owner.post(f"runs/{run}/cancel")
    until(lambda: all(pending(each.pid, signal.SIGINT) for each in halted), lambda: bench.told(run), 30.0)
    signal_all(halted, signal.SIGCONT)
    found = bench.ended(run, "cancelled")
    bench.check_events(run)
    bench.check_nothing_claimed()
    bench.check_calm()
    return found


def begun(bench: Bench, run: str, stage: str) -> None:
    """Wait until a process works on a stage."""
    bench.until_told(run, {"plan": "run.planning", "apply": "run.applying"}[stage])
    until(lambda: bench.processes("runs.child"), lambda: bench.told(run), 30.0)


def halted_while_it_writes_nothing(bench: Bench) -> list[Process]:
    """The processes of stages, halted, none of them in the middle of writing: it would keep everybody else from it."""
    while halted := bench.processes("runs.child"):
        signal_all(halted, signal.SIGSTOP)
        with closing(sqlite3.connect(str(bench.site.backend.database.url.database), timeout=1.0)) as base:
            try:
                base.execute("BEGIN IMMEDIATE")
                return halted
            except sqlite3.OperationalError:
                signal_all(halted, signal.SIGCONT)
        time.sleep(0.01)
    return []


def half_deployed(bench: Bench, twin: str) -> tuple[str, list[Process]]:
    """A run, and its process, which is halted with some of the twin's processes begun and the rest of it to come."""
    file = bench.layout(twin).directory / "supervisor.lock"
    for _ in range(TRIES):
        run = bench.ask(twin, "deploy")
        until(file.exists, lambda run=run: bench.told(run), 30.0)  # type: ignore[misc]
        halted = halted_while_it_writes_nothing(bench)
        if halted and bench.unfinished([run]):
            return run, halted
        signal_all(halted, signal.SIGCONT)
        bench.ended(run)
        bench.ended(bench.ask(twin, "destroy"))
    raise AssertionError("it was always too late")


def test_a_deployment_to_the_sandbox(on_sqlite: Bench) -> None:
    bench = on_sqlite
    bench.serve().ready()
    twin = bench.twin("house")
    directory = bench.layout(twin).directory

    run = bench.ask(twin, "deploy")
    begun(bench, run, "plan")
    cancelled(bench, run)
    bench.check_gone(twin)

    found = cancelled(bench, *half_deployed(bench, twin))
    assert found["result"]["exists"] == [f"{stack} (in part)" for stack in sorted(bench.stacks(twin))]
    assert bench.owner.get(f"twins/{twin}")["life"] == {"sandbox": "partial"}
    assert [each for each in bench.processes() if each.of(directory)] == []
    bench.owner.call("DELETE", f"twins/{twin}", code=409, headers={"If-Match": '"1"'})

    bench.ended(bench.ask(twin, "redeploy"))
    bench.check_deployed(twin)
    run = bench.ask(twin, "destroy")
    bench.until_told(run, "run.applying")
    cancelled(bench, run)
    bench.ended(bench.ask(twin, "deploy"))
    bench.check_deployed(twin)
    bench.ended(bench.ask(twin, "destroy"))
    bench.check_gone(twin)


def test_a_deployment_whose_processes_are_killed_each_time(on_sqlite: Bench) -> None:
    """It fails in the end. What it has left behind is known, and destroyed like anything else."""
    bench = on_sqlite
    bench.serve().ready()
    twin = bench.twin("house")
    run = bench.ask(twin, "deploy")
    while bench.unfinished([run]):
        if [each for each in bench.processes("sandbox.supervisor") if each.of(bench.layout(twin).directory)]:
            kill(bench.processes("runs.child"))
    assert "code 137" in bench.ended(run, "failed")["problem"]
    assert bench.owner.get(f"twins/{twin}")["life"] == {"sandbox": "partial"}
    bench.ended(bench.ask(twin, "destroy"))
    bench.check_gone(twin)


def test_a_rehearsal(on_postgres: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = on_postgres
    slow = tmp_path / "scenario.json"
    slow.write_bytes(
        msgspec.json.encode(
            {
                "delays": [
                    {"type": "aws_*", "verb": "read", "seconds": 0.2},
                    {"type": "aws_lambda_function", "verb": "create", "seconds": 2},
                ]
            }
        )
    )
    twin = bench.twin("house", "aws")
    world = pretended(bench, twin)
    wish: dict[str, Any] = {"target": "rehearsal", "slots": ["L3.hot"]}
    with monkeypatch.context() as patched:
        patched.setenv("T2M_STANDIN_SCENARIO", str(slow))
        bench.serve().ready()

    run = bench.ask(twin, "deploy", **wish)
    until(lambda: bench.processes("terraform"), lambda: bench.told(run), 60.0)
    cancelled(bench, run)
    assert world.existing == 0
    assert bench.owner.get(f"twins/{twin}")["life"] == {}

    run = bench.ask(twin, "deploy", **wish)
    until(lambda: list(world.root.glob("aws_dynamodb_table/*.json")), lambda: bench.told(run), 120.0)
    found = cancelled(bench, run)
    # All that exists is in the states, and told of.
    assert world.existing == world.known > 0
    assert found["result"]["exists"]
    assert bench.owner.get(f"twins/{twin}")["life"] == {"rehearsal": "partial"}

    bench.ended(bench.ask(twin, "deploy", **wish))
    assert world.existing == world.known
    bench.ended(bench.ask(twin, "destroy", target="rehearsal"))
    assert world.existing == 0
    assert bench.owner.get(f"twins/{twin}")["life"] == {}
