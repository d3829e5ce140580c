"""Collecting alerts: nothing lost, nothing told twice, whoever is killed or comes second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from tests.app.backends import Person, Site
from tests.app.runners import FakeTarget, place, work_off
from tests.patience import PATIENCE_S
from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.db.tables import Event, Stack
from twin2multicloud.app.monitoring.alone import Reach
from twin2multicloud.app.monitoring.collecting import Collector, collecting
from twin2multicloud.app.monitoring.sources import Polled, Position
from twin2multicloud.app.services.alerts import Problem


@dataclass
class Journal:
    """A source that tells what is in a list; a position is how many of it."""

    problems: list[Problem] = field(default_factory=list)
    asked: int = 0
    before_answer: Callable[[], None] = lambda: None

    def poll(self, twin_id: str, after: Position) -> Polled:
        """As `Source.poll`."""
        self.asked += 1
        new = self.problems[after.alerts :]
        self.before_answer()
        return Polled(new, replace_alerts(after, after.alerts + len(new)))

    def add(self, fold: str) -> None:
        self.problems.append(Problem(fold, "quota", "error", fold, datetime(2026, 11, 26, 8, tzinfo=UTC)))


def replace_alerts(position: Position, alerts: int) -> Position:
    return Position(position.origin, position.errors, alerts)


@pytest.fixture
def twin(here: Site, owner: Person) -> str:
    found: str = owner.create_twin()["id"]
    place(here, found)
    owner.post(f"twins/{found}/runs", {"kind": "deploy", "approve": True}, 201)
    work_off(here, FakeTarget(here))
    return found


def told(here: Site) -> list[str]:
    with here.backend.database.read() as session:
        return [each.message for each in session.query(Event).filter_by(kind="alert").order_by(Event.id)]


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def test_a_restart_neither_loses_nor_repeats(here: Site, owner: Person, twin: str) -> None:
    journal = Journal()
    assert Collector(here.backend, {"sandbox": journal}).deployed() == [(twin, "sandbox")]
    journal.add("first")
    for _ in range(2):  # each as after a restart: nothing is known but what was kept
        Collector(here.backend, {"sandbox": journal}).collect(twin, "sandbox")
    journal.add("first")
    journal.add("second")
    Collector(here.backend, {"sandbox": journal}).collect(twin, "sandbox")
    assert told(here) == ["first", "second"]
    assert {each["message"]: each["count"] for each in owner.get("alerts")["items"]} == {"first": 2, "second": 1}


def test_of_two_that_read_the_same_one_writes(here: Site, owner: Person, twin: str) -> None:
    journal = Journal()
    journal.add("once")
    both = threading.Barrier(2)
    journal.before_answer = lambda: void(both.wait(PATIENCE_S))
    collector = Collector(here.backend, {"sandbox": journal})
    threads = [threading.Thread(target=collector.collect, args=(twin, "sandbox")) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each["count"] for each in owner.get("alerts")["items"]] == [1]
    assert told(here) == ["once"]


def void(_value: Any) -> None:
    """Nothing of it."""


@pytest.mark.parametrize("reach", list(Reach))
def test_one_of_several_collects_until_it_ends(here: Site, twin: str, reach: Reach) -> None:
    first, second = Journal(), Journal()
    with collecting(here.backend, Collector(here.backend, {"sandbox": first}), reach) as one:
        until(lambda: first.asked)
        with collecting(here.backend, Collector(here.backend, {"sandbox": second}), reach):
            seen = first.asked
            until(lambda: first.asked > seen + 1)
            assert second.asked == 0
            one.__exit__(None, None, None)
            until(lambda: second.asked)
            second.add("found")
            until(lambda: told(here) == ["found"])


def test_every_machine_collects_of_its_own_sandboxes(here: Site, twin: str, tmp_path: Path) -> None:
    first, second = Journal(), Journal()
    settings = here.backend.settings
    elsewhere = settings.model_copy(update={"data": tmp_path / "elsewhere", "keys_file": settings.keys})
    with (
        open_backend(elsewhere, here.clock) as other,
        collecting(here.backend, Collector(here.backend, {"sandbox": first})),
        collecting(other, Collector(other, {"sandbox": second})),
    ):
        until(lambda: first.asked > 1 and second.asked > 1)


def test_two_deployments_of_one_twin_are_read_each_from_where_it_was_left() -> None:
    first = Position("a", {"aws": 7}, 3)
    second = first.at("b")
    assert (second.errors, second.alerts) == ({}, 0), "its numbers are its own"
    assert second.at("a").at("a") == Position("a", {"aws": 7}, 3, {"b": ({}, 0)})
    for number in range(50):
        second = second.at(f"made anew {number}")
    assert len(second.others) < 10


def test_a_twin_that_is_gone_is_not_asked_about(here: Site, twin: str) -> None:
    with here.backend.database.write() as session:
        session.execute(delete(Stack).where(Stack.twin_id == twin))
    assert Collector(here.backend, {"sandbox": Journal()}).deployed() == []
