"""Chromium on the front end: fixtures, and how its widgets are found and touched.

Import the fixtures into a `conftest.py`: `from tests.ui.browser import browser, tab`. Flutter paints on a canvas; what
a test reads and touches is the tree for screen readers, which `AUTO_A11Y` has the page make as soon as it starts. A
widget gets a name there by `ft.Semantics(identifier="result", ...)`, and is found by `tab.get_by_test_id("result")`.

Playwright runs an event loop in the test's thread: a test with `tab` must not call `asyncio.run`, so what it asks is
served from another thread or process. The browser lives for a module.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Nothing but this machine can be reached, so that whatever needs more fails in the test.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
)
AUTO_A11Y = """
new MutationObserver((_, observer) => {
  const placeholder = document.querySelector("flt-semantics-placeholder");
  if (placeholder) { observer.disconnect(); placeholder.click(); }
}).observe(document, {childList: true, subtree: true});
"""
"""Presses "Enable accessibility", which Flutter puts outside the window, as soon as it is there."""
PATIENCE_MS = 60_000


@dataclass
class Heard:
    """What a tab asked for and said: every request's address, warnings and errors, uncaught exceptions."""

    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def listen(self, tab: Page) -> None:
        """From now on."""
        tab.on("request", lambda request: self.requests.append(request))
        tab.on("console", self._said)
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def hosts(self) -> set[str]:
        """The hosts that were asked, also those that could not be reached."""
        return {request.url.split("/")[2] for request in self.requests if "://" in request.url}


def chromium_command() -> str:
    """The browser's command; skips the test without one."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium on this machine (`apt-get install chromium` brings one)")
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for a module's tests."""
    command = chromium_command()
    with sync_playwright() as playwright:
        playwright.selectors.set_test_id_attribute("flt-semantics-identifier")
        browser = playwright.chromium.launch(executable_path=command, headless=True, args=list(FLAGS))
        yield browser
        browser.close()


@contextmanager
def new_tab(browser: Browser) -> Iterator[Page]:
    """A tab of a browser that nobody used before: no cookies, nothing kept."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    tab = context.new_page()
    tab.add_init_script(AUTO_A11Y)
    tab.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    yield tab
    context.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """See `new_tab`."""
    with new_tab(browser) as tab:
        yield tab


@pytest.fixture
def heard(tab: Page) -> Heard:
    """What the tab asks for and says."""
    heard = Heard()
    heard.listen(tab)
    return heard


def tap(widget: Locator) -> None:
    """Click a widget, once that does something. By force: an invisible node of sliders and menus may lie over the
    whole page.
    """
    expect(widget).to_be_enabled()
    widget.click(force=True)


def tap_until(widget: Locator, seen: Locator) -> None:
    """Click a widget that may just be moving, as something comes in above it, until what it leads to is there."""
    for _ in range(5):
        tap(widget)
        try:
            seen.wait_for(timeout=PATIENCE_MS / 5)
        except PlaywrightTimeoutError:
            continue
        return
    expect(seen).to_be_visible()


def type_into(field: Locator, text: str) -> None:
    """Replace what is in a text field, as somebody at a keyboard does, once Flutter listens to the keyboard."""
    tap(field)
    expect(field).to_be_focused()
    field.page.wait_for_timeout(100)
    field.page.keyboard.press("ControlOrMeta+a")
    field.page.keyboard.type(text)
    expect(field).to_have_value(text)
