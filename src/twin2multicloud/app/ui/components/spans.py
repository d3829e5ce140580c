"""Ranges on one scale, each with a mark in it and its numbers beside it: also read without seeing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flet as ft

from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.components.scales import Scale
from twin2multicloud.app.ui.theme import GAP, Tint

_STEPS = 1_000
_NAME_PX, _SAID_PX = 190, 250
_THICK_PX = 16


@dataclass(frozen=True)
class Span:
    """From `low` to `high` with a mark between them, and how that reads."""

    name: str
    low: float
    mark: float
    high: float
    said: str
    strong: bool = False


def spans(
    given: Sequence[Span], scale: Scale, said: Callable[[float], str], tint: Tint, *, label: str, id: str, narrow: bool
) -> ft.Control:
    """All of them below each other, with the scale below. `said`: how a number of the scale reads."""
    rows: list[ft.Control] = [_row(span, scale, tint, narrow) for span in given]
    told = f"{label}: " + ". ".join(f"{span.name}: {span.said}" for span in given)
    return ft.Semantics(
        identifier=id,
        label=told,
        image=True,
        container=True,
        exclude_semantics=True,
        content=ft.Column([*rows, _axis(scale, said, narrow)], spacing=GAP, tight=True),
    )


def _row(span: Span, scale: Scale, tint: Tint, narrow: bool) -> ft.Control:
    written = text.strong if span.strong else text.body
    if narrow:
        return ft.Column(
            [written(span.name, size=13), _drawn(span, scale, tint), text.muted(span.said)],
            spacing=2,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        )
    return ft.Row(
        [
            ft.Container(written(span.name, size=13), width=_NAME_PX),
            ft.Container(_drawn(span, scale, tint), expand=True),
            ft.Container(text.muted(span.said, text_align=ft.TextAlign.RIGHT), width=_SAID_PX),
        ],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.CENTER,
    )


def _drawn(span: Span, scale: Scale, tint: Tint) -> ft.Control:
    whole = scale.most - scale.least
    at = [round((value - scale.least) / whole * _STEPS) for value in (span.low, span.mark, span.high)]
    edge = ft.BorderSide(1, tint.strong)
    pieces: list[ft.Control] = [
        *_piece(at[0], None),
        *_piece(at[1] - at[0], tint.soft, ft.Border(left=edge, top=edge, bottom=edge)),
        ft.Container(width=3, height=_THICK_PX + 6, bgcolor=tint.strong),
        *_piece(at[2] - at[1], tint.soft, ft.Border(right=edge, top=edge, bottom=edge)),
        *_piece(_STEPS - at[2], None),
    ]
    return ft.Row(pieces, spacing=0, vertical_alignment=ft.CrossAxisAlignment.CENTER)


def _piece(steps: int, color: str | None, border: ft.Border | None = None) -> list[ft.Control]:
    if steps <= 0:
        return []
    return [ft.Container(expand=steps, height=_THICK_PX, bgcolor=color, border=border)]


def _axis(scale: Scale, said: Callable[[float], str], narrow: bool) -> ft.Control:
    """Its ends: where the ranges lie between them is what is seen, and the numbers are beside each."""
    ends = ft.Row(
        [text.muted(said(scale.least), size=11), text.muted(said(scale.most), size=11)],
        alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
    )
    lined = ft.Container(ends, border=ft.Border(top=ft.BorderSide(1, ft.Colors.OUTLINE_VARIANT)), expand=not narrow)
    if narrow:
        return lined
    return ft.Row([ft.Container(width=_NAME_PX), lined, ft.Container(width=_SAID_PX)], spacing=GAP)
