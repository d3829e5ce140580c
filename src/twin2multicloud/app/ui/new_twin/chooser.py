"""Which of a section's parts is in view: one of several device types, rules, files; and making another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import flet as ft

from twin2multicloud.app.ui.components import buttons, text
from twin2multicloud.app.ui.components.pressed import pressable
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.theme import GAP


def chooser(
    label: str,
    options: Mapping[str, str],
    chosen: str,
    choose: Callable[[str], None],
    *,
    wrong: frozenset[str] = frozenset(),
    more: list[ft.Control] | None = None,
) -> ft.Control:
    """Parts side by side, the `chosen` one marked, and those in which something is `wrong`."""
    made: list[ft.Control] = [_one(key, said, key == chosen, key in wrong, choose) for key, said in options.items()]
    return ft.Semantics(
        label=label,
        container=True,
        content=ft.Row(
            [*made, *(more or [])],
            wrap=True,
            spacing=6,
            run_spacing=6,
            vertical_alignment=ft.CrossAxisAlignment.CENTER,
        ),
    )


def _one(key: str, said: str, here: bool, wrong: bool, choose: Callable[[str], None]) -> ft.Control:
    parts: list[ft.Control] = [
        text.body(
            said,
            weight=ft.FontWeight.W_600 if here else ft.FontWeight.W_400,
            color=ft.Colors.PRIMARY if here else ft.Colors.ON_SURFACE,
        )
    ]
    if wrong:
        parts.append(ft.Icon(ft.Icons.ERROR, size=15, color=ft.Colors.ERROR))
    return pressable(
        ft.Row(parts, spacing=4, tight=True),
        tr("{name}, something is wrong", name=said) if wrong else said,
        partial(choose, key),
        selected=here,
        padding=ft.Padding.symmetric(horizontal=12, vertical=7),
        border_radius=8,
        border=ft.Border.all(1, ft.Colors.PRIMARY if here else ft.Colors.OUTLINE_VARIANT),
        bgcolor=ft.Colors.PRIMARY_CONTAINER if here else ft.Colors.SURFACE,
    )


def add(label: str, act: Callable[[], None]) -> ft.Control:
    """Makes another one."""
    return buttons.quiet(label, act, icon=ft.Icons.ADD)


def sides(narrow: bool, *controls: ft.Control) -> ft.Control:
    """Fields side by side, sharing the width; below each other where it is narrow."""
    if narrow:
        return ft.Column(
            list(controls), spacing=GAP + 2, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
        )
    return ft.Row(
        [ft.Container(each, expand=1) for each in controls],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def stacked(*controls: ft.Control, spacing: int = GAP + 4, key: str | None = None) -> ft.Column:
    """Controls below each other, as wide as there is room. With another `key` all of them are others."""
    return ft.Column(
        list(controls),
        spacing=spacing,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        key=key,
    )


def fresh(stem: str, taken: object) -> str:
    """A name that nothing has yet: `sensor`, `sensor-2` and so on."""
    assert hasattr(taken, "__contains__")
    number, name = 1, stem
    while name in taken:
        number += 1
        name = f"{stem}-{number}"
    return name
