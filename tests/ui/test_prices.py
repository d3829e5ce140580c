"""Prices: which book is in use, what is in it, what a quantity costs, which books there were, and newer ones."""

from __future__ import annotations

from tests.ui.conftest import OpenUi
from tests.ui.driver import driven


@driven
async def test_the_book_in_use_is_told_with_its_meters(ui: OpenUi) -> None:
    async with ui("/prices") as page:
        await page.sees("Confidence, from A")
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
