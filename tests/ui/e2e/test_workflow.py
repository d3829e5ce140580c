"""The vision's workflow, by hand: create, price, override, deploy, watch, break, move, destroy."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.browser import tap, type_into
from tests.ui.e2e.conftest import Enter
from twin2multicloud.app.cli.demo_backend import DemoBackend
from twin2multicloud.app.data_directory import sandbox_directory

SLOW_MS = 90_000


def button(tab: Page, name: str | re.Pattern[str], *, exact: bool = False) -> Locator:
    return tab.get_by_role("button", name=name, exact=exact).first


@contextmanager
def devices(backend: DemoBackend, twin: str) -> Iterator[None]:
    """The twin's devices, which send for as long as the block lasts; a few of their messages are spoiled."""
    keys = sandbox_directory(backend.data, twin) / "connection.json"
    options = ("--devices", "8", "--interval", "1s", "--duration", "10m", "--fault", "malformed=0.05")
    process = subprocess.Popen(
        [sys.executable, "-m", "twin2multicloud", "simulate", "smart-home", "--keys", str(keys), *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_twin_from_its_first_draft_to_its_end(tab: Page, backend: DemoBackend, enter: Enter) -> None:
    enter("/")
    expect(tab.get_by_text("No twins yet")).to_be_visible()

    # Define, while its price follows.
    tap(button(tab, "New twin"))
    tap(button(tab, "Begin with Smart home"))
    expect(tab).to_have_url(re.compile("/new/drf_"))
    type_into(tab.get_by_role("textbox", name="Name"), "attic")
    price = tab.get_by_text(re.compile(r"^\$[\d,.]+ / month$")).first
    expect(price).to_be_visible()
    before = price.inner_text()
    type_into(tab.get_by_role("textbox", name="Devices", exact=True), "60")
    expect(price).not_to_have_text(before)
    tap(button(tab, "Create twin"))
    expect(tab).to_have_url(re.compile("/twins/twn_[a-z0-9]+/proposal"))
    twin = tab.url.split("/")[4]

    # Prices, and the cheapest placement.
    tap(button(tab, "Prices", exact=True))
    tap(button(tab, "Review and place"))
