"""Axes below what is drawn of boxes: marks where they belong, with their numbers, and what the axis is of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flet as ft

from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.components.scales import Scale

_STEPS = 1_000
_TICK_PX = 5
_SIZE = 11
_NO_LINE = ft.BorderSide(0, ft.Colors.TRANSPARENT)


@dataclass(frozen=True)
class Tick:
    """A mark at a share of the axis, and how it reads."""

    at: float
    said: str


def even(scale: Scale, said: Callable[[float], str], title: str) -> ft.Control:
    """The marks of a scale that ends at some: each number is below the middle of its mark, but those at the ends."""
    labels = [said(mark * scale.step) for mark in scale.marks]
    line = ft.BorderSide(1, ft.Colors.OUTLINE)
    gaps: list[ft.Control] = [
        ft.Container(
            expand=True,
            height=_TICK_PX,
            border=ft.Border(top=line, left=line, right=line if number == len(labels) - 2 else _NO_LINE),
        )
        for number in range(len(labels) - 1)
    ]
    last = len(labels) - 1
    sides = {0: ft.Alignment.CENTER_LEFT, last: ft.Alignment.CENTER_RIGHT}
    numbers: list[ft.Control] = [
        ft.Container(
            _number(label),
            # An end has half of what is between two marks, others a half on either side.
            expand=1 if number in (0, last) else 2,
            alignment=sides.get(number, ft.Alignment.CENTER),
        )
        for number, label in enumerate(labels)
    ]
    return _stacked([ft.Row(gaps, spacing=0), ft.Row(numbers, spacing=0)], title)


def uneven(ticks: Sequence[Tick], start: str, end: str, title: str, *, least_share: float) -> ft.Control:
    """Marks anywhere, in order, each with its number to the right of it where that has `least_share` of the axis. The
    ends are told below, beside what the axis is of.
    """
    at = [0.0, *(tick.at for tick in ticks), 1.0]
    said = ["", *(tick.said for tick in ticks)]
    line = ft.BorderSide(1, ft.Colors.OUTLINE)
    cells: list[ft.Control] = [
        ft.Container(
            _number(words) if to - begin >= least_share else None,
            expand=max(1, round((to - begin) * _STEPS)),
            height=16,
            padding=ft.Padding.only(left=3),
            border=ft.Border(top=line, left=line if number else _NO_LINE),
        )
        for number, (words, begin, to) in enumerate(zip(said, at[:-1], at[1:], strict=True))
    ]
    ends = ft.Row(
        [_number(start), ft.Container(_title(title), expand=True, alignment=ft.Alignment.CENTER), _number(end)],
        spacing=8,
    )
    return ft.Column([ft.Row(cells, spacing=0), ends], spacing=2, tight=True)


def _stacked(rows: Sequence[ft.Control], title: str) -> ft.Control:
    named = ft.Row([_title(title)], alignment=ft.MainAxisAlignment.CENTER)
    return ft.Column([*rows, named], spacing=2, tight=True)


def _number(said: str) -> ft.Control:
    return text.muted(said, size=_SIZE, no_wrap=True)


def _title(said: str) -> ft.Control:
    return text.muted(said, size=_SIZE + 1, text_align=ft.TextAlign.CENTER)
