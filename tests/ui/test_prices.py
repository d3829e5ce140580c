"""Prices: which book is in use, what is in it, what a quantity costs, which books there were, and newer ones."""

from __future__ import annotations

import flet as ft
import pytest

from tests.app.backends import Person, Site
from tests.app.test_placements import place, propose
from tests.app.test_price_refresh import dearer, refreshed
from tests.ui.conftest import OpenUi
from tests.ui.driver import Ui, driven
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.events.log import NewEvent
from twin2multicloud.app.schemas.catalogue import PricesInUse
from twin2multicloud.app.services import price_findings
from twin2multicloud.app.ui.prices.identity import age_text, stale_clouds
from twin2multicloud.app.ui.prices.state import units
from twin2multicloud.app.ui.prices.words import price, usd
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import book_texts
from twin2multicloud.optimizer.pricing.fetching.findings import PriceFinding


@driven
async def test_the_book_in_use_is_told_with_its_meters(ui: OpenUi) -> None:
    async with ui("/prices") as page:
        await page.sees("Confidence, from A")
        await page.sees("0 fetched from its list; the oldest of 20")
        await page.sees("minutes a device is connected")
        await page.fill("Search meters", "sqs requests")
        await page.until(lambda: page.page.route == "/prices/meters?search=sqs+requests")
        await page.until(lambda: "minutes a device is connected" not in page.texts())
        await page.sees("requests to standard queues")


@driven
async def test_a_quantity_is_priced_tier_by_tier(ui: OpenUi) -> None:
    async with ui("/prices/meters?meter=aws.iot-core.messages&region=us-east-1&quantity=1,500,000,000") as page:
        # A thousand million at $1 a million, the rest at $0.80.
        await page.sees("$1,400.00 / month")
        await page.sees("an estimate")
        await page.fill("Units a month", "a lot")
        await page.sees("That is no number of units")
        await page.go("/prices/meters?meter=aws.iot-core.nothing")
        await page.sees("Not found")


@driven
async def test_a_book_tells_what_it_did_to_ones_twins(ui: OpenUi, sqlite_site: Site, person: Person) -> None:
    twin = person.create_twin()["id"]
    place(person, twin, 1, optimization=propose(person, twin, constraints={"providers": ["aws"]})["id"])
    async with ui("/prices/books") as page:
        await page.sees("the first")
        assert refreshed(sqlite_site, person, dearer(book_texts())) is not None
        await page.sees("Book 2 of")
        await page.go("/prices/books?book=2")
        await page.sees("instead of")
        assert page.button("greenhouse")
        await page.sees("prices differ from the book before")


@driven
async def test_a_refresh_is_begun_and_followed(ui: OpenUi, person: Person) -> None:
    async with ui("/prices") as page:
        await page.press("Refresh prices")
        await page.until(lambda: "run=run_" in page.page.route)
        (run,) = person.get("runs")["items"]
        assert run["kind"] == "refresh-prices"
        await page.sees("Newer prices")
        person.post(f"runs/{run['id']}/cancel")
        await page.until(lambda: any("cancel" in each for each in page.texts()))


@driven
async def test_viewers_refresh_nothing(ui: OpenUi, sqlite_site: Site) -> None:
    async with ui("/prices", who=sqlite_site.person("vera", Role.VIEWER)) as page:
        button = await page.until(lambda: page.button("Refresh prices"))
        assert isinstance(button, ft.FilledButton)
        assert button.disabled


@driven
async def test_a_book_of_ones_own_is_checked(ui: OpenUi) -> None:
    async with ui("/prices/check") as page:
        await page.sees("no file chosen")
        await _pick(page, book_texts())
        await page.sees("sound")
        broken = {**book_texts(), "gcp.toml": "date = 5\n"}
        await _pick(page, broken)
        await page.sees("not sound")
        await page.until(lambda: any("fault" in each for each in page.texts()))


