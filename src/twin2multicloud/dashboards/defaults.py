"""The dashboard of a twin whose definition has none, in the definition's own form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.dashboards.definition import NUMERIC, first_devices
from twin2multicloud.model.spec import DeviceType, TwinSpec

_CHARTS: Final = 6


def default_dashboard(spec: TwinSpec) -> Mapping[str, Any]:
    """An overview, then for every device type its last values, its numbers over time, and a table of its devices."""
    panels: list[dict[str, Any]] = [
        {"type": "row", "title": "Overview"},
        {"type": "rates"},
        {"type": "alarms"},
    ]
    for kind in spec.device_types:
        panels += _of_type(spec, kind)
    return {"title": spec.name, "panels": panels}


def _of_type(spec: TwinSpec, kind: DeviceType) -> list[dict[str, Any]]:
    if not first_devices(spec, kind.name, 1):
        return []
    panels: list[dict[str, Any]] = [{"type": "row", "title": kind.name}]
    numeric = [field for field in kind.fields if field.type in NUMERIC][:_CHARTS]
    for field in numeric:
        bounded = field.minimum is not None and field.maximum is not None
        panels.append({"type": "gauge" if bounded else "stat", "device_type": kind.name, "fields": [field.name]})
    panels += [{"type": "timeseries", "device_type": kind.name, "fields": [field.name]} for field in numeric]
    if any(field.type not in {"object", "array"} for field in kind.fields):
        panels.append({"type": "table", "device_type": kind.name})
    return panels
