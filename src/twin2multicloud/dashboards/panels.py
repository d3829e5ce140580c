"""Grafana panels, one function per panel type of a definition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grafana_foundation_sdk.builders import common as common_builder
from grafana_foundation_sdk.builders import dashboard as dashboard_builder
from grafana_foundation_sdk.builders import gauge, stat, table, text, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models.text import TextMode

from twin2multicloud.dashboards import source
from twin2multicloud.dashboards.definition import PanelSpec
from twin2multicloud.dashboards.limits import NORMAL, Step, threshold_steps
from twin2multicloud.dashboards.source import ColumnType, Device, ReadSource
from twin2multicloud.dashboards.units import grafana_unit
from twin2multicloud.model.spec import DeviceType, Field, Rule

PanelBuilder = Builder[dashboard.Panel]
Targets = list[Builder[Dataquery]]

_COLUMN_TYPES: Final[Mapping[str, ColumnType]] = {
    "double": "number",
    "integer": "number",
    "boolean": "boolean",
    "string": "string",
}
_SEVERITIES: Final[Mapping[str, str]] = {"info": "blue", "warning": "orange", "error": "red", "critical": "dark-red"}


@dataclass(frozen=True)
class Context:
    """What panels of a dashboard share. `variables` are the names of the device variables by device type."""

    source: ReadSource
    rules: Sequence[Rule]
    variables: Mapping[str, str]


def panel(spec: PanelSpec, context: Context, id_: int, place: dashboard.GridPos) -> PanelBuilder | None:
    """The panel of a definition, None for a row (which is not a panel of the SDK's)."""
    makers = {
        "timeseries": _timeseries,
        "stat": _stat,
        "gauge": _gauge,
        "table": _table,
        "alarms": _alarms,
        "text": _text,
        "rates": _rates,
    }
    maker = makers.get(spec.type)
    return None if maker is None else maker(spec, context, id_, place)


def uses_variable(spec: PanelSpec) -> bool:
    """Whether a panel shows the device that is chosen at the top of the dashboard."""
    return spec.kind is not None and spec.type in {"timeseries", "stat", "gauge"} and not spec.devices


def _timeseries(spec: PanelSpec, context: Context, id_: int, place: dashboard.GridPos) -> PanelBuilder:
    kind = _kind(spec)
    lines = [(field, _label(spec, device, field)) for device in _whose(spec, context) for field in spec.fields]
    steps = _shared_steps(spec, context)
    built = (
        timeseries.Panel()
        .id(id_)
        .title(_titled(spec, context))
        .datasource(context.source.ref)
        .grid_pos(place)
        .targets(_history(spec, context))
        .legend(_legend(len(lines) > 1))
        .tooltip(common_builder.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.NONE))
        .line_width(1.5)
        .fill_opacity(8 if len(lines) == 1 else 0)
        .line_interpolation(common.LineInterpolation.LINEAR)
        .show_points(common.VisibilityMode.AUTO)
        .span_nulls(False)
        .color_scheme(dashboard_builder.FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC))
        .thresholds(_thresholds(steps))
        .no_value("no data")
    )
    if len(steps) > 1:
        built.thresholds_style(common_builder.GraphThresholdsStyleConfig().mode(common.GraphTresholdsStyleMode.DASHED))
    units = {_unit(spec, field) for field in spec.fields}
    if len(units) == 1:
        built.unit(units.pop())
    else:
        for field, label in lines:
            built.override_by_name(label, [dashboard.DynamicConfigValue("unit", _unit(spec, field))])
    if all(field.type == "boolean" for field in spec.fields):
        built.axis_soft_min(0).axis_soft_max(1)
    return built.description(f"{kind.name}: {', '.join(field.name for field in spec.fields)} from L3 hot")


