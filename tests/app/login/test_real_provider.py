"""Signing in with a real OpenID provider: in a browser, and where the provider itself has to refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2
import pytest

from tests.app.login.real import real_provider, served_site
from tests.pages.browser import Browser
from twin2multicloud.app.backend import Backend

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("oidc-provider")]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with real_provider() as found:
        yield found


@pytest.fixture
def place(issuer: str, sqlite_file: str, tmp_path: Path) -> Iterator[Backend]:
    with served_site(tmp_path / "data", sqlite_file, issuer) as backend:
        yield backend


def through_the_pages(http: httpx2.Client, url: str, who: str, until: str) -> str:
    """Follow redirects and fill the provider's forms, up to an address that begins with `until`."""
    for _ in range(20):
        answer = http.get(url)
        if answer.status_code not in (302, 303):
            action = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert action
            assert prompt, answer.text
            form = {"prompt": prompt[1], "login": who, "password": "any"}
            answer = http.post(urljoin(url, action[1]), data=form)
        url = urljoin(url, answer.headers["location"])
        if url.startswith(until):
            return url
    raise AssertionError(f"never came to {until}")


def test_the_whole_way_and_a_code_is_worth_nothing_twice(place: Backend) -> None:
    origin = place.settings.origin
    with httpx2.Client() as http:
        asked = http.get(f"{origin}/login/uni?return_to=/login").headers["location"]
        back = through_the_pages(http, asked, "lena+staff@uni.example", origin)
        assert "iss=" in back
        assert http.get(back).status_code == 303
        me = http.get(f"{origin}/api/v1/me").json()
        assert (me["name"], me["email"], me["admin"]) == ("lena+staff", "lena+staff@uni.example", True)
        replayed = http.get(back)
        assert (replayed.status_code, "used already" in replayed.text) == (403, True)


def test_the_provider_refuses_a_wrong_verifier(place: Backend) -> None:
    """Somebody who caught the code on its way has another verifier than the challenge was made from."""
    origin = place.settings.origin
    with httpx2.Client() as http:
        asked = http.get(f"{origin}/login/uni").headers["location"]
        other = re.sub(r"code_challenge=[^&]+", "code_challenge=" + "A" * 43, asked)
        assert other != asked
        answer = http.get(through_the_pages(http, other, "lena@uni.example", origin))
        assert (answer.status_code, "invalid_grant" in answer.text) == (403, True)
        assert http.get(f"{origin}/api/v1/me").status_code == 401


def test_the_provider_refuses_a_login_without_pkce(place: Backend) -> None:
    origin = place.settings.origin
    with httpx2.Client() as http:
        asked = http.get(f"{origin}/login/uni").headers["location"]
        without = re.sub(r"&?code_challenge(_method)?=[^&]+", "", asked)
        sent_back = http.get(without).headers["location"]
        assert "error=invalid_request" in sent_back
        assert http.get(sent_back).status_code == 403


def test_another_nonce_than_the_one_asked_with_is_refused_by_us(place: Backend) -> None:
    origin = place.settings.origin
    with httpx2.Client() as http:
        asked = http.get(f"{origin}/login/uni").headers["location"]
        other = re.sub(r"nonce=[^&]+", "nonce=of-another-login", asked)
        answer = http.get(through_the_pages(http, other, "lena@uni.example", origin))
        assert (answer.status_code, "nonce" in answer.text) == (403, True)


@pytest.mark.parametrize(
    ("rules", "who", "status"),
    [
        ({"groups": ["staff"]}, "eve+staff@else.example", 303),
        ({"groups": ["staff"]}, "eve@else.example", 403),
        ({"domains": ["uni.example"]}, "lena@uni.example", 303),
        ({"domains": ["uni.example"]}, "lena+unsure@uni.example", 403),
    ],
)
def test_rules_by_what_the_provider_says(
    issuer: str, sqlite_file: str, tmp_path: Path, rules: dict[str, Any], who: str, status: int
) -> None:
    with (
        served_site(tmp_path / "data", sqlite_file, issuer, admission=rules) as backend,
        httpx2.Client() as http,
    ):
        asked = http.get(f"{backend.settings.origin}/login/uni").headers["location"]
        back = through_the_pages(http, asked, who, backend.settings.origin)
        assert http.get(back).status_code == status


def sign_in(browser: Browser, origin: str, who: str) -> None:
    # The provider's own pages ask for a font from elsewhere.
    browser.send("Network.enable")
    browser.send("Network.setBlockedURLs", urls=["*://fonts.googleapis.com/*"])
    browser.open(f"{origin}/login?return_to=%2Flogin")
    browser.run("document.querySelector('a.button').click()")
    browser.until("document.querySelector('input[name=login]')")
    browser.run(f"document.querySelector('input[name=login]').value = '{who}'")
    browser.run("document.querySelector('input[name=password]').value = 'any'")
    browser.run("document.querySelector('form button').click()")
    browser.until("document.querySelector('input[name=prompt][value=consent]')")
    browser.run("document.querySelector('form button').click()")
    browser.until("document.querySelector('h1')?.textContent === 'You are signed in'")


def fetch(browser: Browser, path: str, method: str = "GET", token: str = "''") -> int:
    """The status of a request that the page makes."""
    headers = "{}" if method == "GET" else f"{{'X-CSRF-Token': {token}}}"
    script = f"fetch('{path}', {{method: '{method}', headers: {headers}}}).then((answer) => answer.status)"
    return int(browser.run(script))


def test_in_a_browser(place: Backend, chromium: str, tmp_path: Path) -> None:
    """Sign in, change something, sign out; signing out everywhere reaches the other browser."""
    origin = place.settings.origin
    ours = "document.cookie.split('t2m_csrf=')[1]"
    with Browser(chromium, tmp_path / "first") as first, Browser(chromium, tmp_path / "second") as second:
        sign_in(first, origin, "lena@uni.example")
        assert "lena@uni.example" in first.run("document.body.innerText")
        assert [each for each in first.complaints if origin in each] == []
        assert "t2m_session" not in first.run("document.cookie")
        assert fetch(first, "/api/v1/me") == 200
        assert fetch(first, "/api/v1/twins", "POST") == 403
        assert fetch(first, "/api/v1/twins", "POST", ours) == 422
        # Another site's page can send our cookie along at most, not read the second token. It is on another port here.
        first.open("about:blank")
        forged = (
            f"const form = document.createElement('form'); form.method = 'post'; "
            f"form.action = '{origin}/api/v1/logout/everywhere'; document.body.append(form); form.submit()"
        )
        first.run(forged)
        first.until("document.readyState === 'complete' && location.href !== 'about:blank'")
        first.open(f"{origin}/login")
        assert first.run("document.querySelector('h1').textContent") == "You are signed in"

        sign_in(second, origin, "lena@uni.example")
        first.run("document.querySelector('form[action$=\"/logout/everywhere\"] button').click()")
        first.until("document.querySelector('h1')?.textContent === 'Sign in'")
        assert fetch(second, "/api/v1/me") == 401
        second.open(f"{origin}/login?return_to=%2Flogin")
        assert second.run("document.querySelector('h1').textContent") == "Sign in"
        second.run("document.querySelector('a.button').click()")
        # The provider still knows who that is.
        second.until("document.querySelector('h1')?.textContent === 'You are signed in'")
        second.run("document.querySelector('form[action$=\"/logout\"] button').click()")
        second.until("document.querySelector('h1')?.textContent === 'Sign in'")
        assert fetch(second, "/api/v1/me") == 401
