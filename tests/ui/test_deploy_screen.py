"""The screen that a twin is deployed from, and the dialogs that ask for a run."""

from __future__ import annotations

from typing import Any

import flet as ft
import pytest

from tests.app import cloud_accounts
from tests.app.backends import Person, Site
from tests.app.runners import FakeTarget, place, work_off
from tests.ui.conftest import OpenUi
from tests.ui.driver import Ui, driven
from tests.ui.run_documents import SMALL
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.ui.components import dialogs
from twin2multicloud.app.ui.session import current


@pytest.fixture
def twin(sqlite_site: Site, person: Person) -> str:
    """A twin whose slots have places, all at AWS."""
    found: str = person.create_twin("greenhouse")["id"]
    place(sqlite_site, found)
    return found


def _runs(person: Person, twin: str) -> list[dict[str, Any]]:
    """The twin's runs, whole, the newest first."""
    found = [person.get(f"runs/{each['id']}") for each in person.get(f"twins/{twin}/runs")["items"]]
    return sorted(found, key=lambda run: -run["number"])


def _disabled(page: Ui, label: str) -> bool:
    return bool(getattr(page.button(label), "disabled", False))


@driven
async def test_a_layer_alone_is_deployed_with_what_was_filled_in(ui: OpenUi, person: Person, twin: str) -> None:
    async with ui(f"/twins/{twin}/deploy?target=rehearsal") as page:
        await page.fill("Owner's e-mail address", "ann@example.org")
        await page.fill("Who may see dashboards", "bob@example.org, cy@example.org")
        await page.fill("Logs are kept for", "30")
        await page.press("Deploy L3")
        await page.sees("Run 1 · Deployment")
        asked = _runs(person, twin)[0]["request"]
        assert asked["slots"] == ["L3.hot", "L3.cool", "L3.archive"]
        assert (asked["target"], asked["approve"], asked["log_retention_days"]) == ("rehearsal", False, 30)
        assert (asked["owner"], asked["users"]) == ("ann@example.org", ["bob@example.org", "cy@example.org"])


@driven
async def test_what_is_wrong_is_told_at_its_field_and_nothing_is_asked_for(
    ui: OpenUi, person: Person, twin: str
) -> None:
    async with ui(f"/twins/{twin}/deploy?target=clouds") as page:
        await page.fill("Logs are kept for", "many")
        await page.press("Deploy everything")
        await page.until(lambda: getattr(page.field("Logs are kept for"), "error", None), "the problem")
        assert _runs(person, twin) == []


@driven
async def test_a_sandbox_is_deployed_layer_by_layer_at_its_own_speed(ui: OpenUi, person: Person, twin: str) -> None:
    async with ui(f"/twins/{twin}/deploy") as page:
        await page.sees("What it has for others waits until those are there, too.")
        await page.fill("Speed of the twin's clock", "60")
        await page.fill("Only so many devices", "2")
        await page.press("Deploy L1")
        await page.sees("Run 1 · Deployment")
        asked = _runs(person, twin)[0]["request"]
        assert (asked["target"], asked["speed"], asked["devices"], asked["slots"]) == ("sandbox", 60, 2, ["L1"])


@driven
async def test_what_of_a_layer_is_there_can_go_by_itself(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    person.post(f"twins/{twin}/runs", {"kind": "deploy", "slots": ["L1", "L3.hot"], "approve": True}, 201)
    work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL))
    async with ui(f"/twins/{twin}/deploy") as page:
        await page.sees("▲ in part")
        assert (page.texts().count("● there"), page.texts().count("○ not there")) == (1, 3)
        assert getattr(page.field("Only so many devices"), "hint_text", "") == "as it is deployed"
        assert "Destroy L2 Processing" not in page.texts()
        await page.choose("Destroy L1 Acquisition")
        await page.press("Show what goes")
        await page.sees("Run 2 · Destruction")
        asked = _runs(person, twin)[0]["request"]
        assert (asked["kind"], asked["target"], asked["slots"]) == ("destroy", "sandbox", ["L1"])


@driven
async def test_a_plan_is_kept_in_view_for_whoever_comes_back(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    async with ui(f"/twins/{twin}/deploy?target=rehearsal") as page:
        await page.sees("Not planned yet in this version.")
        await page.press("Plan only")
        await page.sees("Run 1 · Plan")
        work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL))
        await page.press("Deploy …")
        await page.sees("$20.50 / month")
        assert "+3" in page.texts()
        await page.press("See the plan")
        await page.sees("Run 1 · Plan")


