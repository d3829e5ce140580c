"""The proposal: what it shows, and deciding about it, on a page over the real API."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import flet as ft
import pytest

from tests.app.backends import Person, Site
from tests.app.test_placements import place
from tests.app.test_standing import dearest, pin
from tests.ui.conftest import OpenUi
from tests.ui.driver import Ui, driven
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.schemas.placements import PlacementInput
from twin2multicloud.app.ui.proposal.deciding import Deciding
from twin2multicloud.app.ui.proposal.look import Look
from twin2multicloud.app.ui.session import current

TWIN_WITH_COMMANDS = """\
name: lights
workload: {message_interval_s: 10, message_size_bytes: 150, commands_per_device_per_day: 24}
device_types:
  lamp:
    fields: {brightness: {type: double, unit: "%", min: 0, max: 100, simulate: {base: 40}}}
    commands: {switch: {fields: {to: {type: string}}}}
devices: [{type: lamp, count: 3, name: "lamp-{n}"}]
"""


def placed(person: Person) -> str:
    twin = str(person.create_twin()["id"])
    place(person, twin, 1, anew=True)
    return twin


def placement_of(person: Person, twin: str) -> Any:
    return person.get(f"twins/{twin}")["current"]


async def tap(page: Ui, identifier: str) -> None:
    part = await page.until(lambda: page.named(identifier), identifier)
    await page.fire(next(each for each in page.all(ft.Container) if each.content is part), "click")


@driven
async def test_a_twin_that_is_not_placed_is_reviewed_and_placed(ui: OpenUi, person: Person) -> None:
    twin = person.create_twin()["id"]
    cheapest = person.get(f"twins/{twin}/standing")["proposal"]
    async with ui(f"/twins/{twin}/proposal") as page:
        await page.sees("Not placed yet")
        await page.sees(f"${cheapest['usd_per_month']:,.2f} / month")
        await page.press("Review and place")
        await page.press("Place it so")
        await page.sees("The cheapest placement at today's prices.")
    current = placement_of(person, twin)
    assert current["placement"] == cheapest["placement"]
    assert current["overrides"] == {}


@driven
async def test_an_override_is_told_with_its_price_before_it_is_kept(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    before = placement_of(person, twin)
    choice = dearest(person, twin, "L5")
    wanted = {"overrides": {"L5": pin(choice)}}
    preview = person.post(f"twins/{twin}/preview", wanted)
    async with ui(f"/twins/{twin}/proposal") as page:
        await tap(page, "slot-L5")
        await page.until(lambda: page.page.route == f"/twins/{twin}/proposal?slot=L5")
        await page.go(f"/twins/{twin}/proposal?slot=L5&offer={pin(choice)}")
        await page.sees(f"adds ${preview['change_usd']:,.2f} / month")
        await page.sees(f"Not cost-optimal: adds ${preview['extra_usd']:,.2f} / month")
        assert placement_of(person, twin) == before, "looking keeps nothing"
        await page.fill("Note (why)", "because we have to")
        await page.press("Keep this override")
        await page.sees("more than the cheapest")
        await page.sees("the overrides add")
        assert page.page.route == f"/twins/{twin}/proposal?slot=L5"
    after = placement_of(person, twin)
    assert after["overrides"] == wanted["overrides"]
    assert after["note"] == "because we have to"
    assert after["placement"] == preview["placement"]


@driven
async def test_every_other_offer_can_be_tried_from_the_panel(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    async with ui(f"/twins/{twin}/proposal?slot=L3.hot") as page:
        await page.sees("the next best is")
        for service in ("DynamoDB", "Cosmos DB", "Firestore"):
            await page.sees(service)
        await page.press("Consider Cosmos DB · autoscale")
        await page.until(lambda: "offer=azure.cosmos-autoscale%40" in page.page.route)
        await page.sees("L3 Storage · hot otherwise")
        await page.press("Discard")
        assert page.page.route == f"/twins/{twin}/proposal?slot=L3.hot"


@driven
async def test_the_other_slots_may_follow(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    there = placement_of(person, twin)["placement"]["L1"]["provider"]
    other = next(each for each in ("aws", "azure", "gcp") if each != there)
    alone = person.post(f"twins/{twin}/preview", {"overrides": {"L1": other}})
    wanted = pin(alone["placement"]["L1"])
    followed = person.post(f"twins/{twin}/preview", {"overrides": {"L1": wanted}, "anew": True})
    async with ui(f"/twins/{twin}/proposal?slot=L1&offer={wanted}") as page:
        await page.press("Let the other slots follow")
        await page.sees("the other slots follow to where they are cheapest then")
        await page.sees(f"${followed['usd_per_month']:,.2f} / month")
        await page.press("Keep this override")
        await page.sees("Placed for")
    assert placement_of(person, twin)["placement"] == followed["placement"]


@driven
async def test_overrides_are_listed_with_their_price_and_dropped(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    cheapest = placement_of(person, twin)["placement"]
    place(person, twin, 2, overrides={"L5": pin(dearest(person, twin, "L5"))})
    (override,) = person.get(f"twins/{twin}/standing")["overrides"]
    async with ui(f"/twins/{twin}/proposal") as page:
        await page.sees(f"+${override['extra_usd']:,.2f} / month")
        await page.press("Drop the override of L5 Visualization")
        await page.sees("Without the override of L5 Visualization")
        await page.press("Drop the override")
        await page.sees("The cheapest placement at today's prices.")
    after = placement_of(person, twin)
    assert (after["overrides"], after["placement"]) == ({}, cheapest)


@driven
async def test_what_somebody_else_decided_meanwhile_is_not_written_over(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    given = PlacementInput(overrides={"L5": pin(dearest(person, twin, "L5"))})
    async with ui(f"/twins/{twin}/proposal") as page:
        place(person, twin, 2, overrides={"L3.cool": pin(dearest(person, twin, "L3.cool"))})
        deciding = Deciding()
        deciding.keep(current(), Look(twin), given, 2)
        failure = await page.until(lambda: deciding.failure)
    assert failure.stale
    assert not deciding.busy
    assert set(placement_of(person, twin)["overrides"]) == {"L3.cool"}


@driven
async def test_a_viewer_looks_but_does_not_decide(ui: OpenUi, person: Person, sqlite_site: Site) -> None:
    twin = placed(person)
    viewer = sqlite_site.person("vera", Role.VIEWER)
    wanted = pin(dearest(person, twin, "L5"))
    async with ui(f"/twins/{twin}/proposal?slot=L5&offer={wanted}", who=viewer) as page:
        await page.sees("Keeping it takes an operator of the twin.")
        with pytest.raises(LookupError):
            page.button("Keep this override")
        assert page.button("Optimize …").disabled  # type: ignore[attr-defined]  # a button


@driven
async def test_the_bill_is_filtered_and_a_line_explains_itself(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    bill = person.get(f"twins/{twin}/bill")
    cloud = bill["bill"][0]["provider"]
    mine = [line for line in bill["bill"] if line["provider"] == cloud]
    async with ui(f"/twins/{twin}/proposal?cloud={cloud}") as page:
        usd = sum(line["usd"] for line in mine)
        await page.sees(f"{len(mine)} line")
        await page.sees(f"${usd:,.2f} / month of ${bill['usd_per_month']:,.2f} / month")
        line = mine[0]
        name = f"{line['service']}: {line['dimension']}"
        await page.press(name)
        await page.sees(line["formula"])
        await page.sees(f"confidence {line['confidence']}")


@driven
async def test_a_runner_up_is_looked_at_and_taken(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    second = person.get(f"twins/{twin}/standing")["proposal"]["ranking"][1]
    async with ui(f"/twins/{twin}/proposal?tab=ranking") as page:
        await page.press("Consider placement 2")
        await page.sees("Runner-up 1")
        await page.press("Place it so")
        await page.sees("Placed for")
    assert placement_of(person, twin)["placement"] == second["placement"]


@driven
async def test_what_if_there_were_twice_as_many(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    asked = {"source": placement_of(person, twin)["source"], "constraints": {"deployable_only": True}}
    twice = person.post("sensitivity", {**asked, "fields": ["message_interval_s"], "factors": [0.5]})["points"][0]
    async with ui(f"/twins/{twin}/proposal?tab=what-if&fields=messages&factors=1,2") as page:
        await page.sees("× 2")
        await page.sees(f"${twice['usd_per_month']:,.2f}")
        chart = await page.until(lambda: page.named("what-if-chart"))
        assert f"× 2: ${twice['usd_per_month']:,.2f} / month" in str(chart.label)
        await page.go(f"/twins/{twin}/proposal?tab=what-if&factors=1,many")
        field: Any = await page.until(lambda: page.field("Factors"))
        assert "is no number" in field.error


@pytest.mark.parametrize("against", ["carbon", "latency"])
@driven
async def test_cost_is_set_against_another_criterion(ui: OpenUi, person: Person, against: str) -> None:
    twin = placed(person)
    asked = {"source": placement_of(person, twin)["source"], "constraints": {"deployable_only": True}}
    points = person.post("optimize/frontier", {**asked, "against": against})["points"]
    async with ui(f"/twins/{twin}/proposal?tab=frontier&against={against}") as page:
        for point in points:
            await page.sees(f"${point['usd_per_month']:,.2f}")
        if len(points) > 1:
            chart = await page.until(lambda: page.named("frontier-chart"))
            assert f"${points[-1]['usd_per_month']:,.2f} / month: " in str(chart.label)
        await page.sees("the cheapest")


@driven
async def test_a_proposal_under_other_constraints_is_kept_and_shown(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    async with ui(f"/twins/{twin}/proposal") as page:
        await page.press("Optimize …")
        for cloud in ("Azure", "GCP"):
            await page.fill(cloud, False)
        await page.press("Optimize")
        await page.until(lambda: "proposal=opt_" in page.page.route)
        await page.sees("A proposal")
        await page.press("Place it so")
        await page.sees("Placed for")
    after = placement_of(person, twin)
    assert {each["provider"] for each in after["placement"].values()} == {"aws"}
    assert after["optimization"] is not None


@driven
async def test_what_others_decide_is_shown_at_once(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    async with ui(f"/twins/{twin}/proposal") as page:
        await page.sees("The cheapest placement at today's prices.")
        place(person, twin, 2, overrides={"L5": pin(dearest(person, twin, "L5"))})
        await page.sees("the overrides add")


@driven
async def test_the_definition_is_taken_along(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    async with ui(f"/twins/{twin}/proposal") as page:
        await page.sees("Architecture")
        await page.choose("Definition and its files (zip)")
        saved = await page.until(lambda: page.called("save_file"))
    assert saved["file_name"] == "greenhouse-definition.zip"
    assert zipfile.ZipFile(io.BytesIO(saved["src_bytes"])).namelist()


@driven
async def test_the_picture_says_everything_in_words(ui: OpenUi, person: Person) -> None:
    twin = person.create_twin("lights", source=TWIN_WITH_COMMANDS)["id"]
    standing = person.get(f"twins/{twin}/standing")["proposal"]
    async with ui(f"/twins/{twin}/proposal", width=360) as page:
        box = await page.until(lambda: page.named("slot-L4"))
        assert standing["placement"]["L4"]["region"] in str(box.label)
        assert f"${standing['slot_usd']['L4']:,.2f} / month" in str(box.label)


@driven
async def test_a_twin_that_there_is_not(ui: OpenUi) -> None:
    async with ui("/twins/twn_000000000000/proposal") as page:
        await page.sees("Not found")
        await page.press("Back")
        assert page.page.route == "/"
