"""Text in the sizes that there are."""

from __future__ import annotations

from typing import Any

import flet as ft

from twin2multicloud.app.ui.theme import FALLBACK, MONO


def title(text: str, **more: Any) -> ft.Control:
    """What a screen is called: a heading of level 1."""
    return heading(text, 22, 1, **more)


def section(text: str, **more: Any) -> ft.Control:
    """What a part of a screen is called: a heading of level 2."""
    return heading(text, 15, 2, **more)


def heading(text: str, size: int, level: int, **more: Any) -> ft.Control:
    """A heading of a size and a level of its own."""
    return ft.Semantics(
        header=True,
        heading_level=level,
        content=ft.Text(text, size=size, weight=ft.FontWeight.W_600, font_family_fallback=FALLBACK, **more),
    )


def body(text: str, *, size: float = 14, **more: Any) -> ft.Text:
    """Usual text."""
    return ft.Text(text, size=size, font_family_fallback=FALLBACK, **_read(text, more))


def strong(text: str, *, size: float = 14, **more: Any) -> ft.Text:
    """Text that matters."""
    return ft.Text(text, size=size, weight=ft.FontWeight.W_600, font_family_fallback=FALLBACK, **_read(text, more))


def muted(text: str, *, size: float = 12.5, color: str = ft.Colors.ON_SURFACE_VARIANT, **more: Any) -> ft.Text:
    """Text beside the matter: units, ages, explanations."""
    return ft.Text(text, size=size, color=color, font_family_fallback=FALLBACK, **_read(text, more))


def figure(text: str, *, size: float = 14, **more: Any) -> ft.Text:
    """A number, to stand below others: its digits are of one width."""
    return ft.Text(text, size=size, text_align=ft.TextAlign.RIGHT, no_wrap=True, font_family_fallback=FALLBACK, **more)


def mono(text: str, *, size: float = 12.5, **more: Any) -> ft.Text:
    """Text as machines write it."""
    return ft.Text(text, size=size, font_family=MONO, **_read(text, more))


def group(label: str, content: ft.Control, *, expand: bool | int | None = None) -> ft.Control:
    """Content that is called something as a whole, which tells its fields and buttons from others of the same name."""
    return ft.Semantics(label=label, container=True, expand=expand, content=content)


def named(identifier: str, content: ft.Control, *, live: bool = False, label: str | None = None) -> ft.Control:
    """Content that tests and screen readers find; `live`: read out when it changes."""
    return ft.Semantics(identifier=identifier, label=label, live_region=live or None, container=True, content=content)


def _read(text: str, more: dict[str, Any]) -> dict[str, Any]:
    """A text that can be selected has a label, too: browsers' screen readers are told of an empty field otherwise."""
    return {"semantics_label": text, **more} if more.get("selectable") else more
