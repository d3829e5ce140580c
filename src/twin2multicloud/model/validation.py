"""From raw values to a model, and from pydantic's errors to findings a person can act on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from twin2multicloud.model.errors import Finding
from twin2multicloud.model.fields import NumberField, number_fields
from twin2multicloud.model.names import nearest, shown
from twin2multicloud.model.parsing import Mark, Path, field_name

ModelT = TypeVar("ModelT", bound=BaseModel)
Locate = Callable[[Path], Mark | None]
"""Finds the place of a path in its file, or None."""

MAX_FINDINGS: Final = 50
"""More than a person reads; keeps the report of a hostile file short."""

_BIG: Final = 10**18


def nowhere(_path: Path) -> None:
    """The `Locate` of values that come from no file."""


def validated(
    model: type[ModelT],
    values: Mapping[str, Any],
    *,
    prefix: Path = (),
    locate: Locate = nowhere,
) -> tuple[ModelT | None, list[Finding]]:
    """`values` as a `model`, or None and every finding.

    A model may have a class method `cross_check(values) -> [(field, problem)]` for rules between fields; it is
    asked about the valid fields even when others are wrong, so that one run reports all. `prefix` is the path of
    `values` in its document and `locate` finds a path's place in the file.
    """
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        return None, findings_of(error, model, values, prefix=prefix, locate=locate)


def findings_of(
    error: ValidationError,
    model: type[BaseModel],
    values: Mapping[str, Any],
    *,
    prefix: Path = (),
    locate: Locate = nowhere,
) -> list[Finding]:
    """Every finding behind `error`, in the order of the file where lines are known."""
    findings: list[Finding] = []
    bad: set[str] = set()

    def add(path: Path, problem: str, value: str | None) -> None:
        mark = locate(prefix + path) or (locate(prefix) if prefix else None)
        findings.append(
            Finding(
                field=field_name(prefix + path),
                problem=problem,
                value=value,
                line=mark.line if mark else None,
                column=mark.column if mark else None,
            )
        )

    meant = _meant(error, model)
    # A list whose only item is bad is not too short as well.
    around = {item["loc"][:-depth] for item in error.errors(include_url=False) for depth in range(1, len(item["loc"]))}
    for item in error.errors(include_url=False):
        if item["type"] == "cross_field" or (item["type"] == "too_short" and item["loc"] in around):
            continue
        path = tuple(part for part in item["loc"] if part != "[key]")
        if path:
            bad.add(str(path[0]))
        parent = model_at(model, path[:-1]) if path else None
        field = number_fields(parent).get(str(path[-1])) if parent is not None else None
        if item["type"] == "missing":
            # A typo's suggestion says it already.
            if path not in meant.values():
                add(path, f"is required; write {field.allowed}{_unit(field)}" if field else "is required", None)
        elif item["type"] == "extra_forbidden":
            add(path, _unknown_field(meant.get(path), value_at(values, path[:-1])), None)
        else:
            mark = locate(prefix + path)
            value = mark.text if mark and mark.text is not None else value_text(item["input"])
            add(path, _problem(item, field, value), value)
    cross_check = getattr(model, "cross_check", None)
    if cross_check is not None:
        for name, problem in cross_check(_sound_values(model, values, bad)):
            mark = locate((*prefix, name))
            add((name,), problem, mark.text if mark else None)
    return sorted(findings, key=_line)


def limited(findings: list[Finding]) -> list[Finding]:
    """The findings in the file's order, at most `MAX_FINDINGS` of them, and a last one counting the rest."""
    ordered = sorted(findings, key=_line)
    if len(ordered) > MAX_FINDINGS:
        rest = len(ordered) - MAX_FINDINGS
        ordered = [*ordered[:MAX_FINDINGS], Finding("", f"further problems not shown: {rest}")]
    return ordered


def _line(finding: Finding) -> float:
    return math.inf if finding.line is None else finding.line


def value_text(value: object) -> str:
    """A raw value as short, printable text, as its file would spell it."""
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "nothing"}[value]
    if isinstance(value, int):
        # str() of an integer refuses several thousand digits.
        return str(value) if abs(value) < _BIG else f"a number of about {int(value.bit_length() * 0.30103) + 1} digits"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return shown(str(value))


