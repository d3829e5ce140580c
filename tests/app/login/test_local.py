"""The local user: proved by a key file and by one-time codes, never by calling from loopback."""

from __future__ import annotations

import html
import stat
import threading
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.app.backends import Person, Site, site
from twin2multicloud.app.db.tables import User, Workspace, WorkspaceMember
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.services import local_login


def key_of(here: Site) -> str:
    return local_login.prepare(here.backend, "lena").read_text().strip()


def sign_in(here: Site, link: str) -> TestClient:
    """A browser of its own, signed in with a link."""
    browser = TestClient(here.http.app, base_url="http://127.0.0.1:8080")
    answer = browser.post("/api/v1/login/local", json={"code": link.partition("#")[2]})
    assert answer.status_code == 200, answer.text
    return browser


def test_the_local_user_owns_the_first_workspace_and_has_a_key_that_only_they_can_read(here: Site) -> None:
    file = local_login.prepare(here.backend, "lena")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    me = Person("", file.read_text().strip(), here.http).get("me")
    assert (me["name"], me["admin"], me["session"], me["csrf"]) == ("lena", True, False, None)
    assert [(each["name"], each["role"]) for each in me["workspaces"]] == [("default", "owner")]
    assert me["scopes"] == ["admin", "read", "run", "write"]
    with here.backend.database.read() as session:
        assert file.read_text().strip() not in str(session.get(User, me["id"]).__dict__)


def test_starting_again_keeps_user_and_key(here: Site) -> None:
    first = key_of(here)
    assert local_login.prepare(here.backend, "called-otherwise-now").read_text().strip() == first
    with here.backend.database.read() as session:
        assert session.query(User).count() == 1
        assert session.query(WorkspaceMember).count() == 1


@pytest.mark.parametrize("how", ["gone", "readable", "other"])
def test_a_key_file_that_cannot_be_right_is_made_anew_and_the_old_key_ends(here: Site, how: str) -> None:
    first = key_of(here)
    file = here.backend.settings.data / "local.key"
    if how == "gone":
        file.unlink()
    elif how == "readable":
        file.chmod(0o644)
    else:
        file.write_text("t2m_of-another-database\n")
    second = key_of(here)
    assert second != first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    Person("", second, here.http).get("me")
    Person("", first, here.http).get("me", 401)


def test_two_processes_that_start_at_once_make_one_user_and_one_key(here: Site) -> None:
    threads = [threading.Thread(target=local_login.prepare, args=(here.backend, "lena")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Person("", key_of(here), here.http).get("me")["name"] == "lena"
    with here.backend.database.read() as session:
        assert session.query(User).count() == 1
        assert session.query(Workspace).filter_by(name="default").count() == 1


def test_a_link_signs_one_browser_in_once(here: Site) -> None:
    key_of(here)
    link = local_login.link(here.backend)
    assert link.startswith("http://127.0.0.1:8080/login/local#")
    browser = sign_in(here, link)
    me = browser.get("/api/v1/me").json()
    assert (me["session"], me["name"], me["key"]) == (True, "lena", None)
    there = browser.get("/login?return_to=/twins", follow_redirects=False)
    assert (there.status_code, there.headers["location"]) == (303, "/twins")
    again = TestClient(here.http.app, base_url="http://127.0.0.1:8080")
    answer = again.post("/api/v1/login/local", json={"code": link.partition("#")[2]})
    assert answer.status_code == 403
    assert "twin2multicloud open" in answer.json()["detail"]
    assert again.get("/api/v1/me").status_code == 401


def test_a_link_holds_for_minutes(here: Site) -> None:
    key_of(here)
    code = local_login.link(here.backend).partition("#")[2]
    here.clock.pass_by(local_login.CODE_LASTS.total_seconds())
    assert here.http.post("/api/v1/login/local", json={"code": code}).status_code == 403


def test_the_command_line_can_ask_for_a_link(here: Site) -> None:
    lena = Person("", key_of(here), here.http)
    made = lena.post("login/local/link")
    assert made["lasts_s"] == 300
    assert sign_in(here, made["url"]).get("/api/v1/me").status_code == 200


def test_a_link_opens_a_page_of_ours_and_no_other(here: Site) -> None:
    lena = Person("", key_of(here), here.http)
    browser = TestClient(here.http.app, base_url="http://127.0.0.1:8080")
    for asked, found in ((None, "/"), ("/twins/twn_1?tab=cost", "/twins/twn_1?tab=cost")):
        made = lena.post("login/local/link", params={} if asked is None else {"return_to": asked})
        answer = browser.post("/api/v1/login/local", json={"code": made["url"].partition("#")[2]})
        assert answer.json() == {"return_to": found}
    for other in ("//evil.example", "https://evil.example", "twins", "/\\evil.example"):
        refused = lena.post("login/local/link", code=422, params={"return_to": other})
        assert refused["errors"][0]["field"] == "return_to"


def test_whoever_is_signed_in_sees_so_and_goes_on(here: Site) -> None:
    key_of(here)
    browser = sign_in(here, local_login.link(here.backend))
    page = browser.get("/login", follow_redirects=False)
    assert (page.status_code, 'href="/"' in page.text) == (200, True)
    assert browser.get("/login?return_to=//evil.example", follow_redirects=False).headers["location"] == "/"
    anybody = TestClient(here.http.app, base_url="http://127.0.0.1:8080")
    assert "twin2multicloud open /twins" in anybody.get("/login?return_to=/twins").text
    filtered = anybody.get("/login?return_to=/alerts%3Fstate%3Dall%26from%3D50").text
    assert "twin2multicloud open '/alerts?state=all&from=50'" in html.unescape(filtered)


def test_codes_cannot_be_guessed_at_speed(here: Site) -> None:
    codes = [here.http.post("/api/v1/login/local", json={"code": f"guess-{n}"}).status_code for n in range(25)]
    assert codes == [403] * 20 + [429] * 5
    refused = here.http.post("/api/v1/login/local", json={"code": "guess"})
    assert refused.json()["details"]["retry_after_s"] == int(refused.headers["retry-after"]) == 3
    here.clock.pass_by(3)
    assert here.http.post("/api/v1/login/local", json={"code": "guess"}).status_code == 403


def test_another_site_cannot_use_a_code(here: Site) -> None:
    key_of(here)
    code = local_login.link(here.backend).partition("#")[2]
    answer = here.http.post("/api/v1/login/local", json={"code": code}, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_there_is_no_local_user_where_people_sign_in_by_a_provider(sqlite_file: str, tmp_path: Path) -> None:
    oidc = {"uni": {"issuer": "https://id.example.org", "client_id": "t2m", "client_secret": "s"}}
    with site(tmp_path / "data", sqlite_file, auth="login", oidc=oidc) as made:
        with pytest.raises(NotFoundError, match="by a provider"):
            local_login.prepare(made.backend)
        assert made.http.post("/api/v1/login/local", json={"code": "x"}).status_code == 404
