"""Panels of a dashboard, each by its kind."""

from __future__ import annotations

from collections.abc import Sequence

import flet as ft

from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import badges, cards, charts, text
from twin2multicloud.app.ui.components.charts import Level, Line
from twin2multicloud.app.ui.components.pressed import tip
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.theme import GAP, Palette
from twin2multicloud.app.ui.twin.dashboards.gauge import gauge
from twin2multicloud.app.ui.twin.dashboards.state import BoardData, PanelData, Row, stretches, thinned
from twin2multicloud.dashboards.questions import LastValue
from twin2multicloud.dashboards.rendering import FieldView, PanelView

_CELL_PX = 27
_MOST_ROWS = 50
_MOST_VALUES = 24
_CHART_LESS_PX = 92


def panel(view: PanelView, title: str, data: BoardData | None, palette: Palette) -> ft.Control:
    """A panel with its frame; without data it is what the definition says only."""
    height = max(3, view.place.height) * _CELL_PX
    if view.kind == "text":
        return cards.card(ft.Markdown(view.text, selectable=True), title=title or None)
    found = None if data is None else data.panels.get(view.id)
    if data is None or found is None:
        inner = _none(tr("not live"), height)
    elif found.problem:
        inner = text.muted(found.problem, color=palette.bad.strong)
    else:
        inner = _shown(view, data, found, height, palette)
    return cards.card(inner, title=title, tooltip=view.description or None, id=f"panel-{view.id}", padding=14)


def _shown(view: PanelView, data: BoardData, found: PanelData, height: float, palette: Palette) -> ft.Control:
    if view.kind == "timeseries":
        return _lines(view, data, found, height, palette)
    if view.kind == "state":
        return _states(view, data, found, palette)
    if view.kind in ("stat", "gauge"):
        return _values(view, found, height, palette)
    if view.kind == "table":
        return _table(view, found, palette)
    if view.kind == "alerts":
        return _alerts(view, found, data.end_s, palette)
    return text.muted(tr("Only Grafana draws this kind of panel."))


def _none(message: str, height: float) -> ft.Control:
    return ft.Container(text.muted(message), height=max(60, height - _CHART_LESS_PX), alignment=ft.Alignment.CENTER)


def _unit(view: PanelView, label: str) -> str:
    return next((field.unit for field in view.fields if field.label == label), "")


def _said(field: FieldView | None, value: object) -> str:
    if field is not None and field.boolean and isinstance(value, bool | int | float):
        return figures.measured(bool(value))
    return figures.measured(value, field.unit if field is not None else "")


def _lines(view: PanelView, data: BoardData, found: PanelData, height: float, palette: Palette) -> ft.Control:
    drawn = [Line(line.label, palette.chart(number), thinned(line)) for number, line in enumerate(found.lines)]
    if not any(line.points for line in drawn):
        return _none(view.empty, height)
    unit = _unit(view, drawn[0].name)
    levels = [
        Level(threshold.start, level_color(threshold.level, palette))
        for field in view.fields[:1]
        for threshold in field.thresholds
        if view.lines and threshold.start is not None
    ]
    return charts.over_time(
        drawn,
        label=view.title,
        said=lambda value: figures.measured(value, unit),
        height=max(110, height - _CHART_LESS_PX),
        since=data.start_s,
        until=data.end_s,
        least=view.soft_minimum,
        most=view.soft_maximum,
        levels=levels,
        marks=5,
        keys=view.legend and len(drawn) > 1,
    )


def level_color(level: str, palette: Palette) -> str:
    """The colour of what a value means."""
    return {
        "normal": palette.ok.strong,
        "info": palette.accent.strong,
        "warning": palette.warn.strong,
        "error": palette.bad.strong,
        "critical": palette.bad.strong,
    }[level]


def _states(view: PanelView, data: BoardData, found: PanelData, palette: Palette) -> ft.Control:
    """On and off over time, as bars; what it is now beside them, for those who do not tell colours apart."""
    rows: list[ft.Control] = []
    for line in found.lines:
        parts: list[ft.Control] = []
        for each in stretches(line, data.start_s, data.end_s):
            color = palette.line if each.value is None else palette.ok.strong if each.value else palette.unknown.soft
            word = tr("unknown") if each.value is None else figures.measured(bool(each.value))
            parts.append(
                ft.Container(expand=max(1, round(each.share * 1_000)), height=18, bgcolor=color, tooltip=tip(word))
            )
        last = next((y for _, y in reversed(line.points) if y is not None), None)
        now = view.empty if last is None else figures.measured(bool(last))
        bar = ft.Container(ft.Row(parts, spacing=0), border_radius=4, clip_behavior=ft.ClipBehavior.ANTI_ALIAS)
        rows.append(
            ft.Semantics(
                label=tr("{label}: {value} now", label=line.label, value=now),
                container=True,
                exclude_semantics=True,
                content=ft.Row(
                    [
                        ft.Container(text.muted(line.label, no_wrap=True), width=96),
                        ft.Container(bar, expand=True),
                        ft.Container(text.figure(now), width=52),
                    ],
                    spacing=GAP,
                ),
            )
        )
    return ft.Column(rows, spacing=6, tight=True) if rows else text.muted(view.empty)


