"""What a twin's running parts need to know about it: the checked definition, compiled to plain data.

The functions in the clouds carry this document in their packages, so it is msgspec only (no pydantic) and complete:
nothing in it needs looking up. `model.twin` compiles a definition into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final, Literal

import msgspec

FieldType = Literal["double", "integer", "boolean", "string", "object", "array"]
Severity = Literal["info", "warning", "error", "critical"]
Trigger = Literal["edge", "each"]

SECONDS_PER_MONTH: Final = 730 * 3600.0


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """One telemetry field of a device type. `minimum` and `maximum` bound numbers, both inclusive, in `unit`."""

    name: str
    type: FieldType
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    required: bool = True
    allowed: tuple[str, ...] = ()
    """The values of an enumeration of texts; empty = any text."""


class CommandType(msgspec.Struct, frozen=True, omit_defaults=True):
    """A command that devices of a type understand, with the fields of its request."""

    name: str
    fields: tuple[Field, ...] = ()


class DeviceType(msgspec.Struct, frozen=True, omit_defaults=True):
    """A kind of device. `model` is its DTDL interface's DTMI; `processor` the module of its user code, if any.

    `twin_fields` are the fields whose last value is a property of the device's twin (default: all scalar fields).
    """

    name: str
    model: str
    fields: tuple[Field, ...]
    commands: tuple[CommandType, ...] = ()
    processor: str | None = None
    twin_fields: tuple[str, ...] = ()


class DeviceGroup(msgspec.Struct, frozen=True, omit_defaults=True):
    """Devices of one type: listed by `names`, or `count` of them named prefix + number + suffix.

    The numbers start at `first` and have at least `width` digits. A counted group has no `names`.
    """

    type: str
    names: tuple[str, ...] = ()
    prefix: str = ""
    suffix: str = ""
    width: int = 1
    first: int = 1
    count: int = 0

    def __len__(self) -> int:
        return len(self.names) or self.count

    def __iter__(self) -> Iterator[str]:
        if self.names:
            yield from self.names
        for number in range(self.first, self.first + self.count if not self.names else 0):
            yield f"{self.prefix}{number:0{self.width}d}{self.suffix}"


class AlertAction(msgspec.Struct, frozen=True, omit_defaults=True, tag="alert"):
    """Publish an alert. `message` may name fields in braces: "{temperature} °C in {device}"."""

    message: str = ""


class CommandAction(msgspec.Struct, frozen=True, omit_defaults=True, tag="command"):
    """Send a command to a device; `device` "" is the one whose message made the rule fire."""

    command: str
    device: str = ""
    payload: dict[str, Any] = {}


class WebhookAction(msgspec.Struct, frozen=True, omit_defaults=True, tag="webhook"):
    """POST the alert to a URL; signed with the secret of that name, if one is given."""

    url: str
    secret: str = ""


class FunctionAction(msgspec.Struct, frozen=True, omit_defaults=True, tag="function"):
    """Call a user function: `name` is a module of the twin's processors directory with a function `act`."""

    name: str


Action = AlertAction | CommandAction | WebhookAction | FunctionAction


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A condition over a message, and what happens when it holds.

    `when` and `clear` are expressions of `model.expressions`. The rule looks at messages of `device_type` and, if
    `devices` is not empty, of these devices only. With `trigger` "edge" it fires when the condition has held for
    `for_s` seconds of event time (0 = at once) and not again before it was cleared; it is cleared when `clear` holds
    or, without `clear`, when the condition does not. With "each" it fires on every message for which it holds.
    """

    name: str
    device_type: str
    when: str
    devices: tuple[str, ...] = ()
    for_s: float = 0.0
    clear: str = ""
    trigger: Trigger = "edge"
    severity: Severity = "warning"
    actions: tuple[Action, ...] = (AlertAction(),)


class Entity(msgspec.Struct, frozen=True, omit_defaults=True):
    """An instance in the twin graph besides the devices: a building, a floor, a room. `model` is a DTMI."""

    id: str
    model: str
    properties: dict[str, Any] = {}


class Relationship(msgspec.Struct, frozen=True, omit_defaults=True):
    """A named, directed edge of the twin graph; ends are entity ids or device names."""

    source: str
    name: str
    target: str


class Retention(msgspec.Struct, frozen=True):
    """Ages in seconds at which a record leaves a tier: hot, then cool, then archive, then it is deleted."""

    hot_s: float
    cool_s: float
    archive_s: float


class Batching(msgspec.Struct, frozen=True, omit_defaults=True):
    """How messages are gathered; the same figures that the bill assumes (`model.assumptions`, workload)."""

    window_s: float = 1.0
    queue_messages: int = 10
    stream_messages: int = 100
    link_messages: int = 20
    link_bytes: int = 4 * 2**20
    object_bytes: int = 4 * 2**20
    mover_runs_per_day: int = 24


class TwinSpec(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """A whole twin, compiled. Encode with `spec_json`, decode with `read_spec`."""

    name: str
    device_types: tuple[DeviceType, ...]
    devices: tuple[DeviceGroup, ...]
    retention: Retention
    rules: tuple[Rule, ...] = ()
    entities: tuple[Entity, ...] = ()
    relationships: tuple[Relationship, ...] = ()
    models: tuple[dict[str, Any], ...] = ()
    """The DTDL v3 interfaces, as JSON."""
    dashboards: tuple[dict[str, Any], ...] = ()
    """As in the definition: title and panels."""
    batching: Batching = Batching()
    message_bytes: int = 262_144
    """Largest payload of one device message that is accepted."""

    @cached_property
    def types(self) -> dict[str, DeviceType]:
        """Device types by name."""
        return {kind.name: kind for kind in self.device_types}

    @cached_property
    def device_names(self) -> tuple[str, ...]:
        """Every device, in the definition's order."""
        return tuple(name for group in self.devices for name in group)

    def type_of(self, device: str) -> DeviceType | None:
        """The type of a device, None for a name that the twin does not have. Costs no list of all devices."""
        known = self._known.get(device)
        if known is None and (known := self._look_up(device)) is not None:
            self._known[device] = known
        return known

    def _look_up(self, device: str) -> DeviceType | None:
        found = self._listed.get(device)
        if found is None:
            for pattern, group in self._counted:
                match = pattern.fullmatch(device)
                if match is None:
                    continue
                number = int(match[1])
                # A number is written one way only: no further leading zeros.
                if group.first <= number < group.first + group.count and f"{number:0{group.width}d}" == match[1]:
                    found = group.type
                    break
        return None if found is None else self.types[found]

    @cached_property
    def _known(self) -> dict[str, DeviceType]:
        """Devices that were asked for: a message's is asked for several times on its way."""
        return {}

    @cached_property
    def _listed(self) -> dict[str, str]:
        return {name: group.type for group in self.devices for name in group.names}

    @cached_property
    def _counted(self) -> list[tuple[re.Pattern[str], DeviceGroup]]:
        return [
            (re.compile(f"{re.escape(group.prefix)}([0-9]{{1,9}}){re.escape(group.suffix)}"), group)
            for group in self.devices
            if not group.names
        ]


def spec_json(spec: TwinSpec) -> bytes:
    """The document that packages and processes carry."""
    return msgspec.json.encode(spec)


def read_spec(content: bytes | str) -> TwinSpec:
    """The spec in a document that `spec_json` wrote; `msgspec.ValidationError` otherwise."""
    return msgspec.json.decode(content, type=TwinSpec)
