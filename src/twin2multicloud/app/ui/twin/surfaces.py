"""Small surfaces of the twin's page."""

from __future__ import annotations

from collections.abc import Callable

import flet as ft

from twin2multicloud.app.ui.theme import GAP


def pressable(
    name: str, act: Callable[[], None], content: ft.Control, *, chosen: bool = False, **more: object
) -> ft.Control:
    """A surface that is pressed to see more; `chosen`: it is what one sees."""
    return ft.Semantics(
        label=name,
        button=True,
        selected=chosen,
        container=True,
        exclude_semantics=True,
        on_tap=lambda _: act(),
        content=ft.Container(
            content,
            padding=ft.Padding.symmetric(horizontal=10, vertical=7),
            border=ft.Border.all(1.5 if chosen else 1, ft.Colors.PRIMARY if chosen else ft.Colors.OUTLINE_VARIANT),
            border_radius=8,
            bgcolor=ft.Colors.SURFACE,
            ink=True,
            on_click=lambda _: act(),
        ),
        **more,  # type: ignore[arg-type]  # what every control takes
    )


def sunken(*shown: ft.Control) -> ft.Control:
    """What is told in full of something above it."""
    return ft.Container(
        ft.Column(list(shown), spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH),
        padding=14,
        border_radius=8,
        bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
    )
