"""Looking after running twins: lists tell how they do, and what changed is told once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.app.backends import START, Person, Site
from tests.app.deployments import raised
from tests.app.runners import FakeTarget, place, work_off
from tests.app.test_statements import statements
from twin2multicloud.app.db.tables import Event, Glance, TwinVersion
from twin2multicloud.app.monitoring.glancing import Glancer
from twin2multicloud.app.schemas.operating import LayerHealth
from twin2multicloud.app.schemas.twins import Health
from twin2multicloud.app.services import sandboxes

SLOTS = ("L1", "L2", "L3.hot")


@dataclass
class Eye:
    """Sees what it is told to see."""

    ill: dict[str, Health] = field(default_factory=dict)
    since: datetime | None = None
    usd: float | None = 10.0
    looked: int = 0
    metered: int = 0
    before_answer: Callable[[], None] = lambda: None

    def look(self, twin_id: str) -> Sequence[LayerHealth]:
        """As `Looker.look`."""
        self.looked += 1
        self.before_answer()
        return [
            LayerHealth(
                slot=slot,
                cloud="aws",
                health=self.ill.get(slot, "ok"),
                checked=[],
                checked_at=START,
                problems=[],
                since=self.since,
            )
            for slot in SLOTS
        ]

    def usd_per_month(self, twin_id: str) -> float | None:
        """As `Looker.usd_per_month`."""
        self.metered += 1
        return self.usd


def deploy(here: Site, owner: Person, twin: str, kind: str = "deploy") -> None:
    owner.post(f"twins/{twin}/runs", {"kind": kind, "approve": True}, 201)
    work_off(here, FakeTarget(here))


@pytest.fixture
def twin(here: Site, owner: Person) -> str:
    found: str = owner.create_twin()["id"]
    place(here, found)
    deploy(here, owner, found)
    return found


class Watching:
    """Looks as the collector has it look."""

    def __init__(self, here: Site, eye: Eye) -> None:
        self._glancer = Glancer(here.backend, {"sandbox": eye})

    def look(self, twin: str) -> None:
        if self._glancer.is_due(twin, "sandbox"):
            self._glancer.attend(twin, "sandbox")


def changes(here: Site) -> list[Event]:
    with here.backend.database.read() as session:
        return session.query(Event).filter_by(kind="health.changed").order_by(Event.id).all()


def written(here: Site) -> datetime | None:
    with here.backend.database.read() as session:
        found = session.query(Glance).first()
        return None if found is None else found.seen_at


def test_a_list_tells_what_was_seen_last(here: Site, owner: Person, twin: str) -> None:
    [before] = owner.get("twins")["items"]
    assert (before["health"], before["alerts"], before["usd_metered"]) == ({}, {}, None)
    eye = Eye({"L2": "degraded"}, START - timedelta(minutes=5))
    Watching(here, eye).look(twin)
    [told] = owner.get("twins")["items"]
    seen = told["health"]["sandbox"]
    assert (seen["health"], datetime.fromisoformat(seen["seen_at"]), told["usd_metered"]) == ("degraded", START, 10.0)
    assert [(each["slot"], each["health"]) for each in seen["layers"]] == [
        ("L1", "ok"), ("L2", "degraded"), ("L3.hot", "ok"),
    ]  # fmt: skip
    assert datetime.fromisoformat(seen["layers"][1]["since"]) == START - timedelta(minutes=5)
    assert owner.get(f"twins/{twin}")["health"] == told["health"]


def test_what_changes_is_told_once_and_since_when_it_was_so(here: Site, owner: Person, twin: str) -> None:
    eye = Eye()
    watching = Watching(here, eye)
    watching.look(twin)
    assert changes(here) == [], "that all is well at first is no news"
    here.clock.pass_by(30)
    eye.ill = {"L1": "down", "L3.hot": "down", "L2": "degraded"}
    for _ in range(3):
        watching.look(twin)
        here.clock.pass_by(10)
    [event] = changes(here)
    assert event.message == "greenhouse: L1, L3.hot are down (were ok); L2 is degraded (was ok)"
    assert (event.severity, event.data["target"], event.data["health"]) == ("error", "sandbox", "down")
    begun = (START + timedelta(seconds=30)).isoformat()
    assert event.data["changes"][0] == {
        "slot": "L1", "cloud": "aws", "before": "ok", "after": "down", "since": begun,
    }  # fmt: skip
    eye.ill = {}
    watching.look(twin)
    assert [each.severity for each in changes(here)] == ["error", "info"]
    assert "L1, L2, L3.hot" not in changes(here)[1].message, "each as it was before"


def test_it_is_looked_at_now_and_then_and_written_when_there_is_something(here: Site, owner: Person, twin: str) -> None:
    eye = Eye()
    watching = Watching(here, eye)
    for _ in range(100):  # every second
        watching.look(twin)
        here.clock.pass_by(1)
    assert eye.looked == 10
    assert eye.metered == 2
    assert written(here) == START + timedelta(seconds=60)
    here.clock.pass_by(-3_600)  # a clock that was set back holds nothing up
    watching.look(twin)
    assert eye.looked == 11


def test_a_twin_that_is_being_made_or_destroyed_is_left_alone(here: Site, owner: Person, twin: str) -> None:
    eye = Eye()
    owner.post(f"twins/{twin}/runs", {"kind": "destroy"}, 201)
    Watching(here, eye).look(twin)
    assert (eye.looked, written(here)) == (0, None)


def test_what_was_destroyed_meanwhile_is_not_written(here: Site, owner: Person, twin: str) -> None:
    eye = Eye({"L1": "down"})
    eye.before_answer = lambda: deploy(here, owner, twin, "destroy")
    Watching(here, eye).look(twin)
    assert (eye.looked, written(here), changes(here)) == (1, None, [])


def test_of_two_that_look_one_writes(here: Site, owner: Person, twin: str) -> None:
    slow, fast = Eye({"L1": "down"}), Eye({"L1": "down"})
    slow.before_answer = lambda: Watching(here, fast).look(twin)
    Watching(here, slow).look(twin)
    assert len(changes(here)) == 1


def test_what_cannot_be_metered_now_is_not_zero(here: Site, owner: Person, twin: str) -> None:
    Watching(here, Eye(usd=None)).look(twin)
    assert owner.get("twins")["items"][0]["usd_metered"] is None


def filled(here: Site, owner: Person) -> dict[str, str]:
    """Five twins: how they do, what they cost, how large they are and what waits for somebody differs."""
    found = {}
    for number, name in enumerate("abcde"):
        twin = found[name] = owner.create_twin(name * 3)["id"]
        if name != "e":
            place(here, twin)
        with here.backend.database.write() as session:
            version = session.get_one(TwinVersion, (twin, 1))
            version.devices = (5, 30, 20, 10, 40)[number]
            version.usd_per_month = None if name == "e" else 7.5 - number
        for alert in range(number):
            raised(here, twin, f"one|{alert}", severity="critical" if alert == 1 else "warning")
    for name, ill in (("a", "ok"), ("b", "down"), ("c", "degraded")):
        deploy(here, owner, found[name])
        Watching(here, Eye({"L1": ill})).look(found[name])  # type: ignore[dict-item]
    return found


def names(owner: Person, query: str) -> str:
    """The twins of a list in their order, part by part."""
    told, cursor = "", ""
    while True:
        part = owner.get(f"twins?limit=2&{query}{cursor}")
        told += "".join(each["name"][0] for each in part["items"])
        if part["next"] is None:
            return told
        cursor = f"&cursor={part['next']}"


CHOSEN = {
    "sort=usd": "edcba",
    "sort=-usd": "abcde",
    "sort=devices": "adcbe",
    "sort=-devices": "ebcda",
    "sort=alerts": "abcde",
    "sort=-alerts": "edcba",
    "cloud=aws": "abcd",
    "cloud=gcp": "",
    "life=draft": "de",
    "life=deployed": "abc",
    "health=down": "b",
    "health=degraded&life=deployed": "c",
    "health=unknown": "",
    "attention=true": "",
    "attention=false&sort=-name&search=A": "a",
}
"""What a list is asked for, and which twins come in which order."""


def test_lists_are_chosen_and_sorted(here: Site, owner: Person) -> None:
    filled(here, owner)
    assert {query: names(owner, query) for query in CHOSEN} == CHOSEN


def test_alerts_that_wait_are_counted(here: Site, owner: Person, twin: str) -> None:
    def waiting() -> Any:
        return owner.get("twins")["items"][0]["alerts"]

    first, second, third = (raised(here, twin, f"one|{number}", severity="error") for number in range(3))
    raised(here, twin, "two", severity="critical")
    assert waiting() == {"error": 3, "critical": 1}
    owner.post(f"alerts/{first}/acknowledge")
    owner.post(f"alerts/{second}/mute", {"minutes": 5})
    assert waiting() == {"error": 1, "critical": 1}
    here.clock.pass_by(301)
    assert waiting() == {"error": 2, "critical": 1}
    raised(here, twin, "two", severity="critical", over=True)
    assert waiting() == {"error": 2}
    assert {each["id"] for each in owner.get("alerts")["items"] if not each["over"]} >= {first, second, third}
    raised(here, twin, "two", severity="critical")
    assert waiting() == {"error": 2, "critical": 1}, "it came again"


def test_what_does_not_exist_has_no_health(here: Site, owner: Person, twin: str) -> None:
    from twin2multicloud.app.services.homes import StackRows

    Watching(here, Eye({"L1": "down"})).look(twin)
    rows = StackRows(here.backend, twin, "sandbox")
    for stack in rows.all():
        assert owner.get("twins")["items"][0]["health"] != {}
        rows.forget(stack.stack)
    assert owner.get("twins")["items"][0]["health"] == {}
    assert owner.get("twins?health=down")["items"] == []
    assert written(here) is None


def test_filters_take_no_statement_more(here: Site, owner: Person, twin: str) -> None:
    Watching(here, Eye()).look(twin)
    owner.get("me")
    counts = []
    for query in ("", "?sort=-alerts&cloud=aws&life=deployed&attention=false&health=ok"):
        with statements(here.backend.database) as found:
            assert len(owner.get(f"twins{query}")["items"]) == 1
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_whoever_looks_at_a_sandbox_within_seconds_is_told_the_same(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def look(_backend: Any, twin: str) -> sandboxes.Look:
        asked.append(twin)
        return sandboxes.Look()

    monkeypatch.setattr(sandboxes, "look", look)
    looks = sandboxes.Looks(here.backend, 5.0)
    assert looks.at("one") is looks.at("one")
    looks.at("two")
    here.clock.pass_by(5.0)
    looks.at("one")
    assert asked == ["one", "two", "one"]
