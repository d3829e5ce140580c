"""Parts of a screen side by side, each with an address of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import flet as ft

from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.components.pressed import pressable
from twin2multicloud.app.ui.session import Session


@dataclass(frozen=True)
class Tab:
    """A part: what it is called, where it is, and perhaps how much is in it."""

    label: str
    path: str
    count: str = ""


def tabs(session: Session, given: Sequence[Tab], chosen: str, *, label: str) -> ft.Control:
    """Which parts there are; `chosen` is the path of the one in view. Where it is narrow they go on in another line:
    the one in view could be scrolled out of it.
    """
    narrow = session.viewport.narrow
    return ft.Semantics(
        label=label,
        container=True,
        content=ft.Container(
            ft.Row(
                [_tab(session, each, each.path == chosen) for each in given],
                spacing=2,
                run_spacing=0,
                wrap=narrow,
                scroll=None if narrow else ft.ScrollMode.HIDDEN,
            ),
            border=ft.Border(bottom=ft.BorderSide(1, ft.Colors.OUTLINE_VARIANT)),
        ),
    )


def _tab(session: Session, tab: Tab, chosen: bool) -> ft.Control:
    go = partial(session.go, tab.path)
    said = f"{tab.label} ({tab.count})" if tab.count else tab.label
    shown = text.strong if chosen else text.body
    return pressable(
        shown(said, color=ft.Colors.PRIMARY if chosen else ft.Colors.ON_SURFACE_VARIANT),
        said,
        go,
        selected=chosen,
        padding=ft.Padding.symmetric(horizontal=8 if session.viewport.narrow else 12, vertical=9),
        border=ft.Border(bottom=ft.BorderSide(2, ft.Colors.PRIMARY if chosen else ft.Colors.TRANSPARENT)),
    )