def _values(view: PanelView, found: PanelData, height: float, palette: Palette) -> ft.Control:
    shown: list[ft.Control] = []
    for value in found.values[:_MOST_VALUES]:
        field = next((each for each in view.fields if each.label == value.label), None)
        shown.append(_value(view, field, value, palette))
    if not shown:
        return _none(view.empty, height)
    return ft.Container(
        ft.Row(shown, wrap=True, spacing=18, run_spacing=GAP, alignment=ft.MainAxisAlignment.CENTER),
        alignment=ft.Alignment.CENTER,
    )


def _value(view: PanelView, field: FieldView | None, value: LastValue, palette: Palette) -> ft.Control:
    number = value.value if isinstance(value.value, int | float) and not isinstance(value.value, bool) else None
    color = palette.text
    if field is not None and number is not None and len(field.thresholds) > 1:
        color = level_color(field.level(number), palette)
    said = view.empty if value.value is None else _said(field, value.value)
    if view.kind == "gauge" and field is not None:
        low, high = field.minimum or 0.0, field.maximum if field.maximum is not None else 100.0
        share = None if number is None or high <= low else (number - low) / (high - low)
        arc = color if color != palette.text else palette.accent.strong
        return gauge(share, said, value.label, arc, palette)
    return ft.Column(
        [
            text.muted(value.label, no_wrap=True),
            ft.Text(said, size=26, weight=ft.FontWeight.W_600, color=color, no_wrap=True),
        ],
        spacing=2,
        tight=True,
    )


def _table(view: PanelView, found: PanelData, palette: Palette) -> ft.Control:
    labels = [field.label for field in view.fields]
    rows = list(found.rows[:_MOST_ROWS])
    if not rows and found.values:
        rows = [Row(value.label, {"": value.value}, value.at) for value in found.values]
        labels = [""]
    if not rows:
        return text.muted(view.empty)
    lines: list[ft.Control] = [_line([tr("Device"), *labels], palette.muted, heading=True)]
    for row in rows:
        said = [_said(_field(view, label, row), row.values.get(label)) for label in labels]
        lines.append(_line([row.name, *said], palette.text))
    return ft.Column(lines, spacing=0, tight=True)


def _field(view: PanelView, label: str, row: Row) -> FieldView | None:
    return next((field for field in view.fields if field.label == (label or row.name)), None)


def _line(cells: Sequence[str], color: str, *, heading: bool = False) -> ft.Control:
    first, *rest = cells
    weight = ft.FontWeight.W_600 if heading else ft.FontWeight.W_400
    shown: list[ft.Control] = [text.muted(first, color=color, weight=weight, expand=2, no_wrap=True)]
    shown += [
        text.muted(each, color=color, weight=weight, expand=1, no_wrap=True, text_align=ft.TextAlign.RIGHT)
        for each in rest
    ]
    return ft.Container(
        ft.Row(shown, spacing=GAP),
        padding=ft.Padding.symmetric(vertical=5),
        border=ft.Border(bottom=ft.BorderSide(1, ft.Colors.OUTLINE_VARIANT)),
    )


def _alerts(view: PanelView, found: PanelData, now_s: float, palette: Palette) -> ft.Control:
    if not found.alerts:
        return text.muted(tr("no alert") if view.empty == "no data" else view.empty)
    rows: list[ft.Control] = []
    for alert in found.alerts[:_MOST_ROWS]:
        state = (
            badges.severity(alert.severity, palette)
            if alert.active
            else badges.pill(tr("cleared"), palette.unknown, sign="○")
        )
        age = figures.age(now_s - figures.epoch(alert.time))
        rows.append(
            ft.Container(
                ft.Row(
                    [
                        state,
                        text.muted(alert.message, color=palette.text, expand=True, max_lines=2),
                        text.muted(tr("{age} ago", age=age)),
                    ],
                    spacing=GAP,
                ),
                padding=ft.Padding.symmetric(vertical=5),
                border=ft.Border(bottom=ft.BorderSide(1, ft.Colors.OUTLINE_VARIANT)),
            )
        )
    return ft.Column(rows, spacing=0, tight=True)
