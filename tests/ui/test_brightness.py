"""Every view takes on the colours of another brightness at once, and none keeps those of the one before."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import flet as ft
import pytest
from flet.controls.base_control import BaseControl

from tests.app.backends import Person, Site
from tests.ui.conftest import OpenUi
from tests.ui.driver import Ui, driven
from tests.ui.views import filled_views
from twin2multicloud.app.ui.theme import DARK, LIGHT, Palette


def colours(palette: Palette) -> set[str]:
    return set(_texts(dataclasses.asdict(palette)))


def used(page: Ui) -> set[str]:
    return {text for control in page.controls() for text in _texts(_own(control)) if text.startswith("#")}


async def turn(page: Ui, brightness: ft.Brightness) -> None:
    """The machine turns bright or dark, as in the evening."""
    page.page.platform_brightness = brightness
    await page.fire(page.page, "platform_brightness_change", brightness.value)
    await page.settle()


def _own(control: BaseControl) -> list[Any]:
    values = (getattr(control, each.name) for each in dataclasses.fields(control) if not each.name.startswith("_"))
    return [value for value in values if not isinstance(value, BaseControl)]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
    elif dataclasses.is_dataclass(value) and not isinstance(value, (type, BaseControl)):
        for each in dataclasses.fields(value):
            yield from _texts(getattr(value, each.name))


@pytest.mark.slow
@driven
async def test_no_view_keeps_colours_of_the_other_brightness(ui: OpenUi, sqlite_site: Site, person: Person) -> None:
    views = filled_views(sqlite_site, person)
    light, left = colours(LIGHT) - colours(DARK), {}
    async with ui("/settings") as page:
        for view in views:
            await page.go(view)
            await page.until(lambda: not {"Loading", "Calculating"} & set(page.labels()), view)
            await turn(page, ft.Brightness.DARK)
            found = used(page) & light
            if found:
                left[view] = found
            await turn(page, ft.Brightness.LIGHT)
    assert not left, "\n".join(f"{view}: {sorted(found)}" for view, found in left.items())
