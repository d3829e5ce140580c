"""What a twin's definition may say, field by field, for forms and hints: read off the models that the reader checks
with, so that what a person is told cannot drift from what is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.constraints import Pin, Requirement
from twin2multicloud.model.fields import NumberField, SpelledOut, number_fields
from twin2multicloud.model.sections import TWIN_SECTIONS, WORKLOAD_SECTIONS
from twin2multicloud.model.twin.definition import TwinDefinition

Kind = Literal["text", "integer", "number", "boolean", "choice", "duration", "list", "mapping", "section", "any"]
"""What is written there. A section is a mapping of named fields, a mapping one whose names are the writer's own; `any`
is whatever its text says.
"""
NAME: Final = "*"
"""Stands for a name in a path."""
ITEM: Final = "[]"
"""Follows a list in a path."""

_SPELLED: Final = (Pin, Requirement)
"""Models that a definition writes as text."""
_COUNTED: Final = "workload.devices"
"""A twin need not say how many devices it has: `devices` does."""
_UNITS: Final = {"bytes": "bytes", "ms": "ms", "mib": "MiB", "s": "s", "share": "fraction"}
"""What the names of quantities say of their unit."""
_UNTOLD: Final = frozenset(_UNITS) - {"share"}
"""Units that a title leaves to be told beside it."""


@dataclass(frozen=True)
class TwinField:
    """One field. `path` is where it stands, such as `device_types.*.fields.*.unit` or `devices[].count`.

    `default` is what counts where it is left out, None for nothing. Bounds are None where there is none; `low_open` and
    `high_open`: the bound itself is not allowed. `fewest` and `most` count characters of a text, items of a list, names
    of a mapping. `of` is the kind of a list's items, or of a mapping's values, where these are no sections; `choices`
    are of these then. `names` are what the names of a mapping may be, if not the writer's own. `pattern` is a regular
    expression that the whole of a text fits. `allowed` says the range of a number in words.
    """

    path: str
    title: str
    meaning: str
    kind: Kind
    required: bool
    default: Any = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False
    fewest: int | None = None
    most: int | None = None
    of: Kind | None = None
    choices: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    pattern: str = ""
    examples: tuple[Any, ...] = ()
    allowed: str = ""


def twin_fields() -> tuple[TwinField, ...]:
    """All fields in the order of the definition, each section before what is in it."""
    order = (*TWIN_SECTIONS[:2], *WORKLOAD_SECTIONS, *TWIN_SECTIONS[2:])
    return tuple(each for name in order for each in _field(TwinDefinition, name, TwinDefinition.model_fields[name], ""))


def _fields(model: type[BaseModel], prefix: str) -> Iterator[TwinField]:
    for name, info in model.model_fields.items():
        yield from _field(model, name, info, prefix)


def _field(model: type[BaseModel], name: str, info: FieldInfo, prefix: str) -> Iterator[TwinField]:
    written = info.alias or name
    path = f"{prefix}{written}"
    annotation, metadata = _bare(info.annotation, info.metadata)
    kind = _kind(annotation, metadata)
    of, choices = _within(annotation) if kind in ("list", "mapping") else (None, _choices(annotation))
    number = number_fields(model).get(name)
    counted = path == _COUNTED
    required = info.is_required() and not counted
    yield TwinField(
        path=path,
        title=info.title or _title(written),
        meaning=_meaning(info, counted=counted),
        kind=kind,
        required=required,
        default=None if info.is_required() else _plain(info.get_default(call_default_factory=True, validated_data={})),
        unit=_unit(model, written, number),
        low=number.low if number else None,
        high=number.high if number else None,
        low_open=number.low_open if number else False,
        high_open=number.high_open if number else False,
        fewest=next((item.min_length for item in metadata if isinstance(item, annotated_types.MinLen)), None),
        most=next((item.max_length for item in metadata if isinstance(item, annotated_types.MaxLen)), None),
        of=of,
        choices=choices,
        names=_choices(_bare(get_args(annotation)[0], [])[0]) if kind == "mapping" else (),
        pattern=next((item.pattern for item in metadata if getattr(item, "pattern", None)), ""),
        examples=tuple(info.examples or ()),
        allowed=number.allowed if number else "",
    )
    for inner, step in _models(annotation):
        yield from _fields(inner, f"{path}{step}.")


def _bare(annotation: Any, metadata: list[Any]) -> tuple[Any, list[Any]]:
    """An annotation without `| None` and without what is annotated, and all that was."""
    found = list(metadata)
    while True:
        others = [item for item in get_args(annotation) if item is not NoneType]
        if get_origin(annotation) is Annotated:
            annotation, *inner = get_args(annotation)
            found += [part for item in inner for part in (item.metadata if isinstance(item, FieldInfo) else [item])]
        elif get_origin(annotation) in (Union, UnionType) and len(others) == 1:
            annotation = others[0]
        else:
            return annotation, found


def _kind(annotation: Any, metadata: list[Any]) -> Kind:
    if any(isinstance(item, SpelledOut) for item in metadata):
        return "duration"
    if get_origin(annotation) is Literal:
        return "choice"
    if get_origin(annotation) is tuple:
        return "list"
    if _is_mapping(annotation):
        return "mapping"
    if isinstance(annotation, type):
        if issubclass(annotation, BaseModel):
            return "text" if annotation in _SPELLED else "section"
        if issubclass(annotation, Enum):
            return "choice"
    plain: dict[Any, Kind] = {bool: "boolean", int: "integer", float: "number", str: "text"}
    return plain.get(annotation, "any")


def _within(annotation: Any) -> tuple[Kind | None, tuple[str, ...]]:
    """The kind of a list's items or a mapping's values, None where they are sections; and what they may be."""
    inner, metadata = _bare(_inner(annotation), [])
    kind = _kind(inner, metadata)
    return (None if kind == "section" else kind), _choices(inner)


def _inner(annotation: Any) -> Any:
    """A list's items, a mapping's values."""
    arguments = get_args(annotation)
    return arguments[1] if _is_mapping(annotation) else arguments[0]


def _models(annotation: Any) -> Iterator[tuple[type[BaseModel], str]]:
    """The model of what is in a field, and the step of a path to it."""
    step = ""
    if _kind(annotation, []) in ("list", "mapping"):
        step = f".{NAME}" if _is_mapping(annotation) else ITEM
        annotation, _ = _bare(_inner(annotation), [])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in _SPELLED:
        yield annotation, step


def _is_mapping(annotation: Any) -> bool:
    return get_origin(annotation) in (dict, Mapping)


def _choices(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return tuple(each.value for each in annotation)
    return ()


def _title(name: str) -> str:
    """A field's name as words, its unit aside, which is told apart: `message_interval_s` is "Message interval"."""
    words = name.split("_")
    if len(words) > 1 and words[-1] in _UNTOLD:
        words = words[:-1]
    return _capital(" ".join(words))


def _unit(model: type[BaseModel], name: str, number: NumberField | None) -> str:
    if number is None or number.unit or model is not Assumptions:
        return number.unit if number else ""
    counted, _, _ = name.partition("_per_")
    return next((_UNITS[word] for word in counted.split("_") if word in _UNITS), "")


def _meaning(info: FieldInfo, *, counted: bool) -> str:
    text = _capital((info.description or "").strip())
    if text and text[-1] not in ".)":
        text += "."
    return f"{text} Left out, it is the number of the devices that are described." if counted else text


def _capital(text: str) -> str:
    """With a capital at the beginning, unless that is a word of its own kind, as vCPU is."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]


def _plain(value: Any) -> Any:
    """A default as a definition would write it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, Mapping):
        return {str(_plain(name)): _plain(each) for name, each in value.items()}
    return value
