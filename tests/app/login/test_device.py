"""A command line gets a key of somebody who agrees in a browser."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from tests.app.backends import Person, Site
from twin2multicloud.app.auth.user_codes import read_user_code, user_code
from twin2multicloud.app.db.tables import ApiKey, DeviceLogin, User
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.services import sign_in


def begin(here: Site, **more: Any) -> Any:
    answer = here.http.post("/api/v1/login/device", json={"client_name": "lena's laptop", **more})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def poll(here: Site, started: Any) -> tuple[int, Any]:
    answer = here.http.post("/api/v1/login/device/token", json={"device_code": started["device_code"]})
    body = answer.json()
    return answer.status_code, body["details"]["error"] if answer.status_code == 400 else body


def browser_of(here: Site, person: Person) -> TestClient:
    """A browser that somebody is signed in with."""
    with here.backend.database.write() as session:
        user = session.get(User, person.user_id)
        assert user is not None
        made = sign_in.sign_in(here.backend, session, user, provider="test", user_agent="", before=None)
    cookies = {"t2m_session": made.token, "t2m_csrf": made.csrf}
    headers = {"X-CSRF-Token": made.csrf}
    return TestClient(here.http.app, base_url="http://127.0.0.1:8080", cookies=cookies, headers=headers)


def agree(here: Site, person: Person, started: Any, code: int = 204, allow: bool = True, **more: Any) -> None:
    body = {"user_code": started["user_code"], "allow": allow, **more}
    answer = browser_of(here, person).post("/api/v1/login/device/answer", json=body)
    assert answer.status_code == code, answer.text


def test_the_whole_way(here: Site, owner: Person) -> None:
    started = begin(here)
    assert re.fullmatch(r"[B-Z]{4}-[B-Z]{4}", started["user_code"])
    assert started["verification_uri_complete"].endswith(f"/login/device?code={started['user_code']}")
    assert poll(here, started) == (400, "authorization_pending")
    here.clock.pass_by(5)
    agree(here, owner, started)
    status, made = poll(here, started)
    assert (status, made["name"], made["scopes"]) == (200, "lena's laptop", ["read", "write", "run"])
    assert made["token"].startswith("t2m_")
    line = Person(owner.user_id, made["token"], here.http)
    me = line.get("me")
    assert (me["name"], me["scopes"]) == ("olga", ["read", "run", "write"])
    assert poll(here, started) == (400, "expired_token")
    agree(here, owner, started, 404)
    here.clock.pass_by(90 * 24 * 3600)
    line.get("me", 401)


def test_only_hashes_are_kept(here: Site, owner: Person) -> None:
    started = begin(here)
    with here.backend.database.read() as session:
        row = session.scalars(select(DeviceLogin)).one()
        kept = repr([getattr(row, column.key) for column in DeviceLogin.__table__.columns])
    for secret in (started["device_code"], started["user_code"], started["user_code"].replace("-", "")):
        assert secret not in kept


def test_whoever_asks_too_often_is_slowed_down(here: Site, owner: Person) -> None:
    started = begin(here)
    assert poll(here, started)[1] == "authorization_pending"
    assert poll(here, started)[1] == "slow_down"
    agree(here, owner, started)
    here.clock.pass_by(9)
    assert poll(here, started)[1] == "slow_down"
    here.clock.pass_by(15)
    assert poll(here, started)[0] == 200


def test_declined_and_too_old(here: Site, owner: Person) -> None:
    declined, old = begin(here), begin(here)
    agree(here, owner, declined, allow=False)
    assert poll(here, declined) == (400, "access_denied")
    here.clock.pass_by(600)
    agree(here, owner, old, 404)
    assert poll(here, old) == (400, "expired_token")
    assert here.http.post("/api/v1/login/device/token", json={"device_code": "guessed"}).status_code == 400
    begin(here)
    with here.backend.database.read() as session:
        assert session.scalar(select(func.count()).select_from(DeviceLogin)) == 1


def test_of_several_who_poll_at_once_one_gets_the_key(here: Site, owner: Person) -> None:
    started = begin(here)
    agree(here, owner, started)
    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(status for status, _ in pool.map(lambda _: poll(here, started), range(4)))
    assert statuses == [200, 400, 400, 400]
    with here.backend.database.read() as session:
        assert session.scalar(select(func.count()).select_from(ApiKey).where(ApiKey.name == "lena's laptop")) == 1


def test_nobody_gives_more_than_they_have(here: Site, owner: Person) -> None:
    started, ruling = begin(here), begin(here, scopes=["read", "admin"])
    agree(here, owner, started, 404, workspace=here.workspace("rome"))
    agree(here, owner, ruling, 403)
    agree(here, here.person("ada", admin=True), ruling)
    assert poll(here, ruling)[1]["scopes"] == ["read", "admin"]


def test_a_key_cannot_agree(here: Site, owner: Person) -> None:
    """Otherwise whoever has one could make others by the way, which stay when it is revoked."""
    started = begin(here)
    owner.post("login/device/answer", {"user_code": started["user_code"], "allow": True}, 403)
    assert poll(here, started) == (400, "authorization_pending")


def test_a_key_for_one_workspace_only(here: Site, owner: Person) -> None:
    started = begin(here, days=7)
    agree(here, owner, started, workspace=here.workspace_id)
    _, made = poll(here, started)
    assert made["expires_at"].startswith("2026-12-03")
    me = Person("", made["token"], here.http).get("me")
    assert [each["id"] for each in me["workspaces"]] == [here.workspace_id]


def test_whoever_was_shut_out_meanwhile_gives_no_key(here: Site, owner: Person) -> None:
    started = begin(here)
    agree(here, owner, started)
    with here.backend.database.write() as session:
        user = session.get(User, owner.user_id)
        assert user is not None
        user.disabled = True
    assert poll(here, started) == (400, "expired_token")


def test_codes_cannot_be_guessed(here: Site, owner: Person) -> None:
    body = {"user_code": "BCDF-GHJK", "allow": True}
    guessing, page = browser_of(here, owner), "/login/device?code=BCDF-GHJK"
    found = [guessing.post("/api/v1/login/device/answer", json=body).status_code for _ in range(8)]
    assert found + [guessing.get(page).status_code for _ in range(3)] == [404] * 10 + [429]
    other = browser_of(here, here.person("oleg", Role.VIEWER))
    assert other.post("/api/v1/login/device/answer", json=body).status_code == 404


def test_logins_cannot_be_begun_at_speed(sqlite_site: Site) -> None:
    found = [sqlite_site.http.post("/api/v1/login/device", json={"client_name": "x"}).status_code for _ in range(22)]
    assert found == [200] * 20 + [429] * 2


@pytest.mark.parametrize(
    "body", [{}, {"client_name": ""}, {"client_name": "x\x00"}, {"client_name": "x", "scopes": []}]
)
def test_what_is_asked_for_is_checked(sqlite_site: Site, body: dict[str, Any]) -> None:
    assert sqlite_site.http.post("/api/v1/login/device", json=body).status_code == 422


def test_codes_are_read_as_people_type_them() -> None:
    code = user_code("a token")
    assert code != user_code("another")
    for typed in (code, code.lower(), code.replace("-", ""), f" {code[:2]} {code[2:]} "):
        assert read_user_code(typed) == code.replace("-", "")
    for typed in ("", "AEIO-UAEI", code[:-1], code + "B", "💥" * 8):
        assert read_user_code(typed) is None