@driven
async def test_while_a_run_has_the_twin_nothing_else_is_deployed(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    person.post(f"twins/{twin}/runs", {"kind": "deploy", "target": "rehearsal"}, 201)
    async with ui(f"/twins/{twin}/deploy?target=rehearsal") as page:
        await page.sees("Run 1 (Deployment) has the twin to itself: queued.")
        assert _disabled(page, "Deploy everything")
        work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL))
        await page.sees("waits for agreement")
        await page.press("Look at it")
        await page.sees("This plan waits for your agreement")


@driven
async def test_where_nothing_can_run_infrastructure_code_the_clouds_say_so(
    ui: OpenUi, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T2M_TERRAFORM", "/no/such/program")
    async with ui(f"/twins/{twin}/deploy?target=clouds") as page:
        await page.sees("Not from this server: T2M_TERRAFORM: /no/such/program is no program that can be run")
        await page.until(lambda: _disabled(page, "Deploy everything"))
        await page.go(f"/twins/{twin}/deploy?target=sandbox")
        await page.until(lambda: not _disabled(page, "Deploy everything"))


@driven
async def test_a_twin_without_places_leads_to_its_proposal(ui: OpenUi, person: Person) -> None:
    bare = person.create_twin("mill")["id"]
    async with ui(f"/twins/{bare}/deploy?target=clouds") as page:
        await page.sees("Its slots have no places yet")
        assert _disabled(page, "Deploy everything")
        await page.press("Find its placement")
        assert page.page.route == f"/twins/{bare}/proposal"


@driven
async def test_a_viewer_is_told_why_nothing_can_be_pressed(ui: OpenUi, sqlite_site: Site, twin: str) -> None:
    async with ui(f"/twins/{twin}/deploy?target=clouds", who=sqlite_site.person("vera", Role.VIEWER)) as page:
        await page.sees("You may watch.")
        assert _disabled(page, "Deploy everything")
        assert _disabled(page, "Deploy L1")


@driven
async def test_an_account_is_chosen_for_each_cloud_that_is_needed_and_checked(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    path = f"workspaces/{sqlite_site.workspace_id}/connections"
    account = person.post(path, cloud_accounts.aws(), 201)
    async with ui(f"/twins/{twin}/deploy?target=clouds") as page:
        await page.sees("No account is chosen for AWS")
        with pytest.raises(LookupError):
            page.field("Connection for Azure")
        await page.fill("Connection for AWS", account["id"])
        await page.sees("not checked")
        assert person.get(f"twins/{twin}/connections")["aws"] == account["id"]
        await page.press("Check")
        await page.until(lambda: person.get("runs")["items"][0]["kind"] == "check-connection", "the check")


@driven
async def test_a_destruction_names_what_there_is_and_data_goes_only_when_the_name_is_typed(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    person.post(f"twins/{twin}/runs", {"kind": "deploy", "target": "rehearsal", "approve": True}, 201)
    work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL))
    async with ui(f"/twins/{twin}/deploy?target=rehearsal") as page:
        await page.press("Destroy …")
        await page.sees("A store that holds data stops the destruction")
        await page.until(lambda: sum("AWS eu-central-1" in each for each in page.texts()) >= 7)
        await page.fill("Destroy stores with the data that they hold", True)
        await page.sees("Nobody can bring this data back.")
        await page.until(lambda: _disabled(page, "Show what goes"))
        await page.fill("Type “greenhouse” to go on", "greenhouse")
        await page.until(lambda: not _disabled(page, "Show what goes"))
        await page.press("Show what goes")
        await page.sees("Run 2 · Destruction")
        asked = _runs(person, twin)[0]["request"]
        assert (asked["kind"], asked["discard_data"], asked["approve"]) == ("destroy", True, False)
        await page.until(lambda: not [each for each in page.page._dialogs.controls if each.open], "the dialog's end")


@driven
async def test_a_redeployment_is_asked_for_and_its_plan_shown(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    person.post(f"twins/{twin}/runs", {"kind": "deploy", "target": "rehearsal", "approve": True}, 201)
    work_off(sqlite_site, FakeTarget(sqlite_site, document=SMALL))
    async with ui(f"/twins/{twin}/deploy?target=rehearsal", width=360) as page:
        await page.press("Redeploy")
        await page.sees("What others changed is looked for and put right.")
        await page.press("Plan it")
        await page.sees("Run 2 · Redeployment")


@driven
async def test_a_message_below_a_dialog_does_not_keep_it_open(ui: OpenUi, person: Person, twin: str) -> None:
    async with ui(f"/twins/{twin}/deploy?target=rehearsal") as page:
        session = current()
        dialogs.show(session, "Asked", ft.Text("?"), [])
        session.notices.tell("Done")
        await page.sees("Done")
        dialogs.close(session)
        await page.settle()
        shown = {type(each).__name__ for each in page.page._dialogs.controls if each.open}
        assert shown == {"SnackBar"}
