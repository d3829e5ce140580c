"""Names and what they stand for, below each other."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.theme import GAP

Fact = tuple[str, str | ft.Control]


def facts(given: Sequence[Fact], *, name_px: int = 130) -> ft.Control:
    """What is known of something: names at the left, of one width."""
    return ft.Column([_fact(name, value, name_px) for name, value in given], spacing=6, tight=True)


def _fact(name: str, value: str | ft.Control, name_px: int) -> ft.Control:
    shown = text.body(value, selectable=True) if isinstance(value, str) else value
    return ft.Row(
        [
            ft.Container(text.muted(name, size=13), width=name_px, padding=ft.Padding.only(top=1)),
            ft.Container(shown, expand=True, alignment=ft.Alignment.CENTER_LEFT),
        ],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
