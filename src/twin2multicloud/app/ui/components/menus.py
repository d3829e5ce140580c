"""Buttons that open a list of things to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flet as ft

from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.theme import GAP


@dataclass(frozen=True)
class Item:
    """Something to do; without `act` it cannot be done now, for the reason that `hint` tells."""

    label: str
    act: Callable[[], None] | None
    icon: ft.IconData | None = None
    hint: str = ""
    grave: bool = False


def menu(label: str, items: Sequence[Item], *, icon: ft.IconData | None = None) -> ft.Control:
    """A button with a label, and the list below it."""
    parts: list[ft.Control] = [] if icon is None else [ft.Icon(icon, size=18, color=ft.Colors.PRIMARY)]
    parts += [
        ft.Text(label, size=14, weight=ft.FontWeight.W_500, color=ft.Colors.PRIMARY),
        ft.Icon(ft.Icons.ARROW_DROP_DOWN, size=18, color=ft.Colors.PRIMARY),
    ]
    face = ft.Container(
        ft.Row(parts, spacing=4, tight=True),
        padding=ft.Padding.symmetric(horizontal=12, vertical=6),
        border=ft.Border.all(1, ft.Colors.OUTLINE_VARIANT),
        border_radius=8,
    )
    # The tooltip is its name already.
    return _list(ft.PopupMenuButton(content=ft.Semantics(exclude_semantics=True, content=face), tooltip=label), items)


def more(label: str, items: Sequence[Item]) -> ft.Control:
    """Three dots, and the list below them. `label` is their name."""
    button = _list(ft.PopupMenuButton(icon=ft.Icons.MORE_HORIZ, tooltip=label), items)
    return ft.Semantics(label=label, container=True, content=button)


def _list(button: ft.PopupMenuButton, items: Sequence[Item]) -> ft.PopupMenuButton:
    button.items = [_item(each) for each in items]
    button.menu_position = ft.PopupMenuPosition.UNDER
    button.bgcolor = ft.Colors.SURFACE
    button.shape = ft.RoundedRectangleBorder(radius=8)
    button.padding = 0
    return button


def _item(item: Item) -> ft.PopupMenuItem:
    color = ft.Colors.ERROR if item.grave else ft.Colors.ON_SURFACE
    named = text.body(item.label, color=color)
    words = ft.Column([named, text.muted(item.hint)], spacing=0, tight=True) if item.hint else named
    parts: list[ft.Control] = [] if item.icon is None else [ft.Icon(item.icon, size=18, color=color)]
    act = item.act
    return ft.PopupMenuItem(
        content=ft.Row([*parts, words], spacing=GAP + 2, tight=True),
        disabled=act is None,
        on_click=act,
        height=44,
    )
