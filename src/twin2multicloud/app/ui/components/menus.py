"""Buttons that open a list of things to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flet as ft

from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.components.pressed import tip
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
    return _list(face, items)


def more(
    label: str, items: Sequence[Item], *, icon: ft.IconData = ft.Icons.MORE_HORIZ, name: str | None = None
) -> ft.Control:
    """An icon, three dots usually, and the list below it. `label` is its name and its tooltip; `name` says more where
    many read alike.
    """
    sign = ft.Icon(icon, size=20, color=ft.Colors.ON_SURFACE_VARIANT, semantics_label=name or label)
    return _list(ft.Container(sign, padding=8, tooltip=tip(label)), items)


def _list(face: ft.Control, items: Sequence[Item]) -> ft.Control:
    return ft.PopupMenuButton(
        face,  # what is written on it is its name; that of Flutter's button with an icon is beside it
        tooltip="",
        items=[_item(each) for each in items],
        menu_position=ft.PopupMenuPosition.UNDER,
        bgcolor=ft.Colors.SURFACE,
        shape=ft.RoundedRectangleBorder(radius=8),
        padding=0,
    )


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
