"""Alerts: folded, told once, told again once they come again; acknowledged, muted; seen by who may."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.deployments import raised
from tests.app.runners import FakeTarget, place, work_off
from twin2multicloud.app.db.tables import Event
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.runs.work import Work, WorkFailedError


@pytest.fixture
def twin(here: Site, owner: Person) -> str:
    found: str = owner.create_twin()["id"]
    return found


def told(here: Site) -> list[bool]:
    """Of each alert's event whether it told that one came again."""
    with here.backend.database.read() as session:
        return [each.data["again"] for each in session.query(Event).filter_by(kind="alert").order_by(Event.id)]


def the_alert(owner: Person) -> Any:
    (found,) = owner.get("alerts")["items"]
    return found


def test_the_same_again_counts_up_and_is_told_once(here: Site, owner: Person, twin: str) -> None:
    for _ in range(3):
        raised(here, twin)
        here.clock.pass_by(60)
    found = the_alert(owner)
    assert (found["count"], found["kind"], found["layer"], found["twin_name"]) == (
        3,
        "link-timeout",
        "L2",
        "greenhouse",
    )
    assert found["first_at"] < found["last_at"]
    assert told(here) == [False]


def test_what_was_acknowledged_is_told_when_it_comes_again(here: Site, owner: Person, twin: str) -> None:
    alert = raised(here, twin)
    shown = owner.post(f"alerts/{alert}/acknowledge")
    assert shown["acknowledged_by"] == "olga"
    assert owner.post(f"alerts/{alert}/acknowledge") == shown
    assert owner.get("alerts?acknowledged=false")["items"] == []
    raised(here, twin)
    raised(here, twin)
    assert the_alert(owner)["acknowledged_at"] is None
    assert told(here) == [False, True]


def test_what_is_muted_is_told_when_that_is_over(here: Site, owner: Person, twin: str) -> None:
    alert = raised(here, twin)
    owner.post(f"alerts/{alert}/mute", {"minutes": 5})
    raised(here, twin)
    assert [each["count"] for each in owner.get("alerts?muted=true")["items"]] == [2]
    assert owner.get("alerts?muted=false")["items"] == []
    here.clock.pass_by(301)
    assert owner.get("alerts?muted=true")["items"] == []
    raised(here, twin)
    raised(here, twin)
    assert told(here) == [False, True]
    owner.post(f"alerts/{alert}/mute", {"until": "2026-11-27T08:00:00Z"})
    assert owner.post(f"alerts/{alert}/unmute")["muted_until"] is None
    actions = [each["action"] for each in owner.get("audit?action=alert.")["items"]]
    assert actions == ["alert.unmuted", "alert.muted", "alert.muted"]


@pytest.mark.parametrize(
    "body",
    [{}, {"minutes": 0}, {"minutes": 5, "until": "2026-11-27T08:00:00Z"}, {"until": "2026-11-26T07:00:00Z"},
     {"until": "2031-01-01T00:00:00Z"}, {"until": "2026-11-27T08:00:00"}],
)  # fmt: skip
def test_nothing_is_muted_for_no_time_or_for_ever(here: Site, owner: Person, twin: str, body: dict[str, Any]) -> None:
    owner.post(f"alerts/{raised(here, twin)}/mute", body, 422)


def test_counts_of_others_are_taken_over(here: Site, owner: Person, twin: str) -> None:
    alert = raised(here, twin, total=5, since=1.0)
    raised(here, twin, total=7, since=1.0)
    raised(here, twin, total=7, since=1.0)
    assert the_alert(owner)["count"] == 7
    owner.post(f"alerts/{alert}/acknowledge")
    raised(here, twin, total=7, since=1.0)  # nothing has come
    assert told(here) == [False]
    raised(here, twin, total=2, since=9.0)  # counted anew
    assert the_alert(owner)["count"] == 9
    assert told(here) == [False, True]


def test_they_are_found_by_layer_and_cloud_and_alone(here: Site, owner: Person, twin: str) -> None:
    alert = raised(here, twin)
    (shown,) = owner.get("alerts?layer=L2")["items"]
    assert owner.get(f"alerts/{alert}") == shown
    for query, count in (("layer=L3", 0), (f"cloud={shown['cloud']}", 1), ("cloud=gcp", 0), ("layer=L", 0)):
        assert len(owner.get(f"alerts?{query}")["items"]) == count, query


def test_everybody_sees_their_own(here: Site, owner: Person, twin: str) -> None:
    alert = raised(here, twin)
    raised(here, twin, "other", severity="warning")
    stranger = here.person("sven", workspace_id=here.workspace("rome"))
    assert stranger.get("alerts")["items"] == []
    stranger.get(f"alerts?twin={twin}", 404)
    stranger.post(f"alerts/{alert}/acknowledge", code=404)
    viewer = here.person("vera", Role.VIEWER)
    assert len(viewer.get(f"twins/{twin}/alerts")["items"]) == 2
    assert [each["id"] for each in viewer.get("alerts?severity=error")["items"]] == [alert]
    viewer.post(f"alerts/{alert}/acknowledge", code=403)
    first = viewer.get("alerts?limit=1&sort=first_at")
    rest = viewer.get("alerts", params={"limit": 1, "sort": "first_at", "cursor": first["next"]})
    assert len({each["id"] for each in first["items"] + rest["items"]}) == 2


def test_a_run_that_fails_is_an_alert(here: Site, owner: Person, twin: str) -> None:
    def fail(work: Work) -> None:
        raise WorkFailedError("no network", {})

    place(here, twin)
    owner.post(f"twins/{twin}/runs", {"kind": "deploy", "target": "rehearsal"}, 201)
    work_off(here, FakeTarget(here, before=fail))
    found = the_alert(owner)
    assert (found["kind"], found["target"], found["message"]) == (
        "run-failed", "rehearsal", "run 1 (deploy) failed: no network",
    )  # fmt: skip
    assert told(here) == [False]
