"""A twin's definition as it is written: what a `twin.yaml` may say, section by section.

These models check the form of each part by itself. What the parts say about each other is the business of
`model.twin.checks`, and `model.twin.reader` brings both together with the places in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.durations import Duration
from twin2multicloud.model.spec import FieldType, Severity, Trigger
from twin2multicloud.model.twin.patterns import Pattern, parse_pattern
from twin2multicloud.model.twin.waveform import Number, Waveform
from twin2multicloud.model.workload import Whole, Workload

MAX_DEVICES = 1_000_000
"""As many as one Azure IoT hub takes."""

MAX_ENTITIES = 1_000_000
"""Together with as many devices: the 2,000,000 twins that Azure Digital Twins takes."""

Text = Annotated[str, Field(max_length=512)]
Flag = Annotated[bool, Field(strict=True)]
Count = Annotated[Whole, Field(ge=1, le=MAX_DEVICES, strict=True)]
First = Annotated[Whole, Field(ge=0, le=100_000_000, strict=True)]
Version = Annotated[Whole, Field(ge=1, le=999_999_999, strict=True)]
Dtdl = str | dict[str, Any] | list[Any]
PanelKind = Literal["timeseries", "stat", "gauge", "table", "alarms", "rates", "text", "row"]
OF_NO_TYPE = ("alarms", "rates", "text", "row")
"""Panels that need no device type; alarms may have one."""

SCALARS = ("double", "integer", "boolean", "string")
"""Field types whose last value can be a property of a device's twin."""

ItemType = Literal["double", "integer", "boolean", "string"]


class Part(BaseModel):
    """Base of all parts: immutable, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldDefinition(Part):
    """A field of a message, of a command's request, or a property of an entity. Short form: its type alone."""

    type: FieldType
    unit: Annotated[str, Field(max_length=64)] = ""
    min: Number | None = None
    max: Number | None = None
    required: Flag = True
    allowed: tuple[Annotated[str, Field(max_length=128)], ...] = Field(default=(), max_length=100)
    items: ItemType = "double"
    description: Text = ""
    simulate: Waveform | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"type": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        number = self.type in ("double", "integer")
        if (self.min is not None or self.max is not None) and not number:
            raise ValueError(f"min and max bound numbers, and this is of type {self.type}; remove them")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}; exchange them")
        if self.allowed and self.type != "string":
            raise ValueError(f"allowed lists texts, and this is of type {self.type}; remove it")
        if len(set(self.allowed)) < len(self.allowed):
            raise ValueError("allowed names a value twice; keep one")
        if "items" in self.model_fields_set and self.type != "array":
            raise ValueError(f"items is the type of an array's elements, and this is of type {self.type}; remove it")
        if self.simulate is not None:
            problem = self.simulate.misfit(self.type, self.min, self.max, self.allowed)
            if problem:
                raise ValueError(f"simulate: {problem}")
        return self


class CommandDefinition(Part):
    """A command that devices of a type understand; short form: nothing, for one without fields."""

    fields: dict[str, FieldDefinition] = Field(default={}, max_length=50)
    description: Text = ""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {} if value is None else value


class DeviceTypeDefinition(Part):
    """A kind of device: what it sends, what it understands, and the code that processes its messages.

    `dtdl` is a DTDL interface (or a list whose first it is), inline or as a file's path; without it one is generated
    from the fields. `processor` is the path of a Python file. Paths are relative to the definition's file.
    """

    description: Text = ""
    version: Version = 1
    dtdl: Dtdl | None = None
    fields: dict[str, FieldDefinition] = Field(default={}, max_length=200)
    commands: dict[str, CommandDefinition] = Field(default={}, max_length=100)
    twin_fields: tuple[str, ...] | None = Field(default=None, min_length=1)
    processor: str | None = None

    @model_validator(mode="after")
    def _has_fields(self) -> Self:
        if not self.fields and self.dtdl is None:
            raise ValueError("has neither fields nor dtdl; name at least one field, such as temperature: double")
        return self

    @property
    def kept_fields(self) -> tuple[str, ...]:
        """The fields whose last value is a property of the device's twin: those named, or all scalar ones."""
        if self.twin_fields is not None:
            return self.twin_fields
        return tuple(name for name, field in self.fields.items() if field.type in SCALARS)


