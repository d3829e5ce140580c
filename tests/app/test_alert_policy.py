"""What becomes of alerts: told later to others, as severe as the workspace says, kept quiet by rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.app.deployments import raised
from tests.app.receivers import Hook, Mailbox
from tests.app.test_notifying import here, mails, receiver, route, routes, tell, twin
from twin2multicloud.app.db.tables import Event
from twin2multicloud.app.monitoring.escalating import escalate

__all__ = ["here", "mails", "receiver", "twin"]


# ── Escalation ──────────────────────────────────────────────────────────────────────────────────────────────
def policy(here: Site, owner: Person, seen: int = 0, **given: Any) -> Any:
    path = f"workspaces/{here.workspace_id}/alert-policy"
    return owner.call("PUT", path, code=200, json=given, headers={"If-Match": f'"{seen}"'}).json()


def test_what_nobody_looks_after_goes_to_the_next_route(
    here: Site, owner: Person, twin: str, receiver: Hook, mails: Mailbox
) -> None:
    first = route(here, owner, "on call", receiver.url, only_escalated=True)
    second = route(here, owner, "boss", ["bo@example.org"], only_escalated=True)
    steps = [{"after_minutes": 10, "route": first["id"]}, {"after_minutes": 30, "route": second["id"]}]
    policy(here, owner, steps=steps)
    alert = raised(here, twin)
    raised(here, twin, "mild", severity="warning")
    seen = []
    for _ in range(8):
        here.clock.pass_by(5 * 60)
        escalate(here.backend)
        escalate(here.backend)
        tell(here)
        seen.append((len(receiver.posts), len(mails.mails)))
    assert seen == [(0, 0), (1, 0), (1, 0), (1, 0), (1, 0), (1, 1), (1, 1), (1, 1)]
    assert (receiver.posts[0].json["reason"], receiver.posts[0].json["alert"]["id"]) == ("escalated", alert)
    with here.backend.database.read() as session:
        told = [each.message for each in session.query(Event).filter_by(kind="alert.escalated").order_by(Event.id)]
    assert told == [
        "nobody looks after it since 10 min, so on call is told: no answer",
        "nobody looks after it since 30 min, so boss is told: no answer",
    ]


@pytest.mark.parametrize("how", ["acknowledged", "muted", "over"])
def test_what_is_looked_after_goes_no_further(here: Site, owner: Person, twin: str, receiver: Hook, how: str) -> None:
    made = route(here, owner, "on call", receiver.url, only_escalated=True)
    policy(here, owner, steps=[{"after_minutes": 10, "route": made["id"]}])
    alert = raised(here, twin)
    if how == "acknowledged":
        owner.post(f"alerts/{alert}/acknowledge")
    elif how == "muted":
        owner.post(f"alerts/{alert}/mute", {"minutes": 60})
    else:
        raised(here, twin, over=True)
    here.clock.pass_by(11 * 60)
    assert escalate(here.backend) == 0
    if how == "acknowledged":
        raised(here, twin)  # it comes again, and the minutes count anew
        assert escalate(here.backend) == 0
        here.clock.pass_by(10 * 60)
        assert escalate(here.backend) == 1


def test_a_route_that_escalation_needs_is_kept(here: Site, owner: Person, receiver: Hook) -> None:
    made = route(here, owner, "on call", receiver.url)
    set_to = policy(here, owner, steps=[{"after_minutes": 10, "route": made["id"]}])
    one = f"{routes(here)}/{made['id']}"
    assert "escalation leads" in owner.call("DELETE", one, code=409, headers={"If-Match": '"1"'}).json()["detail"]
    assert policy(here, owner, set_to["version"])["steps"] == []
    owner.call("DELETE", one, code=204, headers={"If-Match": '"1"'})
    path = f"workspaces/{here.workspace_id}/alert-policy"
    wrong = {"steps": [{"after_minutes": 5, "route": made["id"]}]}
    owner.call("PUT", path, code=422, json=wrong, headers={"If-Match": '"2"'})
    backwards = {"steps": [{"after_minutes": 5, "route": "rte_1"}, {"after_minutes": 5, "route": "rte_1"}]}
    owner.call("PUT", path, code=422, json=backwards, headers={"If-Match": '"2"'})


# ── Mute rules and severities ───────────────────────────────────────────────────────────────────────────────
def test_kinds_count_as_severe_as_the_workspace_says(here: Site, owner: Person, twin: str, receiver: Hook) -> None:
    route(here, owner, "on call", receiver.url, min_severity="critical")
    policy(here, owner, severities={"link-timeout": "critical"})
    alert = raised(here, twin, severity="warning")
    assert owner.get(f"alerts/{alert}")["severity"] == "critical"
    tell(here)
    assert len(receiver.posts) == 1


def test_a_rule_keeps_alerts_quiet_until_it_ends(here: Site, owner: Person, twin: str, receiver: Hook) -> None:
    route(here, owner, "on call", receiver.url)
    before = raised(here, twin, "there already")
    tell(here)
    path = f"workspaces/{here.workspace_id}/mute-rules"
    owner.post(path, {"kind": "quota", "minutes": 600}, 201)
    rule = owner.post(path, {"twin": twin, "layer": "L?", "kind": "link-*", "minutes": 60, "note": "we know"}, 201)
    assert (rule["muted"], rule["created_by"]) == (1, "olga")
    raised(here, twin, "new")
    raised(here, twin, "there already")
    tell(here)
    assert len(receiver.posts) == 1
    assert len(owner.get("alerts?muted=true")["items"]) == 2
    other = owner.create_twin("barn")["id"]
    raised(here, other)
    tell(here)
    assert len(receiver.posts) == 2, "it is of another twin"
    here.clock.pass_by(3_601)
    assert [each["kind"] for each in owner.get(path)["items"]] == ["quota"]
    raised(here, twin, "new")
    tell(here)
    assert receiver.posts[-1].json["reason"] == "again"
    assert owner.get(f"alerts/{before}")["muted_until"] is not None


def test_a_rule_that_is_ended_lets_alerts_be_told(here: Site, owner: Person, twin: str, receiver: Hook) -> None:
    route(here, owner, "on call", receiver.url)
    path = f"workspaces/{here.workspace_id}/mute-rules"
    rule = owner.post(path, {"minutes": 60}, 201)
    raised(here, twin)
    owner.call("DELETE", f"{path}/{rule['id']}", code=204)
    here.clock.pass_by(1)
    raised(here, twin)
    tell(here)
    assert len(receiver.posts) == 1
    owner.post(path, {"twin": "twn_0", "minutes": 60}, 404)
    owner.post(path, {"minutes": 60, "until": "2026-11-27T08:00:00Z"}, 422)
    owner.post(path, {"until": "2026-11-26T07:00:00Z"}, 422)