@driven
async def test_an_odd_price_is_decided_by_an_admin(ui: OpenUi, sqlite_site: Site) -> None:
    odd = PriceFinding("jump", Provider.AWS, "aws.sqs.requests", "eu-central-1", "dearer", ((0, 4e-7),), ((0, 4e-6),))
    gone = PriceFinding("no_match", Provider.AWS, "aws.sns.publishes", "eu-central-1", "no row matches")
    admin = sqlite_site.person("ada", admin=True)
    async with ui("/prices/findings", who=admin) as page:
        await page.sees("Nothing is odd about the prices that were fetched")
        with sqlite_site.backend.database.write() as session:
            price_findings.keep(sqlite_site.backend, session, price_findings.Found([odd, gone], {}))
        await page.go("/prices")
        await page.go("/prices/findings")
        await page.sees("The price jumps: dearer")
        await page.sees("$4.00 per million requests")
        assert page.button("It is not sold there")
        await page.sees("No row of the list is this meter's: no row matches")
        await page.press("Accept the price")
        await page.sees("accepted: the next refresh takes it")
        await page.press("It is not sold there")
        await page.sees("not sold there: the next refresh takes it out of the book")
    [found] = [each for each in admin.get("prices/findings")["items"] if each["kind"] == "jump"]
    assert found["decision"] == "accept"
    async with ui("/prices/findings", who=sqlite_site.person("vera", Role.VIEWER)) as page:
        await page.sees("The price jumps: dearer")
        with pytest.raises(LookupError, match="Keep the last good one"):
            page.button("Keep the last good one")


@driven
async def test_odd_prices_are_told_while_somebody_looks(ui: OpenUi, sqlite_site: Site, person: Person) -> None:
    async with ui("/prices") as page:
        await page.sees("Confidence, from A")
        odd = PriceFinding("jump", Provider.AWS, "aws.sqs.requests", "eu-central-1", "dearer", (), ((0, 4e-6),))
        with sqlite_site.backend.database.write() as session:
            new = price_findings.keep(sqlite_site.backend, session, price_findings.Found([odd], {}))
            session.flush()
            price_findings.tell(sqlite_site.backend, session, sqlite_site.workspace_id, new)
        await page.sees("1 price of AWS eu-central-1 wants a decision")
        await page.press("Show")
        await page.sees("The price jumps: dearer")
        assert page.page.route == "/prices/findings"


@driven
async def test_a_refresh_tells_how_far_it_is_and_can_be_called_off(
    ui: OpenUi, sqlite_site: Site, person: Person
) -> None:
    run = person.post("prices/refresh", {"source": "lists", "providers": ["aws"]}, 201)
    async with ui(f"/prices?run={run['id']}") as page:
        with sqlite_site.backend.database.write() as session:
            told = NewEvent(
                sqlite_site.workspace_id, "prices", "AWS eu-north-1", run_id=run["id"], data={"percent": 42}
            )
            sqlite_site.backend.events.add(session, told)
        await page.sees("42 % of the lists are read")
        await page.press("Cancel the refresh")
        await page.until(lambda: person.get(f"runs/{run['id']}")["status"] in ("cancelling", "cancelled"))


@pytest.mark.parametrize(
    ("text", "found"),
    [("1,500,000", 1.5e6), ("1.5e6", 1.5e6), ("0", 0.0), ("", None), ("-1", None), ("inf", None), ("many", None)],
)
def test_quantities_are_read(text: str, found: float | None) -> None:
    assert units(text) == found


def test_prices_that_wait_to_be_looked_up_are_named_by_cloud() -> None:
    seen = {Provider.AWS: "2026-11-20", Provider.AZURE: "2026-10-01", Provider.GCP: "2026-09-01"}
    book = {"version": "1", "date": "2026-11-01", "hash": "a" * 64, "oldest": {}, "providers": {}, "confidences": {}}
    prices = PricesInUse.model_validate({**book, "seen": seen, "age_days": 90})
    assert stale_clouds(prices) == [Provider.AZURE, Provider.GCP]
    assert age_text(prices) == "prices 2026-11-01, checked 90 days ago"
    same = PricesInUse.model_validate({**book, "seen": dict.fromkeys(seen, "2026-11-01"), "age_days": 1})
    assert (stale_clouds(same), age_text(same)) == ([], "prices 2026-11-01, 1 day old")


def test_prices_are_never_rounded_away() -> None:
    assert usd(1.2) == "$1.20"
    assert usd(0.0000002) == "$0.0000002"
    assert price(0.08, 1e6, "messages") == "$0.08 / 1,000,000 messages"
    assert price(12, 1, "users") == "$12.00 / users"


async def _pick(page: Ui, texts: dict[str, str]) -> None:
    """Pick files in the browser's dialog."""
    pickers = [each for each in page.page._services._services if isinstance(each, ft.FilePicker)]
    files = [
        {"id": number, "name": name, "size": len(text), "bytes": text.encode()}
        for number, (name, text) in enumerate(texts.items())
    ]
    await page.fire(pickers[-1], "result", {"files": files})
