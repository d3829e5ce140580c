"""Amounts as bars, with their numbers beside them: also read without seeing them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import flet as ft

from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.components.pressed import tip
from twin2multicloud.app.ui.theme import GAP

_STEPS = 1_000


@dataclass(frozen=True)
class Part:
    """Part of a bar: how much, in which colour, and what it is."""

    amount: float
    color: str
    name: str = ""


@dataclass(frozen=True)
class Bar:
    """A bar: what it is, its parts, and how its amount reads. `strong`: it stands out. Without parts it is not there,
    for the reason that `said` tells.
    """

    name: str
    parts: Sequence[Part]
    said: str
    strong: bool = False

    @property
    def amount(self) -> float:
        """All parts."""
        return sum(part.amount for part in self.parts)


def bars(
    given: Sequence[Bar],
    *,
    label: str,
    name_px: int = 110,
    said_px: int = 120,
    thick_px: int = 14,
    name_lines: int = 1,
) -> ft.Control:
    """Bars below each other, on one scale from 0."""
    most = max((bar.amount for bar in given), default=0.0)
    rows: list[ft.Control] = [_row(bar, most, name_px, said_px, thick_px, name_lines) for bar in given]
    told = label + ": " + ", ".join(f"{bar.name} {bar.said}" for bar in given)
    return ft.Semantics(
        label=told,
        image=True,
        container=True,
        exclude_semantics=True,
        content=ft.Column(rows, spacing=GAP - 2, tight=True),
    )


def _row(bar: Bar, most: float, name_px: int, said_px: int, thick_px: int, name_lines: int) -> ft.Control:
    share = text.strong if bar.strong else text.body
    return ft.Row(
        [
            ft.Container(
                share(bar.name, no_wrap=name_lines == 1, max_lines=name_lines, overflow=ft.TextOverflow.ELLIPSIS),
                width=name_px,
            ),
            ft.Container(_drawn(bar, most, thick_px), expand=True),
            ft.Container(
                text.figure(bar.said, weight=ft.FontWeight.W_600 if bar.strong else ft.FontWeight.W_400),
                width=said_px,
                alignment=ft.Alignment.CENTER_RIGHT,
            ),
        ],
        spacing=GAP,
    )


def _drawn(bar: Bar, most: float, thick_px: int) -> ft.Control:
    pieces: list[ft.Control] = []
    used = 0
    for part in bar.parts:
        steps = round(part.amount / most * _STEPS) if most > 0 else 0
        if steps > 0:
            pieces.append(ft.Container(expand=steps, height=thick_px, bgcolor=part.color, tooltip=tip(part.name)))
            used += steps
    if used < _STEPS:
        pieces.append(ft.Container(expand=_STEPS - used, height=thick_px))
    return ft.Container(
        ft.Row(pieces, spacing=0),
        border_radius=4,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
    )
