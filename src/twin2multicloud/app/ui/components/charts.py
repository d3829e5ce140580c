"""Lines over time. What they show is also told in words, since a chart is nothing to those who do not see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import flet as ft
import flet_charts as fch

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import scales, text
from twin2multicloud.app.ui.components.pressed import tip
from twin2multicloud.app.ui.components.scales import Scale
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.theme import GAP

_AXIS_PX: Final = 46
_TIMES_PX: Final = 22
_MOST_KEYS: Final = 12


@dataclass(frozen=True)
class Line:
    """A line: its points (seconds since 1970, value; None: a gap there), and a band that it moves in, of the same
    points' least and greatest values.
    """

    name: str
    color: str
    points: Sequence[tuple[float, float | None]]
    band: Sequence[tuple[float, float, float]] = field(default=())

    @property
    def last(self) -> float | None:
        """The newest value there is."""
        return next((y for _, y in reversed(self.points) if y is not None), None)


@dataclass(frozen=True)
class Level:
    """A value from which on others mean something else: a dashed line across."""

    value: float
    color: str


def over_time(
    given: Sequence[Line],
    *,
    label: str,
    said: Callable[[float], str],
    height: float = 200,
    since: float | None = None,
    until: float | None = None,
    from_zero: bool = False,
    filled: bool = False,
    least: float | None = None,
    most: float | None = None,
    levels: Sequence[Level] = (),
    marks: int = 6,
    value_marks: int = 4,
    keys: bool | None = None,
) -> ft.Control:
    """Lines on one scale. `said` is how a value reads, with its unit; `least` and `most` are on the scale in any case;
    `levels` where they are on it. `keys`: which line is which is told below (left out for a single one).
    """
    values = [y for line in given for _, y in line.points if y is not None]
    values += [edge for line in given for _, low, high in line.band for edge in (low, high)]
    moments = [x for line in given for x, _ in line.points]
    told = label + ": " + ", ".join(_told(line, said) for line in given)
    if not values:
        return _empty(label, height)
    values += [edge for edge in (least, most) if edge is not None]
    x = scales.times(min(moments) if since is None else since, max(moments) if until is None else until, marks=marks)
    y = scales.numbers(min(values), max(values), marks=value_marks, from_zero=from_zero)
    drawn = ft.Semantics(
        label=told,
        image=True,
        container=True,
        exclude_semantics=True,
        content=ft.Container(_chart(given, x, y, said, filled, levels), height=height),
    )
    if keys is False or (keys is None and len(given) < 2):
        return drawn
    return ft.Column(
        [drawn, _keys(given, said)],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )


def _told(line: Line, said: Callable[[float], str]) -> str:
    return f"{line.name} {said(line.last) if line.last is not None else tr('nothing')}"


def _empty(label: str, height: float) -> ft.Control:
    return ft.Container(
        text.muted(tr("Nothing in this range")),
        height=height,
        alignment=ft.Alignment.CENTER,
        tooltip=tip(label),
        bgcolor=ft.Colors.SURFACE_CONTAINER_HIGHEST,
        border_radius=8,
    )


def _chart(
    given: Sequence[Line], x: Scale, y: Scale, said: Callable[[float], str], filled: bool, levels: Sequence[Level]
) -> fch.LineChart:
    series = [_level(each, x, y) for each in levels if y.least <= each.value <= y.most]
    for line in given:
        series += _band(line, x, y)
        series += _pieces(line, x, y, said, filled)
    return fch.LineChart(
        data_series=series,
        min_x=x.place(x.least),
        max_x=x.place(x.most),
        min_y=y.place(y.least),
        max_y=y.place(y.most),
        animation=ft.Animation(0),
        left_axis=fch.ChartAxis(
            labels=[_label(mark, figures.mark(mark * y.step, y.step)) for mark in y.marks],
            label_size=_AXIS_PX,
            label_spacing=1,
        ),
        bottom_axis=fch.ChartAxis(
            labels=[_label(mark, figures.moment(mark * x.step, x.step)) for mark in x.marks],
            label_size=_TIMES_PX,
            label_spacing=1,
            show_min=False,
            show_max=False,
        ),
        horizontal_grid_lines=fch.ChartGridLines(interval=1, color=ft.Colors.OUTLINE_VARIANT, width=1),
        tooltip=fch.LineChartTooltip(
            bgcolor=ft.Colors.INVERSE_SURFACE,
            fit_inside_horizontally=True,
            fit_inside_vertically=True,
            max_width=260,
            padding=ft.Padding.symmetric(horizontal=10, vertical=6),
        ),
    )


def _level(level: Level, x: Scale, y: Scale) -> fch.LineChartData:
    at = y.place(level.value)
    ends = (x.place(x.least), x.place(x.most))
    return fch.LineChartData(
        points=[fch.LineChartDataPoint(end, at, show_tooltip=False) for end in ends],
        color=level.color,
        stroke_width=1,
        dash_pattern=[5, 5],
        point=False,
    )


def _label(mark: int, words: str) -> fch.ChartAxisLabel:
    return fch.ChartAxisLabel(value=mark, label=text.muted(words, size=11, no_wrap=True))


def _pieces(line: Line, x: Scale, y: Scale, said: Callable[[float], str], filled: bool) -> list[fch.LineChartData]:
    made: list[fch.LineChartData] = []
    for piece in scales.pieces(line.points):
        alone = len(piece) == 1
        made.append(
            fch.LineChartData(
                points=[
                    fch.LineChartDataPoint(
                        x.place(at),
                        y.place(value),
                        key=at,
                        tooltip=_tip(line.name, said(value), figures.moment(at, 1)),
                    )
                    for at, value in piece
                ],
                color=line.color,
                stroke_width=2,
                rounded_stroke_cap=True,
                point=fch.ChartCirclePoint(radius=2.5, color=line.color) if alone else False,
                below_line_bgcolor=ft.Colors.with_opacity(0.12, line.color) if filled else None,
            )
        )
    return made


def _tip(name: str, value: str, moment: str) -> fch.LineChartDataPointTooltip:
    return fch.LineChartDataPointTooltip(
        text=f"{name}  {value}\n{moment} UTC",
        text_style=ft.TextStyle(size=12, color=ft.Colors.ON_INVERSE_SURFACE),
        text_align=ft.TextAlign.LEFT,
    )


def _band(line: Line, x: Scale, y: Scale) -> list[fch.LineChartData]:
    """The least and the greatest values, thin and without tooltips: spikes stay visible where points are means."""
    if not line.band:
        return []
    edges = ([(at, low) for at, low, _ in line.band], [(at, high) for at, _, high in line.band])
    return [
        fch.LineChartData(
            points=[
                fch.LineChartDataPoint(x.place(at), y.place(value), key=at, show_tooltip=False) for at, value in edge
            ],
            color=ft.Colors.with_opacity(0.35, line.color),
            stroke_width=1,
            point=False,
        )
        for edge in edges
    ]


def _keys(given: Sequence[Line], said: Callable[[float], str]) -> ft.Control:
    shown: list[ft.Control] = [
        ft.Row(
            [
                ft.Container(width=10, height=10, border_radius=3, bgcolor=line.color),
                text.muted(line.name),
                text.muted(said(line.last) if line.last is not None else "–", weight=ft.FontWeight.W_600),
            ],
            spacing=5,
            tight=True,
        )
        for line in given[:_MOST_KEYS]
    ]
    if len(given) > _MOST_KEYS:
        shown.append(text.muted(tr("and {count} more", count=len(given) - _MOST_KEYS)))
    return ft.Row(shown, wrap=True, spacing=14, run_spacing=4)
