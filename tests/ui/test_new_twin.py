"""Beginning a twin, and the editor of its definition."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.backends import Person
from tests.ui.conftest import OpenUi
from tests.ui.driver import driven
from twin2multicloud.app.ui.new_twin.sections import Section


def example(person: Person, name: str) -> str:
    """The address of a new draft of an example."""
    files = person.get(f"workloads/{name}")["files"]
    source = files.pop("twin.yaml")
    return draft(person, source, title=name, files=files)


def draft(person: Person, source: str, **more: Any) -> str:
    """The address of a new draft."""
    made = person.call("POST", "drafts", code=201, json={"format": "yaml", "source": source, **more}).json()
    return f"/new/{made['id']}"


@driven
async def test_a_twin_begins_from_an_example(ui: OpenUi) -> None:
    async with ui("/new") as page:
        await page.sees("Large smart building")
        await page.press("Begin with Smart home")
        await page.until(lambda: page.page.route.startswith("/new/drf_"))
        await page.sees("/ month")


@pytest.mark.parametrize("name", ["smart-home", "industrial-facility", "smart-building"])
@pytest.mark.parametrize("width", [1_280, 400])
@driven
async def test_every_section_shows_every_example(ui: OpenUi, person: Person, name: str, width: int) -> None:
    path = example(person, name)
    async with ui(path, width=width) as page:
        await page.sees("/ month")
        for section in Section:
            await page.go(f"{path}?at={section}")
            await page.until(lambda section=section: page.named(f"section-{section}"))
