"""Looking at a deployed twin: stacks, states and locks; going back to a version; what must not be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.deployments import locked, saved, store
from tests.app.runners import FakeTarget, place, work_off
from twin2multicloud.app.db.tables import AuditEntry, Event
from twin2multicloud.held import HeldFile


@pytest.fixture
def twin(here: Site, owner: Person) -> str:
    found: str = owner.create_twin()["id"]
    place(here, found)
    return found


def deploy(here: Site, owner: Person, twin: str, target: str = "sandbox") -> None:
    owner.post(f"twins/{twin}/runs", {"kind": "deploy", "target": target, "approve": True}, 201)
    work_off(here, FakeTarget(here))


def actions(here: Site, name: str) -> list[str]:
    with here.backend.database.read() as session:
        found = [each.action for each in session.query(AuditEntry).filter(AuditEntry.action.startswith(name))]
        told = [each.kind for each in session.query(Event).filter(Event.kind.startswith(name))]
    assert found == told
    return found


def test_a_twin_that_is_nowhere_has_an_empty_status(owner: Person, twin: str) -> None:
    shown = owner.get(f"twins/{twin}/status")
    assert (shown["life"], shown["health"], shown["stacks"], shown["clouds"]) == ("draft", "unknown", [], [])


def test_a_sandbox_that_does_not_answer_is_down(here: Site, owner: Person, twin: str) -> None:
    deploy(here, owner, twin)
    shown = owner.get(f"twins/{twin}/status")
    assert (shown["life"], shown["health"], len(shown["layers"])) == ("deployed", "down", 7)
    assert shown["layers"][0]["problems"] == ["the sandbox does not answer"]


def test_stacks_tell_what_they_hold_and_who_works_on_them(here: Site, owner: Person, twin: str) -> None:
    deploy(here, owner, twin, "rehearsal")
    saved(here, twin, "rehearsal", "L3-hot", 1)
    locked(here, twin, "rehearsal", "L3-hot", "one")
    shown = owner.get(f"twins/{twin}/status?target=rehearsal")
    stack = next(each for each in shown["stacks"] if each["name"] == "L3-hot")
    assert (stack["slot"], stack["site"], stack["whole"], stack["resources"]) == (
        "L3.hot", "aws/eu-central-1", True, 0,
    )  # fmt: skip
    assert (stack["lock"]["who"], stack["lock"]["host"], stack["lock"]["liveness"]) == ("olga", "elsewhere", "unknown")
    assert {each["health"] for each in shown["layers"]} == {"unknown"}


def test_a_state_is_taken_up_again(here: Site, owner: Person, twin: str) -> None:
    saved(here, twin, "clouds", "L3-hot", 3)
    made = owner.post(f"twins/{twin}/states/L3-hot/rollback", {"version": 1})
    assert (made["number"], made["restored"], made["serial"]) == (4, 1, 4)
    listed = owner.get(f"twins/{twin}/states/L3-hot?limit=3")
    assert [each["number"] for each in listed["items"]] == [4, 3, 2]
    rest = owner.get(f"twins/{twin}/states/L3-hot", params={"limit": 3, "cursor": listed["next"]})
    assert [each["number"] for each in rest["items"]] == [1]
    assert [(each["stack"], each["version"]) for each in owner.get(f"twins/{twin}/states")] == [("L3-hot", 4)]
    owner.post(f"twins/{twin}/states/L3-hot/rollback", {"version": 9}, 404)
    owner.post(f"twins/{twin}/states/L9/rollback", {"version": 1}, 404)
    assert actions(here, "state.") == ["state.rolled-back"]


def test_nothing_goes_back_under_a_run_or_a_lock(here: Site, owner: Person, twin: str) -> None:
    saved(here, twin, "clouds", "L3-hot", 2)
    locked(here, twin, "clouds", "L3-hot", "one")
    owner.post(f"twins/{twin}/states/L3-hot/rollback", {"version": 1}, 409)
    saved(here, twin, "rehearsal", "L3-hot", 2)
    owner.post(f"twins/{twin}/runs", {"kind": "deploy", "target": "rehearsal"}, 201)
    problem = owner.post(f"twins/{twin}/states/L3-hot/rollback?target=rehearsal", {"version": 1}, 409)
    assert problem["details"]["status"] == "queued"
    assert actions(here, "state.") == []


def test_only_what_is_dead_lets_go_unless_forced(here: Site, owner: Person, twin: str, tmp_path: Path) -> None:
    file = tmp_path / "held"
    unlock = f"twins/{twin}/states/L2/unlock"
    held = HeldFile.take(file)
    assert held is not None
    locked(here, twin, "clouds", "L2", "one", str(file))
    assert owner.post(unlock, {"lock": "one"}, 409)["details"]["liveness"] == "alive"
    owner.post(unlock, {"lock": "two", "force": True}, 404)
    held.release()
    owner.post(unlock, {"lock": "one"}, 204)
    assert store(here, twin, "clouds").lock_of("L2") is None
    locked(here, twin, "clouds", "L2", "three")
    assert owner.post(unlock, {"lock": "three"}, 409)["details"]["liveness"] == "unknown"
    owner.post(unlock, {"lock": "three", "force": True}, 204)
    assert actions(here, "state.") == ["state.unlocked"] * 2


def test_outputs_are_told_without_secrets(here: Site, owner: Person, twin: str) -> None:
    put_out = {"devices": {"host": "mqtt.example.org", "password": "Tr0ub4dor"}, "api": {"url": "https://a.example"}}
    saved(here, twin, "clouds", "L1", 1, put_out)
    shown = owner.call("GET", f"twins/{twin}/outputs", code=200)
    assert shown.json()["stacks"]["L1"]["devices"]["host"] == "mqtt.example.org"
    assert "Tr0ub4dor" not in shown.text


def test_what_is_not_deployed_is_not_proven(owner: Person, twin: str) -> None:
    assert "deploy it" in owner.get(f"twins/{twin}/proof", 409)["detail"]
    assert owner.get(f"twins/{twin}/links") == {"links": []}


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({"kind": "clock-jump", "seconds": 1e12}, "seconds"),
        ({"kind": "delay", "seconds": -1}, "seconds"),
        ({"kind": "delay", "seconds": 3601}, "seconds"),
        ({"kind": "clock-jump", "seconds": -60, "duration_s": 5}, "duration_s"),
        ({"kind": "kill", "target": "aws", "duration_s": 5}, "duration_s"),
    ],
)
def test_faults_that_cannot_be(sqlite_site: Site, fault: dict[str, Any], field: str) -> None:
    owner = sqlite_site.person("olga")
    refused = owner.post(f"twins/{owner.create_twin()['id']}/faults", fault, 422)
    assert [each["field"] for each in refused["errors"]] == [field]
