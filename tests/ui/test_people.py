"""People, workspaces, roles, keys, and signing out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.backends import Person, Site
from tests.ui.conftest import OpenUi
from tests.ui.driver import driven
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.schemas.login import Me
from twin2multicloud.app.services import spending
from twin2multicloud.app.services.spending import Spent
from twin2multicloud.app.ui import may
from twin2multicloud.app.ui.shell.account import initials
from twin2multicloud.costing.months import month_of


@driven
async def test_an_owner_lets_somebody_in_changes_their_role_and_takes_them_out(
    ui: OpenUi, sqlite_site: Site, person: Person
) -> None:
    sqlite_site.person("ada", None)
    place = sqlite_site.workspace_id
    async with ui(f"/people?chosen={place}") as page:
        await page.fill("E-mail address", "nobody@example.org")
        await page.press("Let in")
        await page.until(lambda: "has signed in here yet" in str(getattr(page.field("E-mail address"), "error", "")))
        await page.fill("E-mail address", "ada@example.org")
        await page.press("Let in")
        await page.sees("ada is let in")
        await page.fill("Role of ada", "viewer")
        await page.sees("ada is viewer now")
        assert _roles(person, place) == {"ada": "viewer", "olga": "owner"}
        await page.press("Take ada out")
        await page.press("Take out")
        await page.sees("ada is in berlin no more")
        assert _roles(person, place) == {"olga": "owner"}


@driven
async def test_an_operator_says_what_all_twins_together_may_cost(ui: OpenUi, sqlite_site: Site, person: Person) -> None:
    twin = person.create_twin()["id"]
    spent = Spent(month_of(sqlite_site.backend.now()), sqlite_site.backend.now(), 4.0, 12.0)
    with sqlite_site.backend.database.write() as session:
        spending.keep(session, twin, "clouds", "metered", spent)
    place = sqlite_site.workspace_id
    async with ui(f"/people?chosen={place}") as page:
        await page.sees("Nobody has said what its twins together may cost in a month.")
        await page.fill("A month may cost", "nothing")
        await page.press("Set the budget")
        await page.until(lambda: "more than 0" in str(getattr(page.field("A month may cost"), "error", "")))
        await page.fill("A month may cost", "5")
        await page.press("Set the budget")
        await page.sees("$5.00 a month; alerts come at 50%, 80%, 100%.")
        await page.sees("80% of it; $12.00 by its end.")
        (alert, _forecast) = person.get("alerts?sort=first_at")["items"]
        await page.go(f"/alerts?alert={alert['id']}")
        await page.sees("all twins of berlin · clouds")
        await page.press("Show the workspace")
        await page.press("Take it away")
        await page.sees("Nobody has said what its twins together may cost in a month.")
        person.get(f"workspaces/{place}/budget", 404)
    viewer = sqlite_site.person("vera", Role.VIEWER)
    async with ui(f"/people?chosen={place}", who=viewer) as page:
        await page.sees("Nobody has said what its twins together may cost in a month.")
        assert "Set the budget" not in page.texts()


@driven
async def test_the_only_owner_stays(ui: OpenUi, sqlite_site: Site, person: Person) -> None:
    async with ui(f"/people?chosen={sqlite_site.workspace_id}") as page:
        await page.fill("Role of olga", "viewer")
        await page.sees("That did not work")
        assert _roles(person, sqlite_site.workspace_id) == {"olga": "owner"}


@driven
async def test_a_workspace_is_renamed_and_one_that_is_not_empty_stays(
    ui: OpenUi, sqlite_site: Site, person: Person
) -> None:
    person.create_twin()
    async with ui(f"/people?chosen={sqlite_site.workspace_id}") as page:
        await page.press("Rename…")
        await page.fill("Name", "bonn")
        await page.press("Rename")
        await page.sees("It is called bonn now")
        await page.until(lambda: page.texts().count("bonn") == 2)
        await page.press("Delete…")
        await page.fill("Type “bonn” to go on", "bonn")
        await page.press("Delete")
        await page.sees("is not empty")


@driven
async def test_an_admin_makes_a_workspace_and_looks_after_people(ui: OpenUi, sqlite_site: Site, person: Person) -> None:
    admin = sqlite_site.person("anna", admin=True)
    async with ui("/people", who=admin) as page:
        await page.press("New workspace")
        await page.fill("Name", "bonn")
        await page.press("Create")
        await page.sees("bonn is there")
        assert {each["name"] for each in admin.get("me")["workspaces"]} == {"berlin", "bonn"}
        await page.go(f"/people/users?chosen={person.user_id}")
        await page.press("Shut out…")
        await page.press("Shut out")
        await page.sees("olga is shut out")
        assert admin.get(f"users/{person.user_id}")["disabled"]
        await page.press("Let in again")
        await page.sees("olga is let in again")


@driven
async def test_an_admin_who_is_not_in_a_workspace_is_told_so(ui: OpenUi, sqlite_site: Site) -> None:
    admin = sqlite_site.person("anna", None, admin=True)
    async with ui("/people?all=yes", who=admin) as page:
        await page.sees("not in it")
        await page.go(f"/people?all=yes&chosen={sqlite_site.workspace_id}")
        await page.sees("You are not in it")


@driven
async def test_others_see_whom_they_work_with_and_no_buttons(ui: OpenUi, sqlite_site: Site) -> None:
    viewer = sqlite_site.person("vera", Role.VIEWER)
    async with ui("/people/users", who=viewer) as page:
        await page.sees("olga@example.org")
        await page.sees("Admins see everybody")
        await page.go(f"/people?chosen={sqlite_site.workspace_id}")
        await page.sees("Owners change who is in it")
        for label in ("Let in", "Rename…", "Take olga out", "New workspace"):
            with pytest.raises(LookupError):
                page.button(label)
        assert page.button("Leave berlin")


@driven
async def test_a_key_is_shown_once_and_revoked(ui: OpenUi, person: Person) -> None:
    async with ui("/people/keys?add=yes") as page:
        await page.press("Make the key")
        await page.until(lambda: getattr(page.field("Name: what uses it"), "error", None) == "is needed")
        await page.fill("Name: what uses it", "ci")
        await page.press("Make the key")
        await page.sees("This is shown once")
        token = next(each for each in page.texts() if each.startswith("t2m_") and "…" not in each)
        assert person.call("GET", "me", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        await page.press("I have it")
        await page.until(lambda: token not in page.texts())
        await page.press("Revoke ci")
        await page.press("Revoke")
        await page.sees("The key “ci” holds no more")
        found = [each for each in person.get("keys")["items"] if each["name"] == "ci"]
        assert found[0]["revoked_at"] is not None


@driven
async def test_signing_out_everywhere_asks_first(ui: OpenUi) -> None:
    async with ui("/people/sessions") as page:
        await page.sees("olga@example.org")
        await page.press("Sign out everywhere…")
        await page.sees("Your keys go on.")
        await page.press("Sign out everywhere")
        await page.sees("browsers are signed out")


@driven
async def test_who_is_signed_in_is_at_the_end_of_the_rail(ui: OpenUi) -> None:
    async with ui("/") as page:
        await page.press("Signed in as olga")
        await page.sees("olga@example.org")
        await page.press("Keys")
        await page.until(lambda: page.page.route == "/people/keys")


@pytest.mark.parametrize(
    ("name", "found"),
    [("Ada Lovelace", "AL"), ("ada", "A"), ("ada@example.org", "AO"), ("", "?"), ("Jean-Luc de la Tour", "JT")],
)
def test_initials(name: str, found: str) -> None:
    assert initials(name) == found


@pytest.mark.parametrize(
    ("role", "scopes", "may_run"),
    [
        ("owner", ["read", "run"], True),
        ("operator", ["read", "run"], True),
        ("viewer", ["read", "run"], False),
        ("owner", ["read"], False),
    ],
)
def test_what_somebody_may_takes_role_and_scope(role: Any, scopes: Any, may_run: bool) -> None:
    me = Me.model_validate(
        {
            "id": "usr_1",
            "name": "ada",
            "email": "",
            "admin": True,
            "scopes": scopes,
            "session": False,
            "key": None,
            "workspaces": [{"id": "wsp_1", "name": "berlin", "role": role}],
            "csrf": None,
        }
    )
    assert may.have(me, "run", "operator", "wsp_1") is may_run
    assert not may.have(me, "run", "operator", "wsp_2")
    assert not may.administer(me)


def _roles(person: Person, workspace: str) -> dict[str, str]:
    return {each["name"]: each["role"] for each in person.get(f"workspaces/{workspace}/members")["items"]}
