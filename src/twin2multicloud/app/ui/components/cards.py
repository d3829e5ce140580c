"""Surfaces that things lie on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flet as ft

from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.theme import GAP, PAD, RADIUS


def card(
    content: ft.Control,
    *,
    title: str | None = None,
    beside: Sequence[ft.Control] = (),
    id: str | None = None,
    label: str | None = None,
    padding: int = PAD,
    **more: Any,
) -> ft.Control:
    """A part of a screen, perhaps with a heading and what stands beside that. `id` is what tests find it by,
    `label` what it is to screen readers.
    """
    inner: ft.Control = content
    if title is not None or beside:
        inner = ft.Column([_head(title or "", beside), content], spacing=GAP + 4, tight=True)
    made = ft.Container(
        inner,
        padding=padding,
        bgcolor=ft.Colors.SURFACE,
        border=ft.Border.all(1, ft.Colors.OUTLINE_VARIANT),
        border_radius=RADIUS,
        **more,
    )
    return made if id is None else text.named(id, made, label=label)


def _head(title: str, beside: Sequence[ft.Control]) -> ft.Control:
    """The heading, and at the other end what stands beside it: below it where there is no room."""
    if not beside:
        return text.section(title)
    others = ft.Row(
        list(beside), spacing=GAP, run_spacing=GAP, wrap=True, vertical_alignment=ft.CrossAxisAlignment.CENTER
    )
    both = ft.Row(
        [text.section(title), others],
        wrap=True,
        spacing=GAP,
        run_spacing=GAP,
        alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )
    return ft.Row([ft.Container(both, expand=True)])  # which makes it as wide as the card


def strip(content: ft.Control, *, tint_soft: str, tint: str, icon: ft.IconData | None = None) -> ft.Control:
    """A message across: a warning, a hint."""
    parts: list[ft.Control] = [ft.Container(content, expand=True)]
    if icon is not None:
        parts.insert(0, ft.Icon(icon, color=tint, size=20))
    return ft.Container(
        ft.Row(parts, spacing=10, vertical_alignment=ft.CrossAxisAlignment.CENTER),
        padding=ft.Padding.symmetric(horizontal=14, vertical=10),
        bgcolor=tint_soft,
        border_radius=8,
    )
