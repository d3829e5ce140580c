"""From the definition to the plain document that the running parts carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.spec import (
    Action,
    AlertAction,
    Batching,
    CommandAction,
    CommandType,
    DeviceGroup,
    DeviceType,
    Entity,
    Field,
    FunctionAction,
    Relationship,
    Retention,
    Rule,
    TwinSpec,
    WebhookAction,
)
from twin2multicloud.model.twin.dashboard_definition import DashboardDefinition
from twin2multicloud.model.twin.definition import TwinDefinition
from twin2multicloud.model.twin.device_groups import DeviceGroupDefinition
from twin2multicloud.model.twin.device_types import DeviceTypeDefinition, FieldDefinition
from twin2multicloud.model.twin.generate import device_model_id, entity_model_id, twin_interfaces
from twin2multicloud.model.twin.graph import all_relationships, entity_properties
from twin2multicloud.model.twin.modules import module_name
from twin2multicloud.model.twin.patterns import matcher
from twin2multicloud.model.twin.rule_definition import ActionDefinition, RuleDefinition
from twin2multicloud.model.workload import SECONDS_PER_MONTH, Workload


def compile_twin(definition: TwinDefinition) -> TwinSpec:
    """The twin as its running parts need it: nothing in it needs looking up."""
    workload = definition.workload
    return TwinSpec(
        name=definition.name,
        device_types=tuple(_device_type(definition, name, kind) for name, kind in definition.device_types.items()),
        devices=tuple(_group(group) for group in definition.devices),
        retention=Retention(
            hot_s=workload.hot_months * SECONDS_PER_MONTH,
            cool_s=workload.cool_months * SECONDS_PER_MONTH,
            archive_s=workload.archive_months * SECONDS_PER_MONTH,
        ),
        rules=tuple(_rule(definition, rule) for rule in definition.rules),
        entities=tuple(_entities(definition)),
        relationships=tuple(Relationship(*edge) for edge in all_relationships(definition)),
        models=twin_interfaces(definition),
        dashboards=tuple(_dashboard(definition, dashboard) for dashboard in definition.dashboards),
        batching=_batching(workload, definition.assumptions or Assumptions()),
    )


def processor_sources(definition: TwinDefinition) -> dict[str, str]:
    """The user's Python by module name: processors (`process`) and functions of rules (`act`)."""
    return dict(definition.modules)


def _batching(workload: Workload, assumptions: Assumptions) -> Batching:
    return Batching(
        window_s=assumptions.batch_window_s,
        queue_messages=assumptions.queue_batch_messages,
        stream_messages=assumptions.stream_batch_messages,
        link_messages=workload.link_batch_messages,
        link_bytes=int(assumptions.link_max_bytes),
        object_bytes=int(assumptions.object_bytes),
        mover_runs_per_day=assumptions.mover_runs_per_day,
    )


def spec_field(name: str, field: FieldDefinition) -> Field:
    """A field as the running parts know it."""
    return Field(name, field.type, field.unit, field.min, field.max, field.required, field.allowed)


def _device_type(definition: TwinDefinition, name: str, kind: DeviceTypeDefinition) -> DeviceType:
    return DeviceType(
        name=name,
        model=device_model_id(definition, name),
        fields=tuple(spec_field(field, its) for field, its in kind.fields.items()),
        commands=tuple(
            CommandType(command, tuple(spec_field(field, its) for field, its in called.fields.items()))
            for command, called in kind.commands.items()
        ),
        processor=None if kind.processor is None else module_name(kind.processor),
        twin_fields=kind.kept_fields,
    )


def _group(group: DeviceGroupDefinition) -> DeviceGroup:
    pattern = group.pattern
    if pattern is None:
        return DeviceGroup(group.type, names=group.names or ())
    return DeviceGroup(
        group.type,
        prefix=pattern.prefix,
        suffix=pattern.suffix,
        width=pattern.width,
        first=group.first,
        count=group.count or 0,
    )


def named_devices(definition: TwinDefinition, kind: str, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    """The devices of a type that names and patterns mean, each once, in the definition's order; () for all."""
    if wanted is None:
        return ()
    tests = [matcher(pattern) for pattern in wanted]
    names = (name for group in definition.devices if group.type == kind for name in group.all_names())
    return tuple(name for name in names if any(test(name) for test in tests))


def _rule(definition: TwinDefinition, rule: RuleDefinition) -> Rule:
    return Rule(
        name=rule.name,
        device_type=rule.on,
        when=rule.when,
        devices=named_devices(definition, rule.on, rule.devices),
        for_s=rule.for_s,
        clear=rule.clear or "",
        trigger=rule.trigger,
        severity=rule.severity,
        actions=tuple(_action(action) for action in rule.actions),
    )


def _action(action: ActionDefinition) -> Action:
    if action.command is not None:
        return CommandAction(action.command.name, action.command.device, action.command.payload)
    if action.webhook is not None:
        return WebhookAction(action.webhook.url, action.webhook.secret)
    if action.function is not None:
        return FunctionAction(module_name(action.function))
    return AlertAction(action.alert or "")


def _entities(definition: TwinDefinition) -> Iterator[Entity]:
    for entity in definition.graph.entities:
        model = definition.graph.models[entity.model]
        for number, id in entity.numbered_ids():
            properties = entity_properties(entity, model, number)
            yield Entity(id, entity_model_id(definition, entity.model), properties)


def _dashboard(definition: TwinDefinition, dashboard: DashboardDefinition) -> dict[str, Any]:
    """As in the definition, but with `type` and `device_type` as names, and patterns written out."""
    panels: list[dict[str, Any]] = []
    for panel in dashboard.panels:
        given = panel.model_dump(include={"title", "fields", "unit", "text", "width", "height"}, exclude_defaults=True)
        entry: dict[str, Any] = {"type": panel.kind}
        if panel.on:
            entry["device_type"] = panel.on
        if panel.devices is not None:
            entry["devices"] = list(named_devices(definition, panel.on, panel.devices))
        panels.append(entry | {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()})
    return {"title": dashboard.title, "refresh": dashboard.refresh, "range": dashboard.range, "panels": panels}
