"""What the result rests on: workload, constraints, assumptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from twin2multicloud.app.report.figures import quantity
from twin2multicloud.app.report.markup import Html, join, tag
from twin2multicloud.app.report.parts import Column, disclosure, note, row, section, table
from twin2multicloud.app.report.view import View
from twin2multicloud.model.slots import Provider


def inputs_section(view: View) -> Html:
    """Every field of the three, with its value and its meaning."""
    result = view.result
    messages = quantity(result.workload.messages_per_month)
    gigabytes = quantity(result.workload.payload_bytes_per_month / 1e9)
    changed = sum(_is_set(result.assumptions, name) for name in type(result.assumptions).model_fields)
    overridden = f", {changed} of them set differently from the default" if changed else ", all at their defaults"
    return section(
        "inputs",
        "Workload, constraints, assumptions",
        note(f"The workload comes to {messages} messages and {gigabytes} GB of payload in a month of 730 hours."),
        _fields(result.workload, "Workload"),
        _fields(result.constraints, "Constraints"),
        disclosure(
            f"{len(type(result.assumptions).model_fields)} assumptions about the twin's own parts{overridden}",
            _fields(result.assumptions, "Assumptions"),
        ),
    )


def _fields(model: BaseModel, caption: str) -> Html:
    columns = [Column("Field"), Column("Value", True), Column("Unit"), Column("Meaning")]
    units = any(_unit(info.json_schema_extra) for info in type(model).model_fields.values())
    if not units:
        del columns[2]
    rows = []
    for name, info in type(model).model_fields.items():
        # No list of regions allows all of them, unlike other empty lists, which name nothing.
        given = getattr(model, name)
        value = tag("span", "any" if name == "regions" and not given else _shown(given))
        if _is_set(model, name):
            value = tag("strong", value)
        cells = [tag("code", name), value, _unit(info.json_schema_extra), _described(info.description or "")]
        if not units:
            del cells[2]
        rows.append(row(columns, cells))
    words = f"{caption} (values that differ from the default are bold)"
    return table(words, columns, rows, class_="cards fields")


def _described(words: str) -> Html:
    """A field's description; what stands in backticks is a name."""
    return join(tag("code", part) if number % 2 else part for number, part in enumerate(words.split("`")))


def _is_set(model: BaseModel, name: str) -> bool:
    info = type(model).model_fields[name]
    return bool(getattr(model, name) != info.get_default(call_default_factory=True))


def _unit(extra: Any) -> str:
    return str(extra.get("unit", "")) if isinstance(extra, Mapping) else ""


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        # Inputs are shown exactly as given, unlike derived quantities.
        return f"{value:,}" if isinstance(value, int) or not value.is_integer() else f"{int(value):,}"
    if isinstance(value, Provider):
        return value.label
    if isinstance(value, Mapping):
        return ", ".join(f"{_key(key)}={_shown(item)}" for key, item in value.items()) or "none"
    if isinstance(value, tuple | list | frozenset):
        return ", ".join(_shown(item) for item in value) or "none"
    return "any" if value is None else str(value)


def _key(key: Any) -> str:
    return key.label if isinstance(key, Provider) else str(key)
