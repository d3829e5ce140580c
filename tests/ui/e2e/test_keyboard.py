"""With the keyboard alone: signing in, going somewhere, menus, dialogs, sliders, choices, alerts, a proposal, text."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.ui.browser import PATIENCE_MS
from tests.ui.e2e import hands, reading
from tests.ui.e2e.hands import said
from twin2multicloud.app.schemas.drafts import DraftInput
from twin2multicloud.app.server_process import ServerProcess

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browsers 3")]

_MOST_STOPS = 150
_AT = """() => {
  const node = document.activeElement;
  if (!node.closest("flt-semantics-host")) return null;
  return {role: node.role || node.localName, name: (node.ariaLabel || node.textContent || "").split("\\n")[0],
          id: node.id || node.parentElement.id, text: node.ariaValueText || node.value || ""};
}"""
_RING = """() => {
  const ring = document.getElementById("ring").getBoundingClientRect();
  const node = document.activeElement.getBoundingClientRect();
  return ring.width > 0 && ["x", "y", "width", "height"].every((each) => Math.abs(ring[each] - node[each]) < 2);
}"""


class Keyboard:
    """A page, and nothing but its keys."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab

    def at(self) -> dict[str, str] | None:
        """What has the focus: role, name, what it holds, and which node it is; None where nothing on the page has."""
        found: dict[str, str] | None = self.tab.evaluate(_AT)
        return found

    def press(self, *keys: str) -> None:
        """Keys one after the other, as fast as somebody presses them."""
        for key in keys:
            self.tab.keyboard.press(key)
            self.tab.wait_for_timeout(150)

    def reach(self, name: str, *, role: str = "", back: bool = False) -> dict[str, str]:
        """Go to what is called so (a pattern), stop by stop."""
        passed = []
        for _ in range(_MOST_STOPS):
            self.press("Shift+Tab" if back else "Tab")
            at = self.at()
            if at is not None and re.search(name, at["name"]) and role in ("", at["role"]):
                return at
            passed.append(at and at["name"])
        raise AssertionError(f"{name} is not reached, but {passed}")

    def begin(self) -> None:
        """Press Tab, once there is something to go to."""
        hands.eventually(lambda: self.press("Tab") or self.at(), "anything to go to")  # type: ignore[func-returns-value]

    def has_ring(self) -> None:
        """Wait until the ring is around what has the focus."""
        hands.eventually(lambda: self.tab.evaluate(_RING), lambda: f"ring around {self.at()}")

    def stands_at(self, name: str) -> None:
        """Wait until the focus is on what is called so."""
        hands.eventually(
            lambda: (at := self.at()) is not None and re.search(name, at["name"]), lambda: f"{name}, but {self.at()}"
        )


@pytest.fixture(scope="module")
def twin(backend: ServerProcess) -> str:
    return hands.watched_home(backend)


