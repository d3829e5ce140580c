"""What the dispatcher makes of processes that have ended without a word."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from sqlalchemy import select

from tests.app.backends import Person, Site
from tests.app.runners import kinds, place
from twin2multicloud.app.db.tables import Stage
from twin2multicloud.app.runs.dispatch import Dispatcher
from twin2multicloud.app.runs.engine import Json, StageStatus, State
from twin2multicloud.app.runs.exits import StageExit
from twin2multicloud.app.runs.transitions import begin_stage, end_stage, held_rows, planned

KILLED = 128 + signal.SIGKILL


class Ending:
    """A `StageEngine` each of whose processes ends at once with a code."""

    def __init__(self, code: int) -> None:
        self._code = code
        self.started: list[str] = []
        self.called_off: list[str] = []

    def launch(self) -> None: ...

    def close(self) -> None: ...

    def start(self, stage_id: str, payload: Json) -> None:
        if stage_id not in self.started:
            self.started.append(stage_id)

    def cancel(self, stage_id: str) -> None:
        self.called_off.append(stage_id)

    def status(self, stage_id: str) -> StageStatus | None:
        return StageStatus(stage_id, State.FAILED, self._code)

    def unfinished(self) -> list[StageStatus]:
        return []


@pytest.fixture
def owner(sqlite_site: Site) -> Person:
    return sqlite_site.person("olga")


@pytest.fixture
def run(sqlite_site: Site, owner: Person) -> Any:
    twin = owner.create_twin()["id"]
    place(sqlite_site, twin)
    return owner.post(f"twins/{twin}/runs", {"kind": "deploy"}, 201)["id"]


class Loading(Ending):
    """A `StageEngine` whose processes load and load."""

    def status(self, stage_id: str) -> StageStatus | None:
        return StageStatus(stage_id, State.RUNNING)


def looked(site: Site, code: int, times: int) -> Ending:
    engine = Ending(code)
    dispatcher = Dispatcher(site.backend, engine)
    for _ in range(times):
        dispatcher.look()
    return engine


def attempts(site: Site, run: str) -> list[tuple[int, str]]:
    with site.backend.database.read() as session:
        found = session.scalars(select(Stage).where(Stage.run_id == run).order_by(Stage.attempt)).all()
    return [(stage.attempt, stage.status) for stage in found]


def test_a_stage_whose_process_was_killed_is_begun_again_but_not_for_ever(sqlite_site: Site, run: str) -> None:
    assert len(looked(sqlite_site, KILLED, 3).started) == 3
    assert attempts(sqlite_site, run)[-1] == (4, "queued")
    assert kinds(sqlite_site, run) == ["run.queued", *["stage.killed"] * 3]
    looked(sqlite_site, KILLED, 10)
    assert attempts(sqlite_site, run)[-1] == (5, "failed")
    assert kinds(sqlite_site, run)[-2:] == ["stage.crashed", "run.failed"]


def test_a_stage_that_was_interrupted_is_begun_again(sqlite_site: Site, run: str) -> None:
    looked(sqlite_site, StageExit.INTERRUPTED, 12)
    assert attempts(sqlite_site, run)[-1] == (13, "queued")


def test_a_stage_that_crashed_has_failed(sqlite_site: Site, run: str) -> None:
    looked(sqlite_site, 139, 3)
    assert attempts(sqlite_site, run) == [(1, "failed")]


def test_a_process_that_loads_for_a_run_that_was_called_off_is_called_off(
    sqlite_site: Site, owner: Person, run: str
) -> None:
    engine = Loading(0)
    dispatcher = Dispatcher(sqlite_site.backend, engine)
    dispatcher.look()
    assert engine.called_off == []
    owner.post(f"runs/{run}/cancel")
    assert owner.get(f"runs/{run}")["status"] == "cancelled"
    dispatcher.look()
    dispatcher.look()
    assert engine.called_off == engine.started


def test_a_process_that_has_begun_ends_by_itself(sqlite_site: Site, run: str) -> None:
    engine = Loading(0)
    dispatcher = Dispatcher(sqlite_site.backend, engine)
    dispatcher.look()
    with sqlite_site.backend.database.write() as session:
        found, stage = held_rows(session, (run, "plan", 1)) or pytest.fail("it is there")
        begin_stage(sqlite_site.backend, session, found, stage, "pid 1")
        end_stage(sqlite_site.backend, stage, "done")
        planned(sqlite_site.backend, session, found, {"stacks": []}, nothing=True)
    dispatcher.look()
    assert engine.called_off == []
