"""DTDL v3 interfaces of a twin: those that were given, and generated ones for the types that have none.

A field whose last value the twin keeps becomes a Property, any other a Telemetry: an interface's contents have
distinct names, and a store of twins (Azure Digital Twins) keeps properties only. Units are kept as text in
`comment`, since DTDL's own units need a semantic type for each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from twin2multicloud.model.spec import FieldType
from twin2multicloud.model.twin.definition import TwinDefinition
from twin2multicloud.model.twin.device_types import CommandDefinition, DeviceTypeDefinition, FieldDefinition
from twin2multicloud.model.twin.entities import EntityModelDefinition
from twin2multicloud.model.twin.graph import relationship_names

CONTEXT: Final = "dtmi:dtdl:context;3"
UNIT_COMMENT: Final = "unit: "
REQUEST: Final = "request"

_SCHEMAS: Final[Mapping[FieldType, str]] = {
    "double": "double",
    "integer": "long",
    "boolean": "boolean",
    "string": "string",
}
_NAME: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?")


def generated_id(twin: str, name: str, version: int) -> str:
    """The DTMI of a type for which none was given."""
    return f"dtmi:twin:{segment(twin)}:{segment(name)};{version}"


def segment(name: str) -> str:
    """A name as a segment of a DTMI, which has no `-`."""
    return name.replace("-", "_")


def device_model_id(definition: TwinDefinition, name: str) -> str:
    """The DTMI of a device type."""
    given = definition.interfaces.get(name)
    return str(given[0]["@id"]) if given else generated_id(definition.name, name, definition.device_types[name].version)


def entity_model_id(definition: TwinDefinition, name: str) -> str:
    """The DTMI of an entity's model."""
    given = definition.interfaces.get(name)
    return str(given[0]["@id"]) if given else generated_id(definition.name, name, definition.graph.models[name].version)


def twin_interfaces(definition: TwinDefinition) -> tuple[dict[str, Any], ...]:
    """Every interface of the twin, each DTMI once: device types, then entity models, then what these build on."""
    names = relationship_names(definition)
    found: dict[str, dict[str, Any]] = {}
    for name, kind in definition.device_types.items():
        if name not in definition.interfaces:
            interface = device_interface(definition.name, name, kind, names.get(name, ()))
            found[interface["@id"]] = interface
    for name, model in definition.graph.models.items():
        if name not in definition.interfaces:
            interface = entity_interface(definition.name, name, model, names.get(name, ()))
            found[interface["@id"]] = interface
    for given in definition.interfaces.values():
        for interface in given:
            found.setdefault(interface["@id"], interface)
    return tuple(found.values())


def device_interface(
    twin: str, name: str, kind: DeviceTypeDefinition, relationships: Iterable[str] = ()
) -> dict[str, Any]:
    """The interface of a device type: its fields, its commands and the relationships that leave it."""
    kept = set(kind.kept_fields)
    contents = [_value("Property" if field in kept else "Telemetry", field, its) for field, its in kind.fields.items()]
    contents += [_command(command, its) for command, its in kind.commands.items()]
    contents += [_relationship(relationship) for relationship in relationships]
    return _interface(generated_id(twin, name, kind.version), name, kind.description, contents)


def entity_interface(
    twin: str, name: str, model: EntityModelDefinition, relationships: Iterable[str] = ()
) -> dict[str, Any]:
    """The interface of an entity model: its properties and the relationships that leave it."""
    contents = [_value("Property", field, its) for field, its in model.properties.items()]
    contents += [_relationship(relationship) for relationship in relationships]
    return _interface(generated_id(twin, name, model.version), name, model.description, contents)


def _interface(id: str, name: str, description: str, contents: list[dict[str, Any]]) -> dict[str, Any]:
    interface: dict[str, Any] = {"@context": CONTEXT, "@id": id, "@type": "Interface", "displayName": name[:64]}
    if description:
        interface["description"] = description
    return interface | {"contents": contents}


def _value(kind: str, name: str, field: FieldDefinition) -> dict[str, Any]:
    return {"@type": kind, "name": name, "schema": schema(field)} | _words(field)


def _words(field: FieldDefinition) -> dict[str, str]:
    words: dict[str, str] = {}
    if field.description:
        words["description"] = field.description
    if field.unit:
        words["comment"] = UNIT_COMMENT + field.unit
    return words


def _command(name: str, command: CommandDefinition) -> dict[str, Any]:
    content: dict[str, Any] = {"@type": "Command", "name": name}
    if command.description:
        content["description"] = command.description
    if command.fields:
        fields = [{"name": field, "schema": schema(its)} | _words(its) for field, its in command.fields.items()]
        content["request"] = {"name": REQUEST, "schema": {"@type": "Object", "fields": fields}}
    return content


def _relationship(name: str) -> dict[str, Any]:
    return {"@type": "Relationship", "name": name}


def schema(field: FieldDefinition) -> Any:
    """A field's DTDL schema."""
    if field.allowed:
        return {
            "@type": "Enum",
            "valueSchema": "string",
            "enumValues": [
                {"name": name, "enumValue": value}
                for name, value in zip(_enum_names(field.allowed), field.allowed, strict=True)
            ],
        }
    if field.type == "array":
        return {"@type": "Array", "elementSchema": _SCHEMAS[field.items]}
    if field.type == "object":
        return {"@type": "Object"}
    return _SCHEMAS[field.type]


def _enum_names(values: tuple[str, ...]) -> list[str]:
    """A name for each value: the value itself where DTDL allows it as a name, a counted one otherwise."""
    taken = {value for value in values if _NAME.fullmatch(value)}
    names: list[str] = []
    for number, value in enumerate(values):
        name = value if value in taken else f"value{number}"
        while name in taken and name != value:
            name += "x"
        taken.add(name)
        names.append(name)
    return names
