"""Our own pages in a browser: the local user's link, narrow and dark, by keyboard, nothing inline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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
    link = local_login.link(place)
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
