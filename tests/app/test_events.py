"""Events in lists: who sees which, filters, order, and for how long they are kept."""

from __future__ import annotations

import itertools
import json
import random
import threading
from typing import Any

from sqlalchemy import func, select

from tests.app.backends import Person, Site
from tests.app.streaming import write
from twin2multicloud.app.auth.access import Scope
from twin2multicloud.app.db.tables.events import Event
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.events.selection import SEVERITIES, Seen, Selection
from twin2multicloud.app.events.shape import read
from twin2multicloud.app.services.events import PRUNED_AT_ONCE, prune


def test_a_condition_means_the_same_to_the_database_and_to_the_process(here: Site) -> None:
    chance = random.Random(7)
    workspaces, twins, runs = ([f"{kind}_{n}" for n in range(3)] for kind in ("wsp", "twn", "run"))
    kinds = ["run.line", "run.begun", "run", "ru", "RUN.line", "run_line", "runxline", "twin.created", "ünlich"]
    events = [
        NewEvent(
            chance.choice(workspaces),
            chance.choice(kinds),
            "",
            chance.choice(SEVERITIES),
            twin_id=chance.choice([None, *twins]),
            run_id=chance.choice([None, *runs]),
            stack=chance.choice(["", "aws-l1", "azure-l2"]),
        )
        for _ in range(300)
    ]
    write(here, *events)
    with here.backend.database.read() as session:
        everything = read(session, 0, None, 1_000)
        assert len(everything) == 300
        for _ in range(200):
            seen = Seen(
                frozenset(chance.sample(workspaces, chance.randrange(3))),
                frozenset(chance.sample(twins, chance.randrange(3))),
            )
            selection = Selection(
                chance.choice([None, seen]),
                chance.choice([None, *workspaces]),
                chance.choice([None, *twins]),
                chance.choice([None, *runs]),
                chance.choice([None, "", "aws-l1"]),
                chance.choice(["", "run", "run.", "run_", "r", "RUN"]),
                chance.choice(SEVERITIES),
            )
            after = chance.choice([0, 100])
            expected = [each for each in everything if each.event.id > after and selection.matches(each.event)]
            assert read(session, after, None, 1_000, selection.where()) == expected


def test_events_are_listed_from_either_end_and_filtered(here: Site, owner: Person) -> None:
    twin, other = owner.create_twin("one")["id"], owner.create_twin("two")["id"]
    run = here.run(owner, twin)
    write(
        here,
        *[NewEvent(here.workspace_id, "run.line", str(n), run_id=run, twin_id=twin) for n in range(4)],
        NewEvent(here.workspace_id, "run.failed", "no", "error", run_id=run, twin_id=twin, stack="aws-l1"),
        NewEvent(here.workspace_id, "prices.changed", "up", "warning"),
    )
    everything = owner.get("events")["items"]
    assert [event["kind"] for event in everything] == (
        ["twin.created"] * 2 + ["run.line"] * 4 + ["run.failed", "prices.changed"]
    )
    for newest, order in ((False, everything), (True, everything[::-1])):
        found: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            part = owner.get(f"events?limit=3&newest={newest}{cursor}")
            found += part["items"]
            cursor = f"&cursor={part['next']}" if part["next"] else None
        assert found == order
    ids = [event["id"] for event in everything]
    assert [event["id"] for event in owner.get(f"events?after={ids[2]}&before={ids[5]}")["items"]] == ids[3:5]
    assert [event["id"] for event in owner.get("events?kind=run.l")["items"]] == ids[2:6]
    assert [event["id"] for event in owner.get("events?severity=warning")["items"]] == ids[6:]
    assert [event["id"] for event in owner.get("events?stack=aws-l1")["items"]] == ids[6:7]
    assert [event["id"] for event in owner.get(f"twins/{twin}/events")["items"]] == [ids[0], *ids[2:7]]
    assert [event["id"] for event in owner.get(f"runs/{run}/events?limit=2&newest=true")["items"]] == [ids[6], ids[5]]
    assert owner.get(f"events?twin={other}&run={run}")["items"] == []
    assert owner.get("events?severity=loud", 422)["errors"][0]["field"] == "severity"


