"""People, workspaces and roles over HTTP."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from tests.app import cloud_accounts
from tests.app.backends import Person, Site
from twin2multicloud.app.db.tables import AuditEntry, Event, User
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.services import workspaces

SEEN = {"If-Match": '"1"'}


def names(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [item["name"] for item in answer["items"]]


# ── Who sees whom ───────────────────────────────────────────────────────────────────────────────────────────
def test_people_see_those_they_work_with_and_admins_everybody(here: Site, owner: Person) -> None:
    here.person("vera", Role.VIEWER)
    rome = here.workspace("rome")
    sven = here.person("sven", workspace_id=rome)
    admin = here.person("ada", None, admin=True)
    assert names(owner.get("users")) == ["olga", "vera"]
    assert names(sven.get("users")) == ["sven"]
    assert names(admin.get("users")) == ["ada", "olga", "sven", "vera"]
    assert names(owner.get("users?search=VER")) == ["vera"]
    assert owner.get("users/sven@example.org", 404)["detail"].startswith("nobody with the address")
    assert owner.get("users/VERA@example.org")["admin"] is None
    assert admin.get(f"users/{sven.user_id}")["admin"] is False
    twin = owner.create_twin()["id"]
    here.let_in(sven.user_id, twin, Role.VIEWER)
    assert names(sven.get("users")) == ["olga", "sven", "vera"]
    assert names(owner.get("users")) == ["olga", "sven", "vera"]


def test_a_key_bound_to_a_workspace_sees_nobody_elsewhere(here: Site, owner: Person) -> None:
    rome = here.workspace("rome")
    here.person("sven", workspace_id=rome)
    admin = here.person("ada", Role.VIEWER, admin=True)
    bound = Person(admin.user_id, here.key(admin.user_id, workspace_id=here.workspace_id), here.http)
    assert names(bound.get("users")) == ["ada", "olga"]
    assert names(bound.get("workspaces")) == ["berlin"]
    bound.get("workspaces?all=true", 403)


# ── Admins ──────────────────────────────────────────────────────────────────────────────────────────────────
def test_whoever_is_shut_out_gets_nowhere_until_they_are_let_in(here: Site, owner: Person) -> None:
    admin = here.person("ada", None, admin=True)
    shut = admin.call("PATCH", f"users/{owner.user_id}", code=200, json={"disabled": True}, headers=SEEN)
    assert (shut.json()["disabled"], shut.headers["etag"]) == (True, '"2"')
    owner.get("twins", 401)
    admin.call("PATCH", f"users/{owner.user_id}", code=412, json={"disabled": False}, headers=SEEN)
    admin.call("PATCH", f"users/{owner.user_id}", code=200, json={"disabled": False}, headers={"If-Match": '"2"'})
    owner.get("twins")
    assert [entry["action"] for entry in owner.get("audit")["items"]] == []
    told = admin.get("audit?action=user.&subject=" + owner.user_id)["items"]
    assert [entry["details"]["disabled"] for entry in told] == [False, True]


def test_the_last_admin_stays_one(here: Site) -> None:
    ada = here.person("ada", None, admin=True)
    for body in ({"admin": False}, {"disabled": True}):
        problem = ada.call("PATCH", f"users/{ada.user_id}", code=409, json=body, headers=SEEN).json()
        assert "only admin" in problem["detail"]
    ada.call("DELETE", f"users/{ada.user_id}", code=409, headers=SEEN)
    bob = here.person("bob", None)
    ada.call("PATCH", f"users/{bob.user_id}", code=200, json={"admin": True}, headers=SEEN)
    bob.call("PATCH", f"users/{ada.user_id}", code=200, json={"admin": False}, headers=SEEN)
    ada.get("users?limit=1")
    ada.call("PATCH", f"users/{bob.user_id}", code=403, json={"admin": False}, headers={"If-Match": '"2"'})


def test_of_two_admins_who_shut_each_other_out_at_once_one_stays(here: Site) -> None:
    admins = [here.person(name, None, admin=True) for name in ("ada", "bob")]
    barrier = Barrier(2)
    codes: list[int] = []

    def shut(mine: Person, other: Person) -> None:
        barrier.wait()
        answer = mine.call("PATCH", f"users/{other.user_id}", json={"disabled": True}, headers=SEEN)
        codes.append(answer.status_code)

    threads = [Thread(target=shut, args=pair) for pair in (admins, admins[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with here.backend.database.read() as session:
        left = session.scalars(select(User.name).where(User.admin, ~User.disabled)).all()
    assert len(left) == 1
    assert codes.count(200) == 1


def test_who_is_deleted_is_forgotten_and_what_they_made_stays(here: Site, owner: Person) -> None:
    admin = here.person("ada", None, admin=True)
    ulf = here.person("ulf", Role.OPERATOR)
    twin = ulf.create_twin()["id"]
    admin.call("DELETE", f"users/{ulf.user_id}", code=204, headers=SEEN)
    ulf.get("twins", 401)
    admin.get(f"users/{ulf.user_id}", 404)
    assert owner.get(f"twins/{twin}")["current"]["created_by"] == ulf.user_id
    assert names(owner.get(f"workspaces/{here.workspace_id}/members")) == ["olga"]
    with here.backend.database.read() as session:
        row = session.get(User, ulf.user_id)
        assert row is not None
        assert (row.email, row.subject, row.disabled) == ("", f"deleted|{ulf.user_id}", True)
    problem = admin.call("DELETE", f"users/{owner.user_id}", code=409, headers=SEEN).json()
    assert problem["details"] == {"workspaces": [here.workspace_id]}
    assert "'berlin'" in problem["detail"]


# ── Workspaces ──────────────────────────────────────────────────────────────────────────────────────────────
def test_an_admin_makes_a_workspace_for_somebody(here: Site, owner: Person) -> None:
    admin = here.person("ada", None, admin=True)
    made = admin.post("workspaces", {"name": "lisbon", "owner": "olga@example.org"}, 201)
    assert made["role"] is None
    assert owner.get(f"workspaces/{made['id']}")["role"] == "owner"
    admin.get(f"workspaces/{made['id']}", 404)
    assert names(admin.get("workspaces")) == []
    assert names(admin.get("workspaces?all=true")) == ["berlin", "lisbon"]
    owner.get("workspaces?all=true", 403)
    assert "already" in admin.post("workspaces", {"name": "lisbon"}, 409)["detail"]
    admin.post("workspaces", {"name": "oslo", "owner": "nobody@example.org"}, 404)
    assert names(admin.get("workspaces?all=true")) == ["berlin", "lisbon"]


def test_of_two_who_take_a_name_at_once_the_second_is_told(here: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = here.person("ada", None, admin=True)
    admin.post("workspaces", {"name": "lisbon"}, 201)
    # Both looked before either wrote.
    monkeypatch.setattr(workspaces, "_check_name", lambda *_: None)
    assert admin.post("workspaces", {"name": "lisbon"}, 409)["type"].endswith(":conflict")
    assert names(admin.get("workspaces")) == ["lisbon"]


def test_a_workspace_is_renamed_by_whoever_saw_it_last(here: Site, owner: Person) -> None:
    place = f"workspaces/{here.workspace_id}"
    here.workspace("rome")
    renamed = owner.call("PATCH", place, code=200, json={"name": "bonn"}, headers=SEEN)
    assert (renamed.json()["name"], renamed.headers["etag"]) == ("bonn", '"2"')
    owner.call("PATCH", place, code=412, json={"name": "bern"}, headers=SEEN)
    owner.call("PATCH", place, code=428, json={"name": "bern"})
    owner.call("PATCH", place, code=409, json={"name": "rome"}, headers={"If-Match": '"2"'})
    assert owner.call("PATCH", place, code=422, json={"name": ""}, headers=SEEN).json()["errors"][0]["field"] == "name"


def test_a_workspace_goes_when_it_is_empty(here: Site, owner: Person) -> None:
    place = f"workspaces/{here.workspace_id}"
    twin = owner.create_twin()["id"]
    connection = owner.post(f"{place}/connections", cloud_accounts.aws(), 201)["id"]
    problem = owner.call("DELETE", place, code=409, headers=SEEN).json()
    assert problem["details"] == {"twins": [twin], "connections": [connection]}
    assert "'greenhouse'" in problem["detail"]
    assert "'aws-dev'" in problem["detail"]
    owner.call("DELETE", f"twins/{twin}", code=204, headers=SEEN)
    owner.call("DELETE", f"{place}/connections/{connection}", code=204, headers=SEEN)
    owner.call("DELETE", place, code=204, headers=SEEN)
    owner.get(place, 404)
    assert names(owner.get("workspaces")) == []


def test_a_workspace_whose_owners_are_gone_is_given_a_new_one(here: Site, owner: Person) -> None:
    admin = here.person("ada", None, admin=True)
    ulf = here.person("ulf", Role.OPERATOR)
    place = f"workspaces/{here.workspace_id}"
    body = {"owner": ulf.user_id}
    admin.call("PUT", f"{place}/owner", code=409, json=body)
    admin.call("PATCH", f"users/{owner.user_id}", code=200, json={"disabled": True}, headers=SEEN)
    admin.call("PUT", f"{place}/owner", code=204, json=body)
    assert ulf.get(place)["role"] == "owner"
    admin.call("PUT", "workspaces/wsp_1/owner", code=404, json=body)


# ── Members ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_members_come_by_id_or_address_and_go(here: Site, owner: Person) -> None:
    place = f"workspaces/{here.workspace_id}"
    vera = here.person("vera", None)
    ulf = here.person("ulf", None)
    vera.get(place, 404)
    put = owner.call("PUT", f"{place}/members/{vera.user_id}", code=200, json={"role": "viewer"}).json()
    assert (put["email"], put["role"]) == ("vera@example.org", "viewer")
    owner.call("PUT", f"{place}/members/Ulf@Example.org", code=200, json={"role": "operator"})
    assert [(m["name"], m["role"]) for m in vera.get(f"{place}/members")["items"]] == [
        ("olga", "owner"),
        ("ulf", "operator"),
        ("vera", "viewer"),
    ]
    vera.call("DELETE", f"{place}/members/{ulf.user_id}", code=403)
    twin = owner.create_twin()["id"]
    owner.call("PUT", f"twins/{twin}/members/{ulf.user_id}", code=200, json={"role": "owner"})
    owner.call("DELETE", f"{place}/members/{ulf.user_id}", code=204)
    ulf.get(f"twins/{twin}", 404)
    owner.call("DELETE", f"{place}/members/{ulf.user_id}", code=404)
    vera.call("DELETE", f"{place}/members/@me", code=204)
    vera.get(place, 404)
    assert owner.call("PUT", f"{place}/members/x@example.org", code=404, json={"role": "viewer"})
    assert owner.call("PUT", f"{place}/members/{ulf.user_id}", code=422, json={"role": "boss"})


def test_a_workspace_keeps_an_owner_who_can_sign_in(here: Site, owner: Person) -> None:
    place = f"workspaces/{here.workspace_id}"
    admin = here.person("ada", None, admin=True)
    for call in (
        lambda: owner.call("DELETE", f"{place}/members/@me", code=409),
        lambda: owner.call("PUT", f"{place}/members/@me", code=409, json={"role": "viewer"}),
    ):
        assert "only owner" in call().json()["detail"]  # type: ignore[no-untyped-call]
    other = here.person("oleg", Role.OWNER)
    admin.call("PATCH", f"users/{other.user_id}", code=200, json={"disabled": True}, headers=SEEN)
    owner.call("DELETE", f"{place}/members/@me", code=409)
    owner.call("PUT", f"{place}/members/{other.user_id}", code=409, json={"role": "operator"})
    admin.call("PATCH", f"users/{other.user_id}", code=200, json={"disabled": False}, headers={"If-Match": '"2"'})
    owner.call("DELETE", f"{place}/members/@me", code=204)


def test_of_two_owners_who_leave_at_once_one_stays(here: Site, owner: Person) -> None:
    owners = [owner, here.person("oleg", Role.OWNER)]
    barrier = Barrier(2)
    codes: list[int] = []

    def leave(person: Person) -> None:
        barrier.wait()
        codes.append(person.call("DELETE", f"workspaces/{here.workspace_id}/members/@me").status_code)

    threads = [Thread(target=leave, args=(person,)) for person in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [204, 409]


def test_an_address_that_several_people_have_names_nobody(here: Site, owner: Person) -> None:
    twice = [here.person(name, None) for name in ("ulf", "other")]
    with here.backend.database.write() as session:
        for person in twice:
            row = session.get(User, person.user_id)
            assert row is not None
            row.email = "ulf@example.org"
    path = f"workspaces/{here.workspace_id}/members/ulf@example.org"
    problem = owner.call("PUT", path, code=409, json={"role": "viewer"}).json()
    assert set(problem["details"]["users"]) == {person.user_id for person in twice}


def test_roles_for_one_twin(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    guest = here.person("gast", None)
    vera = here.person("vera", Role.VIEWER)
    owner.call("PUT", f"twins/{twin}/members/{guest.user_id}", code=200, json={"role": "viewer"})
    put = owner.call("PUT", f"twins/{twin}/members/{vera.user_id}", code=200, json={"role": "owner"}).json()
    assert (put["role"], put["twin_role"], put["workspace_role"]) == ("owner", "owner", "viewer")
    assert names(guest.get("twins")) == ["greenhouse"]
    assert [(m["name"], m["role"], m["twin_role"], m["workspace_role"]) for m in members(guest, twin)] == [
        ("gast", "viewer", "viewer", None),
        ("olga", "owner", None, "owner"),
        ("vera", "owner", "owner", "viewer"),
    ]
    vera.call("PUT", f"twins/{twin}/members/{guest.user_id}", code=200, json={"role": "operator"})
    guest.call("DELETE", f"twins/{twin}/members/{vera.user_id}", code=403)
    guest.call("DELETE", f"twins/{twin}/members/@me", code=204)
    guest.get(f"twins/{twin}", 404)
    owner.call("DELETE", f"twins/{twin}/members/@me", code=404)


def members(person: Person, twin: str) -> list[dict[str, str | None]]:
    found: list[dict[str, str | None]] = person.get(f"twins/{twin}/members")["items"]
    return found


@pytest.mark.parametrize("ref", ["a b@example.org", "x"])
def test_what_names_nobody_is_no_name(owner: Person, here: Site, ref: str) -> None:
    owner.call("PUT", f"workspaces/{here.workspace_id}/members/{ref}", code=422, json={"role": "viewer"})


# ── What is told of it ──────────────────────────────────────────────────────────────────────────────────────
def test_every_change_is_in_the_events_and_in_the_audit_log(here: Site, owner: Person) -> None:
    place = f"workspaces/{here.workspace_id}"
    vera = here.person("vera", None)
    owner.call("PUT", f"{place}/members/{vera.user_id}", code=200, json={"role": "viewer"})
    owner.call("PUT", f"{place}/members/{vera.user_id}", code=200, json={"role": "viewer"})
    owner.call("PUT", f"{place}/members/{vera.user_id}", code=200, json={"role": "operator"})
    owner.call("PATCH", place, code=200, json={"name": "bonn"}, headers=SEEN)
    owner.call("DELETE", f"{place}/members/{vera.user_id}", code=204)
    with here.backend.database.read() as session:
        events = session.scalars(select(Event).order_by(Event.id)).all()
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    kinds = ["member.added", "member.changed", "workspace.renamed", "member.removed"]
    assert [event.kind for event in events] == kinds
    assert [entry.action for entry in entries] == kinds
    assert {entry.actor for entry in entries} == {"olga@example.org"}
    assert events[1].message == "vera is operator of berlin, was viewer (olga)"