def _stat(spec: PanelSpec, context: Context, id_: int, place: dashboard.GridPos) -> PanelBuilder:
    built = (
        stat.Panel()
        .id(id_)
        .title(_titled(spec, context))
        .datasource(context.source.ref)
        .grid_pos(place)
        .targets(_last_values(spec, context))
        .thresholds(_thresholds(_shared_steps(spec, context)))
        .color_scheme(dashboard_builder.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
        .reduce_options(_last())
        .color_mode(common.BigValueColorMode.VALUE)
        .graph_mode(common.BigValueGraphMode.NONE)
        .text_mode(common.BigValueTextMode.AUTO)
        .no_value("no data")
    )
    for name, properties in _own_settings(spec, context).items():
        built.override_by_name(name, properties)
    return built


def _gauge(spec: PanelSpec, context: Context, id_: int, place: dashboard.GridPos) -> PanelBuilder:
    built = (
        gauge.Panel()
        .id(id_)
        .title(_titled(spec, context))
        .datasource(context.source.ref)
        .grid_pos(place)
        .targets(_last_values(spec, context))
        .thresholds(_thresholds(_shared_steps(spec, context)))
        .color_scheme(dashboard_builder.FieldColor().mode(dashboard.FieldColorModeId.THRESHOLDS))
        .reduce_options(_last())
        .show_threshold_markers(True)
        .show_threshold_labels(False)
        .no_value("no data")
    )
    for name, properties in _own_settings(spec, context).items():
        built.override_by_name(name, properties)
    return built


def _table(spec: PanelSpec, context: Context, id_: int, place: dashboard.GridPos) -> PanelBuilder:
    kind = _kind(spec)
    columns = [(field.name, _COLUMN_TYPES[field.type]) for field in spec.fields]
    targets: Targets = [
        source.entity_state(_ref(i), context.source, device, columns, named=True)
        for i, device in enumerate(Device(name) for name in spec.devices)
    ] or [source.model_state("A", context.source, kind.model, columns)]
    built = (
        table.Panel()
        .id(id_)
        .title(spec.title)
        .datasource(context.source.ref)
        .grid_pos(place)
        .targets(targets)
        .show_header(True)
        .cell_height(common.TableCellHeight.SM)
        .no_value("no data")
    )
    if len(targets) > 1:  # one frame per device: joined into one table
        built.with_transformation(dashboard.DataTransformerConfig(id_val="merge", options={}))
    for name, properties in _own_settings(spec, context, coloured_cells=True).items():
        built.override_by_name(name, properties)
    return built


def _alarms(spec: PanelSpec, context: Context, id_: int, place: dashboard.GridPos) -> PanelBuilder:
    """A table: Grafana's own alert list knows only alerts that Grafana evaluates, ours come from the twin's rules."""
    colours = [
        dashboard.ValueMap(
            {
                name: dashboard.ValueMappingResult(color=colour, index=i)
                for i, (name, colour) in enumerate(_SEVERITIES.items())
            }
        )
    ]
    return (
        table.Panel()
        .id(id_)
        .title(spec.title)
        .datasource(context.source.ref)
        .grid_pos(place)
        .targets([source.alerts("A", context.source, _rules_of(spec, context), spec.devices)])
        .show_header(True)
        .cell_height(common.TableCellHeight.SM)
        .no_value("no alarms")
        .sort_by([common_builder.TableSortByFieldState().display_name("Time").desc(True)])
        .override_by_name(
            "Severity",
            [
                dashboard.DynamicConfigValue("mappings", colours),
                dashboard.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
            ],
        )
    )


def _rules_of(spec: PanelSpec, context: Context) -> list[str]:
    """The rules whose alarms a panel shows: those of its device type; none named = all."""
    if spec.kind is None:
        return []
    # A type without rules has no alarms; a rule of no name makes that so instead of showing all.
    return [rule.name for rule in context.rules if rule.device_type == spec.kind.name] or [""]


def _rates(spec: PanelSpec, context: Context, id_: int, place: dashboard.GridPos) -> PanelBuilder:
    return (
        timeseries.Panel()
        .id(id_)
        .title(spec.title)
        .description("Messages that L2 has processed and error events of all layers, per second of the twin's time")
        .datasource(context.source.ref)
        .grid_pos(place)
        .targets([source.rates("A", context.source)])
        .unit("suffix: /s")
        .axis_soft_min(0)
        .legend(_legend(True))
        .tooltip(common_builder.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.NONE))
        .line_width(1.5)
        .fill_opacity(8)
        .span_nulls(False)
        .color_scheme(dashboard_builder.FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC))
        .override_by_name(
            "errors", [dashboard.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": _SEVERITIES["error"]})]
        )
        .thresholds(_thresholds((Step(None, NORMAL),)))
        .no_value("no data")
    )


def _text(spec: PanelSpec, _context: Context, id_: int, place: dashboard.GridPos) -> PanelBuilder:
    return text.Panel().id(id_).title(spec.title).grid_pos(place).mode(TextMode.MARKDOWN).content(spec.text)


