"""Dashboards: that what panels show is there, and can be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin2multicloud.model.names import shown
from twin2multicloud.model.parsing import Path
from twin2multicloud.model.twin.check_rules import scope_problem
from twin2multicloud.model.twin.dashboard_definition import PanelDefinition
from twin2multicloud.model.twin.parts import Parts, Problem

_DRAWN: Final = {
    "timeseries": ("double", "integer", "boolean"),
    "gauge": ("double", "integer", "boolean"),
    "stat": ("double", "integer", "boolean", "string"),
    "table": ("double", "integer", "boolean", "string"),
}


def dashboard_problems(parts: Parts) -> Iterator[Problem]:
    """What is wrong with the dashboards."""
    for index, dashboard in parts.dashboards.good:
        for number, panel in enumerate(dashboard.panels):
            yield from _panel(parts, ("dashboards", index, "panels", number), panel)


def _panel(parts: Parts, path: Path, panel: PanelDefinition) -> Iterator[Problem]:
    if not panel.on:
        return
    if parts.device_types.lacks(panel.on):
        hint = parts.suggest(panel.on, parts.device_types.declared)
        yield Problem((*path, "on"), f"there is no device type {shown(panel.on, 64)}{hint}")
    for place, pattern in enumerate(panel.devices or ()):
        problem = scope_problem(parts, pattern, panel.on)
        if problem is not None:
            yield Problem((*path, "devices", place), problem)
    kind = parts.device_types.good.get(panel.on)
    drawn = _DRAWN.get(panel.kind)
    if kind is None or drawn is None:
        return
    for place, name in enumerate(panel.fields):
        if name not in kind.fields:
            hint = parts.suggest(name, kind.fields)
            yield Problem((*path, "fields", place), f"{panel.on} has no field {shown(name, 64)}{hint}")
        elif kind.fields[name].type not in drawn:
            message = f"{name} is of type {kind.fields[name].type}, which a {panel.kind} cannot show"
            yield Problem((*path, "fields", place), f"{message}; it shows {', '.join(drawn)}")
    if not panel.fields and not any(field.type in drawn for field in kind.fields.values()):
        yield Problem(path, f"{panel.on} has nothing that a {panel.kind} could show; name another type")
