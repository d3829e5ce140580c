"""What a dashboard's JSON says, without Grafana's words: for whoever draws it and knows nothing of Grafana."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from twin2multicloud.dashboards.layout import Place
from twin2multicloud.dashboards.limits import LEVELS, Level
from twin2multicloud.dashboards.questions import Question, filled, question_of
from twin2multicloud.dashboards.units import unit_text

PanelKind = Literal["timeseries", "state", "stat", "gauge", "table", "alerts", "text", "row", "other"]
"""`state`: values over time that are on or off. `other`: only Grafana draws it."""

_KINDS: Final[Mapping[str, PanelKind]] = {
    "timeseries": "timeseries",
    "state-timeline": "state",
    "stat": "stat",
    "gauge": "gauge",
    "table": "table",
    "alertlist": "alerts",
    "text": "text",
    "row": "row",
}
_SECONDS: Final[Mapping[str, float]] = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}


@dataclass(frozen=True)
class Threshold:
    """From `start` upwards (None: from the very bottom) values mean this, until the next threshold."""

    start: float | None
    level: Level


@dataclass(frozen=True)
class FieldView:
    """How values under a label are shown: the text after a number, the ends of its axis, what values mean."""

    label: str
    unit: str
    boolean: bool
    minimum: float | None
    maximum: float | None
    thresholds: tuple[Threshold, ...]

    def level(self, value: float) -> Level:
        """What a value means."""
        found: Level = "normal"
        for threshold in self.thresholds:
            if threshold.start is None or value >= threshold.start:
                found = threshold.level
        return found


@dataclass(frozen=True)
class PanelView:
    """A panel. `title` may name choices (see `title_for`); `place` is on a grid of 24 columns; `fields` are in the
    order of the questions' labels. `lines`: thresholds are drawn as lines, too. `empty` is said where nothing is.
    """

    id: int
    kind: PanelKind
    title: str
    description: str
    place: Place
    text: str
    questions: tuple[Question, ...]
    fields: tuple[FieldView, ...]
    lines: bool
    legend: bool
    soft_minimum: float | None
    soft_maximum: float | None
    empty: str

    def title_for(self, chosen: Mapping[str, str]) -> str:
        """The title with what is chosen at the top of the dashboard."""
        return filled(self.title, chosen)

    def field(self, label: str) -> FieldView:
        """How values under a label are shown; `KeyError` for one that the panel does not have."""
        return next(field for field in self.fields if field.label == label)


@dataclass(frozen=True)
class Choice:
    """What is chosen at the top of a dashboard: one of `options`, or, if `typed`, whatever somebody types."""

    name: str
    label: str
    description: str
    options: tuple[str, ...]
    current: str
    typed: bool


@dataclass(frozen=True)
class DashboardView:
    """A dashboard: how often it looks for news, how much time it shows, what is chosen at its top, its panels."""

    uid: str
    title: str
    refresh_s: float | None
    span_s: float
    choices: tuple[Choice, ...]
    panels: tuple[PanelView, ...]

    @property
    def chosen(self) -> dict[str, str]:
        """What is chosen before anybody does."""
        return {choice.name: choice.current for choice in self.choices}


def dashboard_view(dashboard: Mapping[str, Any]) -> DashboardView:
    """What a dashboard of ours says. What somebody else's JSON says beyond that is left out."""
    templating = _mapping(dashboard.get("templating"))
    return DashboardView(
        uid=str(dashboard.get("uid") or ""),
        title=str(dashboard.get("title") or ""),
        refresh_s=_seconds(dashboard.get("refresh")),
        span_s=_seconds(str(_mapping(dashboard.get("time")).get("from", "")).removeprefix("now-")) or 900.0,
        choices=tuple(_choice(each) for each in _mappings(templating.get("list"))),
        panels=tuple(_panel(each) for each in _mappings(dashboard.get("panels"))),
    )


def _choice(variable: Mapping[str, Any]) -> Choice:
    options = tuple(str(option.get("value", "")) for option in _mappings(variable.get("options")))
    return Choice(
        name=str(variable.get("name", "")),
        label=str(variable.get("label") or variable.get("name") or ""),
        description=str(variable.get("description") or ""),
        options=options,
        current=str(_mapping(variable.get("current")).get("value", options[0] if options else "")),
        typed=variable.get("type") == "textbox",
    )


def _panel(panel: Mapping[str, Any]) -> PanelView:
    defaults = _mapping(_mapping(panel.get("fieldConfig")).get("defaults"))
    custom = _mapping(defaults.get("custom"))
    options = _mapping(panel.get("options"))
    targets = _mappings(panel.get("targets"))
    questions = tuple(asked for target in targets if (asked := question_of(target)) is not None)
    labels = dict.fromkeys(label for asked in questions for label in asked.labels)
    fields = tuple(_field(panel, label) for label in labels)
    grid = _mapping(panel.get("gridPos"))
    return PanelView(
        id=int(panel.get("id") or 0),
        kind=_kind(panel, questions, fields),
        title=str(panel.get("title") or ""),
        description=str(panel.get("description") or ""),
        place=Place(*(int(grid.get(key) or 0) for key in ("x", "y", "w", "h"))),
        text=str(options.get("content") or ""),
        questions=questions,
        fields=fields,
        lines=_mapping(custom.get("thresholdsStyle")).get("mode", "off") != "off",
        legend=_mapping(options.get("legend")).get("showLegend") is not False,
        soft_minimum=_number(custom.get("axisSoftMin")),
        soft_maximum=_number(custom.get("axisSoftMax")),
        empty=str(defaults.get("noValue") or "no data"),
    )


def _kind(panel: Mapping[str, Any], questions: Sequence[Question], fields: Sequence[FieldView]) -> PanelKind:
    kind = _KINDS.get(str(panel.get("type")), "other")
    if any(asked.kind == "alerts" for asked in questions):
        return "alerts"
    if kind == "timeseries" and fields and all(field.boolean for field in fields):
        return "state"
    return kind


def _field(panel: Mapping[str, Any], label: str) -> FieldView:
    """A field's settings: the panel's, with those of its name over them."""
    config = _mapping(panel.get("fieldConfig"))
    settings: dict[str, Any] = dict(_mapping(config.get("defaults")))
    for override in _mappings(config.get("overrides")):
        matcher = _mapping(override.get("matcher"))
        if matcher.get("id") == "byName" and matcher.get("options") == label:
            settings |= {str(each.get("id")): each.get("value") for each in _mappings(override.get("properties"))}
    unit = str(settings.get("unit") or "none")
    return FieldView(
        label=label,
        unit=unit_text(unit),
        boolean=unit.startswith("bool"),
        minimum=_number(settings.get("min")),
        maximum=_number(settings.get("max")),
        thresholds=tuple(
            Threshold(_number(step.get("value")), LEVELS.get(str(step.get("color")), "normal"))
            for step in _mappings(_mapping(settings.get("thresholds")).get("steps"))
        ),
    )


def _seconds(period: Any) -> float | None:
    """Seconds of "15m"; None for what is no period."""
    match = re.fullmatch(r"([0-9]{1,9})([smhdw])", str(period or ""))
    return None if match is None else int(match[1]) * _SECONDS[match[2]]


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    return (each for each in (value if isinstance(value, Sequence) else ()) if isinstance(each, Mapping))
