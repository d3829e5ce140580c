"""A command that is being filled in: its fields as the twin's definition describes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from twin2multicloud.app.schemas.twins import TwinVersion
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.store import Store
from twin2multicloud.model.twin.device_types import CommandDefinition, FieldDefinition

Commands = Mapping[str, CommandDefinition]


def commands_of(version: TwinVersion) -> dict[str, Commands]:
    """The commands that each device type understands. Reading a large definition takes a while: not in the loop."""
    from twin2multicloud.model.twin.reader import parse_twin  # with all that a definition may hold

    definition = parse_twin(version.source, "source", version.format, files=version.files)  # type: ignore[arg-type]
    return {name: kind.commands for name, kind in definition.device_types.items()}


@dataclass
class Draft(Store):
    """What somebody fills in. `texts` is what was typed, field by field; `problems` what is wrong with it."""

    name: str
    definition: CommandDefinition
    texts: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Store.__init__(self)
        for name, each in self.definition.fields.items():
            if each.type == "boolean":
                self.texts[name] = "true"
            elif each.allowed:
                self.texts[name] = each.allowed[0]

    def write(self, name: str, given: str) -> None:
        """Take what was typed."""
        self.texts[name] = given
        if self.problems.pop(name, None) is not None:
            self.changed()

    def payload(self) -> dict[str, Any] | None:
        """The command's content; None while something is wrong with it, which `problems` says then."""
        made: dict[str, Any] = {}
        self.problems = {}
        for name, each in self.definition.fields.items():
            typed = self.texts.get(name, "").strip()
            if not typed:
                if each.required:
                    self.problems[name] = tr("is needed")
                continue
            try:
                made[name] = read(each, typed)
            except ValueError as error:
                self.problems[name] = str(error)
        self.changed()
        return None if self.problems else made


def read(field: FieldDefinition, typed: str) -> Any:
    """What was typed as the field's type. `ValueError` says what is wrong with it."""
    if field.type == "boolean":
        return typed == "true"
    if field.type == "string":
        return typed
    if field.type in ("object", "array"):
        return _json(field, typed)
    try:
        number = int(typed) if field.type == "integer" else float(typed)
    except ValueError as error:
        whole = field.type == "integer"
        raise ValueError(tr("is a whole number") if whole else tr("is a number, such as 21.5")) from error
    if (field.min is not None and number < field.min) or (field.max is not None and number > field.max):
        raise ValueError(range_of(field))
    return number


def _json(field: FieldDefinition, typed: str) -> Any:
    kind, example = (dict, '{"a": 1}') if field.type == "object" else (list, "[1, 2]")
    try:
        value = json.loads(typed)
    except ValueError as error:
        raise ValueError(tr("is JSON, such as {example}", example=example)) from error
    if not isinstance(value, kind):
        raise ValueError(tr("is JSON, such as {example}", example=example))
    return value


def range_of(field: FieldDefinition) -> str:
    """What a number may be."""
    if field.min is not None and field.max is not None:
        return tr("is {least:g} to {most:g}", least=field.min, most=field.max)
    if field.min is not None:
        return tr("is {least:g} or more", least=field.min)
    return tr("is at most {most:g}", most=field.max) if field.max is not None else ""
