"""Whether a plain value fits a field."""

from __future__ import annotations

import json
import math

from twin2multicloud.model.names import nearest, shown
from twin2multicloud.model.twin.device_types import FieldDefinition
from twin2multicloud.model.twin.waveform import fits


def value_problem(value: object, field: FieldDefinition) -> str | None:
    """Why a value does not fit a field, with what does; None if it does."""
    text = written(value)
    whole = isinstance(value, float) and value.is_integer() and field.type == "integer"
    if not (fits(value, field.type) or whole):
        return f"{text} is not of type {field.type}"
    if isinstance(value, int | float) and not isinstance(value, bool):
        unit = f" {field.unit}" if field.unit else ""
        if not math.isfinite(value):
            return f"{text} is not a finite number"
        if field.min is not None and value < field.min:
            return f"{text} is below {field.min:g}{unit}, its smallest value"
        if field.max is not None and value > field.max:
            return f"{text} is above {field.max:g}{unit}, its largest value"
    if field.allowed and value not in field.allowed:
        guess = nearest(str(value), field.allowed)
        hint = f"did you mean {guess!r}?" if guess else f"write {', '.join(map(repr, field.allowed[:12]))}"
        return f"{text} is not allowed; {hint}"
    return None


def written(value: object) -> str:
    """A value as short text."""
    if isinstance(value, str):
        return shown(value)
    try:
        return shown(json.dumps(value))[1:-1]
    except (TypeError, ValueError):
        return shown(str(value))[1:-1]
