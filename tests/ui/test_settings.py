"""Settings, the audit log, and the places that a phone's bar has no room for."""

from __future__ import annotations

from datetime import date

import flet as ft
import pytest

from tests.app.backends import Person, Site
from tests.ui.conftest import OpenUi
from tests.ui.driver import driven
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.ui import figures, theme
from twin2multicloud.app.ui.preferences import Currency
from twin2multicloud.app.ui.session import current
from twin2multicloud.app.ui.settings.state import read

TODAY = date(2026, 11, 26)


@driven
async def test_another_currency_needs_a_rate_and_is_told_everywhere(ui: OpenUi) -> None:
    async with ui("/settings") as page:
        await page.fill("Currency", "EUR")
        await page.press("Use this rate")
        await page.until(lambda: "such as 0.92" in str(getattr(page.field("1 USD is"), "error", "")))
        await page.fill("1 USD is", "0.92")
        await page.fill("on", "2026-11-20")
        await page.press("Use this rate")
        await page.sees("1 USD = 0.92 EUR, as you entered it for 2026-11-20")
        await page.go("/")
        await page.sees("1 USD = 0.92 EUR")
        await page.go("/settings")
        await page.fill("Currency", "USD")
        await page.until(lambda: not any("1 USD = 0.92" in each for each in page.texts()))


@driven
async def test_a_window_that_comes_back_is_shown_as_its_machine_is_now(ui: OpenUi) -> None:
    async with ui("/settings") as page:
        session = current()
        assert (session.appearance.palette, session.viewport.narrow) == (theme.LIGHT, False)
        page.page.platform_brightness, page.page.width = ft.Brightness.DARK, 390
        await page.fire(page.page, "connect")
        await page.settle()
        assert (session.appearance.palette, session.viewport.narrow) == (theme.DARK, True)


@pytest.mark.parametrize(
    ("code", "rate", "day", "problems"),
    [
        ("EUR", "0,92", "2026-11-20", set()),
        ("usd", "", "", set()),
        ("euro", "0", "20.11.2026", {"code", "rate", "day"}),
        ("EUR", "nan", "2026-11-27", {"rate", "day"}),
        ("EUR", "-1", "2026-11-20", {"rate"}),
    ],
)
def test_currencies_are_read(code: str, rate: str, day: str, problems: set[str]) -> None:
    found = read(code, rate, day, TODAY)
    assert set(found.problems) == problems
    assert (found.currency is None) == bool(problems)


def test_converted_money_is_marked_so() -> None:
    assert figures.money(100.0, Currency("EUR", "€", 0.92, "2026-11-20")) == "≈ €92.00"
    assert figures.money(100.0) == "$100.00"


@driven
async def test_the_log_is_filtered_and_an_entry_is_shown(ui: OpenUi, person: Person) -> None:
    twin = person.create_twin()
    async with ui("/audit") as page:
        await page.sees("twin.created")
        await page.press("olga@example.org twin.created greenhouse")
        await page.sees(twin["id"])
        await page.press("All of this subject")
        await page.until(lambda: page.page.route == f"/audit?subject={twin['id']}")
        await page.fill("About", "run.")
        await page.sees("No entry fits")
        await page.press("Show all")
        await page.until(lambda: page.page.route == "/audit")


@driven
async def test_whoever_owns_nothing_is_told_who_sees_the_log(ui: OpenUi, sqlite_site: Site) -> None:
    async with ui("/audit", who=sqlite_site.person("vera", Role.VIEWER)) as page:
        await page.sees("Owners see what happened in their workspaces")


@driven
async def test_a_phone_has_the_rest_under_more(ui: OpenUi) -> None:
    async with ui("/more", width=360) as page:
        await page.sees("olga@example.org")
        await page.press("Prices")
        await page.until(lambda: page.page.route == "/prices")
