"""How long a browser takes from what somebody does until it shows what comes of that.

Headless Chromium (software rendering) over loopback on a real server with 200 twins: a filter of the list, a part of a
twin, a part of the prices, a slider beside its exact number. From the browser's own event to the first frame that
holds the outcome, which screen readers are told with the same frame. The baseline is a counter on Flet's own mount: a
button and a text, the least that a server can be asked for.

Run: python -m benchmarks.interactions [--turns N] [--json]
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright
from rich.console import Console
from rich.table import Table
from tests.ui.browser import AUTO_A11Y, FLAGS

from benchmarks.backend import DEFINITION
from benchmarks.front_end import COUNTER, baseline
from twin2multicloud.app.schemas.twins import TwinInput
from twin2multicloud.app.server_process import ServerProcess

TWINS = 200
TARGET_MS = 150.0
WATCH = """
for (const kind of ["pointerup", "keydown"])
  addEventListener(kind, event => { window.pressedAt = event.timeStamp }, true);
window.whenSeen = test => new Promise((done, failed) => {
  const look = () => test() ? done(performance.now()) : requestAnimationFrame(look);
  requestAnimationFrame(look);
  setTimeout(() => failed("not seen"), 20000);
});
"""


@dataclass(frozen=True)
class Figures:
    """What somebody does, how often, and how long it took until it was in view."""

    does: str
    turns: int
    median_ms: float
    p95_ms: float
    most_ms: float


class Watched:
    """A tab in which moments are noted."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab

    def button(self, name: str) -> Locator:
        """A button by its whole name."""
        return self.tab.get_by_role("button", name=name, exact=True).first

    def press(self, where: Locator, seen: str) -> float:
        """Press a widget; milliseconds until the JavaScript expression `seen` is true."""
        box = where.bounding_box()
        assert box is not None, "it is in view"
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        return self._done(seen, lambda: self.tab.mouse.click(*middle))

    def hit(self, key: str, seen: str) -> float:
        """As `press`, of a key of the keyboard."""
        return self._done(seen, lambda: self.tab.keyboard.press(key))

    def _done(self, seen: str, act: Callable[[], None]) -> float:
        self.tab.evaluate(f"() => {{ window.waiting = window.whenSeen(() => {seen}); }}")
        act()
        took: float = self.tab.evaluate("async () => await window.waiting - window.pressedAt")
        self.tab.wait_for_timeout(150)  # what still comes after it is not the next turn's
        return took


def text(wanted: str) -> str:
    """An expression: whether a text is in view."""
    return f"document.querySelector('flt-semantics-host').textContent.includes({json.dumps(wanted)})"


def current(name: str) -> str:
    """An expression: whether a tab is the chosen one."""
    chosen = "[...document.querySelectorAll('[aria-current=true],[aria-selected=true]')]"
    return f"{chosen}.some(each => each.textContent.trim() === {json.dumps(name)})"


def turns(count: int, *does: Callable[[], float]) -> list[float]:
    """What is done in turn, so often; the first round, in which code is loaded, does not count."""
    for each in does:
        each()
    return [each() for _ in range(count) for each in does]


def figures(name: str, found: list[float]) -> Figures:
    """What many turns come to."""
    return Figures(name, len(found), statistics.median(found), statistics.quantiles(found, n=20)[-1], max(found))


def new_tab(browser: Browser, url: str) -> Watched:
    """A tab that is at an address."""
    tab = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce").new_page()
    tab.add_init_script(AUTO_A11Y)
    tab.add_init_script(WATCH)
    tab.set_default_timeout(60_000)
    tab.goto(url)
    tab.locator("flt-semantics-host flt-semantics").first.wait_for(state="attached")
    return Watched(tab)


def counter(browser: Browser, count: int) -> Figures:
    """The baseline."""
    with baseline(COUNTER) as url:
        there = new_tab(browser, url)
        there.button("more").wait_for()
        numbers = iter(range(1, 10_000))
        found = turns(count, lambda: there.press(there.button("more"), text(f"count {next(numbers)}")))
        there.tab.context.close()
    return figures("a counter, Flet's own mount", found)


def front_end(browser: Browser, backend: ServerProcess, count: int) -> list[Figures]:
    """Ours."""
    api, origin = backend.client, backend.client.http.url
    for number in range(TWINS):
        twin = api.twins.create(TwinInput(source=DEFINITION.format(name=f"twin-{number:03}")))
    there = new_tab(browser, backend.link())
    there.tab.get_by_text("twin-000").first.wait_for()
    attention = there.tab.get_by_role("switch", name="Needs attention")

    def filtered() -> list[float]:
        nothing, every = text("No twin fits"), text("twin-000")
        return turns(count, lambda: there.press(attention, nothing), lambda: there.press(attention, every))

    def parts(at: str, *names: str) -> list[float]:
        there.tab.goto(f"{origin}{at}")
        there.button(names[0]).wait_for()
        there.tab.wait_for_timeout(1_000)
        return turns(count, *(lambda name=name: there.press(there.button(name), current(name)) for name in names))

    def slid() -> list[float]:
        there.tab.goto(f"{origin}/new")
        there.button("Begin with Smart home").click(force=True)
        slider = there.tab.get_by_role("slider", name="Devices").first
        slider.wait_for()
        there.tab.wait_for_timeout(2_000)
        slider.focus()
        said = "document.querySelector('input[aria-label=Devices][type=range]').ariaValueText"

        def by(key: str) -> float:
            return there.hit(key, f"![null, {json.dumps(there.tab.evaluate(said))}].includes({said})")

        return turns(count, lambda: by("ArrowRight"), lambda: by("ArrowLeft"))

    return [
        figures("a filter of 200 twins", filtered()),
        figures("a part of a twin", parts(f"/twins/{twin.id}", "Specification", "Runs", "Cost", "Overview")),
        figures("a part of the prices", parts("/prices", "Books", "Meters")),
        figures("a slider, until it says its number", slid()),
    ]


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    chromium = shutil.which("chromium") or sys.exit("benchmarks of the front end need chromium: make tools")
    with (
        sync_playwright() as playwright,
        tempfile.TemporaryDirectory() as folder,
        ServerProcess(Path(folder)) as backend,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=list(FLAGS))
        first = counter(browser, given.turns)
        found = [first, *front_end(browser, backend, given.turns)]
        browser.close()
    if given.json:
        print(json.dumps([asdict(each) for each in found]))
        return
    table = Table("until it is in view", "turns", "median ms", "× counter", "p95 ms", "most ms", box=None)
    for each in found:
        ratio = each.median_ms / first.median_ms
        table.add_row(
            each.does,
            f"{each.turns}",
            f"{each.median_ms:.0f}",
            f"{ratio:.1f}",
            f"{each.p95_ms:.0f}",
            f"{each.most_ms:.0f}",
        )
    Console().print(table)
    print(f"target: {TARGET_MS:.0f} ms median")


if __name__ == "__main__":
    main()