def _kind(spec: PanelSpec) -> DeviceType:
    assert spec.kind is not None, "read_dashboard gives every panel with fields its device type"
    return spec.kind


def _ref(index: int) -> str:
    """A, B … Z, A1, B1 …"""
    return chr(ord("A") + index % 26) + (str(index // 26) if index >= 26 else "")


def _whose(spec: PanelSpec, context: Context) -> list[Device]:
    if spec.devices:
        return [Device(name) for name in spec.devices]
    return [Device(variable=context.variables[_kind(spec).name])]


def _label(spec: PanelSpec, device: Device, field: Field) -> str:
    """What a line is called: only what differs between the lines of the panel."""
    if len(spec.devices) <= 1:
        return field.name
    return f"{device.name} {field.name}" if len(spec.fields) > 1 else device.name


def _history(spec: PanelSpec, context: Context) -> Targets:
    """One query per device."""
    return [
        source.history(
            _ref(i), context.source, device, [(field.name, _label(spec, device, field)) for field in spec.fields]
        )
        for i, device in enumerate(_whose(spec, context))
    ]


def _titled(spec: PanelSpec, context: Context) -> str:
    whose = _whose(spec, context)
    return f"{spec.title} · {whose[0].in_text}" if len(whose) == 1 else spec.title


def _last_values(spec: PanelSpec, context: Context) -> Targets:
    """Last values of each device from the twin graph; from the hot store where the graph does not keep the field."""
    kind = _kind(spec)
    kept = set(kind.twin_fields) or {field.name for field in kind.fields}
    in_graph = [(field.name, _COLUMN_TYPES[field.type]) for field in spec.fields if field.name in kept]
    others = [(field.name, field.name) for field in spec.fields if field.name not in kept]
    targets: Targets = []
    for device in _whose(spec, context):
        if in_graph:
            targets.append(source.entity_state(_ref(len(targets)), context.source, device, in_graph))
        if others:
            targets.append(source.history(_ref(len(targets)), context.source, device, others, limit=1))
    return targets


def _own_settings(
    spec: PanelSpec, context: Context, *, coloured_cells: bool = False
) -> dict[str, list[dashboard.DynamicConfigValue]]:
    """Unit, range and thresholds of each field."""
    settings: dict[str, list[dashboard.DynamicConfigValue]] = {}
    for field in spec.fields:
        properties = [dashboard.DynamicConfigValue("unit", _unit(spec, field))]
        if field.minimum is not None:
            properties.append(dashboard.DynamicConfigValue("min", field.minimum))
        if field.maximum is not None:
            properties.append(dashboard.DynamicConfigValue("max", field.maximum))
        steps = _steps(spec, context, field)
        if len(steps) > 1:
            properties.append(dashboard.DynamicConfigValue("thresholds", _thresholds(steps).build()))
            if coloured_cells:
                properties.append(dashboard.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}))
        settings[field.name] = properties
    return settings


def _unit(spec: PanelSpec, field: Field) -> str:
    if spec.unit is None and field.type == "boolean":
        return "bool_on_off" if spec.type == "timeseries" else "bool"
    return grafana_unit(field.unit if spec.unit is None else spec.unit)


def _steps(spec: PanelSpec, context: Context, field: Field) -> tuple[Step, ...]:
    return threshold_steps(context.rules, _kind(spec).name, spec.devices, field.name)


def _shared_steps(spec: PanelSpec, context: Context) -> tuple[Step, ...]:
    """Thresholds of a panel with one field; with several, each has its own or (in charts) none is drawn."""
    return _steps(spec, context, spec.fields[0]) if len(spec.fields) == 1 else (Step(None, NORMAL),)


def _thresholds(steps: Sequence[Step]) -> dashboard_builder.ThresholdsConfig:
    return (
        dashboard_builder.ThresholdsConfig()
        .mode(dashboard.ThresholdsMode.ABSOLUTE)
        .steps([dashboard.Threshold(value=step.value, color=step.colour) for step in steps])
    )


def _legend(shown: bool) -> common_builder.VizLegendOptions:
    return (
        common_builder.VizLegendOptions()
        .display_mode(common.LegendDisplayMode.LIST)
        .placement(common.LegendPlacement.BOTTOM)
        .show_legend(shown)
    )


def _last() -> common_builder.ReduceDataOptions:
    return common_builder.ReduceDataOptions().calcs(["lastNotNull"])
