"""DTDL interfaces that a definition gives: loaded, validated, and joined with what it says of the same types."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from twin2multicloud.model.parsing import Path
from twin2multicloud.model.spec import FieldType
from twin2multicloud.model.twin.device_types import CommandDefinition, DeviceTypeDefinition, FieldDefinition, ItemType
from twin2multicloud.model.twin.dtdl import (
    GEOSPATIAL,
    MAX_INTERFACE_BYTES,
    all_contents,
    kind_of,
    set_problems,
    upgraded,
)
from twin2multicloud.model.twin.dtdl_check import interface_problems
from twin2multicloud.model.twin.files import FileError, Files
from twin2multicloud.model.twin.generate import UNIT_COMMENT
from twin2multicloud.model.twin.part import Dtdl
from twin2multicloud.model.twin.parts import Parts, Problem

_MOST_PROBLEMS: Final = 20
_TYPES: Final[Mapping[str, FieldType]] = {
    "double": "double",
    "float": "double",
    "integer": "integer",
    "long": "integer",
    "boolean": "boolean",
    **dict.fromkeys(("string", "date", "dateTime", "duration", "time"), "string"),
    **dict.fromkeys(GEOSPATIAL, "object"),
}
_ITEMS: Final[Mapping[str, ItemType]] = {"double": "double", "integer": "integer", "boolean": "boolean"}


def resolve_interfaces(parts: Parts, files: Files) -> Iterator[Problem]:
    """Load the given interfaces into `parts.interfaces` and join them with the types; what is wrong with them.

    A type whose interface is not usable is taken out of the readable ones: nothing more can be said about it.
    """
    owners: list[tuple[str, Path, Dtdl]] = [
        (name, ("device_types", name, "dtdl"), kind.dtdl)
        for name, kind in parts.device_types.good.items()
        if kind.dtdl is not None
    ]
    owners += [
        (name, ("graph", "models", name, "dtdl"), model.dtdl)
        for name, model in parts.models.good.items()
        if model.dtdl is not None
    ]
    if not owners:
        return
    everything: dict[str, dict[str, Any]] = {}
    homes: dict[str, tuple[str, Path]] = {}
    broken: set[str] = set()
    for name, path, given in owners:
        try:
            interfaces = [upgraded(item) if isinstance(item, dict) else item for item in _loaded(given, files)]
        except FileError as error:
            yield Problem(path, str(error))
            broken.add(name)
            continue
        for number, interface in enumerate(interfaces):
            place = f"[{number}] " if len(interfaces) > 1 else ""
            problems = interface_problems(interface)
            if not problems:
                id = interface["@id"]
                if everything.setdefault(id, interface) != interface:
                    problems = [f"{id} is given twice with different contents; change the version of one"]
                homes.setdefault(id, (name, path))
            for problem in problems[:_MOST_PROBLEMS]:
                yield Problem(path, place + problem)
                broken.add(name)
        if name not in broken:
            parts.interfaces[name] = tuple(interfaces)
    for id, problem in set_problems(everything):
        name, path = homes[id]
        yield Problem(path, f"{id}: {problem}")
        broken.add(name)
    yield from _joined(parts, everything, broken)
    for name in broken:
        parts.interfaces.pop(name, None)
        parts.device_types.good.pop(name, None)
        parts.models.good.pop(name, None)


def _loaded(given: Dtdl, files: Files) -> list[Any]:
    if isinstance(given, str):
        text = files.text(given, MAX_INTERFACE_BYTES)
        try:
            given = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise FileError(f"{given!r} is not JSON: {error}") from error
    interfaces = given if isinstance(given, list) else [given]
    if not interfaces:
        raise FileError("is an empty list; give an interface")
    return interfaces


def _joined(parts: Parts, everything: Mapping[str, dict[str, Any]], broken: set[str]) -> Iterator[Problem]:
    for name in [name for name in parts.interfaces if name not in broken]:
        contents = all_contents(everything, parts.interfaces[name][0]["@id"])
        parts.relationship_names[name] = {item["name"] for item in contents if kind_of(item) == "Relationship"}
        kind = parts.device_types.good.get(name)
        if kind is not None:
            path: Path = ("device_types", name)
            joined = joined_type(kind, contents)
            yield from (Problem((*path, *where), problem) for where, problem in joined[1])
            parts.device_types.good[name] = joined[0]
        else:
            model = parts.models.good[name]
            properties = fields_of(contents, ("Property",))
            for field, its in model.properties.items():
                problem = _disagreement(field, its, properties)
                if problem is not None:
                    yield Problem(("graph", "models", name, "properties", field), problem)
            merged = {field: _merged(model.properties.get(field), its) for field, its in properties.items()}
            parts.models.good[name] = _copy(model, properties=merged)


def joined_type(
    kind: DeviceTypeDefinition, contents: list[dict[str, Any]]
) -> tuple[DeviceTypeDefinition, list[tuple[Path, str]]]:
    """A device type with the fields and commands of its interface; where both name one, the interface has the type
    and the definition the rest. And what they disagree on."""
    problems: list[tuple[Path, str]] = []
    theirs = fields_of(contents, ("Telemetry", "Property"))
    properties = [item["name"] for item in contents if kind_of(item) == "Property"]
    for name, field in kind.fields.items():
        if field.required or field.simulate is not None or name in theirs:
            problem = _disagreement(name, field, theirs)
            if problem is not None:
                problems.append((("fields", name), problem))
    commands = {item["name"]: command_of(item) for item in contents if kind_of(item) == "Command"}
    for name, command in kind.commands.items():
        if name not in commands:
            problems.append((("commands", name), "the given interface has no such command; add it there"))
        elif set(command.fields) - set(commands[name].fields):
            extra = sorted(set(command.fields) - set(commands[name].fields))
            problems.append((("commands", name), f"the given interface's request has no {', '.join(extra)}"))
    fields = {name: _merged(kind.fields.get(name), field) for name, field in theirs.items()}
    fields |= {name: field for name, field in kind.fields.items() if name not in fields}
    kept = [name for name in properties if theirs[name].type in ("double", "integer", "boolean", "string")]
    if kind.twin_fields is not None:
        for place, name in enumerate(kind.twin_fields):
            if name in fields and name not in properties:
                text = f"{name} is no Property of the given interface, so a twin cannot keep it; make it one there"
                problems.append((("twin_fields", place), text))
    elif not kept:
        text = "has no Property that a twin could keep; make the telemetry whose last value matters a Property"
        problems.append((("dtdl",), text))
    return _copy(
        kind,
        fields=fields,
        commands={name: _merged_command(kind.commands.get(name), command) for name, command in commands.items()},
        twin_fields=kind.twin_fields if kind.twin_fields is not None else tuple(kept),
    ), problems


def _copy(part: Any, **changes: Any) -> Any:
    return part.model_copy(update=changes)


def _disagreement(name: str, field: FieldDefinition, theirs: Mapping[str, FieldDefinition]) -> str | None:
    other = theirs.get(name)
    if other is None:
        return "the given interface has no such content; add it there, or remove it here"
    if other.type != field.type:
        return f"is of type {field.type} here and {other.type} in the given interface; make them agree"
    if field.allowed and other.allowed and set(field.allowed) - set(other.allowed):
        extra = ", ".join(sorted(set(field.allowed) - set(other.allowed)))
        return f"allows {extra}, which the given interface does not"
    return None


def _merged(ours: FieldDefinition | None, theirs: FieldDefinition) -> FieldDefinition:
    if ours is None:
        return theirs
    changes: dict[str, Any] = {}
    if not ours.allowed:
        changes["allowed"] = theirs.allowed
    if not ours.unit:
        changes["unit"] = theirs.unit
    return ours.model_copy(update=changes)


def _merged_command(ours: CommandDefinition | None, theirs: CommandDefinition) -> CommandDefinition:
    if ours is None:
        return theirs
    fields = {name: _merged(ours.fields.get(name), field) for name, field in theirs.fields.items()}
    return ours.model_copy(update={"fields": fields})


def fields_of(contents: list[dict[str, Any]], kinds: tuple[str, ...]) -> dict[str, FieldDefinition]:
    """The fields that an interface's telemetry and properties are."""
    return {item["name"]: field_of(item) for item in contents if kind_of(item) in kinds}