def model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model of the value at a path of a model's values, through lists and mappings; None if it is no model."""
    annotation: Any = model
    for part in path:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            known = {info.alias or name: info.annotation for name, info in annotation.model_fields.items()}
            annotation = _one_model(known.get(str(part)))
        else:
            # A mapping's values, or a list's items.
            annotation = _one_model(next((item for item in reversed(get_args(annotation)) if item is not ...), None))
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _one_model(annotation: Any) -> Any:
    """What an annotation is without `| None` and without what is annotated."""
    while True:
        arguments = get_args(annotation)
        if get_origin(annotation) is Annotated:
            annotation = arguments[0]
        elif get_origin(annotation) in (Union, UnionType) and len(
            others := [a for a in arguments if a is not NoneType]
        ):
            if len(others) != 1:
                return None
            annotation = others[0]
        else:
            return annotation


def value_at(values: object, path: Path) -> object:
    """The raw value at a path, None if there is none."""
    for part in path:
        if isinstance(values, Mapping):
            values = values.get(part)
        elif isinstance(values, list | tuple) and isinstance(part, int) and part < len(values):
            values = values[part]
        else:
            return None
    return values


def _meant(error: ValidationError, model: type[BaseModel]) -> dict[Path, Path]:
    """The field that each unknown one of the first twenty most likely means. (Comparing thousands is slow.)"""
    unknown = [item["loc"] for item in error.errors(include_url=False) if item["type"] == "extra_forbidden"]
    guesses: dict[Path, Path] = {}
    for path in unknown[:20]:
        parent = model_at(model, path[:-1])
        if parent is not None:
            guess = nearest(str(path[-1]), [info.alias or name for name, info in parent.model_fields.items()])
            if guess is not None:
                guesses[path] = (*path[:-1], guess)
    return guesses


def _unknown_field(guess: Path | None, values: object) -> str:
    if guess is None:
        return "unknown field; remove it"
    if isinstance(values, Mapping) and guess[-1] in values:
        return f"unknown field, and '{guess[-1]}' is given as well; remove it"
    return f"unknown field; did you mean '{guess[-1]}'?"


def _unit(field: NumberField) -> str:
    return f" ({field.unit})" if field.unit else ""


def _problem(item: Any, field: NumberField | None, value: str) -> str:
    """One sentence: the value, what is wrong with it, what is allowed."""
    raw, context, kind = item["input"], item.get("ctx", {}), item["type"]
    if field is not None:
        wanted = field.allowed + _unit(field)
        if isinstance(raw, str):
            return f"{value} is text, not a number; write {wanted}, without quotes, separators or units"
        if raw is None:
            return f"has no value; write {wanted}"
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            return f"{value} is not a number; write {wanted}"
        if isinstance(raw, float) and not math.isfinite(raw):
            return f"{value} is not a finite number; write {wanted}"
        if kind == "int_type":
            return f"{value} is not a whole number; write {wanted}"
        return f"{value} is out of range; write {wanted}"
    if "error" in context:
        return str(context["error"])
    if kind in _SHAPES:
        return f"{value} is not {_SHAPES[kind]}"
    if kind == "literal_error":
        return f"{value} is not allowed; write {context['expected']}"
    return f"{value}: {item['msg'][:1].lower()}{item['msg'][1:]}"


_SHAPES: Final = {
    "bool_type": "allowed; write true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "mapping_type": "a mapping; write name: value pairs",
    "dict_type": "a mapping; write name: value pairs",
    "model_type": "a mapping; write name: value pairs",
    "string_type": "text; write it in quotes",
    "float_type": "a number; write one without quotes, separators or units",
    "int_type": "a whole number; write one without quotes, separators or units",
    "too_short": "allowed; name at least one",
}


def _sound_values(model: type[BaseModel], values: Mapping[str, Any], bad: set[str]) -> dict[str, Any]:
    """The given values that are not bad, and the defaults of fields not given."""
    sound: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        if name in bad:
            continue
        if name in values:
            sound[name] = values[name]
        elif not info.is_required():
            sound[name] = info.get_default(call_default_factory=True, validated_data={})
    return sound
