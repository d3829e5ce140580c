"""Our own pages in a browser: the local user's link, narrow and dark, by keyboard, nothing inline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.app.login.fake_idp import IDP, idp_pages, pem
from tests.app.login.real import served_site
from tests.pages.browser import Browser
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.services import local_login

pytestmark = pytest.mark.slow
TWO = {"uni": {"issuer": "https://id.example.org", "label": "University of Somewhere"}, "github": {"kind": "github"}}


@pytest.fixture
def place(sqlite_file: str, tmp_path: Path) -> Iterator[Backend]:
    with served_site(tmp_path / "data", sqlite_file, None) as backend:
        local_login.prepare(backend, "lena")
        yield backend


def test_the_link_of_the_terminal_signs_in_once_and_leaves_no_code_behind(
    place: Backend, chromium: str, tmp_path: Path
) -> None:
    link = local_login.link(place, "/login")
    with Browser(chromium, tmp_path / "profile") as browser:
        browser.open(link)
        browser.until("document.querySelector('h1')?.textContent === 'You are signed in'")
        assert browser.complaints == []
        assert link.partition("#")[2] not in browser.run("location.href")
        browser.run("document.querySelector('form[action$=\"/logout\"] button').click()")
        browser.until("document.querySelector('h1')?.textContent === 'Sign in'")
        browser.open(link)
        browser.until("document.querySelector('[role=alert]')?.textContent.includes('twin2multicloud open')")
        browser.open(f"{place.settings.origin}/login/local")
        browser.until("document.querySelector('[role=alert]')?.textContent.includes('has no code')")


def test_the_login_page_narrow_dark_and_by_keyboard(sqlite_file: str, chromium: str, tmp_path: Path) -> None:
    oidc = {name: {"client_id": "c", "client_secret": "s", **each} for name, each in TWO.items()}
    with (
        served_site(tmp_path / "data", sqlite_file, None, auth="login", oidc=oidc) as backend,
        Browser(chromium, tmp_path / "profile") as browser,
    ):
        backgrounds = set()
        for dark in (False, True):
            browser.window(320, 640, dark=dark)
            browser.open(f"{backend.settings.origin}/login?return_to=/twins")
            assert browser.complaints == []
            assert browser.run("document.documentElement.scrollWidth") <= 320
            backgrounds.add(browser.run("getComputedStyle(document.body).backgroundColor"))
        assert len(backgrounds) == 2
        links = browser.run("[...document.querySelectorAll('a')].map((a) => [a.textContent, a.getAttribute('href')])")
        assert links == [
            ["Continue with University of Somewhere", "/login/uni?return_to=%2Ftwins"],
            ["Continue with GitHub", "/login/github?return_to=%2Ftwins"],
        ]
        for label, _ in links:
            browser.press("Tab")
            assert browser.run("document.activeElement.textContent") == label
            assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        inline = "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; "
        browser.run(inline + "document.body.append(s); })()")
        assert browser.run("window.ran") is None


def test_a_command_line_is_let_in_from_a_browser(place: Backend, chromium: str, tmp_path: Path) -> None:
    with Browser(chromium, tmp_path / "profile") as browser, httpx2.Client(base_url=place.settings.origin) as line:
        started = line.post("/api/v1/login/device", json={"client_name": "<b>laptop</b>"}).json()
        browser.open(local_login.link(place, "/login"))
        browser.until("document.querySelector('h1')?.textContent === 'You are signed in'")
        browser.open(started["verification_uri"])
        browser.run(f"document.querySelector('#code').value = '{started['user_code'].lower()}'")
        browser.run("document.querySelector('form button').click()")
        browser.until("document.querySelector('h1')?.textContent === 'Let this program in?'")
        assert "<b>laptop</b>" in browser.run("document.body.innerText")
        assert browser.complaints == []
        browser.run("document.querySelector('button.main').click()")
        browser.until("document.querySelector('h1')?.textContent === 'Done'")
        made = line.post("/api/v1/login/device/token", json={"device_code": started["device_code"]}).json()
        me = line.get("/api/v1/me", headers={"Authorization": f"Bearer {made['token']}"}).json()
        assert (me["name"], me["session"]) == ("lena", False)
        browser.open(started["verification_uri_complete"])
        browser.until("document.querySelector('[role=alert]')?.textContent.includes('used already')")


def test_a_saml_provider_of_another_site_posts_and_the_browser_that_began_is_signed_in(
    sqlite_file: str, chromium: str, tmp_path: Path
) -> None:
    """With the provider's form browsers send none of our cookies (SameSite), with the page after it they do."""
    with idp_pages() as sso:
        saml = {"uni": {"entity_id": IDP, "sso_url": sso, "certificate": pem(), "label": "University"}}
        with (
            served_site(tmp_path / "data", sqlite_file, None, auth="login", saml=saml) as backend,
            Browser(chromium, tmp_path / "profile") as browser,
        ):
            browser.open(f"{backend.settings.origin}/login?return_to=%2Flogin")
            browser.run("document.querySelector('a.button').click()")
            browser.until("document.querySelector('h1')?.textContent === 'You are signed in'")
            assert "lena@uni.example" in browser.run("document.body.innerText")
