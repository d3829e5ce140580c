"""Where a twin's slots go: proposals, decisions about them, and what those cost."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from tests.app.backends import START, TWIN, Person, Site
from tests.app.runners import PLACEMENT, FakeTarget, work_off
from tests.app.runners import place as placed_at
from twin2multicloud.app.db.tables import AuditEntry, Claim, Event, Run, Stack, TwinVersion
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.services.placements import moved_overrides
from twin2multicloud.blueprint.catalog import OFFERS, offer_by_id
from twin2multicloud.model.slots import SLOTS


def place(person: Person, twin: str, version: int, code: int = 200, **body: Any) -> Any:
    answer = person.call("PUT", f"twins/{twin}/placement", code=code, json=body, headers={"If-Match": f'"{version}"'})
    return answer.json()


def propose(person: Person, twin: str, **body: Any) -> Any:
    return person.post(f"twins/{twin}/optimize", {"alternatives": False, **body}, 201)


def stand(here: Site, twin: str, slot: str, site: str, target: str = "sandbox") -> None:
    with here.backend.database.write() as session:
        stack = Stack(
            twin_id=twin,
            target=target,
            name=f"{slot}-x",
            slot=slot,
            site=site,
            fingerprint="f",
            whole=True,
            applied_at=START,
        )
        session.add(stack)


def test_a_proposal_is_kept_and_changes_nothing(here: Site, owner: Person) -> None:
    twin = owner.create_twin()
    made = propose(owner, twin["id"], alternatives=True)
    assert owner.get(f"twins/{twin['id']}") == twin
    assert owner.get(f"twins/{twin['id']}/optimizations/{made['id']}") == made
    result = made["result"]
    assert made["usd_per_month"] == result["usd_per_month"]
    assert all(offer_by_id(choice["offer"]).deployable for choice in result["placement"].values())
    assert result["constraints"]["deployable_only"] is True
    asked = owner.post("optimize", {"source": TWIN, "constraints": {"deployable_only": True}})
    assert result == asked
    anything = propose(owner, twin["id"], constraints={"deployable_only": False}, top=2)
    assert anything["usd_per_month"] <= made["usd_per_month"]
    assert len(anything["result"]["ranking"]) == 2


def test_proposals_are_listed_newest_first(here: Site, owner: Person) -> None:
    twin, other = owner.create_twin()["id"], owner.create_twin("other")["id"]
    made = []
    for clouds in (["aws"], ["azure"], ["aws", "gcp"]):
        made.append(propose(owner, twin, constraints={"providers": clouds})["id"])
        here.clock.pass_by(1)
    first = owner.get(f"twins/{twin}/optimizations?limit=2")
    rest = owner.get(f"twins/{twin}/optimizations?limit=2&cursor={first['next']}")
    assert [each["id"] for each in (*first["items"], *rest["items"])] == made[::-1]
    assert rest["next"] is None
    assert first["items"][0]["inputs"]["constraints"]["providers"] == ["aws", "gcp"]
    assert "result" not in first["items"][0]
    owner.get(f"twins/{other}/optimizations/{made[0]}", 404)
    place(owner, other, 1, 404, optimization=made[0])


def test_taking_a_proposal(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    made = propose(owner, twin)
    taken = place(owner, twin, 1, optimization=made["id"], note="cheapest")
    assert (taken["optimal"], taken["extra_usd"], taken["warning"], taken["why"]) == (True, 0.0, None, [])
    assert taken["placement"] == taken["twin"]["current"]["placement"] == made["result"]["placement"]
    assert taken["usd_per_month"] == pytest.approx(made["usd_per_month"])
    version = taken["twin"]["current"]
    assert (version["number"], version["optimization"], version["note"]) == (2, made["id"], "cheapest")
    assert version["source"] == TWIN
    assert taken["twin"]["usd_per_month"] == taken["usd_per_month"]
    assert sorted(taken["twin"]["clouds"]) == sorted({c["provider"] for c in taken["placement"].values()})
    with here.backend.database.read() as session:
        kinds = session.scalars(select(Event.kind).order_by(Event.id)).all()
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert list(kinds) == list(actions) == ["twin.created", "twin.optimized", "twin.placed"]


def test_an_override_is_kept_with_its_warning_and_survives(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    made = propose(owner, twin)
    other = next(c for c in ("aws", "azure", "gcp") if c != made["result"]["placement"]["L3.hot"]["provider"])
    placed = place(owner, twin, 1, optimization=made["id"], overrides={"L3.hot": other})
    assert placed["overrides"] == placed["twin"]["current"]["overrides"] == {"L3.hot": other}
    assert placed["placement"]["L3.hot"]["provider"] == other
    for slot in SLOTS:
        if slot != "L3.hot":
            assert placed["placement"][slot.value] == made["result"]["placement"][slot.value]
    assert not placed["optimal"]
    assert placed["extra_usd"] == pytest.approx(placed["usd_per_month"] - made["usd_per_month"])
    assert math.fsum(row["extra_usd"] for row in placed["why"]) == pytest.approx(placed["extra_usd"], abs=1e-6)
    assert placed["warning"].startswith("not cost-optimal: L3.hot=")
    with here.backend.database.read() as session:
        event = session.scalars(select(Event).where(Event.kind == "twin.placed")).one()
        assert event.severity == "warning"
        assert placed["warning"] in event.message

    again = propose(owner, twin)
    assert again["inputs"]["overrides"] == {"L3.hot": other}
    assert again["result"]["placement"]["L3.hot"]["provider"] == other
    assert again["result"]["constraints"]["pins"] == {"L3.hot": other}
    assert made["usd_per_month"] < again["usd_per_month"] <= placed["usd_per_month"] + 1e-9
    taken = place(owner, twin, 2, optimization=again["id"])
    assert taken["overrides"] == {"L3.hot": other}
    assert taken["extra_usd"] == pytest.approx(again["usd_per_month"] - made["usd_per_month"])
    assert not taken["optimal"]

    dropped = propose(owner, twin, drop=["l3.hot"])
    assert dropped["inputs"]["overrides"] == {}
    assert dropped["usd_per_month"] == pytest.approx(made["usd_per_month"])
    free = place(owner, twin, 3, optimization=dropped["id"])
    assert (free["overrides"], free["optimal"]) == ({}, True)


def test_dropping_an_override_leaves_the_placement(owner: Person) -> None:
    twin = owner.create_twin()["id"]
    made = propose(owner, twin)
    other = next(c for c in ("aws", "azure", "gcp") if c != made["result"]["placement"]["L5"]["provider"])
    placed = place(owner, twin, 1, optimization=made["id"], overrides={"L5": other})
    kept = place(owner, twin, 2, drop=["L5"])
    assert (kept["overrides"], kept["placement"]) == ({}, placed["placement"])
    assert place(owner, twin, 3, 422, drop=["L7"])["errors"][0]["field"] == "drop[0]"


def test_a_placement_by_hand_is_a_decision_in_every_slot_that_differs(owner: Person) -> None:
    twin = owner.create_twin()["id"]
    best = propose(owner, twin)["result"]["placement"]
    mine = propose(owner, twin, constraints={"providers": ["aws"]})["result"]["placement"]
    placed = place(owner, twin, 1, placement=mine)
    assert placed["placement"] == mine
    differing = {slot for slot in best if mine[slot] != best[slot]}
    assert placed["overrides"] == {slot: f"{mine[slot]['offer']}@{mine[slot]['region']}" for slot in differing}
    assert placed["optimum"]["placement"] == best


def test_constraints_of_the_proposal_go_on_to_hold(owner: Person) -> None:
    twin = owner.create_twin()["id"]
    made = propose(owner, twin, constraints={"providers": ["azure"]})
    taken = place(owner, twin, 1, optimization=made["id"])
    assert taken["optimal"], "the cheapest under the constraints that it was asked for"
    problem = place(owner, twin, 2, 422, overrides={"L5": "aws"})
    assert problem["type"].endswith(":infeasible")


def test_what_cannot_be(owner: Person) -> None:
    twin = owner.create_twin()["id"]
    assert "no placement yet" in place(owner, twin, 1, 409, overrides={"L5": "aws"})["detail"]
    owner.get(f"twins/{twin}/bill", 409)
    made = propose(owner, twin)
    place(owner, twin, 1, optimization=made["id"])
    for overrides in ({"L4": "aws.nothing"}, {"L4": "aws@mars-1"}, {"L9": "aws"}):
        problem = place(owner, twin, 2, 422, overrides=overrides)
        assert [error["field"] for error in problem["errors"]] == [f"overrides.{slot}" for slot in overrides]
    place(owner, twin, 2, 422)
    place(owner, twin, 2, 422, optimization=made["id"], placement=made["result"]["placement"])
    place(owner, twin, 1, 412, optimization=made["id"])
    owner.call("PUT", f"twins/{twin}/placement", code=428, json={"drop": ["L5"]})
    assert owner.get(f"twins/{twin}")["number"] == 2


def test_what_is_only_priced_for_comparison_is_not_placed(owner: Person) -> None:
    twin = owner.create_twin()["id"]
    constraints = {"deployable_only": False, "pins": {"L4": "aws.twinmaker-bundle-1"}}
    made = propose(owner, twin, constraints=constraints)
    problem = place(owner, twin, 1, 422, optimization=made["id"])
    assert problem["errors"][0]["field"] == "placement.L4"
    assert "cannot be deployed" in problem["errors"][0]["problem"]


def test_a_slot_that_exists_is_moved_not_replaced(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    made = propose(owner, twin)
    choice = made["result"]["placement"]["L3.hot"]
    place(owner, twin, 1, optimization=made["id"])
    stand(here, twin, "L3.hot", f"{choice['provider']}/{choice['region']}")
    stand(here, twin, "base", f"{choice['provider']}/{choice['region']}")
    other = next(c for c in ("aws", "azure", "gcp") if c != choice["provider"])
    problem = place(owner, twin, 2, 409, overrides={"L3.hot": other})
    assert "move it there" in problem["detail"]
    assert [(each["slot"], each["target"]) for each in problem["details"]["slots"]] == [("L3.hot", "sandbox")]
    elsewhere = next(c for c in ("aws", "azure", "gcp") if c != made["result"]["placement"]["L5"]["provider"])
    assert place(owner, twin, 2, overrides={"L5": elsewhere})["placement"]["L5"]["provider"] == elsewhere


def other_offer(slot: str) -> str:
    """Another deployable offer of the same cloud than a slot is deployed with here."""
    there = PLACEMENT[slot]["offer"]
    cloud = there.partition(".")[0]
    return next(
        offer.id
        for offer in OFFERS
        if offer.slot.value == slot and offer.id.startswith(f"{cloud}.") and offer.deployable and offer.id != there
    )


def run_of(here: Site, owner: Person, twin: str, kind: str, fake: FakeTarget | None = None, **more: Any) -> None:
    owner.post(f"twins/{twin}/runs", {"kind": kind, "approve": True, **more}, 201)
    work_off(here, fake)


@pytest.mark.parametrize("target", ["sandbox", "rehearsal"])
def test_what_counts_is_the_version_that_is_deployed(here: Site, owner: Person, target: str) -> None:
    twin = owner.create_twin()["id"]
    placed_at(here, twin)
    offer = other_offer("L4")
    # A second version, before anything exists; then the first one is deployed.
    second = place(owner, twin, 1, overrides={"L4": f"{offer}@eu-central-1"})
    assert second["placement"]["L4"]["offer"] == offer
    run_of(here, owner, twin, "deploy", target=target, version=1)
    if target == "rehearsal":  # brings back what is deployed, whatever the newest version is
        run_of(here, owner, twin, "redeploy", target=target)
    problem = place(owner, twin, 2, 409, placement=second["placement"])
    [slot] = problem["details"]["slots"]
    assert (slot["slot"], slot["target"]) == ("L4", target)
    assert PLACEMENT["L4"]["offer"] in slot["deployed"]
    assert offer in slot["wanted"]
    back = place(owner, twin, 2, placement=PLACEMENT)
    assert back["placement"] == PLACEMENT


def test_what_was_moved_counts_as_it_was_moved(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    placed_at(here, twin)
    run_of(here, owner, twin, "deploy", target="rehearsal")
    offer = other_offer("L4")
    moved = {**PLACEMENT, "L4": {**PLACEMENT["L4"], "offer": offer}}
    move = {"target": "rehearsal", "slot": "L4", "to": offer}
    run_of(here, owner, twin, "move", FakeTarget(here, result={"placement": moved}), **move)
    [slot] = place(owner, twin, 2, 409, placement=PLACEMENT)["details"]["slots"]
    assert offer in slot["deployed"]
    assert place(owner, twin, 2, placement=moved)["placement"] == moved


def test_a_placement_waits_for_a_run(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    made = propose(owner, twin)
    now = datetime.fromtimestamp(here.clock.now(), UTC)
    with here.backend.database.write() as session:
        run = Run(
            id="run_1",
            workspace_id=here.workspace_id,
            twin_id=twin,
            twin_number=1,
            number=1,
            kind="deploy",
            target="sandbox",
            status="running",
            request={},
            request_hash="",
            created_by=owner.user_id,
            created_at=now,
        )
        session.add(run)
        session.flush()
        session.add(Claim(twin_id=twin, target="sandbox", run_id="run_1"))
    assert place(owner, twin, 1, 409, optimization=made["id"])["details"] == {"runs": ["run_1"]}


def test_the_bill_says_how_each_amount_comes_about(owner: Person) -> None:
    twin = owner.create_twin()["id"]
    placed = place(owner, twin, 1, optimization=propose(owner, twin)["id"])
    bill = owner.get(f"twins/{twin}/bill")
    assert bill["usd_per_month"] == pytest.approx(placed["usd_per_month"])
    assert math.fsum(line["usd"] for line in bill["bill"]) + bill["transit_usd"] == pytest.approx(bill["usd_per_month"])
    parts = math.fsum(bill["slot_usd"].values()) + math.fsum(link["usd"] for link in bill["links"])
    assert parts == pytest.approx(bill["usd_per_month"])
    amounts = [line["usd"] for line in bill["bill"]]
    assert amounts == sorted(amounts, reverse=True)
    for line in bill["bill"]:
        assert line["unit"] in line["formula"]
        assert line["source"]["title"]
        assert line["source"]["date"]


def test_revising_keeps_decisions_for_review(owner: Person) -> None:
    twin = owner.create_twin()["id"]
    made = propose(owner, twin)
    other = next(c for c in ("aws", "azure", "gcp") if c != made["result"]["placement"]["L5"]["provider"])
    placed = place(owner, twin, 1, optimization=made["id"], overrides={"L5": other})
    body = {"source": TWIN.replace("count: 3", "count: 300")}
    revised = owner.call("PUT", f"twins/{twin}", code=200, json=body, headers={"If-Match": '"2"'}).json()
    assert revised["current"]["placement"] == placed["placement"]
    assert revised["current"]["overrides"] == {"L5": other}
    assert revised["usd_per_month"] is None
    assert propose(owner, twin)["inputs"]["overrides"] == {"L5": other}
    assert owner.get(f"twins/{twin}/bill")["usd_per_month"] > placed["usd_per_month"]


def test_of_two_who_decide_at_once_one_is_told(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    made = propose(owner, twin)
    people = [owner, here.person("oleg", Role.OPERATOR)] * 2

    def decide(person: Person) -> int:
        answer = person.call(
            "PUT", f"twins/{twin}/placement", json={"optimization": made["id"]}, headers={"If-Match": '"1"'}
        )
        found: int = answer.status_code
        return found

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(decide, people)) == [200, 412, 412, 412]
    assert owner.get(f"twins/{twin}")["number"] == 2


def test_a_move_is_a_decision_about_the_slot_that_moved(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    made = propose(owner, twin)
    other = next(c for c in ("aws", "azure", "gcp") if c != made["result"]["placement"]["L5"]["provider"])
    placed = place(owner, twin, 1, optimization=made["id"], overrides={"L5": other})
    somewhere = propose(owner, twin, constraints={"pins": {"L3.hot": _another(placed, "L3.hot")}})
    moved = {**placed["placement"], "L3.hot": somewhere["result"]["placement"]["L3.hot"]}
    with here.backend.database.read() as session:
        before = session.get_one(TwinVersion, (twin, 2))
    choice = moved["L3.hot"]
    assert moved_overrides(before, moved) == {"L5": other, "L3.hot": f"{choice['offer']}@{choice['region']}"}


def _another(placed: Any, slot: str) -> str:
    return next(c for c in ("aws", "azure", "gcp") if c != placed["placement"][slot]["provider"])
