"""The page of a twin that does not run: what there is of it, who may do what, versions, alerts."""

from __future__ import annotations

import time

import flet as ft
import pytest

from tests.app.backends import TWIN, Person, Site
from tests.app.deployments import raised
from tests.app.runners import FakeTarget, place, work_off
from tests.ui.conftest import OpenUi
from tests.ui.driver import Ui, driven
from twin2multicloud.app.client.watching import Watching
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.twin.state import TABS
from twin2multicloud.model.payback import when_back

RULES = """\
rules:
  - {name: hot, on: sensor, when: temperature > 30, for: 5m, severity: critical, actions: [{alert: "{temperature} °C"}]}
"""


@pytest.fixture
def twin(person: Person) -> str:
    found: str = person.create_twin()["id"]
    return found


SEEN = {
    "overview": "It is not deployed",
    "devices": "sensor-1",
    "rules": "temperature > 30",
    "graph": "sensor-3",
    "cost": "No cost is predicted yet",
    "errors": "Nothing runs yet",
    "dead-letters": "No dead letters to show",
    "dashboards": "This is what the definition says. It shows no values: it is not deployed in a sandbox here.",
    "specification": "greenhouse.yaml, version 1",
    "runs": "Nothing has run yet",
}


@pytest.mark.parametrize("width", [1_280, 360])
@pytest.mark.parametrize("tab", TABS)
@driven
async def test_every_tab_works_before_anything_is_deployed(ui: OpenUi, person: Person, tab: str, width: int) -> None:
    twin = person.post("twins", {"source": TWIN + RULES}, 201)["id"]
    async with ui(places.twin(twin, tab), width=width) as page:
        await page.sees(SEEN[tab])
        await page.sees("not deployed")


@driven
async def test_a_twin_that_is_not_there_is_said_to_be_gone(ui: OpenUi) -> None:
    async with ui("/twins/twn_00000000000000000000/overview") as page:
        await page.sees("There is no such twin")
        await page.press("Back")
        await page.sees("No twins yet")


@driven
async def test_going_on_to_another_twin_never_shows_the_first_under_its_address(
    ui: OpenUi, person: Person, twin: str
) -> None:
    other = person.create_twin("mill")["id"]
    async with ui(places.twin(twin)) as page:
        await page.sees("greenhouse")
        await page.go(places.twin(other, "devices"))
        await page.sees("mill")
        assert "greenhouse" not in page.texts()