class DeviceGroupDefinition(Part):
    """Devices of one type: `names`, or `count` of them by a pattern `name` such as `sensor-{n:05}`.

    `within` is the entity they are in, or a pattern such as `room-*` over whose entities they are spread in order.
    """

    type: str
    names: tuple[str, ...] | None = Field(default=None, min_length=1, max_length=MAX_DEVICES)
    count: Count | None = None
    name: str | None = None
    first: First = 1
    within: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.names is None) == (self.count is None):
            raise ValueError("write either names: [a, b], or count: 100 and name: 'sensor-{n:03}'")
        if self.names is not None and (self.name is not None or "first" in self.model_fields_set):
            raise ValueError("name and first belong to a count; remove them, or names")
        if self.count is not None and self.name is None:
            raise ValueError("a count needs a pattern; write name: 'sensor-{n:03}'")
        if self.name is not None:
            parse_pattern(self.name)
        return self

    @property
    def pattern(self) -> Pattern | None:
        """The naming pattern of a counted group."""
        return None if self.name is None else parse_pattern(self.name)

    def __len__(self) -> int:
        return self.count or len(self.names or ())

    def all_names(self) -> list[str]:
        """The devices' names, in order."""
        if self.names is not None:
            return list(self.names)
        pattern = parse_pattern(self.name or "")
        return [pattern.text(number) for number in range(self.first, self.first + (self.count or 0))]


class EntityModelDefinition(Part):
    """A kind of entity that is no device: its DTDL interface, given or generated from its properties."""

    description: Text = ""
    version: Version = 1
    dtdl: Dtdl | None = None
    properties: dict[str, FieldDefinition] = Field(default={}, max_length=200)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {} if value is None else value


class EntityDefinition(Part):
    """An entity, or `count` of them whose `id` is a pattern such as `room-{n:02}`.

    `within` is the entity it is part of, or a pattern over whose entities a counted group is spread in order. A text
    property may use the number as the id does: `"{n}"`.
    """

    id: str
    model: str
    count: Count | None = None
    first: First = 1
    within: str | None = None
    properties: dict[str, Any] = Field(default={}, max_length=200)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.count is None:
            if "{" in self.id:
                raise ValueError(f"id {self.id!r} is a pattern; add count: 10, or write a plain id")
            if "first" in self.model_fields_set:
                raise ValueError("first belongs to a count; remove it")
        else:
            parse_pattern(self.id)
        return self

    def numbered_ids(self) -> list[tuple[int, str]]:
        """Number and id of each; the number of a single entity is 0."""
        if self.count is None:
            return [(0, self.id)]
        pattern = parse_pattern(self.id)
        return [(number, pattern.text(number)) for number in range(self.first, self.first + self.count)]


class RelationshipDefinition(Part):
    """A relationship between entities or devices. One end may be a pattern with `*`, and then stands for many."""

    source: str
    name: str
    target: str

    @model_validator(mode="after")
    def _one_pattern(self) -> Self:
        if "*" in self.source and "*" in self.target:
            raise ValueError("source and target are both patterns; name one of them exactly")
        return self


class GraphDefinition(Part):
    """The twin graph besides the devices."""

    models: dict[str, EntityModelDefinition] = {}
    entities: tuple[EntityDefinition, ...] = ()
    relationships: tuple[RelationshipDefinition, ...] = ()


class CommandCall(Part):
    """Which command to send, and to which device (default: the one whose message made the rule fire)."""

    name: str
    device: str = ""
    payload: dict[str, Any] = {}


class WebhookCall(Part):
    """Where to POST the alert; `secret` names the secret it is signed with."""

    url: Annotated[str, Field(max_length=2048)]
    secret: Annotated[str, Field(max_length=127)] = ""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"url": value} if isinstance(value, str) else value


class ActionDefinition(Part):
    """One thing that a rule does: alert, command, webhook or function."""

    alert: Annotated[str, Field(max_length=1024)] | None = None
    command: CommandCall | None = None
    webhook: WebhookCall | None = None
    function: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if value == "alert":
            return {"alert": ""}
        if isinstance(value, Mapping):
            # `command: reset` and `alert:` without a text are as clear as their long forms.
            short = dict(value)
            if "alert" in short and short["alert"] is None:
                short["alert"] = ""
            if isinstance(short.get("command"), str):
                short["command"] = {"name": short["command"]}
            return short
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("is one of alert, command, webhook, function; write each as an item of its own")
        return self


