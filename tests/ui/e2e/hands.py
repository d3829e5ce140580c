"""What the browser tests do by hand and by the API: twins that run, devices that send, addresses that are gone to."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from playwright.sync_api import Locator, Page

from tests.ui.browser import PATIENCE_MS
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.data_directory import sandbox_directory
from twin2multicloud.app.schemas.placements import PlacementInput, ProposalInput
from twin2multicloud.app.schemas.runs import RunSummary
from twin2multicloud.app.schemas.twins import Twin, TwinInput
from twin2multicloud.app.server_process import ServerProcess

T = TypeVar("T")
PATIENCE_S = PATIENCE_MS / 1_000
RIVE = "cdn.jsdelivr.net"
"""What a widget that is never used asks for, which the page's policy keeps from being asked."""


class Server(ServerProcess):
    """A server that can be stopped, and started again on the same data where it was."""

    def __enter__(self) -> Self:
        super().__enter__()
        self.port = int(self.client.http.url.rpartition(":")[2])
        return self

    def stop(self) -> None:
        """As an operator does, with SIGTERM."""
        self.__exit__(None, None, None)


def smart_home(client: Client, name: str = "smart-home") -> Twin:
    """The built-in smart home, where it is cheapest."""
    files = dict(client.catalogue.workload("smart-home").files)
    source = files.pop("twin.yaml").replace("name: smart-home", f"name: {name}", 1)
    twins = client.twins
    twin = twins.create(TwinInput(source=source, files=files))
    proposal = twins.propose(twin.id, ProposalInput())
    return twins.place(twin.id, PlacementInput(optimization=proposal.id), twin.version).twin


def watched_home(backend: ServerProcess) -> str:
    """The smart home, which runs; some of its messages were spoiled. Its id."""
    twin = smart_home(backend.client).id
    backend.deploy(twin, devices=8)
    messages(backend.data, twin, malformed=0.2)
    eventually(lambda: len(list(backend.client.alerts.list())) > 1, "alerts")
    return twin


def messages(data: Path, twin: str, *, malformed: float = 0.0, seconds: int = 6) -> None:
    """A few devices of the smart home that runs send for a while; some of what they send is spoiled."""
    keys = sandbox_directory(data, twin) / "connection.json"
    options = ["--devices", "8", "--interval", "500ms", "--duration", f"{seconds}s"]
    spoiled = ["--fault", f"malformed={malformed}"] if malformed else []
    subprocess.run(
        [sys.executable, "-m", "twin2multicloud", "simulate", "smart-home", "--keys", str(keys), *options, *spoiled],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=PATIENCE_S,
    )


def eventually(true: Callable[[], T | None], what: str | Callable[[], str]) -> T:
    """What comes to be true, once it does."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := true()):
        assert time.monotonic() < deadline, f"there is no {what if isinstance(what, str) else what()}"
        time.sleep(0.1)
    return found


def newest_run(backend: ServerProcess, twin: str) -> RunSummary:
    """A twin's newest run."""
    return next(iter(backend.client.runs.list(twin=twin)))


def show(tab: Page, path: str) -> None:
    """Go to an address as the back button does, without loading the page anew."""
    tab.evaluate("path => { history.pushState(null, '', path); dispatchEvent(new PopStateEvent('popstate')); }", path)


def view(tab: Page) -> Locator:
    """The tree of what is in view; what is announced to screen readers is beside it."""
    return tab.locator("flt-semantics-host")


def said(tab: Page, text: str | re.Pattern[str]) -> Locator:
    """A text in view."""
    return view(tab).get_by_text(text).first


def heading(tab: Page, name: str | re.Pattern[str]) -> Locator:
    """What the screen in view is called."""
    return tab.get_by_role("heading", name=name, level=1)


def button(tab: Page, name: str | re.Pattern[str], *, exact: bool = False) -> Locator:
    """A button, by its name."""
    return tab.get_by_role("button", name=name, exact=exact).first
