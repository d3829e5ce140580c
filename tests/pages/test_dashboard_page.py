"""The live dashboard in a real browser."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.pages.browser import Browser
from tests.pages.conftest import Site
from tests.pages.demo_data import MARKUP, served
from tests.patience import PATIENCE_S
from twin2multicloud.dashboards.build import grafana_dashboards
from twin2multicloud.dashboards.source import ReadSource
from twin2multicloud.runtime.times import to_epoch
from twin2multicloud.sandbox.pages import dashboard_app

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("one browser, dashboard")]

VISIBLE_ARE_READ = "document.querySelectorAll('.panel:not([data-state=loading])').length >= 5"
CHART = (
    "[...document.querySelectorAll('.panel')]"
    ".find(p => p.querySelector('h3').textContent === 'temperature · room-001' && p.querySelector('.chart'))"
)


@pytest.fixture
def shown(browser: Browser, site: Site) -> Iterator[Browser]:
    """The dashboard in a window high enough for all of its panels."""
    browser.window(1280, 3200)
    browser.open(f"{site.url}/dashboard/")
    browser.run("localStorage.clear()")
    browser.until("document.querySelectorAll('.panel').length > 10 && !document.querySelector('[data-state=loading]')")
    yield browser
    browser.run("localStorage.clear()")


def enter(browser: Browser, element: str, value: str) -> None:
    """Choose or type a value, as a person does."""
    events = "node.dispatchEvent(new Event('input')); node.dispatchEvent(new Event('change'))"
    browser.run(f"(node => {{ node.value = {json.dumps(value)}; {events}; }})({element})")


def wide(browser: Browser) -> list[str]:
    """Elements that stick out of the window, but for those that scroll by themselves."""
    found: list[str] = browser.run(
        "[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, svg, .skip, .hidden') && "
        "e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(e => e.outerHTML.slice(0, 90))"
    )
    return found


def test_every_panel_of_the_json_is_drawn(shown: Browser, site: Site) -> None:
    assert shown.complaints == []
    states = shown.run("[...document.querySelectorAll('.panel')].map(p => p.dataset.state)")
    [board] = grafana_dashboards(site.demo.spec, ReadSource("", ""))
    assert states == ["ok"] * sum(panel["type"] != "row" for panel in board["panels"])
    assert shown.run("document.querySelectorAll('.row').length") == 4
    lines = shown.run("[...document.querySelectorAll('.chart')].map(c => c.querySelectorAll('.line').length)")
    assert lines == [2, 1, 1, 1, 3, 3, 1]
    paths = shown.run("[...document.querySelectorAll('.line')].map(l => l.getAttribute('d'))")
    assert all(len(path) > 200 and "NaN" not in path for path in paths)
    assert shown.run("document.querySelectorAll('.gauge .filled').length") == 5
    assert shown.run("document.querySelectorAll('.alarm').length") == 5
    assert shown.run("document.querySelectorAll('.panel-table tbody tr').length") == 36 + 3 + 1


def test_a_pause_of_a_device_is_a_gap_and_not_a_line(shown: Browser) -> None:
    path = shown.run(f"{CHART}.querySelector('.line').getAttribute('d')")
    runs = [[float(x) for x in re.findall(r"[ML](-?[\d.]+),", run)] for run in re.findall(r"M[^M]+", path)]
    assert len(runs) == 2
    assert runs[1][0] - runs[0][-1] > 20


def test_the_grid_is_that_of_the_json(shown: Browser) -> None:
    boxes = shown.run(
        "[...document.querySelectorAll('.panel')].map(p => p.getBoundingClientRect())"
        ".map(b => [b.left, b.top, b.right, b.bottom])"
    )
    for i, a in enumerate(boxes):
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 1 or b[3] <= a[1] + 1
    first, alarms = boxes[:2]
    assert first[1] == alarms[1]
    assert abs((first[2] - first[0]) - (alarms[2] - alarms[0])) < 2


def test_the_pointer_reads_exact_values_and_times(shown: Browser, site: Site) -> None:
    shown.run(f"{CHART}.id = 'chart-under-test'; window.scrollTo(0, 0)")
    shown.hover("#chart-under-test svg.plot", 0.9)
    shown.until("!document.querySelector('#chart-under-test .tip').hidden")
    tip = shown.run("document.querySelector('#chart-under-test .tip').innerText")
    assert re.search(r"\d{1,2} \w{3} \d{4}, \d\d:\d\d:\d\d\.000\ntemperature\n\d+(\.\d+)?\s°C", tip), tip
    shown.until("document.querySelectorAll('.crosshair').length === 7")  # every chart shows the same moment
    shown.hover("h1")
    shown.until("document.querySelector('#chart-under-test .tip').hidden")


def test_the_arrow_keys_read_values_too(shown: Browser) -> None:
    shown.run(f"{CHART}.querySelector('svg').focus()")
    shown.press("End")
    last = shown.run(f"{CHART}.querySelector('.tip-time').textContent")
    shown.press("ArrowLeft")
    before = shown.run(f"{CHART}.querySelector('.tip-time').textContent")
    assert before != last
    shown.press("ArrowRight")
    assert shown.run(f"{CHART}.querySelector('.tip-time').textContent") == last
    shown.press("Escape")
    assert shown.run(f"{CHART}.querySelector('.tip').hidden")
    assert "Arrow keys" in shown.run(f"{CHART}.querySelector('svg').getAttribute('aria-label')")


def test_the_legend_takes_lines_away_and_brings_them_back(shown: Browser) -> None:
    legend = "[...document.querySelectorAll('.legend-item')].find(b => b.textContent.startsWith('meter-south'))"
    lines = f"{legend}.closest('.panel').querySelectorAll('.line').length"
    assert shown.run(lines) == 3
    shown.run(f"{legend}.click()")
    assert shown.run(lines) == 2
    assert shown.run(f"{legend}.getAttribute('aria-pressed')") == "false"
    shown.run(f"{legend}.click()")
    assert shown.run(lines) == 3


def test_choosing_a_device_asks_for_it_and_stays_in_the_address(shown: Browser, site: Site) -> None:
    site.demo.asked.clear()
    enter(shown, "document.querySelector('#variables select')", "room-017")
    shown.until("[...document.querySelectorAll('h3')].some(h => h.textContent === 'humidity · room-017')")
    assert "var-device_climate=room-017" in shown.run("location.hash")
    until_asked(site, lambda query: query.get("device") == "room-017")
    until_asked(site, lambda query: query.get("entity") == "room-017")


def test_an_address_chooses_nothing_the_twin_does_not_have(browser: Browser, site: Site) -> None:
    browser.window(1280, 900)
    browser.open(f"{site.url}/dashboard/#d=77&range=9999999999d&to=x&var-device_climate=%22%7D%2C%22kind%22%3A%22drop")
    browser.until(VISIBLE_ARE_READ)
    assert browser.run("document.querySelector('#variables select').value") == "room-001"
    assert browser.run("document.querySelector('[data-range][aria-pressed=true]').textContent") == "15 m"
    assert browser.complaints == []


def test_ranges_and_following(shown: Browser, site: Site) -> None:
    buttons = "[...document.querySelectorAll('#ranges button')]"
    assert shown.run(f"{buttons}.map(b => b.textContent)") == ["5 m", "15 m", "1 h", "24 h", "7 d"]
    shown.run(f"{buttons}.find(b => b.textContent === '7 d').click()")
    until_asked(site, lambda query: abs(seconds(query) - 7 * 86400) < 1)
    shown.run("document.querySelector('#earlier').click()")
    until_asked(site, lambda query: "end" in query and to_epoch(query["end"]) < site.demo.now() - 3 * 86400)
    assert shown.run("document.querySelector('#follow').getAttribute('aria-pressed')") == "false"
    assert "Not following" in shown.run("document.querySelector('#live').textContent")
    shown.run("document.querySelector('#later').click()")
    shown.until("document.querySelector('#follow').getAttribute('aria-pressed') === 'true'")


def seconds(query: dict[str, Any]) -> float:
    return to_epoch(query["end"]) - to_epoch(query["start"]) if "end" in query else 0.0


def until_asked(site: Site, wanted: Callable[[dict[str, Any]], bool]) -> None:
    """Wait until the page has asked a certain question."""
    end = time.monotonic() + PATIENCE_S
    while not any(wanted(query) for query in list(site.demo.asked)):
        assert time.monotonic() < end, site.demo.asked
        time.sleep(0.05)


def test_tables_are_sorted_and_searched(shown: Browser) -> None:
    table = "[...document.querySelectorAll('.panel')].find(p => p.textContent.startsWith('climate: last values'))"
    first = f"{table}.querySelector('tbody th').textContent"
    shown.run(f"{table}.querySelector('th button').click()")
    shown.run(f"{table}.querySelector('th button').click()")
    assert shown.run(first) == "room-036"
    assert shown.run(f"{table}.querySelector('thead th').getAttribute('aria-sort')") == "descending"
    enter(shown, f"{table}.querySelector('input')", "02")
    assert shown.run(f"{table}.querySelectorAll('tbody tr').length") == 11  # room-002 and room-020 … 029
    enter(shown, f"{table}.querySelector('input')", "zz")
    assert "No device is called “zz”" in shown.run(f"{table}.innerText")


def test_without_data_the_page_says_so(browser: Browser, site: Site) -> None:
    site.demo.empty = True
    browser.window(1280, 3200)
    browser.open(f"{site.url}/dashboard/")
    browser.until("document.querySelectorAll('.panel[data-state=empty]').length >= 15")
    words = browser.run("document.body.innerText")
    for phrase in (
        "No data in the last 15 min",
        "No value yet",
        "No alarms: no rule has fired",
        "No twins of this type",
    ):
        assert phrase in words
    assert browser.complaints == []


def test_a_store_that_fails_is_said_in_words_and_old_data_stays_to_be_seen(shown: Browser, site: Site) -> None:
    site.demo.broken = "telemetry store of azure: outage <b>"
    enter(shown, "document.querySelector('#refresh')", "1s")
    shown.until("document.querySelectorAll('.panel[data-state=stale]').length >= 14")
    assert "Not updated for" in shown.run("document.querySelector('#live').textContent")
    assert "telemetry store of azure: outage <b>" in shown.run("document.querySelector('#live').textContent")
    assert "not read for" in shown.run(f"{CHART}.querySelector('.panel-note').textContent")
    assert shown.run(f"{CHART}.querySelectorAll('.line').length") == 1
    site.demo.broken = ""
    shown.until("!document.querySelector('.panel[data-state=stale]')")
    shown.until("document.querySelector('#live').textContent.includes('Live')")


def test_a_page_that_never_had_data_says_why(browser: Browser, site: Site) -> None:
    site.demo.broken = "no route to gcp"
    browser.window(1280, 900)
    browser.open(f"{site.url}/dashboard/")
    browser.until("document.querySelector('.panel[data-state=error]')")
    assert "Can not be read: no route to gcp. Trying again." in browser.run("document.body.innerText")


def test_markup_in_names_and_messages_stays_text(browser: Browser, site: Site) -> None:
    site.demo.names = {"room-001": MARKUP, "room-014": MARKUP}
    browser.window(1280, 3200)
    browser.open(f"{site.url}/dashboard/")
    browser.until("document.querySelectorAll('.panel').length > 10 && !document.querySelector('[data-state=loading]')")
    assert browser.run("document.body.innerText").count(MARKUP) >= 3
    assert browser.run("document.querySelectorAll('#grid img, #grid b').length") == 0
    assert browser.run("window.hacked === undefined")
    assert browser.complaints == []


@pytest.mark.parametrize("width", [400, 640, 1024])
def test_narrow_windows_need_no_scrolling_sideways(browser: Browser, site: Site, width: int) -> None:
    browser.window(width, 900)
    browser.open(f"{site.url}/dashboard/")
    browser.until(VISIBLE_ARE_READ if width > 700 else "document.querySelectorAll('.panel[data-state=ok]').length >= 2")
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert wide(browser) == []


def test_dark_follows_the_system_until_a_person_chooses(browser: Browser, site: Site) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    browser.window(1280, 900, dark=True)
    browser.open(f"{site.url}/dashboard/")
    browser.until(VISIBLE_ARE_READ)
    dark = browser.run(background)
    browser.run("document.querySelector('#theme').click()")
    light = browser.run(background)
    assert [sum(map(int, re.findall(r"\d+", colour))) > 380 for colour in (dark, light)] == [False, True]
    browser.open(f"{site.url}/dashboard/")
    browser.until(VISIBLE_ARE_READ)
    assert browser.run(background) == light
    browser.run("localStorage.clear()")


def test_a_typed_device_name_stays_a_name(browser: Browser, site: Site) -> None:
    """Of types with very many devices the name is typed, whatever is typed."""
    room = site.demo.spec.devices[0]
    many = msgspec.structs.replace(room, count=5000)
    site.demo.spec = msgspec.structs.replace(site.demo.spec, devices=(many,))
    boards = grafana_dashboards(site.demo.spec, ReadSource("", ""))
    with served(
        Starlette(routes=[Mount("/d", dashboard_app(lambda: boards, site.demo.query, list, site.demo.twin))])
    ) as url:
        browser.window(1280, 900)
        browser.open(f"{url}/d/")
        browser.until(VISIBLE_ARE_READ)
        typed = 'x", "kind": "drop'
        enter(browser, "document.querySelector('#variables input')", typed)
        until_asked(site, lambda query: query.get("entity") == typed)
        assert {query["kind"] for query in site.demo.asked} <= {"state", "history", "rates"}
        assert browser.complaints == []


def test_an_answer_that_does_not_reach_back_to_the_start_is_said_to_be_cut(browser: Browser, site: Site) -> None:
    site.demo.newest_only = True
    browser.window(1280, 3200)
    browser.open(f"{site.url}/dashboard/#range=86400s")
    browser.until(f"{CHART} && {CHART}.dataset.state === 'ok'")
    assert browser.run(f"{CHART}.querySelector('.panel-note').textContent") == "only the newest points of this range"
