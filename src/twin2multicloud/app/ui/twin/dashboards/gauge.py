"""A value between two ends, as an arc."""

from __future__ import annotations

import math
from typing import Final

import flet as ft
import flet.canvas as cv

from twin2multicloud.app.ui.components import text
from twin2multicloud.app.ui.theme import Palette

_WIDE_PX: Final = 150.0
_HIGH_PX: Final = 104.0
_THICK_PX: Final = 13.0
_BEGIN: Final = math.pi * 0.92
_SWEEP: Final = math.pi * 1.16


def gauge(share: float | None, said: str, label: str, color: str, palette: Palette) -> ft.Control:
    """`share` is where the value is between the ends, 0 to 1; `said` how it reads."""
    arcs: list[cv.Shape] = [_arc(1.0, palette.line)]
    if share is not None:
        arcs.append(_arc(min(1.0, max(0.0, share)), color))
    drawn = ft.Stack(
        [
            cv.Canvas(arcs, width=_WIDE_PX, height=_HIGH_PX),
            ft.Container(
                ft.Text(said, size=18, weight=ft.FontWeight.W_600, color=color, no_wrap=True),
                width=_WIDE_PX,
                height=_HIGH_PX - 8,
                alignment=ft.Alignment.BOTTOM_CENTER,
            ),
        ],
        width=_WIDE_PX,
        height=_HIGH_PX,
    )
    return ft.Semantics(
        label=f"{label}: {said}",
        image=True,
        container=True,
        exclude_semantics=True,
        content=ft.Column(
            [drawn, text.muted(label, no_wrap=True)],
            spacing=2,
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        ),
    )


def _arc(share: float, color: str) -> cv.Arc:
    side = _WIDE_PX - _THICK_PX
    paint = ft.Paint(color=color, stroke_width=_THICK_PX, style=ft.PaintingStyle.STROKE, stroke_cap=ft.StrokeCap.ROUND)
    edge = _THICK_PX / 2
    return cv.Arc(x=edge, y=edge, width=side, height=side, start_angle=_BEGIN, sweep_angle=_SWEEP * share, paint=paint)
