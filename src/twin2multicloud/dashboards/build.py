"""Grafana dashboards of a twin."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from twin2multicloud.dashboards.defaults import default_dashboard
from twin2multicloud.dashboards.definition import DashboardSpec, PanelSpec, first_devices, read_dashboard
from twin2multicloud.dashboards.layout import Place, flow
from twin2multicloud.dashboards.panels import Context, panel, uses_variable
from twin2multicloud.dashboards.source import ReadSource
from twin2multicloud.model.spec import TwinSpec

MOST_CHOICES: Final = 500
"""Devices that a selector lists; of a type with more, the name is typed."""
_REFRESHES: Final = ["1s", "2s", "5s", "10s", "30s", "1m", "5m"]


def grafana_dashboards(spec: TwinSpec, datasource: ReadSource) -> list[dict[str, Any]]:
    """The twin's dashboards as Grafana's JSON; one generated from its device types if the definition has none.

    The same spec gives the same JSON. A panel that names a device type, device or field which the twin does not have
    is a `UsageError` naming it.
    """
    entries = spec.dashboards or (default_dashboard(spec),)
    read = [read_dashboard(spec, entry, f"dashboards.{i}") for i, entry in enumerate(entries)]
    return [_build(spec, datasource, one, number) for number, one in enumerate(read)]


def _build(spec: TwinSpec, source: ReadSource, one: DashboardSpec, number: int) -> dict[str, Any]:
    wanted = {panel_.kind.name: None for panel_ in one.panels if panel_.kind is not None and uses_variable(panel_)}
    variables = _variable_names(wanted)
    built = (
        builder.Dashboard(one.title)
        .uid(_uid(spec.name, number))
        .tags(["twin2multicloud", spec.name])
        .readonly()
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .time(f"now-{one.span}", "now")
        .timezone("browser")
        .timepicker(builder.TimePicker().refresh_intervals(_REFRESHES))
        .refresh(one.refresh)
        .variables([_variable(spec, kind, name) for kind, name in variables.items()])
    )
    context = Context(source, spec.rules, variables)
    places = flow(panel_.size for panel_ in one.panels)
    for id_, (panel_, place) in enumerate(zip(one.panels, places, strict=True), start=1):
        _add(built, panel_, context, id_, place)
    plain: dict[str, Any] = json.loads(json.dumps(built.build(), cls=JSONEncoder, sort_keys=True))
    return plain


def _add(built: builder.Dashboard, spec: PanelSpec, context: Context, id_: int, place: Place) -> None:
    position = dashboard.GridPos(x=place.x, y=place.y, w=place.width, h=place.height)
    one = panel(spec, context, id_, position)
    if one is None:
        built.with_row(builder.Row(spec.title).id(id_).grid_pos(position))
    else:
        built.with_panel(one)


def _variable_names(kinds: Iterable[str]) -> dict[str, str]:
    """A Grafana variable per device type; names are [a-z0-9_]."""
    names: dict[str, str] = {}
    for kind in kinds:
        name = base = "device_" + re.sub(r"[^a-z0-9]+", "_", kind.lower()).strip("_")
        count = 1
        while name in names.values():
            count += 1
            name = f"{base}_{count}"
        names[kind] = name
    return names


def _variable(spec: TwinSpec, kind: str, name: str) -> builder.CustomVariable | builder.TextBoxVariable:
    devices = first_devices(spec, kind, MOST_CHOICES + 1)
    first = devices[0] if devices else ""
    current = dashboard.VariableOption(selected=True, text=first, value=first)
    if len(devices) > MOST_CHOICES:
        total = sum(len(group) for group in spec.devices if group.type == kind)
        return (
            builder.TextBoxVariable(name)
            .label(kind)
            .description(f"The name of one of {total} devices, such as {first}")
            .default_value(first)
            .current(current)
            .options([current])
        )
    return (
        builder.CustomVariable(name)
        .label(kind)
        .values(",".join(device.replace(",", "\\,") for device in devices))
        .current(current)
        .options([dashboard.VariableOption(device == first, device, device) for device in devices])
        .multi(False)
        .include_all(False)
    )


def _uid(twin: str, number: int) -> str:
    """At most 40 of [a-z0-9-], as Grafana demands, and different for different twins."""
    plain = re.sub(r"[^a-z0-9]+", "-", twin.lower()).strip("-")[:20]
    return f"{plain}-{hashlib.blake2b(twin.encode(), digest_size=4).hexdigest()}-{number + 1}"
