"""The vision's workflow, by hand: create, price, override, deploy, watch, break, move, destroy."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.browser import tap, tap_until, type_into
from tests.ui.e2e.conftest import Enter
from twin2multicloud.app.data_directory import sandbox_directory
from twin2multicloud.app.server_process import ServerProcess

SLOW_MS = 90_000
LAYERS = {
    "L3": r"L3 Storage · hot.*\$[\d.]+",
    "L4": r"L4 Management.*\$[\d.]+",
    "L2": "L2 Processing",
    "L1": "L1 Acquisition",
    "L5": r"L5 Visualization.*\$[\d.]+",
}
"""Storage first; each with a slot of its plan, and what that costs unless it may cost nothing."""


def button(tab: Page, name: str | re.Pattern[str], *, exact: bool = False) -> Locator:
    return tab.get_by_role("button", name=name, exact=exact).first


def said(tab: Page, text: str | re.Pattern[str]) -> Locator:
    """A text in view; announcements to screen readers are elsewhere in the page."""
    return tab.locator("flt-semantics-host").get_by_text(text).first


@contextmanager
def devices(backend: ServerProcess, twin: str, folder: Path) -> Iterator[None]:
    """The twin's devices, which send for as long as the block lasts; a few of their messages are spoiled."""
    keys = sandbox_directory(backend.data, twin) / "connection.json"
    now = backend.client.twins.get(twin).current
    for name, content in {"twin.yaml": now.source, **now.files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    options = ("--devices", "8", "--interval", "1s", "--duration", "10m", "--fault", "malformed=0.05")
    with (folder / "devices.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "twin2multicloud", "simulate", folder / "twin.yaml", "--keys", keys, *options],
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.kill()
        process.wait()
        print((folder / "devices.log").read_text()[-500:])


@pytest.mark.slow
def test_a_twin_from_its_first_draft_to_its_end(
    tab: Page, backend: ServerProcess, enter: Enter, tmp_path: Path
) -> None:
    tab.set_viewport_size({"width": 1440, "height": 1300})
    enter("/")
    expect(said(tab, "No twins yet")).to_be_visible()

    # Define, while its price follows.
    tap(button(tab, "New twin"))
    tap(button(tab, "Begin with Smart home"))
    expect(tab).to_have_url(re.compile("/new/drf_"))
    type_into(tab.get_by_role("textbox", name="Name"), "attic")
    price = said(tab, re.compile(r"^\$[\d,.]+ / month$"))
    expect(price).to_be_visible()
    before = price.inner_text()
    type_into(tab.get_by_role("textbox", name="Devices", exact=True), "60")
    expect(price).not_to_have_text(before)
    tap(button(tab, "Create twin"))
    expect(tab).to_have_url(re.compile("/twins/twn_[a-z0-9]+/proposal"))
    twin = tab.url.split("/")[4]

    # Prices, with the log of their refresh, and the cheapest placement.
    tap(button(tab, "Prices", exact=True))
    tap(button(tab, "Refresh prices"))
    expect(said(tab, "Refresh succeeded")).to_be_visible(timeout=SLOW_MS)
    expect(tab.get_by_role("group", name="Log of the refresh")).to_contain_text("These prices are in use already")
    tap(button(tab, "Review and place"))
    tap(button(tab, "Place it so"))
    expect(tab.get_by_role("button", name="Place it so")).to_have_count(0)
    expect(button(tab, "Deploy", exact=True)).to_be_enabled()
    expect(said(tab, "The cheapest placement at today's prices.")).to_be_visible()

    # Decide otherwise: what it adds and why comes first, then it is kept.
    tap_until(button(tab, re.compile("^L3 Storage · hot:")), button(tab, "Consider DynamoDB · on demand"))
    tap(button(tab, "Consider DynamoDB · on demand"))
    expect(said(tab, re.compile(r"Not cost-optimal: adds \$[\d.]+ / month"))).to_be_visible()
    tap(button(tab, "Keep this override"))
    expect(button(tab, "Look at it")).to_be_visible()  # a cheaper placement is there now
    assert backend.client.twins.get(twin).current.overrides == {"L3.hot": "aws.dynamodb-on-demand@us-east-1"}

    # Deploy layer by layer: each one's plan first, slot by slot, with its cost; then live.
    tap(button(tab, "Deploy", exact=True))
    type_into(tab.get_by_role("textbox", name="Only so many devices"), "8")
    for layer, slot in LAYERS.items():
        tap(button(tab, f"Deploy {layer}"))
        expect(tab).to_have_url(re.compile("/runs/run_"))
        expect(button(tab, re.compile(slot))).to_be_visible(timeout=SLOW_MS)
        tap(button(tab, "Agree and deploy"))
        if layer == "L3":
            tab.reload()  # in the middle of it
        expect(said(tab, re.compile("succeeded"))).to_be_visible(timeout=SLOW_MS)
        expect(tab.get_by_test_id("log")).to_contain_text(re.compile("lines"))
        if layer == "L4":
            # What is not there yet says so, and leads to where it is deployed.
            tap(button(tab, "To the twin"))
            expect(button(tab, "L3 Storage · hot: ok")).to_be_visible(timeout=SLOW_MS)
            tap(button(tab, "L2 Processing: not deployed yet"))
        elif layer != "L5":
            tap(button(tab, "Deploy more layers"))
    tap(button(tab, "To the twin"))

    # Watch: what devices send is there, an error comes as an alert by itself.
    expect(button(tab, "L1 Acquisition: ok")).to_be_visible(timeout=SLOW_MS)
    with devices(backend, twin, tmp_path):
        # In the feed and in the badge; a message would only say what is in view here.
        expect(said(tab, re.compile("JSON"))).to_be_visible(timeout=SLOW_MS)
        expect(button(tab, re.compile(r"^Alerts \(\d+\)"))).to_be_visible(timeout=SLOW_MS)
        tap(button(tab, "Dashboards", exact=True))
        expect(tab.get_by_role("img", name=re.compile("Temperatures"))).to_be_visible(timeout=SLOW_MS)

        # Move a layer to another cloud, while they go on sending.
        tap(button(tab, re.compile("^Move")))
        tap(tab.get_by_role("menuitem", name=re.compile("^L3 Storage · hot")))
        tap(button(tab, "Show what it takes"))
        expect(tab).to_have_url(re.compile("/runs/run_"))
        tap(button(tab, re.compile("^(Agree and move|Move)")))
        expect(said(tab, re.compile("succeeded"))).to_be_visible(timeout=2 * SLOW_MS)
    assert backend.client.twins.get(twin).clouds

    # Destroy: what holds data goes only if that is said.
    tap(button(tab, "To the twin"))
    tap(button(tab, "More to do"))
    tap(tab.get_by_role("menuitem", name="Destroy", exact=True))
    tap(tab.get_by_role("switch", name=re.compile("with the data")))
    type_into(tab.get_by_role("textbox", name=re.compile("to go on$")), "attic")
    tap(button(tab, "Show what goes"))
    expect(tab).to_have_url(re.compile("/runs/run_"))
    tap(button(tab, "Agree and destroy"))
    type_into(tab.get_by_role("textbox", name=re.compile("to go on$")), "attic")
    tap(button(tab, "Agree and destroy"))
    expect(said(tab, re.compile("succeeded"))).to_be_visible(timeout=SLOW_MS)
    assert backend.client.operating.status(twin).life == "draft"
