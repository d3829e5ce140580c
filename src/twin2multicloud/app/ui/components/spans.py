"""Ranges on one scale, each with a mark in it and its numbers beside it: also read without seeing them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flet as ft

from twin2multicloud.app.ui.components import axes, text
from twin2multicloud.app.ui.components.scales import Scale
from twin2multicloud.app.ui.theme import GAP, Tint

_STEPS = 1_000
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
    given: Sequence[Span],
    scale: Scale,
    said: Callable[[float], str],
    tint: Tint,
    *,
    axis: str,
    label: str,
    id: str,
    narrow: bool,
) -> ft.Control:
    """All of them below each other, with the scale below. `said`: how a mark of the scale reads; `axis`: what it is
    of.
    """
    rows: list[ft.Control] = [_row(span, scale, tint, narrow) for span in given]
    told = f"{label}: " + ". ".join(f"{span.name}: {span.said}" for span in given)
    return ft.Semantics(
        identifier=id,
        label=told,
        image=True,
        container=True,
        exclude_semantics=True,
        content=ft.Column([*rows, axes.even(scale, said, axis)], spacing=GAP, tight=True),
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
    return ft.Column(
        [
            ft.Row(
                [written(span.name, size=13, expand=True), text.muted(span.said, no_wrap=True)],
                spacing=GAP,
                vertical_alignment=ft.CrossAxisAlignment.END,
            ),
            _drawn(span, scale, tint),
        ],
        spacing=2,
        tight=True,
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
