"""The pages' HTTP: what is answered, what is refused, and what a browser is told to forbid."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pages.conftest import Site
from tests.pages.demo_data import demo_status
from twin2multicloud.sandbox.pages import RateLog
from twin2multicloud.sandbox.pages.app import STATIC
from twin2multicloud.sandbox.status import CloudStatus, status_json


def fetch(url: str, body: bytes | None = None) -> tuple[int, Any, dict[str, str]]:
    request = urllib.request.Request(url, data=body, method="GET" if body is None else "POST")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            status, content, headers = answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            status, content, headers = error.code, error.read(), dict(error.headers)
    is_json = headers.get("content-type", "").startswith("application/json")
    return status, json.loads(content) if is_json else content, headers


def ask(site: Site, query: Any) -> tuple[int, Any]:
    body = query if isinstance(query, bytes) else json.dumps(query).encode()
    status, answer, _ = fetch(f"{site.url}/dashboard/api/query", body)
    return status, answer


@pytest.mark.parametrize("page", ["dashboard", "console"])
def test_a_page_may_load_and_run_only_its_own_files(site: Site, page: str) -> None:
    status, html, headers = fetch(f"{site.url}/{page}/")
    assert status == 200
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert b"http://" not in html
    assert b"https://" not in html
    assert b" style=" not in html
    assert b"<style" not in html


def test_files_name_no_other_site() -> None:
    for file in STATIC.iterdir():
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "//cdn" not in text, file
        assert "https://" not in text, file
        assert "innerHTML" not in text, file
        assert "eval(" not in text, file


def test_nothing_beside_the_static_files_is_served(site: Site) -> None:
    assert fetch(f"{site.url}/dashboard/static/dom.js")[0] == 200
    for path in ("static/../app.py", "static/%2e%2e/app.py", "static/..%2fapp.py", "static/nothing.js"):
        assert fetch(f"{site.url}/dashboard/{path}")[0] == 404


def test_dashboards_come_with_the_suffixes_of_their_units(site: Site) -> None:
    status, answer, _ = fetch(f"{site.url}/dashboard/api/dashboards")
    assert status == 200
    assert answer["units"]["celsius"] == "°C"
    assert [board["title"] for board in answer["dashboards"]] == ["smart-building"]


def test_queries_reach_the_twin_as_they_were_asked(site: Site) -> None:
    asked = {"kind": "history", "device": "room-001", "fields": ["co2"], "start": "2026-11-25T00:00:00Z",
             "end": "2026-11-25T00:01:00Z", "limit": 3}  # fmt: skip
    status, answer = ask(site, asked)
    assert status == 200
    assert len(answer["points"]) == 3
    assert site.demo.asked == [asked]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (b"", "truncated"),
        (b"{", "truncated"),
        (b"[]", "Expected `object`"),
        (b"[" * 10_000, "Expected `object`"),
        ({"kind": "drop"}, "Invalid enum value 'drop'"),
        ({"kind": "history", "device": "x", "sql": "1"}, "unknown field `sql`"),
        ({"kind": "history", "limit": 0}, "`int` >= 1"),
        ({"kind": "history", "limit": 10**9}, "`int` <= 10000"),
        ({"kind": "history", "device": "x" * 300}, "length <= 256"),
        (b'{"kind": "history", "device": "' + b"x" * 20_000 + b'"}', "at most 16384 bytes"),
        ({"kind": "alerts", "start": "yesterday"}, "Invalid isoformat"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_the_reason(site: Site, query: Any, message: str) -> None:
    status, answer = ask(site, query)
    assert status == 400
    assert message in answer["error"]
    assert site.demo.asked == []


def test_a_store_that_can_not_be_reached_is_said_so(site: Site) -> None:
    site.demo.broken = "telemetry store of azure: outage"
    query = {"kind": "state", "entity": "room-001"}
    assert ask(site, query) == (502, {"error": "telemetry store of azure: outage"})


def test_alerts_are_the_latest_first_and_can_be_narrowed(site: Site) -> None:
    status, every = ask(site, {"kind": "alerts"})
    assert status == 200
    assert [alert["time"] for alert in every] == sorted((alert["time"] for alert in every), reverse=True)
    assert len(every) == 5
    _, warm = ask(site, {"kind": "alerts", "rules": ["too-warm"]})
    assert {alert["rule"] for alert in warm} == {"too-warm"}
    assert len(warm) == 2
    _, none = ask(site, {"kind": "alerts", "rules": [""]})
    assert none == []
    _, of_device = ask(site, {"kind": "alerts", "devices": ["room-003"], "limit": 1})
    assert [alert["device"] for alert in of_device] == ["room-003"]


def test_an_alert_that_still_holds_is_told_however_long_ago_it_began(site: Site) -> None:
    now = site.demo.now()
    _, told = ask(site, {"kind": "alerts", "start": now - 10, "end": now + 10})
    assert [alert["active"] for alert in told] == [True, True]
    _, before = ask(site, {"kind": "alerts", "start": now - 500, "end": now - 200})
    assert [alert["rule"] for alert in before] == ["stale-air"]


def test_the_console_tells_the_status_document_unchanged(site: Site) -> None:
    document = status_json(demo_status(1.8e9))
    site.status = lambda: document
    status, answer, _ = fetch(f"{site.url}/console/api/status")
    assert status == 200
    assert msgspec.convert(answer, CloudStatus, strict=False) == demo_status(1.8e9)


def test_rates_are_per_second_of_the_twin() -> None:
    log = RateLog()
    for now, messages, errors in (
        (100.0, 50, 0),
        (102.0, 150, 1),
        (104.0, 150, 1),
        (104.0, 999, 9),
        (105.0, 20, 0),
        (106.0, 30, 0),
    ):
        log.sample(now, messages, errors)
    assert log.answer(0, 1000, 10) == {
        "fields": ["messages", "errors"],
        "points": [[102_000.0, 50.0, 0.5], [104_000.0, 0.0, 0.0], [106_000.0, 10.0, 0.0]],
    }
    assert [point[0] for point in log.answer(103, 106, 10)["points"]] == [104_000.0]
    assert [point[0] for point in log.answer(0, 1000, 1)["points"]] == [106_000.0]


@given(st.lists(st.tuples(st.floats(0.5, 1e4), st.integers(0, 10**6), st.integers(0, 100)), min_size=1, max_size=40))
def test_what_the_rates_add_up_to_is_what_was_counted(steps: list[tuple[float, int, int]]) -> None:
    log, now, messages, errors = RateLog(), 0.0, 0, 0
    log.sample(now, messages, errors)
    for elapsed, more, worse in steps:
        now, messages, errors = now + elapsed, messages + more, errors + worse
        log.sample(now, messages, errors)
    points = [[0.0, 0.0, 0.0], *log.answer(0, now + 1, 100)["points"]]
    total = sum((b[0] - a[0]) / 1000 * b[1] for a, b in pairwise(points))
    assert total == pytest.approx(messages, rel=1e-6)
