"""Every address of the front end, on a desk in light, at 200 %, and on a phone in the dark: what is there is there, in
its width, without a complaint, and without anybody else being asked; it can be heard, and used without a mouse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.app import cloud_accounts
from tests.ui.browser import AUTO_A11Y, PATIENCE_MS, Heard
from tests.ui.e2e import hands, reading
from tests.ui.e2e.hands import said, show
from twin2multicloud.app.schemas.drafts import DraftInput
from twin2multicloud.app.server_process import ServerProcess
from twin2multicloud.app.ui.new_twin.sections import Section
from twin2multicloud.app.ui.twin.state import TABS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browsers 1")]

_TWIN = {
    "overview": "Health",
    "devices": "8 devices",
    "rules": "door-left-open",
    "graph": "house",
    "cost": "Meter by meter",
    "errors": "Errors as they came",
    "dead-letters": "not JSON",
    "dashboards": "CO2",
    "specification": "smart-home.yaml, version",
    "runs": "Deployment",
}
_PROPOSAL = {
    "bill": "hours of an e2-small",
    "ranking": "Consider placement 2",
    "what-if": "Factors",
    "break-even": "From – to",
    "uncertainty&samples=200&vary=devices%3D20%25": "Consider placement|placed",
    "frontier": "Not modelled|the cheapest",
    "prices": "All prices",
    "proof": "Proved optimal",
}
_DRAFT = {
    Section.WORKLOAD: "Devices and messages",
    Section.DEVICES: "climate-sensor",
    Section.RULES: "stuffy-air",
    Section.PROCESSORS: "processors/climate.py",
    Section.GRAPH: "Entities",
    Section.DASHBOARDS: "Remove the dashboard",
    Section.CONSTRAINTS: "Clouds that may be used",
    Section.TEXT: r"Text \(YAML\)",
}
SCREENS = [
    ("/", "Twins", "smart-home"),
    ("/new", "New twin", "From an example"),
    ("/alerts", "Alerts", "a JSON array|not JSON"),
    ("/alerts?alert={alert}", "Alerts|Details", "Only this twin's alerts"),
    ("/alerts?part=telling", "Who is told", "Kept quiet"),
    ("/runs", "Runs", "Deployment"),
    ("/runs/{run}", "Run 1 · Deployment", "L3 Storage · archive"),
    ("/connections", "Cloud connections", "aws-dev"),
    ("/connections?connection={connection}", "Cloud connections", "Replace credentials"),
    ("/connections?add=gcp", "New", "New connection to GCP"),
    ("/prices/meters", "Prices", "AWS IoT Core"),
    ("/prices/books", "Prices", "Taken up"),
    ("/prices/check", "Prices", "Check a book of your own"),
    ("/people/workspaces", "People and keys", "owner"),
    ("/people/users", "People and keys", "@localhost"),
    ("/people/keys", "People and keys", "t2m_"),
    ("/people/sessions", "People and keys", "Everywhere, with all keys"),
    ("/audit", "Audit", "connection.created"),
    ("/settings", "Settings", "Keyboard"),
    ("/more", "More", "Sign out"),
    ("/nowhere/at/all", "Nothing is here", "There is no view at this address"),
    ("/twins/{twin}/deploy", "Deploy", "Rehearsal"),
    ("/twins/{twin}/edit", "Next version", "Save as version"),
    *((f"/twins/{{twin}}/{tab}", "smart-home", _TWIN[tab]) for tab in TABS),
    ("/twins/{twin}/cost?target=clouds", "smart-home", "None was read yet"),
    *((f"/twins/{{twin}}/proposal?tab={tab}", "Proposal", text) for tab, text in _PROPOSAL.items()),
    ("/twins/{twin}/proposal?slot=L3.hot", "Proposal", "Next best|Consider"),
    *((f"/new/{{draft}}?at={section}", "smart-home", _DRAFT[section]) for section in Section),
]
"""Address, name, and something of what is to be seen there."""
_SIZES: dict[str, dict[str, Any]] = {
    "desk": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "desk at 200 %": {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2, "color_scheme": "light"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}
_WIDER_THAN_THE_WINDOW = """() => {
  const aside = (node) => {  // in what is scrolled sideways, such as a file's text
    for (let up = node.parentElement; up; up = up.parentElement) if (up.style.overflowX === "scroll") return true;
    return false;
  };
  const out = [...document.querySelectorAll("flt-semantics")].filter((node) => {
    const box = node.getBoundingClientRect();
    return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1) && !aside(node);
  });
  return out.map((node) => `${node.ariaLabel || node.innerText || node.id}: to ${node.getBoundingClientRect().right}`);
}"""


@dataclass
class Home:
    """A server, and what is on it."""

    backend: ServerProcess
    names: dict[str, str]

    def at(self, address: str) -> str:
        """An address with the ids of what is there."""
        return address.format(**self.names)


@dataclass
class Window:
    """A window that goes from one address to the next, and all that it said and asked for."""

    tab: Page
    heard: Heard = field(default_factory=Heard)
    said: list[str] = field(default_factory=list)

    def listen(self) -> None:
        """From now on. Flutter tells of exceptions in widgets as plain messages, and draws a grey box."""
        self.heard.listen(self.tab)
        self.tab.on("console", self._said)
        self.tab.on("pageerror", lambda error: self.said.append(str(error)))

    def _said(self, message: ConsoleMessage) -> None:
        if hands.RIVE not in message.text and "GL Driver Message" not in message.text:
            self.said.append(f"{message.type}: {message.text}")


@pytest.fixture(scope="module")
def home(backend: ServerProcess) -> Home:
    """The smart home, which runs; some of its messages were spoiled."""
    client = backend.client
    twin = hands.smart_home(backend.client)
    backend.deploy(twin.id, devices=8)
    hands.messages(backend.data, twin.id, malformed=0.2)
    files = dict(client.catalogue.workload("smart-home").files)
    source = files.pop("twin.yaml")
    draft = client.drafts.create(DraftInput(title="cellar", source=source, format="yaml", files=files))
    connection = client.connections.create(client.login.me().workspaces[0].id, cloud_accounts.aws())
    alert = hands.eventually(lambda: next(iter(client.alerts.list()), None), "an alert")
    run = hands.newest_run(backend, twin.id)
    names = {"twin": twin.id, "draft": draft.id, "connection": connection.id, "alert": alert.id, "run": run.id}
    return Home(backend, names)


@pytest.fixture(scope="module", params=_SIZES)
def window(request: pytest.FixtureRequest, browser: Browser, home: Home) -> Iterator[Window]:
    """A window of a size, signed in."""
    context = browser.new_context(reduced_motion="reduce", **_SIZES[request.param])
    window = Window(context.new_page())
    window.tab.add_init_script(AUTO_A11Y)
    window.listen()
    window.tab.goto(home.backend.link())
    expect(hands.heading(window.tab, "Twins")).to_be_attached(timeout=PATIENCE_MS)
    yield window
    context.close()


@pytest.mark.parametrize(("address", "name", "text"), SCREENS, ids=[each[0] for each in SCREENS])
def test_what_is_at_an_address(window: Window, home: Home, address: str, name: str, text: str) -> None:
    tab = window.tab
    window.said.clear()
    show(tab, home.at(address))
    expect(hands.heading(tab, re.compile(f"^({name})$"))).to_be_attached(timeout=PATIENCE_MS)
    expect(tab.get_by_text("Loading", exact=True)).to_have_count(0, timeout=PATIENCE_MS)
    assert_in_view(tab, re.compile(text))
    expect(tab.get_by_test_id("failure")).to_have_count(0)
    expect(said(tab, re.compile("^Error (displaying|running app)"))).to_have_count(0)
    assert window.said == []
    # What a text that can be selected is to screen readers, unless it has a label.
    assert not re.search(r"- textbox \[disabled\]$", hands.view(tab).aria_snapshot(), re.MULTILINE)
    assert tab.evaluate(_WIDER_THAN_THE_WINDOW) == []
    assert reading.faults(tab) == []


def assert_in_view(tab: Page, text: re.Pattern[str]) -> None:
    """In the names of widgets as well as in texts."""
    seen = ""

    def there() -> bool:
        nonlocal seen
        seen = hands.view(tab).aria_snapshot()
        return text.search(seen) is not None

    hands.eventually(there, lambda: f"{text.pattern} in view, which has\n{seen}")


def test_nobody_else_was_asked(window: Window, home: Home) -> None:
    assert window.heard.hosts() == {home.backend.client.http.url.partition("://")[2], hands.RIVE}
    assert all(each.failure == "csp" for each in window.heard.requests if hands.RIVE in each.url)
