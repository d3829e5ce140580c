"""The `dashboards` of a twin's definition, read into panels whose references all exist."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from twin2multicloud.dashboards.layout import COLUMNS, Size
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.names import shown, unknown
from twin2multicloud.model.spec import DeviceType, Field, TwinSpec

NUMERIC: Final = frozenset({"double", "integer"})
_DRAWABLE: Final = NUMERIC | {"boolean"}
_SCALAR: Final = _DRAWABLE | {"string"}
SIZES: Final[Mapping[str, tuple[int, int]]] = {
    "timeseries": (12, 8),
    "stat": (6, 6),
    "gauge": (6, 6),
    "table": (24, 8),
    "alarms": (12, 8),
    "text": (12, 4),
    "rates": (12, 8),
    "row": (24, 1),
}
"""Panel types and their usual width and height in grid cells."""

MOST_SERIES: Final = 24
"""Lines that one chart has at most; a chart of more devices shows the one chosen at the top of the dashboard."""


_VALUES_ABREAST: Final = 7

TOGETHER: Final = 8
"""Up to so many devices of a type are drawn in one chart; of more, the one chosen at the top of the dashboard."""

_CHARTS: Final = frozenset({"timeseries", "gauge"})
_OF_NO_TYPE: Final = frozenset({"alarms", "text", "rates", "row"})


@dataclass(frozen=True)
class PanelSpec:
    """One panel. `kind` is the device type it is about (None for text and rates, and for alarms of all types).

    `devices` empty means the device that is chosen at the top of the dashboard (charts, last values), or all of the
    type (tables, alarms). `unit` is the panel's own; None = each field's.
    """

    type: str
    title: str
    kind: DeviceType | None
    devices: tuple[str, ...]
    fields: tuple[Field, ...]
    unit: str | None
    text: str
    size: Size


@dataclass(frozen=True)
class DashboardSpec:
    """A dashboard: its title, panels in reading order, how often it looks for news and over which time range."""

    title: str
    panels: tuple[PanelSpec, ...]
    refresh: str
    span: str


def read_dashboard(spec: TwinSpec, entry: Mapping[str, Any], place: str) -> DashboardSpec:
    """The dashboard of a dict as in the definition; a `UsageError` names what does not exist and where."""
    panels = entry.get("panels") or ()
    if isinstance(panels, str) or not isinstance(panels, Sequence):
        raise UsageError(f"{place}.panels: a list of panels is needed")
    return DashboardSpec(
        title=str(entry.get("title") or spec.name),
        panels=tuple(_read_panel(spec, panel, f"{place}.panels.{i}") for i, panel in enumerate(panels)),
        refresh=_period(entry.get("refresh"), "5s", f"{place}.refresh"),
        span=_period(entry.get("range"), "15m", f"{place}.range"),
    )


def first_devices(spec: TwinSpec, kind: str, most: int) -> tuple[str, ...]:
    """The first `most` devices of a type, without making the names of all."""
    return tuple(islice((name for group in spec.devices if group.type == kind for name in group), most))


def _read_panel(spec: TwinSpec, entry: Any, place: str) -> PanelSpec:
    if not isinstance(entry, Mapping):
        raise UsageError(f"{place}: a panel is a mapping with at least a type")
    type_ = str(entry.get("type") or entry.get("kind") or "")
    if type_ not in SIZES:
        raise UsageError(f"{place}.type: {unknown('panel type', type_, tuple(SIZES))}")
    kind = _device_type(spec, entry, type_, place)
    fields = _fields(entry, kind, type_, place)
    devices = _devices(spec, entry, kind, type_, place)
    if type_ == "timeseries" and len(fields) * len(devices) > MOST_SERIES:
        devices = ()
    unit = entry.get("unit")
    of_type = sum(len(group) for group in spec.devices if kind is not None and group.type == kind.name)
    rows = len(devices) or of_type
    return PanelSpec(
        type=type_,
        title=str(entry.get("title") or _title(type_, kind, fields)),
        kind=kind,
        devices=devices,
        fields=fields,
        unit=None if unit is None else str(unit),
        text=str(entry.get("text") or entry.get("content") or ""),
        size=_size(entry, type_, len(fields) * max(1, len(devices)), rows, place),
    )


def _size(entry: Mapping[str, Any], type_: str, values: int, rows: int, place: str) -> Size:
    width, height = SIZES[type_]
    if type_ in {"stat", "gauge"}:
        width, height = min(COLUMNS, width * values), height * -(-values // _VALUES_ABREAST)
    if type_ == "table":
        height = max(4, min(height, 2 + rows))
    fixed = entry.get("width") is not None or type_ == "row"
    return Size(
        _whole(entry.get("width"), width, COLUMNS, f"{place}.width"),
        _whole(entry.get("height"), height, 40, f"{place}.height"),
        fixed,
    )


def _whole(value: Any, usual: int, most: int, place: str) -> int:
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise UsageError(f"{place}: {shown(str(value))} is not a whole number from 1 to {most}")
    return value


def _period(value: Any, usual: str, place: str) -> str:
    if value is None or value == "":
        return usual
    if re.fullmatch(r"[1-9][0-9]{0,5}[smhdw]", str(value)) is None:
        raise UsageError(f"{place}: {shown(str(value))} is no period; write a number with s, m, h, d or w, as in 15m")
    return str(value)


def _device_type(spec: TwinSpec, entry: Mapping[str, Any], type_: str, place: str) -> DeviceType | None:
    named = entry.get("device_type") or entry.get("on")
    if type_ in _OF_NO_TYPE and not (type_ == "alarms" and named):
        return None
    if named:
        if named not in spec.types:
            raise UsageError(f"{place}.device_type: {unknown('device type', str(named), tuple(spec.types))}")
        return spec.types[str(named)]
    of_devices = {kind.name for device in _listed(entry) if (kind := spec.type_of(device)) is not None}
    candidates = tuple(of_devices) if len(of_devices) == 1 else tuple(spec.types)
    if len(candidates) != 1:
        raise UsageError(f"{place}.device_type: name one of {', '.join(spec.types)}")
    return spec.types[candidates[0]]


def _listed(entry: Mapping[str, Any]) -> tuple[str, ...]:
    named = entry.get("devices") or entry.get("device") or ()
    return (named,) if isinstance(named, str) else tuple(str(name) for name in named)


def _devices(
    spec: TwinSpec, entry: Mapping[str, Any], kind: DeviceType | None, type_: str, place: str
) -> tuple[str, ...]:
    if kind is None:
        return ()
    devices = _listed(entry)
    for device in devices:
        found = spec.type_of(device)
        if found is None:
            raise UsageError(f"{place}.devices: {shown(device)} is not a device of the twin")
        if found.name != kind.name:
            raise UsageError(f"{place}.devices: {shown(device)} is of type {found.name}, not of {kind.name}")
    if devices or type_ not in {"timeseries", "stat", "gauge"}:
        return devices
    most = TOGETHER if type_ == "timeseries" else 1
    all_of_type = first_devices(spec, kind.name, most + 1)
    return all_of_type if len(all_of_type) <= most else ()


def _fields(entry: Mapping[str, Any], kind: DeviceType | None, type_: str, place: str) -> tuple[Field, ...]:
    if kind is None or type_ == "alarms":
        return ()
    named = entry.get("fields") or entry.get("field") or ()
    names = (named,) if isinstance(named, str) else tuple(str(name) for name in named)
    known = {field.name: field for field in kind.fields}
    for name in names:
        if name not in known:
            raise UsageError(f"{place}.fields: {unknown(f'field of {kind.name}', name, tuple(known))}")
    drawable = _DRAWABLE if type_ in _CHARTS else _SCALAR
    fields = tuple(known[name] for name in names if known[name].type in drawable)
    if names:
        usable = fields
    else:
        usable = tuple(field for field in kind.fields if field.type in (NUMERIC if type_ in _CHARTS else _SCALAR))
    if not usable:
        what = ", ".join(names) or kind.name
        raise UsageError(f"{place}.fields: nothing of {shown(what)} can be shown by a {type_}; name numeric fields")
    return usable


def _title(type_: str, kind: DeviceType | None, fields: Sequence[Field]) -> str:
    if type_ == "alarms":
        return "Alarms" if kind is None else f"{kind.name}: alarms"
    if kind is None:
        return {"rates": "Messages and errors per second"}.get(type_, "")
    if type_ == "table":
        return f"{kind.name}: last values"
    return ", ".join(field.name for field in fields[:3]) + (" …" if len(fields) > 3 else "")
