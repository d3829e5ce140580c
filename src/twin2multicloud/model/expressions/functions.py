"""The functions of the language: what they take, what they give, and how they do it.

Apart from `missing`, `present` and `default` every function gives null when an argument is null or, which only parts
of objects can be, of the wrong type.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from twin2multicloud.model.expressions.errors import ExpressionError

Types = frozenset[str]

NUMBER: Final = frozenset(("number",))
TEXT: Final = frozenset(("text",))
BOOLEAN: Final = frozenset(("boolean",))
SIZED: Final = frozenset(("text", "array", "object"))
HOLDER: Final = frozenset(("text", "array"))
ANY: Final = frozenset(("number", "text", "boolean", "array", "object", "null"))


@dataclass(frozen=True)
class Function:
    """A function: the types each argument may have (the last one repeats if `most` is larger), its result's types.

    `call` gets values that are not null. `usage` is how it is written.
    """

    usage: str
    takes: tuple[Types, ...]
    gives: Types
    call: Callable[..., Any]
    most: int | None = None
    nulls: bool = False

    @property
    def least(self) -> int:
        """The smallest number of arguments."""
        return len(self.takes)

    def takes_at(self, index: int) -> Types:
        """The types of an argument."""
        return self.takes[min(index, len(self.takes) - 1)]


def is_number(value: object) -> bool:
    """Whether a value is a number; true and false are none."""
    kind = value.__class__
    return kind is float or kind is int


def finite(value: Any) -> Any:
    """A number that a double can hold; `ExpressionError` otherwise."""
    try:
        if math.isfinite(value):
            return value
    except OverflowError:
        pass
    raise ExpressionError("the result is too large for a number")


def _numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        return function(*values) if all(map(is_number, values)) else None

    return call


def _texts(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        return function(*values) if all(value.__class__ is str for value in values) else None

    return call


def _round(value: float, digits: float = 0) -> Any:
    """Half away from zero, as people round."""
    places = int(digits)
    if not 0 <= places <= 15:
        raise ExpressionError(f"round takes 0 to 15 digits, not {places}")
    if isinstance(value, int):
        return value
    scaled = abs(value) * 10.0**places
    if scaled >= 2**52:
        return value
    rounded = math.copysign(math.floor(scaled + 0.5) / 10.0**places, value)
    return rounded if places else int(rounded)


def _sqrt(value: float) -> float:
    if value < 0:
        raise ExpressionError(f"sqrt of {value:g}, which is negative")
    return finite(value) ** 0.5  # type: ignore[no-any-return]


def _length(value: Any) -> int | None:
    return len(value) if value.__class__ in (str, list, dict) else None


def _contains(whole: Any, part: Any) -> bool | None:
    if whole.__class__ is str:
        return part in whole if part.__class__ is str else None
    return any(same(item, part) for item in whole) if whole.__class__ is list else None


def same(left: Any, right: Any) -> bool:
    """Equality of the language: numbers by value, texts and booleans among themselves, nothing else."""
    kind, other = left.__class__, right.__class__
    if kind is other:
        return kind in (float, int, str, bool) and bool(left == right)
    return is_number(left) and is_number(right) and bool(left == right)


FUNCTIONS: Final[dict[str, Function]] = {
    "abs": Function("abs(x)", (NUMBER,), NUMBER, _numbers(abs)),
    "min": Function("min(a, b, …)", (NUMBER, NUMBER), NUMBER, _numbers(min), most=20),
    "max": Function("max(a, b, …)", (NUMBER, NUMBER), NUMBER, _numbers(max), most=20),
    "round": Function("round(x) or round(x, digits)", (NUMBER,), NUMBER, _numbers(_round), most=2),
    "floor": Function("floor(x)", (NUMBER,), NUMBER, _numbers(math.floor)),
    "ceil": Function("ceil(x)", (NUMBER,), NUMBER, _numbers(math.ceil)),
    "sqrt": Function("sqrt(x)", (NUMBER,), NUMBER, _numbers(_sqrt)),
    "lower": Function("lower(text)", (TEXT,), TEXT, _texts(str.lower)),
    "upper": Function("upper(text)", (TEXT,), TEXT, _texts(str.upper)),
    "contains": Function("contains(text or array, part)", (HOLDER, ANY), BOOLEAN, _contains),
    "startswith": Function("startswith(text, beginning)", (TEXT, TEXT), BOOLEAN, _texts(str.startswith)),
    "endswith": Function("endswith(text, end)", (TEXT, TEXT), BOOLEAN, _texts(str.endswith)),
    "length": Function("length(text or array)", (SIZED,), NUMBER, _length),
    "missing": Function("missing(field)", (ANY,), BOOLEAN, lambda value: value is None, nulls=True),
    "present": Function("present(field)", (ANY,), BOOLEAN, lambda value: value is not None, nulls=True),
    "default": Function(
        "default(field, otherwise)", (ANY, ANY), ANY, lambda value, other: other if value is None else value, nulls=True
    ),
}
