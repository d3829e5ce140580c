"""How a twin's placement stands at the prices of now, what else could fill a slot, and what would come of a change."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.backends import TWIN, Person, Site
from tests.app.test_placements import place, propose
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.model.slots import SLOTS


def placed(owner: Person) -> tuple[str, Any]:
    twin = owner.create_twin()["id"]
    return twin, place(owner, twin, 1, optimization=propose(owner, twin)["id"])


def dearest(owner: Person, twin: str, slot: str) -> Any:
    found = [each for each in owner.get(f"twins/{twin}/choices?slot={slot}")["items"] if each["problem"] is None]
    return found[-1]


def pin(choice: Any) -> str:
    return f"{choice['offer']}@{choice['region']}"


def test_without_a_placement_it_says_what_would_be_proposed(owner: Person) -> None:
    twin = owner.create_twin()["id"]
    standing = owner.get(f"twins/{twin}/standing")
    proposal = propose(owner, twin)
    assert standing["placed"] is None
    assert standing["proposal"]["placement"] == proposal["result"]["placement"]
    assert standing["optimum"]["usd_per_month"] == proposal["usd_per_month"]
    assert (standing["optimal"], standing["extra_usd"], standing["overrides"]) == (None, None, [])
    assert all(line["formula"] for line in standing["proposal"]["bill"])
    assert len(standing["proposal"]["ranking"]) == 20


def test_the_cheapest_placement_stands_as_such(owner: Person) -> None:
    twin, answer = placed(owner)
    standing = owner.get(f"twins/{twin}/standing")
    assert standing["placed"]["placement"] == answer["placement"]
    assert standing["placed"] == owner.get(f"twins/{twin}/bill")
    assert standing["optimal"] is True
    assert standing["warning"] is None
    assert standing["why"] == []


def test_each_override_says_what_it_adds(owner: Person) -> None:
    twin, _ = placed(owner)
    choices = {slot: dearest(owner, twin, slot) for slot in ("L3.cool", "L5")}
    overrides = {slot: pin(choice) for slot, choice in choices.items()}
    kept = place(owner, twin, 2, overrides=overrides)
    standing = owner.get(f"twins/{twin}/standing")
    assert standing["optimal"] is False
    assert standing["extra_usd"] == pytest.approx(kept["extra_usd"])
    assert sum(each["extra_usd"] for each in standing["why"]) == pytest.approx(standing["extra_usd"])
    assert standing["warning"] == kept["warning"]
    told = {each["slot"]: each for each in standing["overrides"]}
    assert {slot: each["choice"] for slot, each in told.items()} == overrides
    without = propose(owner, twin, drop=["L5"])["usd_per_month"]
    assert told["L5"]["extra_usd"] == pytest.approx(standing["proposal"]["usd_per_month"] - without)
    assert told["L5"]["extra_usd"] > 0


def test_where_nothing_satisfies_the_constraints_the_bill_is_still_told(owner: Person) -> None:
    made = owner.create_twin()
    twin, source = made["id"], made["current"]["source"]
    placement = propose(owner, twin)["result"]["placement"]
    place(owner, twin, 1, placement=placement)
    impossible = f"{source}\nconstraints: {{residency: [CH], providers: [aws]}}\n"
    owner.call("PUT", f"twins/{twin}", code=200, json={"source": impossible}, headers={"If-Match": '"2"'})
    standing = owner.get(f"twins/{twin}/standing")
    assert standing["placed"]["placement"] == placement
    assert (standing["proposal"], standing["optimum"], standing["optimal"]) == (None, None, None)
    assert "no placement satisfies the constraints" in standing["problem"]


def test_choices_price_every_offer_with_the_others_left_alone(owner: Person) -> None:
    twin, answer = placed(owner)
    found = owner.get(f"twins/{twin}/choices?slot=L3.hot")
    assert found["usd_per_month"] == pytest.approx(answer["usd_per_month"])
    (chosen,) = [each for each in found["items"] if each["chosen"]]
    assert chosen["change_usd"] == pytest.approx(0, abs=1e-6)
    assert pin(chosen) == pin(answer["placement"]["L3.hot"])
    totals = [each["usd_per_month"] for each in found["items"] if each["usd_per_month"] is not None]
    assert totals == sorted(totals)
    assert {each["provider"] for each in found["items"]} == {"aws", "azure", "gcp"}
    other = next(each for each in found["items"] if not each["chosen"] and each["problem"] is None)
    preview = owner.post(f"twins/{twin}/preview", {"overrides": {"L3.hot": pin(other)}})
    assert preview["usd_per_month"] == pytest.approx(other["usd_per_month"])
    assert preview["change_usd"] == pytest.approx(other["change_usd"])


def test_a_choice_says_why_it_may_not_be_made(owner: Person) -> None:
    twin = owner.create_twin()["id"]
    place(owner, twin, 1, optimization=propose(owner, twin, constraints={"providers": ["aws"]})["id"])
    items = owner.get(f"twins/{twin}/choices?slot=L4")["items"]
    problems = {each["offer"]: each["problem"] for each in items}
    assert problems["gcp.own-graph"] == "providers aws"
    assert problems["aws.twinmaker-bundle-1"] == "deployable only"
    assert problems["aws.own-graph"] is None


def test_a_choice_of_a_slot_that_there_is_not(owner: Person) -> None:
    twin = owner.create_twin()["id"]
    problem = owner.get(f"twins/{twin}/choices?slot=L9", 422)
    assert problem["errors"][0]["field"] == "slot"


def test_a_preview_is_what_placing_answers_and_keeps_nothing(owner: Person) -> None:
    twin, answer = placed(owner)
    choice = dearest(owner, twin, "L5")
    wanted: dict[str, Any] = {"overrides": {"L5": pin(choice)}}
    before = owner.get(f"twins/{twin}")
    preview = owner.post(f"twins/{twin}/preview", wanted)
    assert owner.get(f"twins/{twin}") == before
    kept = place(owner, twin, 2, **wanted)
    for name in ("placement", "usd_per_month", "extra_usd", "warning", "why", "optimum", "overrides"):
        assert preview[name] == kept[name], name
    assert preview["before"]["usd_per_month"] == pytest.approx(answer["usd_per_month"])
    assert sum(each["extra_usd"] for each in preview["changes"]) == pytest.approx(preview["change_usd"])
    assert sum(line["usd"] for line in preview["bill"]) + preview["transit_usd"] == pytest.approx(
        preview["usd_per_month"]
    )


def test_a_preview_of_a_proposal_for_a_twin_that_is_not_placed(owner: Person) -> None:
    twin = owner.create_twin()["id"]
    made = propose(owner, twin, constraints={"providers": ["azure"]})
    preview = owner.post(f"twins/{twin}/preview", {"optimization": made["id"]})
    assert {choice["provider"] for choice in preview["placement"].values()} == {"azure"}
    assert (preview["before"], preview["change_usd"], preview["changes"]) == (None, None, [])
    assert set(preview["slot_usd"]) == {slot.value for slot in SLOTS}


def test_slots_that_nobody_decided_about_follow_an_override(owner: Person) -> None:
    twin, answer = placed(owner)
    provider = answer["placement"]["L1"]["provider"]
    other = next(name for name in ("aws", "azure", "gcp") if name != provider)
    alone = owner.post(f"twins/{twin}/preview", {"overrides": {"L1": other}})
    followed = owner.post(f"twins/{twin}/preview", {"overrides": {"L1": other}, "anew": True})
    assert followed["placement"]["L1"]["provider"] == other
    assert followed["usd_per_month"] <= alone["usd_per_month"] + 1e-9
    cheapest = owner.post("optimize", {"source": TWIN, "constraints": {"deployable_only": True, "pins": {"L1": other}}})
    assert followed["usd_per_month"] == pytest.approx(cheapest["usd_per_month"])
    assert followed["overrides"] == {"L1": other}


def test_a_dropped_override_goes_back_when_chosen_anew(owner: Person) -> None:
    twin, answer = placed(owner)
    kept = place(owner, twin, 2, overrides={"L5": pin(dearest(owner, twin, "L5"))})
    assert kept["usd_per_month"] > answer["usd_per_month"]
    dropped = place(owner, twin, 3, drop=["L5"], anew=True)
    assert dropped["placement"] == answer["placement"]
    assert dropped["overrides"] == {}


def test_a_twin_without_a_placement_is_placed_anew(owner: Person) -> None:
    twin = owner.create_twin()["id"]
    placed = place(owner, twin, 1, anew=True)
    assert placed["optimal"] is True
    place(owner, twin, 2, 422, anew=True, placement=placed["placement"])


def test_a_viewer_may_look_at_all_of_it(here: Site, owner: Person) -> None:
    twin, _ = placed(owner)
    viewer = here.person("vera", Role.VIEWER)
    viewer.get(f"twins/{twin}/standing")
    viewer.get(f"twins/{twin}/choices?slot=L1")
    viewer.post(f"twins/{twin}/preview", {"overrides": {"L5": "gcp"}})
