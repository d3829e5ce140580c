"""Beginning a twin, and the editor of its definition."""

from __future__ import annotations

from tests.ui.conftest import OpenUi
from tests.ui.driver import driven


@driven
async def test_a_twin_begins_from_an_example(ui: OpenUi) -> None:
    async with ui("/new") as page:
        await page.sees("Large smart building")
        await page.press("Begin with Smart home")
        await page.until(lambda: page.page.route.startswith("/new/drf_"))
        await page.sees("/ month")
