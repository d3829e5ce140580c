"""DTDL v3, validated: is this an interface that Azure Digital Twins would take?

Ours, since nothing usable is published for Python. What only version 4 has is refused by name, since Azure Digital
Twins knows versions 2 and 3. Contexts of language extensions are accepted, and what they add to elements is not looked
at; units are kept as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from twin2multicloud.model.names import shown
from twin2multicloud.model.twin.dtdl import (
    CONTEXT,
    GEOSPATIAL,
    KINDS,
    MAX_CONTENTS,
    MAX_INTERFACE_BYTES,
    MAX_NAME,
    MAX_SCHEMA_DEPTH,
    NAME,
    PRIMITIVES,
    QUANTITATIVE,
    id_problem,
    kind_of,
    listed,
)

_INNER_DTMI: Final = re.compile(r"dtmi:[A-Za-z0-9_:]+(?:;[1-9][0-9]{0,8}(?:\.[1-9][0-9]{0,5})?)?")
_EXTENSION: Final = re.compile(r"dtmi:[A-Za-z0-9_:]+;[1-9][0-9]{0,8}(?:#limits)?")
_VERSION_4: Final = frozenset(("byte", "bytes", "decimal", "scaledDecimal", "short", "uuid"))
_UNSIGNED_4: Final = "unsigned"
_COMPLEX: Final = ("Array", "Enum", "Map", "Object")

_COMMON: Final = frozenset(("@type", "@id", "comment", "description", "displayName"))
_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "Interface": _COMMON | {"@context", "contents", "extends", "schemas"},
    "Telemetry": _COMMON | {"name", "schema"},
    "Property": _COMMON | {"name", "schema", "writable"},
    "Command": _COMMON | {"name", "request", "response"},
    "Relationship": _COMMON | {"name", "maxMultiplicity", "minMultiplicity", "properties", "target", "writable"},
    "Component": _COMMON | {"name", "schema"},
    "Array": _COMMON | {"elementSchema"},
    "Enum": _COMMON | {"enumValues", "valueSchema"},
    "EnumValue": _COMMON | {"enumValue", "name"},
    "Map": _COMMON | {"mapKey", "mapValue"},
    "Object": _COMMON | {"fields"},
    "Field": _COMMON | {"name", "schema"},
}


def interface_problems(interface: object) -> list[str]:
    """What is wrong with one interface by itself, each with its place; empty if nothing is."""
    return [f"{place}: {text}" if place else text for place, text in _Validator().interface(interface)]


Found = Iterator[tuple[str, str]]


class _Validator:
    """Walks one interface; every method yields (place, problem)."""

    def __init__(self) -> None:
        self._extended = False
        self._schemas: set[str] = set()

    def interface(self, interface: object) -> Found:
        if not isinstance(interface, dict):
            yield "", "is not a mapping; an interface has @context, @id, @type and contents"
            return
        try:
            size = len(json.dumps(interface))
        except (TypeError, ValueError, RecursionError):
            yield "", "has values that JSON cannot carry"
            return
        if size > MAX_INTERFACE_BYTES:
            yield "", f"is larger than {MAX_INTERFACE_BYTES // 1024} KiB as JSON; split it with extends"
            return
        yield from self._context(interface.get("@context"))
        id = interface.get("@id")
        if "@type" not in interface or "Interface" not in listed(interface["@type"]):
            yield "@type", "write Interface"
        problem = id_problem(id)
        if problem:
            yield "@id", problem
        yield from self._keys("", interface, "Interface")
        yield from self._words("", interface)
        for number, base in enumerate(listed(interface.get("extends"))):
            problem = id_problem(base)
            if problem:
                yield f"extends[{number}]", problem
        for number, schema in enumerate(listed(interface.get("schemas"))):
            yield from self._interface_schema(f"schemas[{number}]", schema)
        yield from self._contents(interface.get("contents"))

    def _context(self, context: object) -> Found:
        contexts = listed(context)
        self._extended = any(item != CONTEXT for item in contexts)
        if CONTEXT in contexts:
            for item in contexts:
                if not isinstance(item, str) or not _EXTENSION.fullmatch(item):
                    yield "@context", f"{shown(str(item))} is not the context of a language extension; remove it"
        elif any(isinstance(item, str) and item.startswith("dtmi:dtdl:context;4") for item in contexts):
            yield "@context", f"is DTDL v4, and Azure Digital Twins takes v2 and v3; write {CONTEXT}"
        else:
            yield "@context", f"write {CONTEXT}"

    def _keys(self, place: str, element: Mapping[str, Any], kind: str) -> Found:
        for key in element:
            if key in _KEYS[kind] or self._extended:
                continue
            if key == "unit":
                yield place, f"a unit needs its extension in @context, {QUANTITATIVE}, and a semantic type"
            elif key == "nullable":
                yield place, "nullable is DTDL v4, and Azure Digital Twins takes v2 and v3; remove it"
            else:
                yield place, f"{kind} has no {shown(str(key))}; remove it"

    def _words(self, place: str, element: Mapping[str, Any]) -> Found:
        for key, most in (("displayName", 64), ("description", 512), ("comment", 512)):
            value = element.get(key)
            texts = list(value.values()) if isinstance(value, dict) and key != "comment" else listed(value)
            if any(not isinstance(text, str) or len(text) > most for text in texts):
                yield _at(place, key), f"is text of at most {most} characters"

    def _name(self, place: str, element: Mapping[str, Any], seen: set[str]) -> Found:
        name = element.get("name")
        if not isinstance(name, str):
            yield place, "has no name; add one"
        elif len(name) > MAX_NAME or not NAME.fullmatch(name):
            yield (
                _at(place, "name"),
                (
                    f"{shown(name)} is not a DTDL name: letters, digits and '_', beginning with a letter and "
                    f"ending with a letter or digit, at most {MAX_NAME} characters"
                ),
            )
        elif name in seen:
            yield _at(place, "name"), f"{shown(name)} is used twice; rename one"
        else:
            seen.add(name)

    def _contents(self, contents: object) -> Found:
        if contents is None:
            return
        if not isinstance(contents, list):
            yield "contents", "is not a list"
            return
        if len(contents) > MAX_CONTENTS:
            yield "contents", f"has more than {MAX_CONTENTS:,} elements; split the interface with extends"
            return
        names: set[str] = set()
        for number, content in enumerate(contents):
            place = f"contents[{number}]"
            if not isinstance(content, dict):
                yield place, "is not a mapping"
                continue
            kind = kind_of(content)
            if not kind:
                yield _at(place, "@type"), f"write one of {', '.join(KINDS)}"
                continue
            if len(listed(content["@type"])) > 1 and not self._extended:
                yield _at(place, "@type"), f"a semantic type needs its extension in @context, such as {QUANTITATIVE}"
            yield from self._keys(place, content, kind)
            yield from self._words(place, content)
            yield from self._name(place, content, names)
            yield from getattr(self, f"_{kind.lower()}")(place, content)

    def _telemetry(self, place: str, content: Mapping[str, Any]) -> Found:
        yield from self._schema(_at(place, "schema"), content.get("schema"), 0)

    def _property(self, place: str, content: Mapping[str, Any]) -> Found:
        yield from self._schema(_at(place, "schema"), content.get("schema"), 0)
        if not isinstance(content.get("writable", False), bool):
            yield _at(place, "writable"), "write true or false"

    def _command(self, place: str, content: Mapping[str, Any]) -> Found:
        for key in ("request", "response"):
            if key not in content:
                continue
            called = content[key]
            if not isinstance(called, dict):
                yield _at(place, key), "is not a mapping; it has name and schema"
                continue
            yield from self._field(_at(place, key), called, set(), 0)

    def _relationship(self, place: str, content: Mapping[str, Any]) -> Found:
        least, most = content.get("minMultiplicity", 0), content.get("maxMultiplicity", 1)
        if least != 0 or isinstance(least, bool):
            yield _at(place, "minMultiplicity"), "must be 0"
        if not isinstance(most, int) or isinstance(most, bool) or most < 1:
            yield _at(place, "maxMultiplicity"), "must be a whole number of at least 1"
        if "target" in content and (problem := id_problem(content["target"], most=2048)):
            yield _at(place, "target"), problem
        names: set[str] = set()
        for number, inner in enumerate(listed(content.get("properties"))):
            where = f"{place}.properties[{number}]"
            if not isinstance(inner, dict) or kind_of(inner) != "Property":
                yield where, "is not a Property"
                continue
            yield from self._keys(where, inner, "Property")
            yield from self._name(where, inner, names)
            yield from self._property(where, inner)

    def _component(self, place: str, content: Mapping[str, Any]) -> Found:
        problem = id_problem(content.get("schema"))
        if problem:
            yield _at(place, "schema"), problem

    def _interface_schema(self, place: str, schema: object) -> Found:
        id = schema.get("@id") if isinstance(schema, dict) else None
        if not isinstance(schema, dict) or not isinstance(id, str) or not _INNER_DTMI.fullmatch(id):
            yield place, "is not a schema with an @id"
            return
        yield from self._schema(place, schema, 0)
        self._schemas.add(id)

    def _schema(self, place: str, schema: object, depth: int) -> Found:
        if isinstance(schema, str):
            if schema in _VERSION_4 or schema.startswith(_UNSIGNED_4):
                yield place, f"{schema} is DTDL v4, and Azure Digital Twins takes v2 and v3; use double, long or string"
            elif schema not in PRIMITIVES and schema not in GEOSPATIAL and schema not in self._schemas:
                yield place, f"{shown(schema)} is no schema; write one of {', '.join(sorted(PRIMITIVES))}"
            return
        if not isinstance(schema, dict):
            yield place, "is missing; write a schema such as double"
            return
        kind = next((kind for kind in _COMPLEX if kind in listed(schema.get("@type"))), None)
        if kind is None:
            yield _at(place, "@type"), f"write one of {', '.join(_COMPLEX)}"
            return
        if depth >= MAX_SCHEMA_DEPTH:
            yield place, f"is nested deeper than {MAX_SCHEMA_DEPTH} levels"
            return
        yield from self._keys(place, schema, kind)
        yield from self._words(place, schema)
        if kind == "Array":
            yield from self._schema(_at(place, "elementSchema"), schema.get("elementSchema"), depth + 1)
        elif kind == "Enum":
            yield from self._enum(place, schema)
        elif kind == "Map":
            yield from self._map(place, schema, depth)
        else:
            names: set[str] = set()
            for number, inner in enumerate(listed(schema.get("fields"))):
                where = f"{place}.fields[{number}]"
                if not isinstance(inner, dict):
                    yield where, "is not a mapping; it has name and schema"
                    continue
                yield from self._field(where, inner, names, depth + 1)

    def _field(self, place: str, field: Mapping[str, Any], names: set[str], depth: int) -> Found:
        yield from self._keys(place, field, "Field")
        yield from self._words(place, field)
        yield from self._name(place, field, names)
        yield from self._schema(_at(place, "schema"), field.get("schema"), depth)

    def _map(self, place: str, schema: Mapping[str, Any], depth: int) -> Found:
        for key in ("mapKey", "mapValue"):
            inner = schema.get(key)
            if not isinstance(inner, dict):
                yield _at(place, key), "is missing; it has name and schema"
                continue
            if key == "mapKey" and inner.get("schema") != "string":
                yield _at(place, "mapKey.schema"), "must be string"
                continue
            yield from self._field(_at(place, key), inner, set(), depth + 1)

    def _enum(self, place: str, schema: Mapping[str, Any]) -> Found:
        wanted = {"integer": int, "string": str}.get(str(schema.get("valueSchema")))
        if wanted is None:
            yield _at(place, "valueSchema"), "write integer or string"
            return
        names: set[str] = set()
        values: set[object] = set()
        for number, item in enumerate(listed(schema.get("enumValues"))):
            where = f"{place}.enumValues[{number}]"
            if not isinstance(item, dict):
                yield where, "is not a mapping; it has name and enumValue"
                continue
            yield from self._keys(where, item, "EnumValue")
            yield from self._name(where, item, names)
            value = item.get("enumValue")
            if not isinstance(value, wanted) or isinstance(value, bool):
                yield _at(where, "enumValue"), f"is not of the valueSchema {schema['valueSchema']}"
            elif value in values:
                yield _at(where, "enumValue"), f"{shown(str(value))} is given twice; remove one"
            else:
                values.add(value)


def _at(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
