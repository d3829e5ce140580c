"""Small surfaces of the twin's page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft

from twin2multicloud.app.ui.components import pressed
from twin2multicloud.app.ui.theme import GAP


def pressable(
    name: str, act: Callable[[], None], content: ft.Control, *, chosen: bool = False, **more: Any
) -> ft.Control:
    """A surface that is pressed to see more; `chosen`: it is what one sees."""
    return pressed.pressable(
        content,
        name,
        act,
        selected=chosen,
        padding=ft.Padding.symmetric(horizontal=10, vertical=7),
        border=ft.Border.all(1.5 if chosen else 1, ft.Colors.PRIMARY if chosen else ft.Colors.OUTLINE_VARIANT),
        border_radius=8,
        bgcolor=ft.Colors.SURFACE,
        **more,
    )


def sunken(*shown: ft.Control) -> ft.Control:
    """What is told in full of something above it."""
    return ft.Container(
        ft.Column(list(shown), spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        padding=14,
        border_radius=8,
        bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
    )
