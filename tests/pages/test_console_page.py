"""The console of a simulated cloud in a real browser."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.pages.browser import Browser
from tests.pages.conftest import Site
from tests.pages.demo_data import MARKUP, demo_status
from tests.pages.test_dashboard_page import wide
from twin2multicloud.sandbox.status import CloudStatus, status_json

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("one browser, console")]

READY = "document.querySelector('#cloud').textContent !== '…'"


@pytest.fixture
def shown(browser: Browser, site: Site) -> Iterator[Browser]:
    browser.window(1280, 1000)
    browser.open(f"{site.url}/console/")
    browser.until(READY)
    yield browser
    browser.run("localStorage.clear()")


def text(browser: Browser, selector: str) -> str:
    found: str = browser.run(f"document.querySelector({selector!r}).innerText")
    return found


def test_every_part_of_the_status_is_shown(shown: Browser) -> None:
    assert shown.complaints == []
    head = text(shown, "header")
    for words in (
        "AWS",
        "▲ degraded",
        "smart-building",
        "L1, L2, L5",
        "L3.archive",
        "eu-central-1",
        "2 h 14 min",
        "1 ×",
        "41230",
    ):
        assert words in head
    cards = text(shown, "#cards")
    for words in ("1,204", "415 retries", "1 of 3 failing", "1,240 twins", "37 late ones ignored", "87.2 MiB", "15"):
        assert words in cards
    assert "answer 503 → azure · 20 % of link requests · for 31 s · ends in 29 s" in text(shown, ".fault-box")
    rows = shown.run(
        "Object.fromEntries([...document.querySelectorAll('.section')]"
        ".map(s => [s.id, s.querySelectorAll('tbody tr').length]))"
    )
    assert rows == {"errors": 2, "functions": 5, "queues": 4, "links": 3, "stores": 2, "meters": 5}
    persist = text(shown, "#links tbody tr")
    for words in (
        "persist → azure",
        "■ failing",
        "402,118",
        "84.3 MiB",
        "▲ 412",
        "k7, k6 · 87 min old",
        "503 Service Unavailable",
    ):
        assert words in persist
    assert "1,206,112 requests" in text(shown, "#meters")
    assert "36,288,112" in text(shown, "#stores")
    assert "30 d ago" in text(shown, "#stores")  # record ages are of the twin's clock
    peers = shown.run("[...document.querySelectorAll('#peers a')].map(a => a.textContent)")
    assert peers == ["Azure", "Google Cloud", "Dashboard"]


def test_figures_move_without_moving_the_page(shown: Browser, site: Site) -> None:
    shown.run(
        "window.rowBefore = document.querySelector('#functions tbody tr'); "
        "document.querySelector('#functions th button').focus()"
    )
    site.status = lambda: {**status_json(demo_status(time.time())), "dead_letters": 77}
    shown.until("document.querySelector('#cards').innerText.includes('77')")
    assert shown.run("window.rowBefore === document.querySelector('#functions tbody tr')")
    assert shown.run("document.activeElement === document.querySelector('#functions th button')")
    shown.until("document.querySelector('.spark-line').getAttribute('d').length > 8")


def test_a_calm_cloud_and_an_empty_one_say_so(browser: Browser, site: Site) -> None:
    site.status = lambda: status_json(demo_status(time.time(), calm=True))
    browser.open(f"{site.url}/console/")
    browser.until(READY)
    assert "● up" in text(browser, "header")
    assert "No errors: nothing has gone wrong here" in text(browser, "#errors")
    assert browser.run("document.querySelector('.fault-box').hidden")
    site.status = lambda: status_json(CloudStatus("gcp", "outage", time.time()))
    browser.until("document.querySelector('#cloud').textContent === 'Google Cloud'")
    assert "■ outage" in text(browser, "header")
    assert "No storage of this twin is placed here" in text(browser, "#stores")
    assert "Nothing has been counted yet" in text(browser, "#meters")
    assert browser.complaints == []


def test_a_cloud_that_does_not_answer_is_said_to_be_gone_and_comes_back(shown: Browser, site: Site) -> None:
    def killed() -> dict[str, object]:
        raise ConnectionError("killed")

    alive, site.status = site.status, killed  # the server answers 500 without JSON
    shown.until("!document.querySelector('#message').hidden")
    assert "■ no answer" in text(shown, "header")
    assert "This cloud does not answer" in text(shown, "#message")
    assert "figures below were read" in text(shown, "#message")
    assert shown.run("document.querySelectorAll('#functions tbody tr').length") == 5
    site.status = alive
    shown.until("document.querySelector('#message').hidden")


def test_markup_stays_text_and_only_web_pages_are_linked(browser: Browser, site: Site) -> None:
    hostile = status_json(demo_status(time.time(), hostile=True))
    hostile["twin"] = hostile["cloud"] = MARKUP
    hostile["peers"] = {"azure": "javascript:window.hacked=1", "gcp": "http://127.0.0.1:1/"}
    hostile["links"][0]["last_error"] = hostile["functions"][0]["name"] = hostile["meters"][0]["unit"] = MARKUP
    site.status = lambda: hostile
    browser.window(1280, 1000)
    browser.open(f"{site.url}/console/")
    browser.until(READY)
    assert text(browser, "body").count(MARKUP) >= 6
    assert browser.run("document.querySelectorAll('main img, main b, header img, header b').length") == 0
    assert browser.run("[...document.querySelectorAll('#peers a')].map(a => a.textContent)") == [
        "Google Cloud",
        "Dashboard",
    ]
    assert browser.run("window.hacked === undefined")
    assert browser.complaints == []


@pytest.mark.parametrize("width", [400, 700, 1100])
def test_narrow_windows_need_no_scrolling_sideways(browser: Browser, site: Site, width: int) -> None:
    site.status = lambda: status_json(demo_status(time.time(), hostile=True))
    browser.window(width, 900)
    browser.open(f"{site.url}/console/")
    browser.until(READY)
    assert browser.run("document.documentElement.scrollWidth") <= width
    assert wide(browser) == []
    if width == 400:  # tables have become cards
        assert browser.run("getComputedStyle(document.querySelector('#queues td'), '::before').content") == '"Waiting"'
