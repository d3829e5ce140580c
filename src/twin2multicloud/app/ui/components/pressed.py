"""Surfaces that can be pressed: with mouse, finger or keyboard, and one thing to screen readers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import flet as ft


def pressable(
    content: ft.Control,
    name: str,
    act: Callable[[], None] | None,
    *,
    reads: bool = False,
    selected: bool | None = None,
    checked: bool | None = None,
    expanded: bool | None = None,
    id: str | None = None,
    expand: bool | int | None = None,
    col: ft.ResponsiveNumber = 12,
    key: str | None = None,
    **more: Any,
) -> ft.Control:
    """A surface whose press does `act`; without, it cannot be pressed now. `name` is what it is called; with `reads`
    screen readers say what is written on it, too, which then must hold nothing else to press.
    """
    pressed = act
    named = ft.Semantics(
        content=content,
        label=name,
        button=True,
        selected=selected,
        checked=checked,
        expanded=expanded,
        identifier=id,
        exclude_semantics=not reads,
        disabled=act is None,
    )
    surface = ft.Container(
        named, ink=act is not None, on_click=None if pressed is None else lambda _: pressed(), **more
    )
    # What can be focused and pressed, and what it is called, would be two things to screen readers otherwise.
    return ft.MergeSemantics(surface, expand=expand, col=col, key=key)


def tip(said: str | None) -> ft.Tooltip | None:
    """What is shown beside the pointer, where screen readers are told otherwise: they would say it before the name."""
    return None if not said else ft.Tooltip(said, exclude_from_semantics=True)