def test_everybody_sees_events_of_what_they_may_see(here: Site, owner: Person) -> None:
    twin, other = owner.create_twin("one")["id"], owner.create_twin("two")["id"]
    rome = here.workspace("rome")
    sven, gil = here.person("sven", workspace_id=rome), here.person("gil", None)
    here.let_in(gil.user_id, other, Role.VIEWER)
    write(here, NewEvent(rome, "rome.line", ""), NewEvent(here.workspace_id, "berlin.line", ""))
    assert [event["twin"] for event in owner.get("events?kind=twin")["items"]] == [twin, other]
    assert [event["kind"] for event in owner.get("events")["items"]] == ["twin.created", "twin.created", "berlin.line"]
    assert [event["kind"] for event in sven.get("events")["items"]] == ["rome.line"]
    assert [event["twin"] for event in gil.get("events")["items"]] == [other]
    assert sven.get(f"events?workspace={here.workspace_id}")["items"] == []
    assert [event["twin"] for event in gil.get(f"events?workspace={here.workspace_id}")["items"]] == [other]
    gil.get(f"events?twin={twin}", 404)
    gil.get(f"runs/{here.run(owner)}/events", 404)
    gil.get(f"runs/{here.run(owner, other)}/events")
    narrow = here.key(owner.user_id, [Scope.READ], workspace_id=rome)
    answer = here.http.get("/api/v1/events", headers={"Authorization": f"Bearer {narrow}"})
    assert answer.json()["items"] == []


def test_many_writers_at_once_never_write_behind_a_reader(here: Site) -> None:
    """Whoever has seen a number has seen all that come before it."""
    database, ends = here.backend.database, threading.Event()
    seen: list[int] = []

    def look() -> None:
        while True:
            last = ends.is_set()
            with database.read() as session:
                seen.extend(each.event.id for each in read(session, seen[-1] if seen else 0, None, 1_000))
            if last:
                return

    def scribble(name: int) -> None:
        for n in range(25):
            write(here, *[NewEvent(here.workspace_id, "run.line", f"{name} {n} {i}") for i in range(1 + n % 3)])

    reader = threading.Thread(target=look)
    writers = [threading.Thread(target=scribble, args=(name,)) for name in range(6)]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    ends.set()
    reader.join()
    assert len(seen) == len(set(seen)) == 6 * sum(1 + n % 3 for n in range(25))
    assert seen == sorted(seen)


def test_old_events_are_forgotten_in_parts(here: Site) -> None:
    start = here.clock.now()
    day = 86_400
    write(
        here, *[NewEvent(here.workspace_id, "run.line", "", at=start - 100 * day) for _ in range(PRUNED_AT_ONCE + 10)]
    )
    write(here, *[NewEvent(here.workspace_id, "run.line", "", at=start - age * day) for age in (89, 91, 0)])
    pruned = []
    for _ in itertools.repeat(None, 3):
        with here.backend.database.write() as session:
            pruned.append(prune(here.backend, session))
    assert pruned == [PRUNED_AT_ONCE, 11, 0]
    with here.backend.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == 2


def test_what_programs_print_can_be_kept_and_told(here: Site, owner: Person) -> None:
    run = here.run(owner)
    data = {"big": 2**70, "half": ["\ud800x"], "not": float("nan"), "nul\x00": {"a": "\x00"}, "line": "a\nb\u2028c"}
    write(here, NewEvent(here.workspace_id, "run.line", "x\ny\x00\udcff", run_id=run, data=data))
    (event,) = owner.get(f"runs/{run}/events")["items"]
    assert event["message"] == "x\ny\ufffd\ufffd"
    assert event["data"] == {
        "big": str(2**70), "half": ["\ufffdx"], "not": None, "nul\ufffd": {"a": "\ufffd"}, "line": "a\nb\u2028c",
    }  # fmt: skip
    told = owner.call("GET", f"runs/{run}/events/stream?after=0&follow=false", code=200).text
    retry, line, end, rest = told.split("\n\n")
    assert (retry, rest) == ("retry: 2000", "")
    assert json.loads(line.partition("\ndata: ")[2]) == event
    assert end.startswith("event: end\n")
