"""Alerts of all twins: listed, told as they come, taken on, kept quiet, one or many."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import flet as ft
import pytest

from tests.app.backends import Person, Site
from tests.app.deployments import raised
from tests.ui.conftest import OpenUi
from tests.ui.driver import Ui, driven
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.ui.alerts import view
from twin2multicloud.app.ui.alerts.state import Look, until


@pytest.fixture
def twin(person: Person) -> str:
    found: str = person.create_twin()["id"]
    return found


def told(page: Ui) -> list[str]:
    """What messages are in view."""
    return [
        each.value
        for bar in page.all(ft.SnackBar)
        if bar.open
        for each in page.within(bar)
        if isinstance(each, ft.Text) and each.value
    ]


async def listens(page: Ui, site: Site, twin: str) -> None:
    """Wait until a page hears of what happens: alerts that nobody is told of change how many it counts, twice."""
    for number in range(200):
        raised(site, twin, f"quiet-{number}", severity="info")
        await asyncio.sleep(0.05)
        counted = [each.label for each in page.all(ft.NavigationRailDestination) if "(" in str(each.label)]
        if counted and number and f"({number + 1})" in str(counted[0]):
            return
    raise AssertionError("it does not listen")


@driven
async def test_without_alerts_it_says_where_they_come_from(ui: OpenUi) -> None:
    async with ui("/alerts") as page:
        await page.sees("No open alerts")
        await page.go("/alerts?severity=critical")
        await page.sees("No alert fits")


@driven
async def test_an_alert_comes_up_where_it_is_looked_at_without_a_message(
    ui: OpenUi, sqlite_site: Site, twin: str
) -> None:
    async with ui("/alerts") as page:
        await page.sees("No open alerts")
        raised(sqlite_site, twin)
        await page.sees("no answer")
        await page.sees("greenhouse · L2 Processing")
        await page.until(lambda: page.rail_label("Alerts (1)"))
        assert told(page) == []


@driven
async def test_an_alert_that_comes_again_is_counted_though_nobody_is_told(
    ui: OpenUi, sqlite_site: Site, twin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "COUNTED_EVERY_S", 0.1)
    raised(sqlite_site, twin)
    async with ui("/alerts") as page:
        await page.sees("no answer")
        for _ in range(41):
            raised(sqlite_site, twin)
        await page.sees("42")


@driven
async def test_alerts_that_come_together_are_one_message_which_leads_to_them(
    ui: OpenUi, sqlite_site: Site, twin: str
) -> None:
    async with ui("/settings") as page:
        await listens(page, sqlite_site, twin)
        for fold in ("one", "two", "three"):
            raised(sqlite_site, twin, fold)
        await page.until(lambda: told(page))
        assert told(page)[0] == "3 new alerts: no answer"
        await page.press("Show")
        await page.until(lambda: page.page.route == "/alerts")


@driven
async def test_one_alert_leads_to_its_details(ui: OpenUi, sqlite_site: Site, twin: str) -> None:
    async with ui("/settings") as page:
        await listens(page, sqlite_site, twin)
        alert = raised(sqlite_site, twin)
        await page.until(lambda: told(page))
        await page.press("Show")
        await page.until(lambda: page.page.route == f"/alerts?alert={alert}")
        await page.sees("link-timeout")


@driven
async def test_one_is_acknowledged_and_leaves_the_open_ones(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    alert = raised(sqlite_site, twin)
    async with ui(f"/alerts?alert={alert}") as page:
        await page.sees("How often")
        await page.press("Acknowledge")
        await page.sees("You look after 1 alert")
        await page.sees("Looked after by")
        await page.sees("No open alerts")
        assert person.get(f"alerts/{alert}")["acknowledged_by"] == "olga"
        await page.go("/alerts?state=acknowledged")
        await page.sees("olga looks after it")


@driven
async def test_many_are_muted_at_once_and_one_is_told_again(
    ui: OpenUi, sqlite_site: Site, person: Person, twin: str
) -> None:
    sqlite_site.clock.time = time.time()  # the page's clock is this machine's
    alerts = [raised(sqlite_site, twin, fold) for fold in ("one", "two", "three")]
    async with ui("/alerts") as page:
        await page.sees("no answer")
        await page.fill("All 3 in view", True)
        await page.sees_field("3 chosen")
        await page.press("Mute…")
        await page.press("1 hour")
        await page.sees("3 alerts are muted")
        await page.sees("No open alerts")
        assert all(person.get(f"alerts/{each}")["muted_until"] for each in alerts)
        await page.go(f"/alerts?state=muted&alert={alerts[0]}")
        await page.press("Unmute")
        await page.sees("1 alert is told again")
        assert person.get(f"alerts/{alerts[0]}")["muted_until"] is None


@driven
async def test_a_moment_to_mute_until_must_be_to_come(ui: OpenUi, sqlite_site: Site, person: Person, twin: str) -> None:
    alert = raised(sqlite_site, twin)
    async with ui(f"/alerts?alert={alert}") as page:
        await page.press("Mute…")
        await page.fill("Or until (UTC)", "yesterday")
        await page.press("Mute until then")
        await page.sees("Write a moment to come within a year")
        assert person.get(f"alerts/{alert}")["muted_until"] is None


@driven
async def test_viewers_look_and_are_told_who_may_do_more(ui: OpenUi, sqlite_site: Site, twin: str) -> None:
    alert = raised(sqlite_site, twin)
    viewer = sqlite_site.person("vera", Role.VIEWER)
    async with ui(f"/alerts?alert={alert}", who=viewer) as page:
        await page.sees("Operators of this twin can acknowledge")
        with pytest.raises(LookupError):
            page.button("Acknowledge")
        assert not page.all(ft.Checkbox)


@driven
async def test_on_a_phone_the_details_are_the_whole_view(ui: OpenUi, sqlite_site: Site, twin: str) -> None:
    alert = raised(sqlite_site, twin)
    async with ui("/alerts", width=360) as page:
        await page.press("no answer")
        await page.until(lambda: page.page.route == f"/alerts?alert={alert}")
        await page.sees("How often")
        assert not page.all(ft.Checkbox)
        await page.press("Close the details")
        await page.until(lambda: page.page.route == "/alerts")


@driven
async def test_one_that_is_gone_says_so(ui: OpenUi) -> None:
    async with ui("/alerts?alert=alr_4qz0m8k2v1x7c9b3n5d6") as page:
        await page.sees("Not found")


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({}, "/alerts"),
        ({"state": "muted", "cloud": "mars", "severity": "loud", "at": "~~"}, "/alerts?state=muted"),
        ({"layer": "L3", "cloud": "gcp", "at": "WzFd~WzJd"}, "/alerts?layer=L3&cloud=gcp&at=WzFd~WzJd"),
    ],
)
def test_what_makes_no_sense_in_an_address_is_left_out(query: dict[str, str], path: str) -> None:
    assert Look.read(query).path == path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-12-01 08:30", datetime(2026, 12, 1, 8, 30, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
        ("2026-11-25", None),
        ("2029-01-01", None),
        ("soon", None),
    ],
)
def test_moments_are_read(text: str, found: Any) -> None:
    assert until(text, datetime(2026, 11, 26, 8, tzinfo=UTC)) == found
