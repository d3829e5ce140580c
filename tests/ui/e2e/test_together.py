"""Several windows on one twin, and what may happen to a window in the middle of a day: its server restarts, its person
is signed out, it is reloaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.ui.browser import PATIENCE_MS, new_tab, tap, type_into
from tests.ui.e2e import hands
from tests.ui.e2e.conftest import Enter
from tests.ui.e2e.hands import Server, button, heading, said

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browsers 2")]


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tests may stop and start again."""
    with Server(tmp_path_factory.mktemp("data")) as server:
        yield server
    server.end_sandboxes()


@pytest.fixture(scope="module")
def twin(backend: Server) -> str:
    return hands.watched_home(backend)


@pytest.fixture
def other(browser: Browser, tab: Page) -> Iterator[Page]:
    """Somebody else's window, in a browser of theirs."""
    with new_tab(browser) as other:
        yield other


def test_an_alert_that_is_looked_after_is_not_open_in_another_window(
    tab: Page, other: Page, backend: Server, twin: str, enter: Enter
) -> None:
    enter("/alerts")
    enter("/alerts", into=other)
    for window in (tab, other):
        expect(button(window, re.compile(r"^Open \(\d+\)$"))).to_be_visible()
    first = next(iter(backend.client.alerts.list(acknowledged=False)))
    others = len(list(backend.client.alerts.list(acknowledged=False))) - 1
    hands.show(tab, f"/alerts?alert={first.id}")
    tap(button(tab, "Acknowledge", exact=True))
    for window in (tab, other):
        expect(button(window, f"Open ({others})", exact=True)).to_be_visible()
    assert backend.client.alerts.get(first.id).acknowledged_at is not None


def test_a_new_version_is_in_another_window(tab: Page, other: Page, backend: Server, twin: str, enter: Enter) -> None:
    path = f"/twins/{twin}/specification"
    enter(path, into=other)
    before = backend.client.twins.get(twin).number
    expect(heading_of_definition(other, before)).to_be_attached()
    enter(f"/twins/{twin}/edit")
    type_into(tab.get_by_role("textbox", name="Description"), "an attic, too")
    tap(button(tab, f"Save as version {before + 1}"))
    expect(heading_of_definition(other, before + 1)).to_be_attached()
    expect(hands.view(other)).to_contain_text("an attic, too")
    assert backend.client.twins.get(twin).description == "an attic, too"


def heading_of_definition(window: Page, number: int) -> Locator:
    return window.get_by_role("heading", name=f"smart-home.yaml, version {number}")


def test_back_leads_through_what_was_seen(tab: Page, twin: str, enter: Enter) -> None:
    enter("/")
    tap(button(tab, re.compile("^smart-home|, smart-home| smart-home")))
    expect(heading(tab, "smart-home")).to_be_visible()
    tap(button(tab, "Devices", exact=True))
    expect(said(tab, "8 devices")).to_be_visible()
    tap(button(tab, re.compile("^Prices")))
    expect(heading(tab, "Prices")).to_be_visible()
    tab.go_back()
    expect(said(tab, "8 devices")).to_be_visible()
    tab.go_back()
    expect(tab).to_have_url(re.compile(f"/twins/{twin}/overview"))
    expect(heading(tab, "smart-home")).to_be_visible()
    tab.go_back()
    expect(heading(tab, "Twins")).to_be_visible()
    tab.go_forward()
    expect(heading(tab, "smart-home")).to_be_visible()


def test_a_reload_keeps_part_and_filter(tab: Page, twin: str, enter: Enter) -> None:
    enter(f"/twins/{twin}/runs")
    tap(button(tab, re.compile("^Kind")))
    tap(tab.get_by_role("menuitem", name="Deployment", exact=True))
    expect(tab).to_have_url(re.compile(r"kind=deploy"))
    address = tab.url
    tab.reload()
    expect(button(tab, "Kind Deployment")).to_be_visible()
    assert tab.url == address


def test_whoever_was_signed_out_comes_back_to_where_they_were(
    tab: Page, backend: Server, twin: str, enter: Enter
) -> None:
    path = f"/twins/{twin}/devices?search=contact"
    enter(path)
    expect(said(tab, "1–2")).to_be_visible()
    backend.client.login.log_out_everywhere()
    expect(tab).to_have_url(re.compile("/login[?]return_to="), timeout=2 * PATIENCE_MS)
    expect(tab.locator("code")).to_have_text(re.compile("twin2multicloud open"))
    return_to = tab.locator("code").inner_text().partition(" open ")[2].strip("'\"")
    assert return_to == path
    enter(return_to)
    expect(said(tab, "1–2")).to_be_visible()


def test_a_window_outlives_its_server(tab: Page, backend: Server, twin: str, enter: Enter) -> None:
    enter(f"/twins/{twin}/devices")
    expect(said(tab, "8 devices")).to_be_visible()
    hands.show(tab, f"/twins/{twin}/runs?kind=deploy")
    expect(button(tab, "Kind Deployment")).to_be_visible()
    address = tab.url
    backend.stop()
    expect(tab.get_by_text("There is no connection to the server. Trying again.")).to_be_visible()
    with backend:
        expect(tab.get_by_text("There is no connection to the server. Trying again.")).to_be_hidden()
        expect(button(tab, "Kind Deployment")).to_be_visible()
        expect(button(tab, re.compile("Run 1, Deployment"))).to_be_visible()
        assert tab.url == address
        tap(button(tab, "Overview", exact=True))  # and it can be worked with
        expect(button(tab, "L1 Acquisition: ok")).to_be_visible()
