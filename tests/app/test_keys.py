"""API keys over HTTP: never more than whoever makes one has."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.app.backends import START, Person, Site
from twin2multicloud.app.auth.access import Scope
from twin2multicloud.app.auth.key_form import is_key, new_key
from twin2multicloud.app.auth.tokens import token_hash
from twin2multicloud.app.db.tables import ApiKey
from twin2multicloud.app.db.tables.people import Role


def made(person: Person, code: int = 201, **more: object) -> dict[str, object]:
    found: dict[str, object] = person.post("keys", {"name": "ci", "scopes": ["read"], **more}, code)
    return found


def with_key(person: Person, key: dict[str, object]) -> Person:
    return Person(person.user_id, str(key["token"]), person.http)


def test_a_key_is_told_once_and_kept_as_a_hash(here: Site, owner: Person) -> None:
    key = made(owner)
    token = str(key["token"])
    assert is_key(token)
    assert datetime.fromisoformat(str(key["expires_at"])) == START + timedelta(days=90)
    listed = owner.get("keys?sort=name")["items"]
    assert [each["prefix"] for each in listed if each["name"] == "ci"] == [token[:12]]
    assert all("token" not in each for each in listed)
    with here.backend.database.read() as session:
        row = session.get(ApiKey, key["id"])
        assert row is not None
        assert row.key_hash == token_hash(token)
    assert with_key(owner, key).get("twins")["items"] == []
    used = owner.get(f"keys/{key['id']}")["last_used_at"]
    assert datetime.fromisoformat(used) == START


def test_a_key_gives_at_most_what_its_maker_has(here: Site, owner: Person) -> None:
    writer = Person(owner.user_id, here.key(owner.user_id, [Scope.READ, Scope.WRITE]), here.http)
    problem = writer.post("keys", {"name": "ci", "scopes": ["read", "run"]}, 403)
    assert problem["errors"][0] == {"field": "scopes", "problem": "are at most read, write", "value": "run"}
    made(writer, scopes=["write", "read", "read"])
    made(owner, 403, scopes=["admin"])
    made(here.person("ada", None, admin=True), scopes=["admin"])
    reader = Person(owner.user_id, here.key(owner.user_id, [Scope.READ]), here.http)
    made(reader, 403)


def test_a_key_made_with_a_key_ends_with_it_at_the_latest(here: Site, owner: Person) -> None:
    short = with_key(owner, made(owner, scopes=["read", "write"], days=10))
    here.clock.pass_by(86_400)
    assert datetime.fromisoformat(str(made(short)["expires_at"])) == START + timedelta(days=10)
    assert datetime.fromisoformat(str(made(short, days=2)["expires_at"])) == START + timedelta(days=3)


def test_a_key_bound_to_a_workspace_makes_keys_for_that_only(here: Site, owner: Person) -> None:
    rome = here.workspace("rome")
    oleg = here.person("oleg", Role.OWNER, workspace_id=rome)
    made(owner, 404, workspace=rome)
    bound = with_key(owner, made(owner, scopes=["read", "write"], workspace=here.workspace_id))
    assert made(bound)["workspace"] == here.workspace_id
    oleg.call("PUT", f"workspaces/{rome}/members/{owner.user_id}", code=200, json={"role": "owner"})
    made(owner, workspace=rome)
    made(bound, 404, workspace=rome)
    assert {key["workspace"] for key in bound.get("keys")["items"]} == {here.workspace_id}


def test_a_revoked_key_takes_those_it_made_along(here: Site, owner: Person) -> None:
    first = made(owner, scopes=["read", "write"])
    second = made(with_key(owner, first), scopes=["read", "write"])
    third = made(with_key(owner, second))
    other = made(owner)
    owner.call("DELETE", f"keys/{first['id']}", code=204)
    for key in (first, second, third):
        with_key(owner, key).get("twins", 401)
    with_key(owner, other).get("twins")
    owner.call("DELETE", f"keys/{first['id']}", code=204)
    holding = {key["id"] for key in owner.get("keys?holding=true")["items"]}
    assert other["id"] in holding
    assert not {first["id"], second["id"], third["id"]} & holding


def test_nobody_but_an_admin_knows_of_others_keys(here: Site, owner: Person) -> None:
    vera = here.person("vera", Role.VIEWER)
    admin = here.person("ada", None, admin=True)
    key = made(vera)
    for code, path in ((404, f"keys/{key['id']}"), (403, "keys?all=true"), (403, f"keys?user={vera.user_id}")):
        owner.get(path, code)
    owner.call("DELETE", f"keys/{key['id']}", code=404)
    assert {each["user"] for each in admin.get("keys?all=true")["items"]} >= {vera.user_id, owner.user_id}
    assert {each["user"] for each in admin.get(f"keys?user={vera.user_id}")["items"]} == {vera.user_id}
    admin.call("DELETE", f"keys/{key['id']}", code=204)
    with_key(vera, key).get("twins", 401)


def test_nobody_has_keys_without_number(here: Site, owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twin2multicloud.app.services.keys.MOST", 3)
    made(owner)
    key = made(owner)
    assert "revoke" in str(made(owner, 409)["detail"])
    owner.call("DELETE", f"keys/{key['id']}", code=204)
    made(owner)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes.0"),
        ({"days": 0}, "days"),
        ({"days": 367}, "days"),
        ({"name": " "}, "name"),
        ({"workspace": "rome"}, "workspace"),
        ({"expires": "never"}, "expires"),
    ],
)
def test_what_is_no_key_is_refused(owner: Person, body: dict[str, object], field: str) -> None:
    assert [error["field"] for error in made(owner, 422, **body)["errors"]] == [field]  # type: ignore[attr-defined]


@given(st.binary(min_size=32, max_size=32), st.integers(4, 52), st.sampled_from("0aZ9_-é"))
def test_a_scanner_tells_a_real_key(random: bytes, place: int, other: str) -> None:
    key = new_key(lambda _count: random)
    assert is_key(key)
    assert len(key) == 53
    changed = key[:place] + other + key[place + 1 :]
    assert is_key(changed) is (changed == key)


@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_may_always_revoke_itself_and_nothing_else(here: Site, owner: Person, scope: Scope) -> None:
    other = made(owner)
    for named in ("@me", "by id"):
        key = Person(owner.user_id, here.key(owner.user_id, [scope]), here.http)
        if scope is not Scope.WRITE:
            key.call("DELETE", f"keys/{other['id']}", code=403)
        [own] = [each["id"] for each in owner.get("keys?holding=true")["items"] if each["scopes"] == [scope.value]
                 and each["id"] != other["id"]]  # fmt: skip
        key.call("DELETE", f"keys/{'@me' if named == '@me' else own}", code=204)
        key.get("me", 401)
    with_key(owner, other).get("me")


def test_a_key_is_told_when_it_ends(here: Site, owner: Person) -> None:
    key = with_key(owner, made(owner, days=3))
    me = key.get("me")
    assert datetime.fromisoformat(me["key_expires_at"]) == START + timedelta(days=3)
    assert key.get("keys/@me")["id"] == me["key"]
    assert owner.get("me")["key_expires_at"] is None
