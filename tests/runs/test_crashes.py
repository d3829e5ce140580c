"""Servers that are killed: in effect every stage is done once, by one process at a time, and nothing is left over."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runs.conftest import Server, ended
from tests.runs.ledger import Ledger, until
from tests.runs.program import alive
from tests.runs.server import stages
from twin2multicloud.app.runs.engine import State

Servers = Callable[..., Server]


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "home")


@pytest.mark.slow
def test_a_server_that_is_killed_over_and_over(url: str, servers: Servers, ledger: Ledger, tmp_path: Path) -> None:
    # Reproducible moments; the first is right after the start.
    moments = [0.0, *(random.Random(7).uniform(0.0, 0.9) for _ in range(4))]
    names = [f"r{number}:apply:1" for number in range(3)]
    for round_number, moment in enumerate(moments):
        server = servers(url).ready()
        for name in names if round_number == 0 else ():
            server.tell("start", name, {"seconds": 0.6, "ending": 0.2})
        time.sleep(moment)
        server.kill()
    last = stages(url, tmp_path / "home")
    last.launch()
    try:
        for name in names:
            assert ended(last, name).state is State.SUCCEEDED
            assert ledger.is_in_order(name), ledger.text()
    finally:
        last.close()


@pytest.mark.slow
def test_a_stage_that_was_cancelled_before_the_kill_is_not_begun_again(
    url: str, servers: Servers, ledger: Ledger, tmp_path: Path
) -> None:
    server = servers(url).ready()
    server.tell("start", "r:apply:1", {"seconds": 60, "ending": 0.5})
    ledger.wait("begin", "r:apply:1")
    server.tell("cancel", "r:apply:1")
    server.kill()
    last = stages(url, tmp_path / "home")
    last.launch()
    try:
        assert ended(last, "r:apply:1").state is State.CANCELLED
        last.start("r:apply:2", {})
        ended(last, "r:apply:2")
    finally:
        last.close()
    assert ledger.count("begin", "r:apply:1") == 1
    assert ledger.count("interrupted", "r:apply:1") == 1


@pytest.mark.slow
def test_two_servers_on_one_database(stages_url: str, servers: Servers, ledger: Ledger, tmp_path: Path) -> None:
    one, two = (servers(stages_url, name, parallel=1) for name in ("one", "two"))
    one.ready()
    two.ready()
    names = [f"r{number}:apply:1" for number in range(2)]
    for name in names:
        for server in (one, two):
            server.tell("start", name, {"seconds": 1.5, "ending": 0.2})
    # Both have a place for one, so each carries out one.
    processes = [ledger.wait("begin", name) for name in names]
    one.kill()
    until(lambda: all(ledger.is_in_order(name) for name in names))
    assert not any(alive(process) for process in processes)
    assert sorted(ledger.count("begin", name) for name in names) == [1, 2]
