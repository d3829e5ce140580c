"""The front end from a person's own machine: who is let in, and as whom it calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tests.ui.web.rig import Place, Shown, until
from twin2multicloud.app.front_end.alone import alone_app
from twin2multicloud.app.settings import Settings

ORIGIN = "http://127.0.0.1:18090"
SOCKET = "ws://127.0.0.1:18090/ui/ws"


@dataclass
class Alone:
    """It, and the address that lets a browser in."""

    browser: TestClient
    link: str
    shown: Shown

    @property
    def code(self) -> str:
        return self.link.partition("#")[2]

    def enter(self, code: str | None = None, origin: str = ORIGIN) -> int:
        body = {"code": self.code if code is None else code}
        found: int = self.browser.post("/api/v1/login/local", json=body, headers={"Origin": origin}).status_code
        return found


@contextmanager
def alone(server: str, key: str, path: str | None = None) -> Iterator[Alone]:
    shown = Shown()
    app, link = alone_app(server, key, Settings(port=18090), path, shown.page)
    with TestClient(app, base_url=ORIGIN, follow_redirects=False) as browser:
        yield Alone(browser, link, shown)
        assert browser.portal is not None
        browser.portal.call(app.state.front_end.close)


@pytest.fixture
def here(there: Place) -> Iterator[Alone]:
    with alone(there.url, there.site.person("olga").token, "/twins?x=1") as found:
        yield found


def test_a_browser_with_the_code_is_let_in_once(here: Alone) -> None:
    assert here.link.startswith(f"{ORIGIN}/login/local#")
    assert here.browser.get("/twins").headers["location"] == "/login?return_to=%2Ftwins"
    assert "twin2multicloud ui" in here.browser.get("/login?return_to=%2Ftwins").text
    assert 'data-page="local"' in here.browser.get("/login/local").text
    assert here.browser.get("/login/script.js").status_code == 200
    for guess in ("guess", ""):
        assert here.enter(guess) == 403
    assert here.enter(origin="http://evil.example") == 403
    answer = here.browser.post("/api/v1/login/local", json={"code": here.code}, headers={"Origin": ORIGIN})
    assert answer.json() == {"return_to": "/twins?x=1"}
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert cookie.startswith("t2m_ui_18090="), "another server's at another port of this machine stays what it is"
    assert 'data-base="/ui/' in here.browser.get("/twins").text
    assert here.browser.get("/login?return_to=%2Falerts").headers["location"] == "/alerts"
    assert here.browser.get("/login?return_to=%2F%2Fevil.example").headers["location"] == "/"
    here.browser.cookies.clear()
    assert here.enter() == 403


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"code": 1}', b'"x"', b"x" * 5_000])
def test_what_is_no_code_lets_nobody_in(here: Alone, body: bytes) -> None:
    answer = here.browser.post("/api/v1/login/local", content=body, headers={"Origin": ORIGIN})
    assert answer.status_code in (403, 413)
    assert here.enter() == 200


def test_whoever_leaves_is_out(here: Alone) -> None:
    here.enter()
    kept = dict(here.browser.cookies)
    assert here.browser.post("/api/v1/logout", headers={"Origin": "http://evil.example"}).status_code == 403
    assert here.browser.get("/").status_code == 200
    assert here.browser.post("/api/v1/logout", headers={"Origin": ORIGIN}).status_code == 204
    here.browser.cookies.update(kept)
    assert here.browser.get("/").status_code == 303


def test_nothing_of_the_api_is_there(here: Alone) -> None:
    here.enter()
    for path in ("/api/v1/twins", "/api", "/health", "/metrics", "/login/uni", "/x.php"):
        answer = here.browser.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert here.browser.get("/", headers={"Host": "evil.example"}).status_code == 421
    assert here.browser.get("/").headers["x-frame-options"] == "DENY"


def test_a_window_calls_by_the_key(there: Place, here: Alone) -> None:
    with pytest.raises(WebSocketDisconnect), here.browser.websocket_connect(SOCKET, headers={"Origin": "http://x"}):
        pass
    with here.browser.websocket_connect(SOCKET, headers={"Origin": ORIGIN}) as outside:
        assert outside.receive()["code"] == 4401
    here.enter()
    with here.browser.websocket_connect(SOCKET, headers={"Origin": ORIGIN}) as window:
        window.send_bytes(b"\x00\x92\x01\x83\xaasession_id\xa0\xa9page_name\xa0\xa4page\x81\xa5route\xa1/")
        window.receive_bytes()
        until(lambda: here.shown.by)


def test_a_key_that_holds_no_more_is_told_of_on_the_page(there: Place) -> None:
    with alone(there.url, "t2m_revoked") as here:
        here.enter()
        answer = here.browser.get("/")
        assert (answer.status_code, answer.headers["content-type"]) == (401, "text/html; charset=utf-8")


@pytest.mark.slow
def test_a_server_that_is_not_there_is_told_of_on_the_page() -> None:
    with alone("http://127.0.0.1:1", "t2m_x") as here:
        here.enter()
        assert here.browser.get("/").status_code == 503