@pytest.fixture
def keyboard(browser: Browser, backend: ServerProcess, twin: str) -> Iterator[Keyboard]:
    """A page whose person has signed in by a link and not touched anything. Nobody has asked for the tree that screen
    readers need.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE_MS)
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.goto(backend.link())
    expect(tab.locator("flt-semantics-placeholder")).to_be_attached(timeout=PATIENCE_MS)
    yield Keyboard(tab)
    context.close()
    assert problems == []


def show(keyboard: Keyboard, path: str, heading: str) -> None:
    """Go to an address, once the tree is there."""
    if keyboard.at() is None:
        keyboard.begin()
    hands.show(keyboard.tab, path)
    expect(hands.heading(keyboard.tab, heading)).to_be_attached(timeout=PATIENCE_MS)
    expect(keyboard.tab.get_by_text("Loading", exact=True)).to_have_count(0, timeout=PATIENCE_MS)


def test_from_the_first_tab_to_a_twin_its_parts_a_menu_and_a_dialog(keyboard: Keyboard, twin: str) -> None:
    tab = keyboard.tab
    keyboard.begin()
    keyboard.stands_at("^Twins$")
    keyboard.has_ring()
    keyboard.reach("^smart-home$")
    keyboard.press("Enter")
    expect(tab).to_have_url(re.compile(f"/twins/{twin}"))
    keyboard.reach("^Devices$")
    keyboard.press("Enter")
    expect(said(tab, "8 devices")).to_be_visible()
    keyboard.stands_at("^Devices$")
    keyboard.reach("^Rules$")
    keyboard.press("Space")
    expect(said(tab, "door-left-open")).to_be_visible()

    keyboard.reach("^More to do$", back=True)
    keyboard.has_ring()
    keyboard.press("Enter")
    keyboard.stands_at("^Edit$")
    assert reading.faults(tab) == []
    keyboard.press("ArrowDown", "ArrowUp", "ArrowUp")
    keyboard.stands_at("^Destroy$")
    keyboard.press("Escape")
    keyboard.stands_at("^More to do$")

    keyboard.press("Enter")
    keyboard.stands_at("^Edit$")
    keyboard.press("ArrowUp", "Enter")
    expect(tab.get_by_role("dialog", name="Destroy smart-home").or_(tab.get_by_role("alertdialog"))).to_be_attached()
    keyboard.stands_at("^What$")
    assert reading.faults(tab) == []
    stops = [keyboard.at()]
    for _ in range(4):
        keyboard.press("Tab")
        stops.append(keyboard.at())
    names = [each["name"] if each else "" for each in stops]
    assert names[1].startswith("Destroy stores with")
    assert names[2:4] == ["Cancel", "Show what goes"]
    assert stops[4] == stops[0]  # round in it
    keyboard.press("Escape")
    keyboard.stands_at("^More to do$")
    expect(hands.heading(tab, "smart-home")).to_be_attached()


def test_each_stop_is_passed_once_column_by_column_and_then_the_way_leads_out(keyboard: Keyboard, twin: str) -> None:
    show(keyboard, f"/twins/{twin}/proposal?slot=L3.hot", "Proposal")
    keyboard.stands_at("^Twins$")
    seen: list[dict[str, str]] = []
    while (at := keyboard.at()) is not None and len(seen) < _MOST_STOPS:
        if at not in seen[-1:]:
            seen.append(at)
        keyboard.press("Tab")
    names = [each["name"] for each in seen]
    assert len({each["id"] for each in seen}) == len(seen)
    assert len(seen) == keyboard.tab.locator("flt-semantics-host").locator("[tabindex='0'], input, textarea").count()
    rail, left, right = names.index("Settings"), names.index("Bill lines"), names.index("Close")
    assert rail < names.index("smart-home") < left < right < names.index("Consider DynamoDB · on demand")
    keyboard.press("Tab")  # from the browser's own bars
    keyboard.stands_at("^Twins$")
    keyboard.press("Shift+Tab")
    assert keyboard.at() is None


def test_a_slider_a_field_and_code(keyboard: Keyboard, backend: ServerProcess) -> None:
    files = dict(backend.client.catalogue.workload("smart-home").files)
    source = files.pop("twin.yaml")
    draft = backend.client.drafts.create(DraftInput(title="loft", source=source, format="yaml", files=files)).id
    show(keyboard, f"/new/{draft}?at=workload", "smart-home")
    tab = keyboard.tab
    before = keyboard.reach("^Message size$", role="slider")
    assert before["text"] == "250 bytes"
    keyboard.has_ring()
    keyboard.press("ArrowRight")
    hands.eventually(lambda: (at := keyboard.at()) is not None and at["text"] not in ("", "250 bytes"), "another size")
    keyboard.press("Tab")
    keyboard.press("ControlOrMeta+a")
    tab.keyboard.type("640")
    keyboard.press("Tab")
    keyboard.press("Shift+Tab", "Shift+Tab")
    hands.eventually(
        lambda: (at := keyboard.at()) is not None and at["text"] == "640 bytes", lambda: f"{keyboard.at()}"
    )

    hands.show(tab, f"/new/{draft}?at=processors")
    code = keyboard.reach("^processors/", role="textarea")
    keyboard.press("Tab")  # indents
    assert (keyboard.at() or {}).get("id") == code["id"]
    keyboard.press("Escape", "Tab")
    keyboard.stands_at("^Processor$")


def test_signs_lead_to_the_search_to_a_filter_and_to_the_keys(keyboard: Keyboard, twin: str) -> None:
    tab = keyboard.tab
    expect(hands.heading(tab, "Twins").or_(tab.locator("flt-semantics-placeholder"))).to_be_attached()
    keyboard.press("/")  # also where no tree was made yet
    keyboard.stands_at("^Search twins$")
    tab.keyboard.type("a/?")  # where somebody writes they are what they are
    hands.eventually(lambda: (at := keyboard.at()) is not None and at["text"] == "a/?", lambda: f"{keyboard.at()}")
    keyboard.press("ControlOrMeta+a", "Delete", "Tab", "?")
    dialog = tab.get_by_role("dialog", name="Keyboard").or_(tab.get_by_role("alertdialog", name="Keyboard"))
    expect(dialog).to_be_attached()
    keyboard.stands_at("^Close$")
    keyboard.press("/")  # what has opened is not left by it
    keyboard.stands_at("^Close$")
    keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    show(keyboard, "/alerts", "Alerts")
    keyboard.press("/")
    keyboard.stands_at("^Severity")


def test_a_choice(keyboard: Keyboard, twin: str) -> None:
    show(keyboard, "/", "Twins")
    tab = keyboard.tab
    keyboard.reach("^State$")
    keyboard.press("Enter")
    keyboard.stands_at("^any state$")
    assert reading.faults(tab) == []
    keyboard.press("ArrowDown")
    keyboard.stands_at("^running$")
    keyboard.press("Enter")
    expect(tab).to_have_url(re.compile("life=deployed"))
    keyboard.stands_at("^State$")


def test_an_alert_is_acknowledged(keyboard: Keyboard, backend: ServerProcess, twin: str) -> None:
    show(keyboard, f"/twins/{twin}/errors", "smart-home")
    before = len(list(backend.client.alerts.list(acknowledged=False)))
    keyboard.reach("^Acknowledge ")
    keyboard.press("Enter")
    hands.eventually(lambda: len(list(backend.client.alerts.list(acknowledged=False))) == before - 1, "one less")


def test_a_slot_is_decided_otherwise(keyboard: Keyboard, backend: ServerProcess) -> None:
    twin = hands.smart_home(backend.client, "attic").id  # what is deployed already is moved instead
    show(keyboard, f"/twins/{twin}/proposal", "Proposal")
    tab = keyboard.tab
    keyboard.reach("^L3 Storage · hot:")
    keyboard.press("Enter")
    expect(tab).to_have_url(re.compile("slot=L3.hot"))
    keyboard.reach("^Consider DynamoDB · on demand$")
    keyboard.press("Enter")
    expect(said(tab, re.compile(r"Not cost-optimal: adds \$[\d.]+ / month"))).to_be_visible()
    keyboard.reach("^Keep this override$")
    keyboard.press("Enter")
    hands.eventually(lambda: backend.client.twins.get(twin).current.overrides, "an override")


@pytest.mark.parametrize(
    ("path", "heading", "opener", "dialog"),
    [
        ("/", "Twins", "^Signed in as", "Signed in"),
        ("/people/keys", "People and keys", "^Revoke ", "Revoke"),
        ("/twins/{twin}/errors", "smart-home", "^Inject a fault$", "Inject a fault"),
        ("/runs/{run}", "Run 1 · Deployment", "^Go to a time$", "Go to a time"),
    ],
)
def test_a_dialog_has_a_name_and_gives_the_focus_back(
    keyboard: Keyboard, backend: ServerProcess, twin: str, path: str, heading: str, opener: str, dialog: str
) -> None:
    run = hands.newest_run(backend, twin).id
    show(keyboard, path.format(twin=twin, run=run), heading)
    keyboard.reach(opener)
    keyboard.press("Enter")
    tab = keyboard.tab
    opened = tab.get_by_role("dialog", name=re.compile(dialog)).or_(
        tab.get_by_role("alertdialog", name=re.compile(dialog))
    )
    expect(opened).to_be_attached()
    hands.eventually(lambda: keyboard.at(), "something focused in it")
    assert reading.faults(tab) == []
    keyboard.press("Escape")
    expect(opened).to_have_count(0)
    keyboard.stands_at(opener)