class RuleDefinition(Part):
    """A condition over the messages of one device type, and what happens when it holds."""

    name: str
    on: str
    when: Annotated[str, Field(max_length=2000)]
    devices: tuple[str, ...] | None = Field(default=None, min_length=1)
    for_s: Duration = Field(default=0.0, alias="for")
    clear: Annotated[str, Field(max_length=2000)] | None = None
    trigger: Trigger = "edge"
    severity: Severity = "warning"
    actions: tuple[ActionDefinition, ...] = Field(default=(ActionDefinition(alert=""),), min_length=1, max_length=20)

    @model_validator(mode="after")
    def _trigger_agrees(self) -> Self:
        if self.trigger == "each" and self.clear is not None:
            raise ValueError("clear belongs to trigger: edge; a rule with trigger: each fires on every message")
        if self.trigger == "each" and self.for_s > 0:
            raise ValueError("for belongs to trigger: edge; a rule with trigger: each fires on every message")
        return self


class PanelDefinition(Part):
    """A panel of a dashboard: what kind of chart, of which devices and fields. `width` and `height` in grid cells.

    Without `devices` charts show the device that a person picks, tables and alarms all of the type.
    """

    kind: PanelKind
    title: Annotated[str, Field(max_length=128)] = ""
    on: str = ""
    devices: tuple[str, ...] | None = Field(default=None, min_length=1)
    fields: tuple[str, ...] = ()
    unit: Annotated[str, Field(max_length=64)] | None = None
    text: Annotated[str, Field(max_length=10_000)] = ""
    width: Annotated[Whole, Field(ge=1, le=24, strict=True)] | None = None
    height: Annotated[Whole, Field(ge=1, le=40, strict=True)] | None = None

    @model_validator(mode="after")
    def _has_subject(self) -> Self:
        if self.kind not in OF_NO_TYPE and not self.on:
            raise ValueError("needs the device type it shows; write on: TYPE")
        if self.kind in OF_NO_TYPE and self.fields:
            raise ValueError(f"a panel of kind {self.kind} shows no fields; remove them")
        if self.kind in OF_NO_TYPE and self.kind != "alarms" and self.on:
            raise ValueError(f"a panel of kind {self.kind} is of no device type; remove on")
        if self.devices is not None and not self.on:
            raise ValueError("devices needs their type as well; write on: TYPE")
        if (self.kind == "text") != bool(self.text):
            raise ValueError("text belongs to a panel of kind text, which needs it")
        return self


Period = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}[smhdw]$")]


class DashboardDefinition(Part):
    """A dashboard: a title and panels; how often it looks for news, and over which time range."""

    title: Annotated[str, Field(min_length=1, max_length=128)]
    refresh: Period = "5s"
    range: Period = "15m"
    panels: tuple[PanelDefinition, ...] = Field(min_length=1, max_length=50)


class TwinDefinition(Part):
    """A whole twin, read and checked. `read_twin_file` and `parse_twin` make one.

    `modules` are the sources of user code by module name, `interfaces` the DTDL v3 interfaces that were given, by
    the device type or entity model they belong to; the first of each is the type's own.
    """

    name: str
    description: Text = ""
    workload: Workload
    constraints: Constraints | None = None
    assumptions: Assumptions | None = None
    device_types: dict[str, DeviceTypeDefinition]
    devices: tuple[DeviceGroupDefinition, ...]
    graph: GraphDefinition = GraphDefinition()
    rules: tuple[RuleDefinition, ...] = ()
    dashboards: tuple[DashboardDefinition, ...] = ()
    modules: dict[str, str] = Field(default={}, repr=False)
    interfaces: dict[str, tuple[dict[str, Any], ...]] = Field(default={}, repr=False)

    @property
    def device_count(self) -> int:
        """How many devices the twin has."""
        return sum(len(group) for group in self.devices)

    @property
    def devices_by_type(self) -> dict[str, int]:
        """How many devices each type has, in the definition's order; 0 for a type without any."""
        counts = dict.fromkeys(self.device_types, 0)
        for group in self.devices:
            counts[group.type] += len(group)
        return counts

    def waveforms(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The simulation hints that were given: device type → field → waveform as plain values."""
        return {
            name: {
                field: field_definition.simulate.plain(field_definition.type)
                for field, field_definition in kind.fields.items()
                if field_definition.simulate is not None
            }
            for name, kind in self.device_types.items()
        }
