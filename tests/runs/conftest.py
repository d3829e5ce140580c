"""Databases in which an engine has been before: a first launch makes tables and waits a second for its queue."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.postgres import PostgresCluster
from tests.runs.ledger import until
from tests.runs.server import stages
from twin2multicloud.app.runs.durable import DurableStages
from twin2multicloud.app.runs.engine import StageStatus
from twin2multicloud.app.runs.engine_store import beside

Engines = Callable[..., DurableStages]


@pytest.fixture(scope="session")
def prepared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("prepared")
    prepare(f"sqlite:///{directory}/ours.db", directory)
    return beside(directory / "ours.db")


@pytest.fixture
def sqlite_url(prepared_sqlite: Path, tmp_path: Path) -> str:
    shutil.copy(prepared_sqlite, beside(tmp_path / "ours.db"))
    return f"sqlite:///{tmp_path}/ours.db"


@pytest.fixture
def stages_url(postgres: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database of PostgreSQL in which an engine has been before."""
    name = postgres.template("stages", lambda url: prepare(url, tmp_path_factory.mktemp("prepared")))
    with postgres.database(name) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """The same on both kinds of database."""
    name: str = request.getfixturevalue({"sqlite": "sqlite_url", "postgres": "stages_url"}[request.param])
    return name


@pytest.fixture
def engines(url: str, tmp_path: Path) -> Iterator[Engines]:
    """Makes and launches engines of this process; whatever is still open is closed at the end."""
    opened: list[DurableStages] = []

    def make(**options: Any) -> DurableStages:
        engine = stages(url, tmp_path / "home", **options)
        engine.launch()
        opened.append(engine)
        return engine

    yield make
    for engine in opened:
        engine.close()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Servers as processes of their own; those that are left are killed at the end."""
    started: list[Server] = []

    def make(url: str, executor_id: str = "one", parallel: int = 4) -> Server:
        server = Server(url, tmp_path / "home", executor_id, parallel)
        started.append(server)
        return server

    yield make
    for server in started:
        server.kill()


class Server:
    """A server in a process, told what to do by lines."""

    def __init__(self, url: str, home: Path, executor_id: str, parallel: int) -> None:
        settings = {"url": url, "home": str(home), "executor_id": executor_id, "parallel": parallel}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.runs.server", json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> Server:
        assert self._answer() == "ready"
        return self

    def tell(self, name: str, *arguments: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([name, *arguments]) + "\n")
        self._process.stdin.flush()
        assert self._answer() == "done"

    def kill(self) -> None:
        with self._process as process:
            process.kill()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def prepare(url: str, home: Path) -> None:
    engine = stages(url, home)
    engine.launch()
    engine.close()


def ended(engine: DurableStages, stage: str) -> StageStatus:
    """Wait for the stage's end."""
    until(lambda: (status := engine.status(stage)) is not None and status.state.ended)
    status = engine.status(stage)
    assert status is not None
    return status
