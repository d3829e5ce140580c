"""The whole thing: a server in a process of its own, people in real browsers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from tests.ui.browser import PATIENCE_MS
from twin2multicloud.app.server_process import ServerProcess
from twin2multicloud.optimizer.pricing.book import BUNDLED

Enter = Callable[..., None]


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server for a module's tests, over data of its own. Its prices are refreshed from a directory: no cloud's list
    can be asked here.
    """
    with ServerProcess(tmp_path_factory.mktemp("data"), {"T2M_PRICES": str(BUNDLED)}) as backend:
        yield backend
    backend.end_sandboxes()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, Any]:
    """A failure tells where its tab was, and what was in view."""
    report = yield
    tab = getattr(item, "funcargs", {}).get("tab")
    if report.when == "call" and report.failed and isinstance(tab, Page):
        with suppress(PlaywrightError):  # the tab may have crashed
            seen = tab.locator("body").aria_snapshot(timeout=5_000)
            report.sections.append((f"in view at {tab.url}", seen))
    return report


@pytest.fixture
def enter(tab: Page, backend: ServerProcess) -> Enter:
    """Signs a tab in by the terminal's link and shows a view."""

    def entered(path: str = "/", *, into: Page = tab) -> None:
        link = backend.client.login.local_link(path)
        into.goto(link.url)
        into.wait_for_url(f"{backend.client.http.url}{path}*", timeout=PATIENCE_MS)
        expect(into.locator("flt-semantics-host flt-semantics").first).to_be_attached(timeout=PATIENCE_MS)

    return entered
