"""Sessions in browsers: cookies, the second token, other sites, expiry, signing out here and everywhere."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.requests import HTTPConnection
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.app.backends import TWIN, Person, Site, site
from twin2multicloud.app.api.deps import authenticate
from twin2multicloud.app.db.tables import AuditEntry, Session, User
from twin2multicloud.app.errors import ForbiddenError
from twin2multicloud.app.services import local_login

OIDC = {"uni": {"issuer": "https://id.example.org", "client_id": "t2m", "client_secret": "s"}}
BrowserOf = Callable[[], TestClient]


@pytest.fixture
def new_browser(here: Site) -> BrowserOf:
    """Makes browsers of the local user, each signed in on its own."""
    local_login.prepare(here.backend, "lena")

    def make() -> TestClient:
        browser = TestClient(here.http.app, base_url="http://127.0.0.1:8080")
        code = local_login.link(here.backend).partition("#")[2]
        assert browser.post("/api/v1/login/local", json={"code": code}).status_code == 200
        return browser

    return make


def csrf(browser: TestClient) -> dict[str, str]:
    return {"X-CSRF-Token": browser.cookies["t2m_csrf"]}


def test_only_hashes_are_kept(here: Site, new_browser: BrowserOf) -> None:
    browser = new_browser()
    with here.backend.database.read() as session:
        row = session.scalars(select(Session)).one()
        kept = repr([getattr(row, column.key) for column in Session.__table__.columns])
    for cookie in ("t2m_session", "t2m_csrf"):
        assert len(browser.cookies[cookie]) == 43
        assert browser.cookies[cookie] not in kept


def test_a_change_needs_the_second_token(here: Site, new_browser: BrowserOf) -> None:
    browser, other = new_browser(), new_browser()
    body = {"source": TWIN}
    assert browser.get("/api/v1/twins").status_code == 200
    for headers in ({}, {"X-CSRF-Token": "guess"}, csrf(other), {"X-CSRF-Token": "é" * 4000}):
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]
        answer = browser.post("/api/v1/twins", json=body, headers=raw)
        assert answer.status_code == 403, headers
        assert answer.json()["details"] == {"csrf": True}
    assert browser.get("/api/v1/me").json()["csrf"] == browser.cookies["t2m_csrf"]
    assert browser.post("/api/v1/twins", json=body, headers=csrf(browser)).status_code == 201


FROM: list[tuple[dict[str, str], int]] = [
    ({"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"}, 201),
    ({"Origin": "http://localhost:8080"}, 201),
    ({"Origin": "http://127.0.0.1:8081"}, 403),
    ({"Origin": "https://127.0.0.1:8080"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://evil.example"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
]


def test_a_change_comes_from_a_page_of_ours(here: Site, new_browser: BrowserOf) -> None:
    browser = new_browser()
    for number, (headers, status) in enumerate(FROM):
        body = {"source": TWIN.replace("greenhouse", f"house-{number}")}
        answer = browser.post("/api/v1/twins", json=body, headers={**csrf(browser), **headers})
        assert answer.status_code == status, headers


def test_a_key_needs_no_second_token_and_comes_before_the_cookie(here: Site, new_browser: BrowserOf) -> None:
    browser = new_browser()
    person = here.person("olga")
    headers = {"Authorization": f"Bearer {person.token}"}
    assert browser.post("/api/v1/twins", json={"source": TWIN}, headers=headers).status_code == 201
    assert browser.get("/api/v1/me", headers=headers).json()["name"] == "olga"
    assert browser.get("/api/v1/me", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_a_session_ends_by_itself(here: Site, new_browser: BrowserOf) -> None:
    browser = new_browser()
    here.clock.pass_by(12 * 3600 - 1)
    assert browser.get("/api/v1/me").status_code == 200
    here.clock.pass_by(1)
    assert browser.get("/api/v1/me").status_code == 401
    new_browser()
    with here.backend.database.read() as session:
        assert len(session.scalars(select(Session)).all()) == 1


def test_signing_in_again_gives_new_tokens_and_ends_the_old_session(here: Site, new_browser: BrowserOf) -> None:
    browser = new_browser()
    before = browser.cookies["t2m_session"]
    code = local_login.link(here.backend).partition("#")[2]
    browser.post("/api/v1/login/local", json={"code": code})
    assert browser.cookies["t2m_session"] != before
    old = TestClient(here.http.app, base_url="http://127.0.0.1:8080", cookies={"t2m_session": before})
    assert old.get("/api/v1/me").status_code == 401


def test_a_planted_session_is_worth_nothing_after_sign_in(here: Site, new_browser: BrowserOf) -> None:
    browser = TestClient(here.http.app, base_url="http://127.0.0.1:8080", cookies={"t2m_session": "planted"})
    code = local_login.link(here.backend).partition("#")[2]
    answer = browser.post("/api/v1/login/local", json={"code": code})
    assert SimpleCookie(answer.headers["set-cookie"])["t2m_session"].value != "planted"
    planted = TestClient(here.http.app, base_url="http://127.0.0.1:8080", cookies={"t2m_session": "planted"})
    assert planted.get("/api/v1/me").status_code == 401


def test_signing_out_ends_this_session_only(here: Site, new_browser: BrowserOf) -> None:
    here_, there = new_browser(), new_browser()
    stolen = here_.cookies["t2m_session"]
    assert here_.post("/api/v1/logout").status_code == 403
    assert here_.post("/api/v1/logout", headers=csrf(here_)).status_code == 204
    assert not here_.cookies
    again = TestClient(here.http.app, base_url="http://127.0.0.1:8080", cookies={"t2m_session": stolen})
    assert again.get("/api/v1/me").status_code == 401
    assert there.get("/api/v1/me").status_code == 200


@pytest.mark.parametrize("keys", [False, True])
def test_signing_out_everywhere_ends_all_sessions_and_keys_if_asked(
    here: Site, new_browser: BrowserOf, keys: bool
) -> None:
    browsers = [new_browser() for _ in range(3)]
    key = Person("", (here.backend.settings.data / "local.key").read_text().strip(), here.http)
    tail = "?keys=true" if keys else ""
    done = browsers[0].post(f"/api/v1/logout/everywhere{tail}", headers=csrf(browsers[0]))
    assert done.json() == {"sessions": 3}
    assert {browser.get("/api/v1/me").status_code for browser in browsers} == {401}
    key.get("me", 401 if keys else 200)
    with here.backend.database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "user.signed-out-everywhere")).one()
    assert entry.details == {"sessions": 3, "keys": int(keys)}


def test_whoever_is_shut_out_is_out_at_once(here: Site, new_browser: BrowserOf) -> None:
    browser = new_browser()
    with here.backend.database.write() as session:
        session.scalars(select(User)).one().disabled = True
    assert browser.get("/api/v1/me").status_code == 401
    assert "You are signed in" not in browser.get("/login").text


def test_over_https_cookies_are_bound_to_the_very_host(sqlite_file: str, tmp_path: Path) -> None:
    url = "https://twins.example.org"
    with site(tmp_path / "data", sqlite_file, public_url=url) as made:
        local_login.prepare(made.backend, "lena")
        browser = TestClient(made.http.app, base_url=url)
        answer = browser.post("/api/v1/login/local", json={"code": local_login.link(made.backend).partition("#")[2]})
        set_ = SimpleCookie()
        for line in answer.headers.get_list("set-cookie"):
            set_.load(line)
        for name in ("__Host-t2m_session", "__Host-t2m_csrf"):
            assert (set_[name]["secure"], set_[name]["path"], set_[name]["domain"]) == (True, "/", "")
            assert (set_[name]["samesite"], set_[name]["max-age"]) == ("lax", "43200")
        assert set_["__Host-t2m_session"]["httponly"]
        assert not set_["__Host-t2m_csrf"]["httponly"]
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["strict-transport-security"]
        assert browser.get("/api/v1/me").status_code == 200


HOSTS = [
    ("127.0.0.1:8080", 200),
    ("localhost:8080", 200),
    ("[::1]:8080", 200),
    ("LOCALHOST:8080", 200),
    ("localhost", 421),
    ("localhost:8081", 421),
    ("rebound.evil.example:8080", 421),
    ("127.0.0.1:8080@evil.example", 421),
]


def test_a_name_made_to_lead_here_is_refused(sqlite_site: Site) -> None:
    for host, status in HOSTS:
        answer = sqlite_site.http.get("/login", headers={"Host": host})
        assert answer.status_code == status, host
        if status == 421:
            assert "public_url" in answer.json()["detail"]
            assert answer.headers["x-correlation-id"]
        assert sqlite_site.http.get("/health/live", headers={"Host": host}).status_code == 200
        assert sqlite_site.http.get("/metrics", headers={"Host": host}).status_code == 401
        assert sqlite_site.http.get("/metrics/", headers={"Host": host}, follow_redirects=False).status_code != 401


def test_where_people_sign_in_from_elsewhere_only_the_public_name_counts(sqlite_file: str, tmp_path: Path) -> None:
    with site(tmp_path / "d", sqlite_file, auth="login", oidc=OIDC, public_url="https://t.example.org") as made:
        for host, status in (("t.example.org", 200), ("127.0.0.1:8080", 421), ("t.example.org:8080", 421)):
            assert made.http.get("/login", headers={"Host": host}).status_code == status, host


def test_a_websocket_is_opened_by_pages_of_ours_only(here: Site, new_browser: BrowserOf) -> None:
    """A page elsewhere can open one with our cookie, and read along: nothing but the Origin tells."""

    def who(connection: HTTPConnection) -> str:
        with here.backend.database.read() as session:
            return authenticate(session, connection, here.backend)[0].name

    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            await websocket.send_text(who(websocket))
        except ForbiddenError:
            await websocket.send_text("refused")

    here.http.app.router.routes.append(WebSocketRoute("/socket", endpoint))  # type: ignore[attr-defined]
    browser = new_browser()
    for origin in ("http://evil.example", "http://127.0.0.1:9", None, "http://127.0.0.1:8080"):
        headers = {} if origin is None else {"Origin": origin}
        with browser.websocket_connect("ws://127.0.0.1:8080/socket", headers=headers) as socket:
            assert socket.receive_text() == ("lena" if origin == "http://127.0.0.1:8080" else "refused"), origin
    with pytest.raises(WebSocketDisconnect), browser.websocket_connect("ws://evil.example/socket", headers=headers):
        pass


def test_pages_allow_nothing_inline_and_nobody_to_frame_them(sqlite_site: Site) -> None:
    page = sqlite_site.http.get("/login")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    assert sqlite_site.http.get("/api/v1/me").headers["content-security-policy"].startswith("default-src 'none'")
