"""Drafts over HTTP: whose they are, how they are saved, and what becomes of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from tests.app.backends import TWIN, Person, Site
from tests.app.test_at_once import at_once
from twin2multicloud.app.db.tables import Draft
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.schemas.drafts import MOST_DRAFTS

HALF = "name: green\nworkload: {message_"


def seen(version: int = 1) -> dict[str, str]:
    return {"If-Match": f'"{version}"'}


def made(person: Person, **more: Any) -> Any:
    return person.post("drafts", {"title": "mine", "source": HALF, **more}, 201)


def titles(person: Person, query: str = "") -> list[str]:
    return [each["title"] for each in person.get(f"drafts{query}")["items"]]


def test_what_is_written_is_kept_sound_or_not(here: Site, owner: Person) -> None:
    draft = made(owner, files={"processors/a.py": "def ("}, step="workload")
    assert owner.get(f"drafts/{draft['id']}") == draft
    assert (draft["source"], draft["files"], draft["format"]) == (HALF, {"processors/a.py": "def ("}, None)
    here.clock.pass_by(60)
    path = f"drafts/{draft['id']}"
    answer = owner.call("PATCH", path, code=200, json={"source": TWIN, "format": "yaml"}, headers=seen())
    assert answer.headers["etag"] == '"2"'
    saved = answer.json()
    assert saved == {
        **draft,
        "source": TWIN,
        "format": "yaml",
        "version": 2,
        "updated_at": "2026-11-26T08:01:00Z",
    }
    [listed] = owner.get("drafts")["items"]
    assert "source" not in listed
    assert listed == {name: value for name, value in saved.items() if name not in ("source", "files", "format")}
    owner.call("DELETE", path, code=412, headers=seen())
    owner.call("DELETE", path, code=204, headers=seen(2))
    owner.get(path, 404)


def test_nobody_else_sees_them(here: Site, owner: Person) -> None:
    draft = made(owner)
    admin = here.person("ada", Role.OWNER, admin=True)
    elsewhere = Person(owner.user_id, here.key(owner.user_id, workspace_id=here.workspace("rome")), here.http)
    for other in (admin, here.person("otto"), elsewhere):
        assert titles(other) == []
        other.get(f"drafts/{draft['id']}", 404)
        other.call("PATCH", f"drafts/{draft['id']}", code=404, json={"title": "theirs"}, headers=seen())
        other.call("DELETE", f"drafts/{draft['id']}", code=404, headers=seen())
    assert owner.get("events")["items"] == []
    assert not [each for each in admin.get("audit")["items"] if "draft" in each["action"]]
    assert titles(owner) == ["mine"]


def test_a_draft_of_a_twin_that_is_there(here: Site, owner: Person) -> None:
    twin = owner.create_twin()
    of = {"twin": twin["id"], "twin_number": twin["number"]}
    draft = made(owner, **of, title="another")
    made(owner)
    assert titles(owner, f"?twin={twin['id']}") == ["another"]
    assert titles(owner, "?sort=title") == ["another", "mine"]
    owner.call("PATCH", f"drafts/{draft['id']}", code=200, json={"twin_number": 2}, headers=seen())
    # Whoever has a role for the twin alone may write about it, too, and about nothing else.
    guest = here.person("gus", None)
    guest.post("drafts", {**of}, 404)
    here.let_in(guest.user_id, twin["id"], Role.OPERATOR)
    guest.post("drafts", {**of, "title": "a guest's"}, 201)
    guest.post("drafts", {"title": "a new one"}, 404)
    assert titles(guest) == ["a guest's"]
    # The text stays when the twin goes, for whoever is still there.
    owner.call("DELETE", f"twins/{twin['id']}", code=204, headers=seen(twin["version"]))
    left = owner.get(f"drafts/{draft['id']}")
    assert (left["source"], left["twin"], left["twin_number"]) == (HALF, None, None)
    assert titles(guest) == []


def test_what_cannot_be_a_draft(here: Site, owner: Person) -> None:
    twin = owner.create_twin()["id"]
    rome = here.workspace("rome")
    for body, field in (
        ({"twin": twin}, ""),
        ({"source": "x" * 1_048_577}, "source"),
        ({"title": "two\nlines"}, "title"),
        ({"source": "nul\x00"}, "source"),
        ({"files": {"a": "x" * 262_145}}, "files.a"),
        ({"format": "xml"}, "format"),
    ):
        errors = owner.post("drafts", body, 422)["errors"]
        assert [each["field"] for each in errors] == [field], body
    assert owner.post(f"drafts?workspace={rome}", {"twin": twin, "twin_number": 1}, 422)["errors"][0]["field"] == (
        "workspace"
    )
    path = f"drafts/{made(owner)['id']}"
    owner.call("PATCH", path, code=428, json={"title": "new"})
    for change in ({"twin_number": 2}, {"source": None}, {"twin": twin}):
        owner.call("PATCH", path, code=422, json=change, headers=seen())


def test_there_are_a_hundred_at_most_however_they_are_asked_for(here: Site, owner: Person) -> None:
    for _ in range(MOST_DRAFTS - 2):
        made(owner)
    asked = [lambda: owner.call("POST", "drafts", json={}).status_code] * 4
    assert sorted(at_once(*asked)) == [201, 201, 409, 409]
    assert "delete" in owner.post("drafts", {}, 409)["detail"]
    assert len(titles(owner, "?limit=500")) == MOST_DRAFTS
    made(here.person("otto"))


def test_of_two_saves_at_once_one_is_told(here: Site, owner: Person) -> None:
    for _ in range(6):
        path = f"drafts/{made(owner)['id']}"

        def save(text: str, path: str = path) -> int:
            found: int = owner.call("PATCH", path, json={"source": text}, headers=seen()).status_code
            return found

        codes = at_once(lambda: save("one"), lambda: save("two"))
        assert sorted(codes) == [200, 412]
        assert owner.get(path)["source"] == ("one", "two")[codes.index(200)]


def test_they_go_with_their_writer_and_their_workspace(here: Site, owner: Person) -> None:
    admin = here.person("ada", None, admin=True)
    writer = here.person("will", Role.VIEWER)
    path = f"drafts/{made(writer)['id']}"
    here_now = f"workspaces/{here.workspace_id}"
    owner.call("DELETE", f"{here_now}/members/{writer.user_id}", code=204)
    writer.get(path, 404)
    owner.call("PUT", f"{here_now}/members/{writer.user_id}", code=200, json={"role": "viewer"})
    assert writer.get(path)["source"] == HALF
    admin.call("DELETE", f"users/{writer.user_id}", code=204, headers=seen())
    made(owner)
    assert _count(here) == 1
    owner.call("DELETE", here_now, code=204, headers=seen())
    assert _count(here) == 0


def _count(here: Site) -> int:
    with here.backend.database.read() as session:
        return session.scalar(select(func.count()).select_from(Draft)) or 0
