"""The list of twins."""

from __future__ import annotations

from tests.app.backends import Person
from tests.ui.conftest import OpenUi
from tests.ui.driver import driven


@driven
async def test_no_twins_say_what_to_do(ui: OpenUi) -> None:
    async with ui() as page:
        await page.sees("No twins yet")
        await page.press("New twin")
        assert page.page.route == "/new"


@driven
async def test_twins_are_listed_and_one_that_comes_is_shown_at_once(ui: OpenUi, person: Person) -> None:
    person.create_twin("greenhouse")
    async with ui() as page:
        await page.sees("greenhouse")
        person.create_twin("mill")
        await page.sees("mill")


@driven
async def test_searching_sorting_and_paging_are_in_the_address(ui: OpenUi, person: Person) -> None:
    for number in range(23):
        person.create_twin(f"twin-{number:02}")
    async with ui("/?sort=-name") as page:
        await page.sees("twin-22")
        assert "twin-00" not in page.texts()
        await page.press("Next page")
        await page.sees("twin-00")
        assert page.page.route.startswith("/?sort=-name&at=")
        assert "21–23" in page.texts()
        await page.press("Previous page")
        await page.sees("twin-22")
        assert page.page.route == "/?sort=-name"
        await page.fill("Search twins", "twin-2")
        await page.until(lambda: page.page.route == "/?search=twin-2&sort=-name")
        await page.until(lambda: "twin-19" not in page.texts())
        await page.sees("twin-20")


@driven
async def test_an_address_that_nothing_is_at_says_so(ui: OpenUi) -> None:
    async with ui("/no/such/view") as page:
        await page.sees("There is no view at this address")
        await page.press("To the twins")
        await page.sees("No twins yet")
