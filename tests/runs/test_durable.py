"""Stages in one server, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa
from dbos import DBOSClient

from tests.runs.conftest import Engines, ended
from tests.runs.ledger import Ledger, until
from tests.runs.server import PACE, stages
from twin2multicloud.app.runs.children import Command
from twin2multicloud.app.runs.engine import EngineError, Json, StageStatus, State
from twin2multicloud.app.runs.engine_store import beside, store_engine, usable_sqlite

# Where the kind of database cannot matter.
on_sqlite = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "home")


def test_a_stage_runs_once_however_often_it_is_started(engines: Engines, ledger: Ledger) -> None:
    engine = engines()
    for _ in range(3):
        engine.start("r:plan:1", {"says": "4 to add"})
    assert ended(engine, "r:plan:1") == StageStatus("r:plan:1", State.SUCCEEDED, 0, "4 to add\n")
    engine.start("r:plan:1", {"says": "something else"})
    engine.start("r:plan:2", {})
    assert ended(engine, "r:plan:2").state is State.SUCCEEDED
    assert ledger.count("begin", "r:plan:1") == 1
    assert engine.unfinished() == []


def test_no_more_than_so_many_run_at_a_time(engines: Engines, ledger: Ledger) -> None:
    engine = engines(parallel=2)
    names = [f"r:plan:{number}" for number in range(5)]
    for name in names:
        engine.start(name, {"seconds": 600 if name in names[:2] else 0.1})
    for name in names[:2]:
        ledger.wait("begin", name)
    states = [status.state for status in engine.unfinished()]
    assert states.count(State.WAITING) == 3
    for name in names[:2]:
        engine.cancel(name)
    for name in names:
        ended(engine, name)
    running = most = 0
    for line in ledger.text().splitlines():
        running += {"begin": 1, "end": -1, "interrupted": -1}[line.split()[0]]
        most = max(most, running)
    assert (most, running) == (2, 0)


@on_sqlite
def test_a_child_that_fails_is_a_failure_with_what_it_said_and_is_not_tried_again(
    engines: Engines, ledger: Ledger
) -> None:
    engine = engines()
    engine.start("r:apply:1", {"exit": 3, "says": "no such region"})
    assert ended(engine, "r:apply:1") == StageStatus("r:apply:1", State.FAILED, 3, "no such region\n")
    engine.close()
    engine.launch()
    engine.start("r:apply:2", {})
    ended(engine, "r:apply:2")
    assert ledger.count("begin", "r:apply:1") == 1


def test_a_cancelled_child_ends_in_order(engines: Engines, ledger: Ledger, caplog: pytest.LogCaptureFixture) -> None:
    engine = engines()
    engine.start("r:apply:1", {"seconds": 60, "ending": 0.3})
    ledger.wait("begin", "r:apply:1")
    engine.cancel("r:apply:1")
    assert engine.unfinished() == [StageStatus("r:apply:1", State.CANCELLING)]
    assert ended(engine, "r:apply:1") == StageStatus("r:apply:1", State.CANCELLED)
    assert ledger.count("interrupted", "r:apply:1") == 1
    engine.start("r:apply:1", {})
    assert ended(engine, "r:apply:1").state is State.CANCELLED
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_stage_that_waits_is_cancelled_without_a_child(engines: Engines, ledger: Ledger) -> None:
    engine = engines(parallel=1)
    engine.start("r:apply:1", {"seconds": 0.5})
    ledger.wait("begin", "r:apply:1")
    engine.start("r:apply:2", {})
    engine.cancel("r:apply:2")
    engine.start("r:apply:3", {})
    assert ended(engine, "r:apply:2").state is State.CANCELLED
    assert ended(engine, "r:apply:3").state is State.SUCCEEDED
    assert ledger.count("begin", "r:apply:2") == 0
    engine.cancel("r:apply:3")
    engine.cancel("unknown")
    assert ended(engine, "r:apply:3").state is State.SUCCEEDED
    assert engine.status("unknown") is None


def test_what_is_closed_goes_on_at_the_next_launch(engines: Engines, ledger: Ledger) -> None:
    engine = engines(parallel=1)
    engine.start("r:apply:1", {"seconds": 0.5, "ending": 0.2})
    engine.start("r:apply:2", {})
    ledger.wait("begin", "r:apply:1")
    engine.close()
    assert ledger.count("interrupted", "r:apply:1") == 1
    with pytest.raises(EngineError, match="launch the engine first"):
        engine.status("r:apply:1")
    engine.launch()
    for name in ("r:apply:1", "r:apply:2"):
        assert ended(engine, name).state is State.SUCCEEDED
        assert ledger.is_in_order(name)


@on_sqlite
def test_what_is_resumed_does_not_wait_for_the_end_of_the_launch(
    engines: Engines, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engines()
    engine.start("r:apply:1", {"seconds": 1})
    ledger.wait("begin", "r:apply:1")
    engine.close()
    registered: list[object] = []

    def register(self: DBOSClient, *arguments: Any, **options: Any) -> None:
        registered.append(arguments)
        if len(registered) == 2:  # the last thing but one that a launch does
            ledger.wait("begin", "r:apply:1", 2)

    monkeypatch.setattr(DBOSClient, "register_queue", register)
    engine.launch()
    assert ended(engine, "r:apply:1").state is State.SUCCEEDED


@on_sqlite
def test_a_command_that_cannot_be_made_or_started_is_the_stages_failure(engines: Engines, tmp_path: Path) -> None:
    engine = engines()

    def command(stage_id: str, payload: Json) -> Command:
        if stage_id == "r:plan:1":
            raise EngineError("no key for the credentials")
        return Command([str(tmp_path / "nothing")], {})

    engine._command = command
    engine.start("r:plan:1", {})
    engine.start("r:plan:2", {})
    assert ended(engine, "r:plan:1") == StageStatus("r:plan:1", State.FAILED, problem="no key for the credentials")
    failed = ended(engine, "r:plan:2")
    assert (failed.state, failed.exit_code) == (State.FAILED, 127)
    assert "nothing cannot be started: No such file" in failed.tail


def test_ended_stages_are_forgotten_after_a_while(engines: Engines, tmp_path: Path) -> None:
    today = datetime.now(UTC)
    engine = engines(now=lambda: today)
    engine.start("r:plan:1", {})
    ended(engine, "r:plan:1")
    assert engine.forget_ended() == 0
    today += PACE.kept + timedelta(hours=1)
    engine.start("r:plan:2", {"seconds": 60})
    until(lambda: (tmp_path / "home/r:plan:2.out").exists())
    assert engine.forget_ended() == 1
    assert engine.status("r:plan:1") is None
    assert sorted(file.name for file in (tmp_path / "home").glob("r:*")) == ["r:plan:2.held", "r:plan:2.out"]


@on_sqlite
def test_from_a_loop_everything_stays_off_it(engines: Engines) -> None:
    async def work() -> State:
        engine = engines()
        await asyncio.to_thread(engine.start, "r:plan:1", {})
        return (await asyncio.to_thread(ended, engine, "r:plan:1")).state

    assert asyncio.run(work()) is State.SUCCEEDED


@on_sqlite
def test_an_id_must_be_fit_to_name_files(engines: Engines) -> None:
    with pytest.raises(ValueError, match=r"not '\.\./r'"):
        engines().start("../r", {})


def test_one_engine_per_process_and_one_server_per_sqlite_file(sqlite_url: str, tmp_path: Path) -> None:
    first = stages(sqlite_url, tmp_path / "home")
    first.launch()
    try:
        with pytest.raises(EngineError, match="this process carries out stages already"):
            stages(sqlite_url, tmp_path / "home").launch()
    finally:
        first.close()
    first.close()


@pytest.mark.parametrize("url", ["sqlite://", "mysql://root:secret@localhost/ours"])
def test_other_databases_are_refused_without_telling_the_password(url: str) -> None:
    with pytest.raises(EngineError, match="SQLite file or PostgreSQL") as caught:
        store_engine(url)
    assert "secret" not in str(caught.value)


def test_an_sqlite_that_is_too_old_for_python_is_named_with_the_remedy() -> None:
    def module(*version: int) -> SimpleNamespace:
        return SimpleNamespace(sqlite_version_info=version, sqlite_version=".".join(map(str, version)))

    old, new = cast("list[ModuleType]", [module(3, 40, 1), module(3, 51, 1)])
    assert usable_sqlite(old, (3, 11)) is old
    assert usable_sqlite(new, (3, 12)) is new
    with pytest.raises(EngineError, match=r"SQLite 3\.40\.1 is too old for Python 3\.12.*pysqlite3-binary"):
        usable_sqlite(old, (3, 12))


def test_sqlite_is_written_ahead_in_a_file_of_its_own(sqlite_url: str, tmp_path: Path) -> None:
    engine = store_engine(sqlite_url.replace("sqlite:", "sqlite+aiosqlite:"))
    with engine.connect() as connection:
        assert connection.execute(sa.text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(sa.text("PRAGMA synchronous")).scalar() == 1
    engine.dispose()
    assert beside(tmp_path / "ours.db").exists()
    assert not (tmp_path / "ours.db").exists()
