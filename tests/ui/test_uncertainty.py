"""Uncertain workloads and break-even points in the proposal, on a page over the real API."""

from __future__ import annotations

from typing import Any

import flet as ft
import pytest

from tests.app.backends import Person
from tests.ui.conftest import OpenUi
from tests.ui.driver import Ui, driven
from tests.ui.test_proposal import placed, placement_of
from twin2multicloud.app.ui.places import Place

VARY = "devices=100..40000;viewers=1..20..100"
UNCERTAIN = {"devices": {"low": 100, "high": 40_000}, "viewers": {"low": 1, "mode": 20, "high": 100}}


def asked(person: Person, twin: str) -> dict[str, Any]:
    return {"source": placement_of(person, twin)["source"], "constraints": {"deployable_only": True}}


def studied(person: Person, twin: str) -> Any:
    placement = placement_of(person, twin)["placement"]
    given = {**asked(person, twin), "uncertain": UNCERTAIN, "samples": 200, "placement": placement}
    return person.post("optimize/uncertainty", given)


async def study(page: Ui) -> ft.Semantics:
    return await page.until(lambda: page.named("study"), "the study")


@driven
async def test_what_an_uncertain_workload_costs_is_told_in_full(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    expected = studied(person, twin)
    async with ui(f"/twins/{twin}/proposal?tab=uncertainty&samples=200&vary={VARY}") as page:
        await study(page)
        optimum = expected["optimum"]
        figures = " · ".join(f"${optimum[name]['usd']:,.2f}" for name in ("p5", "p50", "p95"))
        assert figures in str(page.named("cost-bands").label)
        assert "as it is placed" in str(page.named("cost-bands").label)
        for name in ("cost-bands", "tornado"):
            axis = [str(each.value) for each in page.within(page.named(name)) if isinstance(each, ft.Text)][-1]
            assert axis.startswith("$ / month"), "an axis says what it is of"
        best = max(each["best"]["probability"] for each in expected["candidates"])
        await page.sees(f"{best * 100:.1f} %")
        regret = expected["candidates"][expected["least_maximal_regret"]]["regret"]
        await page.sees(f"${regret['max']:,.2f}")
        for bar in expected["tornado"]:
            for usd in bar["optimum_usd"]:
                assert f"${usd:,.2f}" in str(page.named("tornado").label)
        (driver, *_) = expected["drivers"]
        told = next(label for label in page.labels() if label.startswith("What each number explains"))
        assert f"{driver['first_order'] * 100:.1f} %" in told


@pytest.mark.parametrize(
    ("button", "least"),
    [
        ("Consider the one of least expected cost", "least_expected_cost"),
        ("Consider the one of least maximal regret", "least_maximal_regret"),
    ],
)
@driven
async def test_a_placement_that_suits_uncertainty_is_taken(ui: OpenUi, person: Person, button: str, least: str) -> None:
    twin = placed(person)
    expected = studied(person, twin)
    number = expected[least]
    if expected["least_expected_cost"] == expected["least_maximal_regret"]:
        button = "Consider the one of least expected cost and least maximal regret"
    wanted = expected["candidates"][number]["placement"]
    async with ui(f"/twins/{twin}/proposal?tab=uncertainty&samples=200&vary={VARY}") as page:
        await study(page)
        await page.press(f"{button}: {chr(ord('A') + number)}")
        await page.sees("Another placement")
        assert "tab=uncertainty" in page.page.route, "what was studied is still there"
        if wanted == placement_of(person, twin)["placement"]:
            assert page.button("Place it so").disabled  # type: ignore[attr-defined]  # a button
            return
        await page.press("Place it so")
        await page.sees("Placed for")
    assert placement_of(person, twin)["placement"] == wanted


@driven
async def test_what_is_uncertain_is_written_and_asked(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    async with ui(f"/twins/{twin}/proposal?tab=uncertainty&samples=100", width=360) as page:
        await page.sees("Nothing is calculated yet")
        await page.fill("Give or take", "a lot")
        await page.press("Calculate")
        await page.sees("write numbers such as 500 or 0.5")
        assert "vary" not in Place.of(page.page.route).query
        await page.fill("Give or take", "50")
        await page.fill("Also uncertain", "viewers")
        await page.press("Take as certain: Devices that send telemetry")
        await page.fill("How uncertain", "triangle")
        for label, number in (("Least", "1"), ("Most likely", "20"), ("Most", "100")):
            await page.fill(label, number)
        await page.press("Calculate")
        await page.until(lambda: Place.of(page.page.route).query.get("vary") == "viewers=1..20..100")
        await study(page)


@driven
async def test_what_cannot_turn_out_is_refused_by_its_field(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    async with ui(f"/twins/{twin}/proposal?tab=uncertainty&vary=hot_months=1..900") as page:
        failure = await page.until(lambda: page.named("failure"), "the refusal")
        said = " ".join(str(each.value) for each in page.within(failure) if isinstance(each, ft.Text))
        assert "hot_months" in said


@driven
async def test_where_the_cheapest_changes_is_found_from_what_if(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    devices = 500
    async with ui(f"/twins/{twin}/proposal?tab=what-if&factors=1,10") as page:
        await page.press("Find the exact break-even points")
        query = Place.of(page.page.route).query
        assert (query["tab"], query["along"]) == ("break-even", "devices")
        assert query["between"] == "3..30"
        await page.go(f"/twins/{twin}/proposal?tab=break-even&along=devices&between=50..{devices}")
        given = {**asked(person, twin), "along": "devices", "start": 50, "end": devices}
        expected = person.post("optimize/breakeven", given)
        assert expected["breakevens"]
        for stretch in expected["stretches"][:5]:
            await page.sees(f"{stretch['from']:g}")
            await page.sees(f"${stretch['usd'][0]:,.2f}")
        line = await page.until(lambda: page.named("break-even-line"))
        change = expected["breakevens"][0]
        assert f"{change['above']:g} – " in str(line.label)
        last = expected["stretches"][1]
        name = f"{last['from']:g} – {last['to']:,.0f}" if last["to"] >= 10_000 else f"{last['from']:g} – {last['to']:g}"
        await page.press(f"Consider the placement of {name}")
        await page.sees("Another placement")


@driven
async def test_a_range_that_is_none_says_why(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    async with ui(f"/twins/{twin}/proposal?tab=break-even&between=9..3") as page:
        field: Any = await page.until(lambda: page.field("From"))
        assert field.error == "a range goes up"
        await page.fill("From", "3")
        await page.fill("To", "9")
        await page.press("Find")
        await page.until(lambda: page.named("break-even-line"))
        await page.sees("Every value of the range was examined.")


@driven
async def test_whoever_goes_elsewhere_waits_for_nothing(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    async with ui(f"/twins/{twin}/proposal?tab=uncertainty&samples=2000&vary={VARY}") as page:
        await page.until(lambda: page.named("uncertainty-progress"), "progress")
        assert page.button("Calculating…").disabled  # type: ignore[attr-defined]  # a button
        await page.go(f"/twins/{twin}/proposal?tab=ranking")
        await page.until(lambda: page.button("Consider placement 2"))
        assert not [label for label in page.labels() if label == "Calculating"]


@driven
async def test_what_takes_long_says_so_and_is_asked_once(ui: OpenUi, person: Person) -> None:
    twin = placed(person)
    async with ui(f"/twins/{twin}/proposal?tab=break-even&between=50..500") as page:
        await page.until(lambda: page.named("break-even-progress"), "progress")
        assert page.button("Finding…").disabled  # type: ignore[attr-defined]  # a button
        await page.until(lambda: page.named("break-even-line"))
        await page.until(lambda: page.button("Find"))
        assert not any(each.identifier == "break-even-progress" for each in page.all(ft.Semantics))
