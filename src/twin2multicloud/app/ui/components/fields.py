"""Fields to fill in. Each has a name that screen readers say, its unit, and its problem below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flet as ft

from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.theme import GAP

Told = Callable[[str], None]
_NOTHING = "any"
_HELPER_LINES = 3
"""What is said below a field is one line on a desk; on a phone it would be cut off."""


def line(
    label: str,
    value: str,
    changed: Told,
    *,
    unit: str | None = None,
    problem: str | None = None,
    hint: str | None = None,
    done: Told | None = None,
    secret: bool = False,
    **more: Any,
) -> ft.Control:
    """A line of text. `done` is called when Enter is pressed."""
    return ft.TextField(
        label=label,
        value=value,
        suffix=unit,
        error=problem,
        hint_text=hint,
        helper_max_lines=_HELPER_LINES,
        password=secret,
        can_reveal_password=secret,
        dense=True,
        border=_border(),
        on_change=lambda event: changed(event.control.value or ""),
        on_submit=None if done is None else lambda event: done(event.control.value or ""),
        **more,
    )


def lines(
    label: str, value: str, changed: Told, *, rows: int = 4, problem: str | None = None, **more: Any
) -> ft.Control:
    """Several lines of text."""
    return ft.TextField(
        label=label,
        value=value,
        multiline=True,
        min_lines=rows,
        max_lines=max(rows, 12),
        error=problem,
        border=_border(),
        on_change=lambda event: changed(event.control.value or ""),
        **more,
    )


def search(label: str, value: str, changed: Told, **more: Any) -> ft.Control:
    """A field to look for something: "/" leads to it (assets/keyboard.js)."""
    field = ft.TextField(
        label=label,
        value=value,
        prefix_icon=ft.Icons.SEARCH,
        dense=True,
        border=_border(),
        on_change=lambda event: changed(event.control.value or ""),
        **more,
    )
    return text.named("search", field)


def choice(
    label: str, value: str | None, options: Mapping[str, str], chosen: Told, *, width: float | None = None, **more: Any
) -> ft.Control:
    """One of several; `options` is key → text. The key "" is one like others: nothing in particular."""
    # Flutter's newer drop-down has no name for screen readers; this one has, but shows no option whose key is empty.
    expand = more.pop("expand", None)
    field = ft.DropdownM2(
        label=label,
        value=value or _NOTHING,
        # The content is what is seen: a text alone makes way for the key.
        options=[
            ft.dropdownm2.Option(key=key or _NOTHING, text=text, content=_option(text)) for key, text in options.items()
        ],
        dense=True,
        width=width,
        border=_border(),
        on_change=lambda event: chosen("" if event.control.value in (None, _NOTHING) else event.control.value),
        **more,
    )
    # A node of its own: what is around it would be read as part of its button.
    return ft.Semantics(container=True, content=field, expand=expand)


def _option(said: str) -> ft.Control:
    return ft.Text(said, no_wrap=True, overflow=ft.TextOverflow.ELLIPSIS)


def switch(label: str, value: bool, changed: Callable[[bool], None], **more: Any) -> ft.Control:
    """Yes or no."""
    return ft.Switch(label=label, value=value, on_change=lambda event: changed(bool(event.control.value)), **more)


def checkbox(label: str, value: bool, changed: Callable[[bool], None], **more: Any) -> ft.Control:
    """One of what is chosen."""
    return ft.Checkbox(label=label, value=value, on_change=lambda event: changed(bool(event.control.value)), **more)


def ticked_for(box: ft.Control, actions: Sequence[ft.Control], *, narrow: bool) -> ft.Control:
    """A checkbox and what is done with what it chooses, below it where it is narrow. It would take a whole line of a
    row that wraps.
    """
    rest = ft.Row(
        list(actions), wrap=True, spacing=GAP, run_spacing=GAP, vertical_alignment=ft.CrossAxisAlignment.CENTER
    )
    if narrow:
        return ft.Column([box, *([rest] if actions else [])], spacing=4, tight=True)
    return ft.Row([box, ft.Container(rest, expand=True)], spacing=GAP, vertical_alignment=ft.CrossAxisAlignment.CENTER)


def slider(
    label: str,
    value: float,
    least: float,
    most: float,
    changed: Callable[[float], None],
    *,
    said: str | None = None,
    divisions: int | None = None,
    **more: Any,
) -> ft.Control:
    """A number that is moved; `said` is how it reads."""
    moved = ft.Slider(
        min=least,
        max=most,
        value=min(most, max(least, value)),
        divisions=divisions,
        on_change=lambda event: changed(float(event.control.value)),
        **more,
    )
    # What is moved, its name and how it reads are one thing to screen readers; by itself it reads as a percentage.
    return ft.MergeSemantics(ft.Semantics(label=label, value=said, content=moved))


def chips(label: str, options: Mapping[str, str], chosen: frozenset[str], toggled: Told) -> ft.Control:
    """Any number of several, side by side."""
    return ft.Semantics(
        label=label,
        container=True,
        content=ft.Row(
            [
                ft.Chip(
                    label=ft.Text(text, size=12.5),
                    selected=key in chosen,
                    show_checkmark=True,
                    on_select=lambda _, key=key: toggled(key),
                )
                for key, text in options.items()
            ],
            wrap=True,
            spacing=6,
            run_spacing=6,
        ),
    )


def tabs(label: str, options: Mapping[str, str], chosen: str, choose: Told) -> ft.Control:
    """One of a few parts of a view."""
    return ft.Semantics(
        label=label,
        container=True,
        content=ft.SegmentedButton(
            segments=[ft.Segment(value=key, label=ft.Text(text)) for key, text in options.items()],
            selected=[chosen],
            show_selected_icon=False,
            on_change=lambda event: choose(next(iter(event.control.selected), chosen)),
        ),
    )


def _border() -> ft.OutlineInputBorder:
    return ft.OutlineInputBorder(side=ft.BorderSide(1, ft.Colors.OUTLINE), border_radius=8)


def required(text: str) -> str | None:
    """The problem of a field that must not be empty."""
    return None if text.strip() else tr("is needed")
