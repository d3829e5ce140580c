"""How far a move is, as a run's events: enough to follow it, however small its pages are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.runners import FakeTarget, place, work_off
from twin2multicloud.app.runs.telling import MoveTeller
from twin2multicloud.app.runs.work import Work
from twin2multicloud.moving.steps import Progress, Step


@pytest.fixture
def owner(sqlite_site: Site) -> Person:
    return sqlite_site.person("olga")


def told(site: Site, owner: Person, tell: Any) -> list[str]:
    """What the events of a run say whose work tells so."""

    def work(work: Work) -> None:
        if work.run.plan is not None:
            tell(MoveTeller(work.writer, site.backend.clock))

    twin = owner.create_twin()["id"]
    place(site, twin)
    run = owner.post(f"twins/{twin}/runs", {"kind": "deploy", "target": "rehearsal", "approve": True}, 201)["id"]
    work_off(site, FakeTarget(site, before=work))
    events = owner.get(f"runs/{run}/events?limit=500")["items"]
    return [event["message"] for event in events if event["kind"] == "move"]


def test_of_many_pages_a_line_a_second_and_the_last_one(sqlite_site: Site, owner: Person) -> None:
    def tell(teller: MoveTeller) -> None:
        teller(Progress(Step.VERIFY, "begun"))
        for page in range(1, 2_501):
            teller(Progress(Step.VERIFY, "working", "values: compared", page))
            sqlite_site.clock.pass_by(1 / 1_024)
        teller(Progress(Step.VERIFY, "done"))

    assert told(sqlite_site, owner, tell) == [
        "verify begun",
        "verify working: values: compared, 1 items",
        "verify working: values: compared, 1,025 items",
        "verify working: values: compared, 2,049 items",
        "verify working: values: compared, 2,500 items",
        "verify done",
    ]


def test_each_store_is_told_of_and_what_was_done_before_a_failure(sqlite_site: Site, owner: Person) -> None:
    def tell(teller: MoveTeller) -> None:
        teller(Progress(Step.COPY, "begun", back=True))
        for store in ("values", "last values"):
            for page in (1, 2, 3):
                teller(Progress(Step.COPY, "working", store, page * 100, back=True))
        teller(Progress(Step.COPY, "failed", back=True))

    assert told(sqlite_site, owner, tell) == [
        "back: copy begun",
        "back: copy working: values, 100 items",
        "back: copy working: values, 300 items",
        "back: copy working: last values, 300 items",
        "back: copy failed",
    ]
