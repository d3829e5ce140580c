"""A numeric field's unit, default and range, read off the model, so that messages and documents cannot drift."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel

_BOUNDS: Final = MappingProxyType(
    {
        annotated_types.Ge: "ge",
        annotated_types.Gt: "gt",
        annotated_types.Le: "le",
        annotated_types.Lt: "lt",
    }
)


@dataclass(frozen=True)
class SpelledOut:
    """Marks a numeric field that may also be written as text, such as a duration: its own validator explains it."""


@dataclass(frozen=True)
class NumberField:
    """What a numeric field of a model accepts.

    `low` and `high` are None where there is no bound; `low_open` and `high_open` say that the bound itself is not
    allowed. `default` is None if the field is `required` or may be left out altogether.
    """

    name: str
    whole: bool
    unit: str
    meaning: str
    required: bool
    default: float | None
    low: float | None
    high: float | None
    low_open: bool
    high_open: bool

    @property
    def allowed(self) -> str:
        """The range as words, such as `a whole number from 1 to 100,000,000`."""
        kind = "a whole number" if self.whole else "a number"
        low = "" if self.low is None else f"{'above' if self.low_open else 'from'} {number_text(self.low)}"
        high = "" if self.high is None else f"{'below' if self.high_open else 'at most'} {number_text(self.high)}"
        if low and high and not self.low_open and not self.high_open:
            return f"{kind} {low} to {number_text(self.high or 0.0)}"
        return " ".join([kind, " and ".join(filter(None, [low, high]))]).rstrip()


def number_text(value: float) -> str:
    """A number as a person writes it: 1200, 0.001, 100,000,000."""
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}" if abs(value) >= 10_000 else str(int(value))
    return f"{value:g}"


def counted(number: int, one: str, many: str = "") -> str:
    """How many there are of what: 1 price, 1,200 prices; `many` where it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _without_none(annotation: Any, metadata: list[Any]) -> tuple[Any, list[Any]]:
    """The type and the bounds of an annotation such as `Annotated[int, Ge(1)] | None`."""
    others = [item for item in get_args(annotation) if item is not NoneType]
    if get_origin(annotation) in (Union, UnionType) and len(others) == 1:
        annotation = others[0]
    if get_origin(annotation) is Annotated:
        annotation, *inner = get_args(annotation)
        metadata = [*metadata, *(part for item in inner for part in getattr(item, "metadata", [item]))]
    return annotation, metadata


def number_fields(model: type[BaseModel]) -> dict[str, NumberField]:
    """The numeric fields of a pydantic model by name, in the order of declaration. Booleans are not numbers."""
    found: dict[str, NumberField] = {}
    for name, info in model.model_fields.items():
        annotation, metadata = _without_none(info.annotation, info.metadata)
        if annotation not in (int, float) or any(isinstance(item, SpelledOut) for item in metadata):
            continue
        bounds: dict[str, float] = {}
        for item in metadata:
            for kind, attribute in _BOUNDS.items():
                if isinstance(item, kind):
                    bounds[attribute] = getattr(item, attribute)
        extra = info.json_schema_extra
        required = info.is_required()
        found[name] = NumberField(
            name=name,
            whole=annotation is int,
            unit=str(extra.get("unit", "")) if isinstance(extra, dict) else "",
            meaning=info.description or "",
            required=required,
            default=None if required else info.get_default(call_default_factory=False),
            low=bounds.get("gt", bounds.get("ge")),
            high=bounds.get("lt", bounds.get("le")),
            low_open="gt" in bounds,
            high_open="lt" in bounds,
        )
    return found