def field_of(content: Mapping[str, Any]) -> FieldDefinition:
    """The field that a Telemetry, a Property or a field of an object is."""
    schema = content["schema"]
    words: dict[str, Any] = {"unit": _unit(content)}
    if isinstance(content.get("description"), str):
        words["description"] = content["description"]
    if isinstance(schema, str):
        return FieldDefinition(type=_TYPES.get(schema, "object"), **words)
    kinds = schema["@type"] if isinstance(schema["@type"], list) else [schema["@type"]]
    if "Enum" in kinds:
        if schema["valueSchema"] == "integer":
            return FieldDefinition(type="integer", **words)
        allowed = tuple(item["enumValue"] for item in schema.get("enumValues", ()))
        return FieldDefinition(type="string", allowed=allowed, **words)
    if "Array" in kinds:
        element = schema["elementSchema"]
        kind = _TYPES.get(element, "string") if isinstance(element, str) else "string"
        return FieldDefinition(type="array", items=_ITEMS.get(kind, "string"), **words)
    return FieldDefinition(type="object", **words)


def command_of(content: Mapping[str, Any]) -> CommandDefinition:
    """The command that a Command is. A request that is no object is a single field of its name."""
    description = content.get("description")
    words = {"description": description} if isinstance(description, str) else {}
    request = content.get("request")
    if request is None:
        return CommandDefinition(**words)
    schema = request["schema"]
    if isinstance(schema, dict) and schema.get("@type") == "Object":
        return CommandDefinition(fields={item["name"]: field_of(item) for item in schema.get("fields", ())}, **words)
    return CommandDefinition(fields={request["name"]: field_of(request)}, **words)


def _unit(content: Mapping[str, Any]) -> str:
    unit = content.get("unit")
    if isinstance(unit, str):
        return unit.rsplit(":", 1)[-1].split(";")[0][:64]
    comment = content.get("comment")
    return (
        comment.removeprefix(UNIT_COMMENT)[:64] if isinstance(comment, str) and comment.startswith(UNIT_COMMENT) else ""
    )
