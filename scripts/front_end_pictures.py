"""Pictures of the front end: every screen of an installation with twins that run, by day and night, some on a phone."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from front_end_installation import Installation, installation
from running_pictures import running
from terminal_pictures import chromium, press

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DESK: Final = (1440, 900)
PHONE: Final = (390, 844)
LOW: Final = 664
"""For what a desk shows in less: as high as the rail."""
_HIGH: Final = 2_800
"""For what is pictured in part, so that all of it is there."""
_UNCERTAIN: Final = "devices=20%25%3Bmessage_interval_s=30..60..120%3Bviewers=5..50"
_PATIENCE_MS: Final = 120_000
_SETTLES_MS: Final = 1_500
"""What a screen takes at most to load the rest of what it shows, or to appear in other colours."""
_BRIGHTNESS: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


@dataclass(frozen=True)
class Screen:
    """A screen at its address, and what can be read there once it is there. `height` is less where less is to be seen;
    `phone`: it is pictured there, too; `part`: only that of it is pictured which has this identifier, whole.
    """

    name: str
    path: str
    shows: str
    height: int = DESK[1]
    phone: bool = False
    part: str | None = None


def screens(there: Installation) -> Sequence[Screen]:
    """All of them."""
    twin, proposed = f"/twins/{there.running}", f"/twins/{there.proposed}"
    return (
        Screen("run", f"/runs/{there.under_way}", r"creating [4-9] s"),  # as long as it lasts
        Screen("new", "/new", "Smart home"),
        Screen("draft", f"/new/{there.draft}", r"\$[\d,.]+ / month", phone=True),
        Screen("proposal", f"{proposed}/proposal", r"\$[\d,.]+ / month", phone=True),
        Screen("why", f"{proposed}/proposal?slot=L3.hot", "L3 Storage"),
        Screen("what-if", f"{proposed}/proposal?tab=what-if", "What if", height=1150),
        Screen(
            "break-even",
            f"{proposed}/proposal?tab=break-even&along=devices&between=400..40000",
            "optimized exactly",
            height=_HIGH,
            part="proposal-tabs",
        ),
        Screen(
            "uncertainty",
            f"{proposed}/proposal?tab=uncertainty&samples=10000&vary={_UNCERTAIN}",
            "What drives the cost",
            height=_HIGH,
            part="proposal-tabs",
        ),
        Screen("trade-offs", f"{proposed}/proposal?tab=frontier", "not modelled", height=1300),
        Screen("deploy", f"/twins/{there.ready}/deploy?target=clouds", "Sandbox"),
        Screen("plan", f"/runs/{there.waiting}", "Agree"),
        Screen("move", f"/runs/{there.moved}", "succeeded"),
        Screen("runs", "/runs", "Verification", height=LOW),
        Screen("alerts", "/alerts", "garden-lane", height=LOW, phone=True),
        Screen("connections", "/connections", "azure-research", height=LOW),
        Screen("prices", "/prices", "AWS"),
        Screen("prices-findings", "/prices/findings", "aws.sqs.requests", height=1160),
        Screen("telling", "/alerts?part=telling", "on-call", height=760, phone=True),
        Screen("people", "/people/users", "Sofia", height=LOW),
        Screen("keys", "/people/keys", "nightly report", height=LOW),
        Screen("audit", "/audit", "Mira"),
        Screen("settings", "/settings", "Language", height=760),
        Screen("devices", f"{twin}/devices?device=climate-01", "climate-01"),
        Screen("rules", f"{twin}/rules", "stuffy-air", height=760),
        Screen("graph", f"{twin}/graph", "house", height=LOW),
        Screen("cost", f"{twin}/cost", "Meter by meter", height=1500),
        Screen("errors", f"{twin}/errors", "Errors as they came", height=660),
        Screen("dead-letters", f"{twin}/dead-letters", "JSON", height=LOW),
        Screen("dashboards", f"{twin}/dashboards", "Temperatures"),
        Screen("specification", f"{twin}/specification", "Download"),
        Screen("twins", "/", "campus-north", height=LOW, phone=True),
        Screen("twin", f"{twin}/overview", "messages / s", height=1500, phone=True),
    )


def front_end(images: Path, only: Sequence[str] = ()) -> None:
    """`ui-SCREEN-light.png` and so on, of all screens or of `only` some."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from playwright.sync_api import sync_playwright
    from tests.ui.browser import FLAGS

    with (
        tempfile.TemporaryDirectory() as folder,
        installation(Path(folder) / "data") as there,
        sync_playwright() as playwright,
    ):
        playwright.selectors.set_test_id_attribute("flt-semantics-identifier")
        browser = playwright.chromium.launch(executable_path=chromium(), headless=True, args=list(FLAGS))
        wanted = [screen for screen in screens(there) if not only or screen.name in only]
        with _tab(browser, there, DESK) as tab:
            for screen in wanted:
                tab.set_viewport_size({"width": DESK[0], "height": screen.height})
                _picture(tab, there, screen, images / f"ui-{screen.name}")
        with _tab(browser, there, PHONE) as tab:
            for screen in wanted:
                if screen.phone:
                    _picture(tab, there, screen, images / f"ui-{screen.name}-phone")
        browser.close()
        # Last, since by then there is a history to tell.
        if not only or "terminal" in only:
            running(there, images)


@contextmanager
def _tab(browser: Browser, there: Installation, size: tuple[int, int]) -> Iterator[Page]:
    from tests.ui.browser import AUTO_A11Y

    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    tab = context.new_page()
    tab.add_init_script(AUTO_A11Y)
    tab.set_default_timeout(_PATIENCE_MS)
    tab.goto(there.client.login.local_link("/settings").url)
    tab.wait_for_url("**/settings")
    yield tab
    context.close()


def _picture(tab: Page, there: Installation, screen: Screen, image: Path) -> None:
    from playwright.sync_api import TimeoutError as TooLong

    tab.goto(f"{there.client.http.url}{screen.path}")
    seen = tab.locator("flt-semantics-host")
    try:
        seen.get_by_text(re.compile(screen.shows)).or_(seen.get_by_label(re.compile(screen.shows))).first.wait_for(
            state="attached"
        )
    except TooLong:
        print(f"never seen at {screen.path}: {screen.shows}\n{seen.aria_snapshot()}", file=sys.stderr)
    tab.get_by_text("Loading", exact=True).first.wait_for(state="detached")
    for brightness in _BRIGHTNESS:
        tab.emulate_media(color_scheme=brightness)
        tab.wait_for_timeout(_SETTLES_MS)
        # A message of something new would lie over the screen.
        tab.get_by_test_id("notice").wait_for(state="detached")
        taken = image.with_name(f"{image.name}-{brightness}.png")
        if screen.part is None:
            tab.screenshot(path=taken)
        else:
            tab.screenshot(path=taken, clip=tab.get_by_test_id(screen.part).bounding_box())
        press(taken)


if __name__ == "__main__":
    front_end(Path(__file__).parents[1] / "docs" / "images", sys.argv[1:])
