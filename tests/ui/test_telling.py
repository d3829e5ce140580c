"""Who is told of alerts: routes, escalation, what is kept quiet, by whoever may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.backends import Person, Site, site
from tests.app.deployments import raised
from tests.app.receivers import Hook, hook
from tests.ui.conftest import OpenUi
from tests.ui.driver import driven
from twin2multicloud.app.db.tables.people import Role


@pytest.fixture
def receiver() -> Iterator[Hook]:
    with hook() as made:
        yield made


@pytest.fixture
def sqlite_site(sqlite_file: str, tmp_path: Path) -> Iterator[Site]:
    """One that may tell receivers on this machine."""
    allowed = {"private_networks": ["127.0.0.0/8"]}
    with site(tmp_path / "data", sqlite_file, webhooks=allowed) as made:
        yield made


@driven
async def test_an_owner_adds_a_webhook_tries_it_and_has_it_escalated_to(
    ui: OpenUi, sqlite_site: Site, person: Person, receiver: Hook
) -> None:
    place = f"workspaces/{sqlite_site.workspace_id}"
    async with ui("/alerts?part=telling") as page:
        await page.sees("Alerts are told here and on the command line only")
        await page.press("Add a webhook")
        await page.press("Add the route")
        await page.until(lambda: getattr(page.field("Name of the route"), "error", None) == "is needed")
        await page.fill("Name of the route", "on call")
        await page.fill("Address of the webhook", receiver.url)
        await page.press("Add the route")
        await page.sees("shown once")
        (route,) = person.get(f"{place}/alert-routes")["items"]
        assert not any("canary-in-an-address" in each for each in page.texts())
        await page.press("I have it")
        await page.press("Test on call")
        await page.sees("on call was told")
        assert receiver.posts[0].json["reason"] == "test"
        await page.press("Add a step")
        await page.press("Add")
        await page.sees("after 5 min: on call")
        assert person.get(f"{place}/alert-policy")["steps"] == [{"after_minutes": 5, "route": route["id"]}]
        await page.press("Remove the step after 5 min")
        await page.sees("Nobody else is told")
        await page.press("Switch on call off")
        await page.sees("off")
        await page.press("Delete on call")
        await page.press("Delete")
        await page.sees("on call is gone")
        assert person.get(f"{place}/alert-routes")["items"] == []


@driven
async def test_what_cannot_be_added_says_why(ui: OpenUi, sqlite_site: Site, person: Person) -> None:
    async with ui("/alerts?part=telling") as page:
        await page.press("Add e-mail")
        await page.fill("Name of the route", "team")
        await page.fill("E-mail addresses", "nobody")
        await page.press("Add the route")
        await page.until(lambda: "one address or several" in str(getattr(page.field("E-mail addresses"), "error", "")))
        await page.fill("E-mail addresses", "ada@example.org")
        await page.press("Add the route")
        await page.sees("smtp.host")


@driven
async def test_an_operator_keeps_alerts_quiet_and_lets_them_be_told(
    ui: OpenUi, sqlite_site: Site, person: Person
) -> None:
    twin = person.create_twin()["id"]
    alert = raised(sqlite_site, twin)
    operator = sqlite_site.person("otto", Role.OPERATOR)
    async with ui("/alerts?part=telling", who=operator) as page:
        await page.sees("Nothing is kept quiet by a rule")
        with pytest.raises(LookupError):
            page.button("Add a webhook")
        await page.press("Keep quiet…")
        await page.fill("Kind", "link-*")
        await page.press("Keep quiet")
        await page.sees("1 alert is muted")
        await page.sees("all twins · any layer · link-*")
        assert operator.get(f"alerts/{alert}")["muted_until"] is not None
        await page.press("End the rule for all twins")
        await page.sees("It is told again when it comes again")


@driven
async def test_a_viewer_sees_what_is_quiet_and_no_routes(ui: OpenUi, sqlite_site: Site, person: Person) -> None:
    viewer = sqlite_site.person("vera", Role.VIEWER)
    async with ui("/alerts?part=telling", who=viewer) as page:
        await page.sees("Nothing is kept quiet by a rule")
        for label in ("Add a webhook", "Keep quiet…", "Add a step"):
            with pytest.raises(LookupError):
                page.button(label)
        await page.press("Open")
        await page.sees("No open alerts")
