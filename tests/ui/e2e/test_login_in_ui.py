"""Signing in to the front end with a real OpenID provider, signing out, and what those see who may only look."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.login.real import real_provider, register
from tests.ui.browser import PATIENCE_MS, new_tab, tap
from tests.ui.e2e import hands
from tests.ui.e2e.hands import button, heading
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Http
from twin2multicloud.app.schemas.runs import ENDED, RunInput
from twin2multicloud.app.serving import served

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browsers 2")]

_SCREENS = {
    "/": "Twins",
    "/alerts": "Alerts",
    "/runs": "Runs",
    "/connections": "Cloud connections",
    "/prices/meters": "Prices",
    "/people/workspaces": "People and keys",
    "/twins/{twin}/overview": "smart-home",
    "/twins/{twin}/devices": "smart-home",
    "/twins/{twin}/errors": "smart-home",
    "/twins/{twin}/dead-letters": "smart-home",
    "/twins/{twin}/specification": "smart-home",
    "/twins/{twin}/specification?part=versions": "smart-home",
    "/twins/{twin}/proposal": "Proposal",
    "/twins/{twin}/proposal?slot=L3.hot": "Proposal",
    "/twins/{twin}/deploy": "Deploy",
    "/runs/{run}": "Run 1 · Deployment",
    "/new": "New twin",
    "/twins/{twin}/edit": "Next version",
}
"""Addresses, and what they are called."""
_CHANGING = {
    "Acknowledge", "Begin empty", "Connect AWS", "Deploy everything", "Destroy …", "Drop (all)",
    "Edit", "Inject a fault", "Move", "New workspace", "Optimize …", "Redeploy", "Refresh prices", "Replay (all)",
    "Restore version 1", "Save as version 3", "Send a command", "Verify",
}  # fmt: skip
"""Buttons of what the API refuses to those who may only look."""


@dataclass
class Installation:
    """A server whose people sign in with a provider; `client` is of its first person, who looks after it."""

    url: str
    data: Path
    client: Client
    names: dict[str, str]


@contextmanager
def window(browser: Browser) -> Iterator[Page]:
    """A browser of somebody's."""
    with new_tab(browser) as tab:
        # The provider's own pages ask for a font from elsewhere.
        tab.context.route("**fonts.googleapis.com**", lambda route: route.abort())
        yield tab


def sign_in(tab: Page, who: str) -> None:
    """Through the provider's pages, from the page for signing in."""
    tab.get_by_role("link", name="Continue with Uni").click()
    tab.locator("input[name=login]").fill(who)
    tab.locator("input[name=password]").fill("any")
    tab.get_by_role("button", name="Sign-in").click()
    tab.get_by_role("button", name="Continue").click()


@pytest.fixture(scope="module")
def there(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The installation; Lena has made a twin there, which runs, and some of whose messages were spoiled."""
    data = tmp_path_factory.mktemp("data")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with real_provider() as issuer, window(browser) as tab:
        known = register(issuer, f"{url}/login/uni/callback")
        told = {"label": "Uni", "issuer": issuer, "scopes": '["openid", "email", "profile", "groups"]', **known}
        lines = [f"{name} = {value if value[0] == '[' else repr(value)}" for name, value in told.items()]
        config = data / "config.toml"
        config.write_text("\n".join(['auth = "login"', "[oidc.uni]", *lines]))
        own = {name: value for name, value in os.environ.items() if not name.startswith("T2M_")}
        with (data / "server.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "twin2multicloud", "serve", "--config", config, "--port", str(port)],
                env={**own, "T2M_DATA": str(data)},
                stdout=log,
                stderr=log,
            )
        try:
            hands.eventually(lambda: served(data), lambda: f"server: {(data / 'server.log').read_text()}")
            tab.goto(f"{url}/")
            sign_in(tab, "lena@uni.example")
            expect(heading(tab, "Twins")).to_be_visible()
            with Client(Http(url, key=a_key(tab, url))) as client:
                yield Installation(url, data, client, twin_of(client, data))
        finally:
            process.terminate()
            process.wait(PATIENCE_MS / 1_000)


def a_key(tab: Page, url: str) -> str:
    """A new key of whoever is signed in."""
    csrf = tab.request.get(f"{url}/api/v1/me").json()["csrf"]
    asked = {"name": "tests", "scopes": ["read", "write", "run", "admin"]}
    made = tab.request.post(f"{url}/api/v1/keys", data=asked, headers={"X-CSRF-Token": csrf, "Origin": url})
    assert made.status == 201, made.text()
    return str(made.json()["token"])


def twin_of(client: Client, data: Path) -> dict[str, str]:
    """The smart home, which runs in the sandbox, and its run."""
    twin = hands.smart_home(client).id
    run = client.runs.create(twin, RunInput(kind="deploy", target="sandbox", approve=True, devices=8)).id
    hands.eventually(lambda: client.runs.get(run).status in ENDED, "end of the deployment")
    hands.messages(data, twin, malformed=0.2)
    hands.eventually(lambda: next(iter(client.alerts.list()), None), "alert")
    return {"twin": twin, "run": run}


def test_a_deep_link_leads_through_sign_in_and_sign_out_out(there: Installation, browser: Browser) -> None:
    path = f"/twins/{there.names['twin']}/devices?search=contact"
    with window(browser) as tab:
        tab.goto(f"{there.url}{path}")
        expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()
        sign_in(tab, "lena@uni.example")
        expect(tab).to_have_url(f"{there.url}{path}")
        expect(hands.said(tab, "1–2")).to_be_visible()
        tap(button(tab, "Signed in as lena"))
        tap(button(tab, "Sign out", exact=True))
        expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()
        tab.goto(f"{there.url}/alerts")
        expect(tab).to_have_url(f"{there.url}/login?return_to=%2Falerts")


def test_whoever_may_only_look_is_offered_nothing_that_is_refused(there: Installation, browser: Browser) -> None:
    workspace = there.client.login.me().workspaces[0].id
    with window(browser) as tab:
        tab.goto(f"{there.url}/")
        sign_in(tab, "vera@uni.example")
        expect(heading(tab, "Twins")).to_be_visible()
        there.client.workspaces.let_in(workspace, "vera@uni.example", "viewer")
        tab.reload()
        viewed = offered(tab, there)
    with window(browser) as tab:
        tab.goto(f"{there.url}/")
        sign_in(tab, "lena@uni.example")
        owned = offered(tab, there)
    assert set(_CHANGING) <= {name for names in owned.values() for name in names}
    assert {path: names for path, names in viewed.items() if names} == {}


def offered(tab: Page, there: Installation) -> dict[str, set[str]]:
    """Which buttons of those that change something can be pressed, by address."""
    found = {}
    for path, name in _SCREENS.items():
        hands.show(tab, path.format(**there.names))
        expect(heading(tab, name)).to_be_attached()
        expect(tab.get_by_text("Loading", exact=True)).to_have_count(0)
        found[path] = settled(tab)
    return found


def settled(tab: Page) -> set[str]:
    """The names of buttons that can be pressed, once no more come: a twin's parts ask one after the other."""
    looks = [{"not looked yet"}]
    while len(looks) < 4 or looks[-4:] != 4 * looks[-1:]:
        tab.wait_for_timeout(150)
        seen = hands.view(tab).aria_snapshot()
        pressable = set(re.findall(r'- \'?button "((?:[^"\\]|\\.)*)"(?! \[disabled\])', seen))
        # One of many says of what it is.
        looks.append({re.sub("^(Acknowledge|Mute|Revoke) .*", r"\1", each) for each in pressable} & _CHANGING)
    return looks[-1]