@driven
async def test_what_is_not_placed_leads_to_a_proposal_and_then_to_a_deployment(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    async with ui(places.twin(twin)) as page:
        await page.press("Find its cheapest home")
        assert page.page.route == places.proposal(twin)
    place(sqlite_site, twin)
    async with ui(places.twin(twin)) as page:
        await page.sees("In a sandbox on this machine it runs in seconds")
        await page.press("Deploy")
        assert page.page.route == places.deploy(twin)


@driven
async def test_who_may_only_look_is_offered_nothing_that_would_be_refused(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    viewer = sqlite_site.person("vera", Role.VIEWER)
    raised(sqlite_site, twin)
    async with ui(places.twin(twin, "errors"), who=viewer) as page:
        await page.sees("no answer")
        assert not offered(page, "Deploy", "Acknowledge: I look after it", "Mute")
    async with ui(places.twin(twin, "specification"), who=viewer) as page:
        await page.sees("greenhouse.yaml, version 1")
        assert not offered(page, "Edit")
        await page.press("People")
        await page.sees("vera@example.org")
        assert not offered(page, "Let somebody in")


def offered(page: Ui, *labels: str) -> list[str]:
    """Which of these there are buttons for."""
    found = []
    for label in labels:
        try:
            page.button(label)
        except LookupError:
            continue
        found.append(label)
    return found


@driven
async def test_an_alert_comes_is_looked_after_and_kept_quiet(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    async with ui(places.twin(twin, "errors")) as page:
        await page.sees("Nothing runs yet")
        sqlite_site.clock.time = time.time()  # by which the page tells what is muted now
        alert = raised(sqlite_site, twin)
        await page.sees("no answer")
        await page.press("Acknowledge: I look after it")
        await page.sees("looked after")
        assert person.get("alerts")["items"][0]["acknowledged_by"] == "olga"
        await page.choose("Mute for 1 hour")
        await page.sees("muted")
        await page.go(places.asked(places.twin(twin, "errors"), alert=alert))
        await page.sees("Muted until")
        await page.fill("Only what nobody looks after", True)
        await page.sees("Nothing runs yet")
        assert page.page.route.endswith("alerts=open")


@driven
async def test_a_device_is_chosen_of_many_and_what_fails_is_told(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(sqlite_site, twin)
    person.post(f"twins/{twin}/runs", {"kind": "deploy", "target": "sandbox", "approve": True}, 201)
    work_off(sqlite_site, FakeTarget(sqlite_site))
    async with ui(places.twin(twin)) as page:
        await page.press("Send a command")
        await page.sees("Which device?")
        await page.sees("sensor-3")
        await page.fill("Search devices", "or-2")
        await page.until(lambda: "sensor-3" not in page.texts())

        def fail(*_given: object, **_more: object) -> None:
            raise UnavailableError("the server stops; come again in a moment")

        monkeypatch.setattr(Watching, "devices", fail)
        await page.fill("Search devices", "or-3")
        await page.sees("The server stops; come again in a moment")


@driven
async def test_versions_are_compared_and_one_is_taken_up_again(ui: OpenUi, person: Person, twin: str) -> None:
    changed = TWIN.replace("count: 3", "count: 5")
    person.call(
        "PUT", f"twins/{twin}", code=200, json={"source": changed, "note": "two more"}, headers={"If-Match": '"1"'}
    )
    async with ui(places.asked(places.twin(twin, "specification"), part="versions")) as page:
        await page.sees("two more")
        await page.sees("What changed")
        spans = await page.until(lambda: spanned(page, "+") or None)
        assert any('count: 5, name: "sensor-{n}"' in each for each in spans)
        await page.press("Restore version 1")
        await page.sees("Restore version 1?")
        await page.sees("The layers were placed then as they are now.")
        await page.press("Restore")
        await page.sees("Version 1 again")
        kept = person.get(f"twins/{twin}")
        assert (kept["number"], kept["current"]["note"], kept["current"]["source"]) == (3, "Version 1 again", TWIN)
        await page.go(places.asked(places.twin(twin, "specification"), version="2"))
        await page.sees("This is version 2.")


@driven
async def test_a_version_comes_back_with_its_placement(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    place(sqlite_site, twin)
    for number, slots in ((1, {"L5": "azure"}), (2, {"L5": "gcp"})):
        headers = {"If-Match": f'"{number}"'}
        person.call("PUT", f"twins/{twin}/placement", code=200, json={"overrides": slots}, headers=headers)
    async with ui(places.asked(places.twin(twin, "specification"), part="versions")) as page:
        await page.press("Restore version 2")
        await page.sees("gcp.grafana-oss-vm@")
        await page.sees("at the prices of then")
        await page.fill("Its placement, too", False)
        await page.sees("They stay where they are placed now.")
        await page.fill("Its placement, too", True)
        await page.press("Restore")
        await page.sees("Version 2 is now version 4")
    kept = person.get(f"twins/{twin}")["current"]
    assert kept["placement"] == person.get(f"twins/{twin}/versions/2")["placement"]
    assert kept["overrides"].keys() == {"L5"}


def spanned(page: Ui, begin: str) -> list[str]:
    """Lines of code in view that begin so."""
    lines = ["".join(span.text or "" for span in each.spans or []) for each in page.all(ft.Text)]
    return [line for line in lines if line.startswith(begin)]


@driven
async def test_somebody_is_let_in_by_their_address(ui: OpenUi, sqlite_site: Site, person: Person, twin: str) -> None:
    sqlite_site.person("guest", None)
    async with ui(places.asked(places.twin(twin, "specification"), part="people")) as page:
        await page.press("Let somebody in")
        await page.fill("E-mail address", "nobody@example.org")
        await page.press("Let in")
        await page.sees("nobody@example.org")
        await page.fill("E-mail address", "guest@example.org")
        await page.press("Let in")
        await page.sees("guest@example.org")
        assert {each["name"] for each in person.get(f"twins/{twin}/members")["items"]} == {"olga", "guest"}


@driven
async def test_a_twin_is_deleted_only_by_its_name(ui: OpenUi, person: Person, twin: str) -> None:
    async with ui(places.twin(twin)) as page:
        await page.choose("Delete")
        await page.sees("Delete greenhouse?")
        await page.fill("Type “greenhouse” to go on", "green")
        assert page.button("Delete").disabled  # type: ignore[attr-defined]  # what every button has
        await page.fill("Type “greenhouse” to go on", "greenhouse")
        await page.press("Delete")
        await page.sees("No twins yet")
        assert person.get("twins")["items"] == []


@driven
async def test_a_device_that_is_not_live_says_why(ui: OpenUi, twin: str) -> None:
    async with ui(places.asked(places.twin(twin, "devices"), search="sensor-2")) as page:
        await page.sees("sensor-2")
        assert "sensor-1" not in page.texts()
        await page.press("sensor-2")
        await page.sees("Nothing is measured")
        assert page.page.route == places.asked(places.twin(twin, "devices"), search="sensor-2", device="sensor-2")


@driven
async def test_what_moving_would_save_is_told_beside_the_cost(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    place(sqlite_site, twin)
    person.post(f"twins/{twin}/runs", {"kind": "deploy", "target": "clouds", "approve": True}, 201)
    work_off(sqlite_site)
    advice = person.get(f"twins/{twin}/advice?target=clouds")
    way = advice["proposed"]
    async with ui(f"{places.twin(twin, 'cost')}?target=clouds") as page:
        await page.sees("Moves that pay")
        await page.sees("moving pays" if advice["worth"] else "hardly worth it")
        await page.sees(f"${way['saving_usd_per_month']:,.2f} / month")
        await page.sees(f"which is back {when_back(way['payback_months'])}")
        services = {offer["id"]: offer["service"] for offer in person.get("offers")["items"]}
        for move in way["moves"]:
            offer, _, region = move["target"].partition("@")
            await page.sees(services[offer])
            await page.sees(f", {region}")
            assert offer not in page.texts()


@driven
async def test_meters_in_clouds_say_why_nothing_counts_them(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    place(sqlite_site, twin)
    async with ui(f"{places.twin(twin, 'cost')}?target=clouds") as page:
        await page.sees("Meter by meter")
        await page.sees("not metered")
        await page.sees("nothing was read from AWS in this month yet")
        await page.sees("not metered by AWS: IoT Core tells minutes of connections for the whole account")
        await page.sees(" a unit")
