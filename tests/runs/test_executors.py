"""Who of the servers lives, and what a database that goes away changes about it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOSClient
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.runs.conftest import Engines, ended
from tests.runs.ledger import Ledger, until
from twin2multicloud.app.runs.durable import Pace
from twin2multicloud.app.runs.engine import EngineError, State
from twin2multicloud.app.runs.executors import OnFile, OnPostgres


@pytest.fixture
def two(postgres_url: str) -> Iterator[tuple[OnPostgres, OnPostgres]]:
    both = [OnPostgres(make_url(postgres_url), name, wait_s=0.2) for name in ("one", "two")]
    yield both[0], both[1]
    for presence in both:
        presence.release()


def cut_off(url: str) -> None:
    """End every other session of the database, as its restart would."""
    engine = sa.create_engine(url, poolclass=NullPool)
    with engine.connect() as session:
        session.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def test_a_server_is_dead_until_it_claims_and_after_it_releases(two: tuple[OnPostgres, OnPostgres]) -> None:
    one, other = two
    for claimed in (False, True, False):
        (one.claim if claimed else one.release)()
        with other.dead("one") as dead:
            assert dead is not claimed


def test_two_living_servers_cannot_go_by_one_id(two: tuple[OnPostgres, OnPostgres], postgres_url: str) -> None:
    two[0].claim()
    with pytest.raises(EngineError, match="another server goes by the id 'one'"):
        OnPostgres(make_url(postgres_url), "one", wait_s=0.2).claim()


def test_a_server_cannot_come_to_life_while_it_is_buried(two: tuple[OnPostgres, OnPostgres]) -> None:
    one, other = two
    with other.dead("one") as dead:
        assert dead
        with pytest.raises(EngineError):
            one.claim()
    one.claim()


def test_a_sign_of_life_that_was_lost_is_renewed(two: tuple[OnPostgres, OnPostgres], postgres_url: str) -> None:
    one, other = two
    one.claim()
    cut_off(postgres_url)
    until(lambda: is_dead(other, "one"))  # the server gives its locks back as it notices
    one.renew()
    with other.dead("one") as dead:
        assert not dead


def test_one_server_per_file(tmp_path: Path) -> None:
    first, second = (OnFile(tmp_path / "ours-stages.db.server", wait_s=0.2) for _ in range(2))
    first.claim()
    with pytest.raises(EngineError, match=r"another server carries out stages on .*/ours-stages\.db:"):
        second.claim()
    first.release()
    second.claim()
    second.release()


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_a_stage_goes_on_while_the_database_is_away(url: str, engines: Engines, tmp_path: Path) -> None:
    engine = engines()
    engine.start("r:apply:1", {"seconds": 0.5})
    ledger = Ledger(tmp_path / "home")
    ledger.wait("begin", "r:apply:1")
    cut_off(url)
    assert ended(engine, "r:apply:1").state is State.SUCCEEDED
    assert ledger.count("begin", "r:apply:1") == 1
    until(lambda: not is_dead(OnPostgres(make_url(url), "another", wait_s=0.2), "one"))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_database_that_is_away_when_a_stage_begins_is_not_its_failure(
    url: str, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engines()
    ask = DBOSClient.list_workflows
    away = iter([True])

    def asked(client: DBOSClient, **options: Any) -> Any:
        if threading.current_thread().name == "stage r:apply:1" and next(away, False):
            raise OperationalError("SELECT", {}, Exception("server closed the connection unexpectedly"))
        return ask(client, **options)

    monkeypatch.setattr(DBOSClient, "list_workflows", asked)
    engine.start("r:apply:1", {})
    assert ended(engine, "r:apply:1").state is State.SUCCEEDED
    assert next(away, "asked") == "asked"


def is_dead(presence: OnPostgres, executor_id: str) -> bool:
    with presence.dead(executor_id) as dead:
        return dead


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_stage_that_was_begun_too_often_is_given_up(url: str, engines: Engines, tmp_path: Path) -> None:
    engine = engines(pace=Pace(poll_s=0.05, watch_s=0.1, most_beginnings=2))
    engine.start("r:apply:1", {"seconds": 60})
    ledger = Ledger(tmp_path / "home")
    for number in (1, 2):
        ledger.wait("begin", "r:apply:1", number)
        engine.close()
        engine.launch()
    failed = ended(engine, "r:apply:1")
    assert (failed.state, failed.problem) == (State.FAILED, "the server ended 2 times while it was carried out")
