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

KILLED = 128 + signal.SIGKILL


class Ending:
    """A `StageEngine` each of whose processes ends at once with a code."""

    def __init__(self, code: int) -> None:
        self._code = code
        self.started: list[str] = []

    def launch(self) -> None: ...

    def close(self) -> None: ...

    def start(self, stage_id: str, payload: Json) -> None:
        if stage_id not in self.started:
            self.started.append(stage_id)

    def cancel(self, stage_id: str) -> None: ...

    def status(self, stage_id: str) -> StageStatus | None:
        return StageStatus(stage_id, State.FAILED, self._code)

    def unfinished(self) -> list[StageStatus]:
        return []


@pytest.fixture
def run(sqlite_site: Site) -> Any:
    owner: Person = sqlite_site.person("olga")
    twin = owner.create_twin()["id"]
    place(sqlite_site, twin)
    return owner.post(f"twins/{twin}/runs", {"kind": "deploy"}, 201)["id"]


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
