"""What a device measured, drawn."""

from __future__ import annotations

from datetime import datetime

import flet as ft

from twin2multicloud.app.schemas.watching import DeviceHistory, HistorySeries
from twin2multicloud.app.ui import figures
from twin2multicloud.app.ui.components import charts
from twin2multicloud.app.ui.components.charts import Line
from twin2multicloud.app.ui.language import tr


def line_of(series: HistorySeries, color: str, *, banded: bool = True) -> Line:
    """A field's means, and around them the least and the greatest values where a point stands for several."""
    several = banded and series.type != "boolean" and any(point.count > 2 for point in series.points)
    return Line(
        series.field,
        color,
        [(point.at.timestamp(), point.mean) for point in series.points],
        [
            (point.at.timestamp(), point.min, point.max)
            for point in series.points
            if point.min is not None and point.max is not None
        ]
        if several
        else (),
    )


def chart(
    history: DeviceHistory, series: HistorySeries, color: str, *, height: float = 220, small: bool = False
) -> ft.Control:
    """A field over the range that was asked for, or over as much of it as there is."""

    def said(value: float) -> str:
        if series.type == "boolean":
            return figures.measured(value >= 0.5) if value in (0.0, 1.0) else figures.share(value, digits=0)
        return figures.measured(float(value), series.unit)

    return charts.over_time(
        [line_of(series, color, banded=not small)],
        label=tr("{field} of {device}", field=series.field, device=history.device),
        said=said,
        height=height,
        since=_edge(history.since, history),
        until=_edge(history.until, history),
        filled=small,
        marks=3 if small else 7,
        value_marks=2 if small else 4,
    )


def _edge(moment: datetime | None, history: DeviceHistory) -> float | None:
    """The edge of the range, unless nearly all of that would be empty."""
    if moment is None or history.since is None or history.until is None:
        return None
    first = min((each.points[0].at for each in history.series if each.points), default=None)
    asked_s = (history.until - history.since).total_seconds()
    if first is None or (history.until - first).total_seconds() < asked_s * 0.2:
        return None
    return moment.timestamp()
