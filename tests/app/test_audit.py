"""The audit log over HTTP: who sees what of it, and finding something in it."""

from __future__ import annotations

from tests.app.backends import Person, Site
from twin2multicloud.app.auth.access import Scope
from twin2multicloud.app.db.tables.people import Role


def actions(person: Person, query: str = "") -> list[str]:
    return [entry["action"] for entry in person.get(f"audit?sort=id{query}")["items"]]


def test_admins_see_all_and_owners_what_was_done_in_their_workspaces(here: Site, owner: Person) -> None:
    rome = here.workspace("rome")
    sven = here.person("sven", workspace_id=rome)
    vera = here.person("vera", Role.VIEWER)
    admin = here.person("ada", Role.VIEWER, admin=True)
    owner.create_twin()
    sven.create_twin("tower")
    admin.post("workspaces", {"name": "lisbon"}, 201)
    assert actions(owner) == ["twin.created"]
    assert actions(sven) == ["twin.created"]
    assert actions(vera) == []
    assert actions(admin) == ["twin.created", "twin.created", "workspace.created", "member.added"]
    reader = Person(admin.user_id, here.key(admin.user_id, [Scope.READ]), here.http)
    assert actions(reader) == ["workspace.created", "member.added"]  # as the owner of lisbon
    assert actions(admin, f"&workspace={rome}") == ["twin.created"]
    assert actions(owner, f"&workspace={rome}") == []


def test_entries_are_found(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    here.clock.pass_by(3600)
    ulf = here.person("ulf", Role.OPERATOR)
    ulf.create_twin("tower")
    key = owner.post("keys", {"name": "ci", "scopes": ["read"], "workspace": here.workspace_id}, 201)["id"]
    assert actions(owner) == ["twin.created", "twin.created", "key.created"]
    assert actions(owner, "&action=key.") == ["key.created"]
    assert actions(owner, "&action=%25") == []
    assert actions(owner, f"&subject={twin}") == ["twin.created"]
    assert actions(owner, f"&actor={ulf.user_id}") == actions(owner, "&actor=ULF@example.org") == ["twin.created"]
    assert actions(owner, f"&subject={key}") == ["key.created"]
    assert actions(owner, "&since=2026-11-26T08:30:00Z") == ["twin.created", "key.created"]
    assert actions(owner, "&until=2026-11-26T09:30:00%2B01:00") == ["twin.created"]
    assert owner.get("audit?since=2026-11-26T08:30:00", 422)["errors"][0]["field"] == "since"
    first = owner.get("audit?limit=2")
    rest = owner.get(f"audit?limit=2&cursor={first['next']}")
    assert [e["action"] for e in first["items"] + rest["items"]] == ["key.created", "twin.created", "twin.created"]
    assert rest["next"] is None
