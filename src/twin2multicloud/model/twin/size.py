"""How large a device's message is, estimated from its type's fields."""

from __future__ import annotations

import json
from typing import Any, Final

from twin2multicloud.model.twin.definition import TwinDefinition
from twin2multicloud.model.twin.device_types import DeviceTypeDefinition, FieldDefinition

TIME_BYTES: Final = len('{"time":"2026-11-25T12:00:00.000000Z"}')
"""A message with nothing but its time."""

_UNKNOWN_TEXT_BYTES: Final = 12
_UNKNOWN_STRUCTURE_BYTES: Final = 40


def message_bytes(kind: DeviceTypeDefinition) -> float:
    """The expected size of a type's message as compact JSON, with all fields that a device sends and a time."""
    return TIME_BYTES + sum(len(name) + 4 + _value_bytes(field) for name, field in kind.fields.items() if sent(field))


def sent(field: FieldDefinition) -> bool:
    """Whether a device sends a field: not one that is neither required nor simulated, which a processor adds."""
    return field.required or field.simulate is not None


def mean_message_bytes(definition: TwinDefinition) -> float:
    """The expected size of a message of the twin: over its types, weighted by their devices."""
    counts = definition.devices_by_type
    total = sum(counts.values())
    return sum(count * message_bytes(definition.device_types[name]) for name, count in counts.items()) / total


def _value_bytes(field: FieldDefinition) -> float:
    shape = field.simulate
    values: tuple[Any, ...] = (shape.values if shape else None) or field.allowed
    if values:
        return sum(len(_compact(value)) for value in values) / len(values)
    if field.type == "boolean":
        return 4.5
    if field.type == "string":
        return 2 + _UNKNOWN_TEXT_BYTES
    if field.type in ("object", "array"):
        return _UNKNOWN_STRUCTURE_BYTES
    base = shape.base if shape and shape.base is not None else _middle(field)
    decimals = 0 if field.type == "integer" else shape.decimals if shape else 2
    return len(f"{base:.{decimals}f}")


def _middle(field: FieldDefinition) -> float:
    low = 0.0 if field.min is None else field.min
    return (low + (100.0 if field.max is None else field.max)) / 2


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
