"""Validation of a message's fields against its device type."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from twin2multicloud.model.spec import DeviceType, Field


def _is_number(value: object) -> bool:
    """Whether a value is a number that a double can hold, at least roughly."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_integer(value: object) -> bool:
    return _is_number(value) and (isinstance(value, int) or float(value).is_integer())  # type: ignore[arg-type]


_LARGEST: Final = int(sys.float_info.max)


_CHECKS: Final[Mapping[str, Callable[[object], bool]]] = {
    "double": _is_number,
    "integer": _is_integer,
    "boolean": lambda value: isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}


def problems(data: Mapping[str, Any], kind: DeviceType) -> list[str]:
    """What is wrong with a message's fields, one sentence each; empty if nothing is.

    A field that is null counts as absent. Fields that the type does not name are kept and not checked.
    """
    found = []
    for field in kind.fields:
        value = data.get(field.name)
        if value is None:
            if field.required:
                found.append(f"{field.name}: is required")
        elif not _CHECKS[field.type](value):
            found.append(f"{field.name}: {_shown(value)} is not of type {field.type}")
        elif (text := _out_of_range(field, value)) is not None:
            found.append(text)
    return found


def _out_of_range(field: Field, value: Any) -> str | None:
    unit = f" {field.unit}" if field.unit else ""
    if field.minimum is not None and value < field.minimum:
        return f"{field.name}: {_shown(value)}{unit} is below {field.minimum:g}"
    if field.maximum is not None and value > field.maximum:
        return f"{field.name}: {_shown(value)}{unit} is above {field.maximum:g}"
    if field.allowed and value not in field.allowed:
        return f"{field.name}: {_shown(value)} is not one of {', '.join(field.allowed[:10])}"
    return None


def _shown(value: object) -> str:
    # Writing out a whole number of thousands of digits would be refused by Python, or take long.
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _LARGEST:
        return "a number beyond 1.8e308"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
