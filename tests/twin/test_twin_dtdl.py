"""DTDL v3: validated, upgraded from v2, generated, and joined with a type's fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.conftest import problem, put, read
from twin2multicloud.model.twin.compile import compile_twin
from twin2multicloud.model.twin.device_types import CommandDefinition, DeviceTypeDefinition, FieldDefinition
from twin2multicloud.model.twin.dtdl import QUANTITATIVE, by_id, set_problems, upgraded
from twin2multicloud.model.twin.dtdl_check import interface_problems
from twin2multicloud.model.twin.generate import device_interface
from twin2multicloud.model.twin.given import joined_type

V3 = "dtmi:dtdl:context;3"


def interface(*contents: dict[str, Any], **keys: Any) -> dict[str, Any]:
    return {"@context": V3, "@id": "dtmi:com:example:Pump;1", "@type": "Interface", "contents": list(contents), **keys}


def telemetry(schema: Any, **keys: Any) -> dict[str, Any]:
    return {"@type": "Telemetry", "name": "flow", "schema": schema, **keys}


def nested(levels: int) -> Any:
    schema: Any = "double"
    for _ in range(levels):
        schema = {"@type": "Array", "elementSchema": schema}
    return schema


@pytest.mark.parametrize(
    "good",
    [
        interface(),
        {"@context": [V3], "@id": "dtmi:a;1", "@type": ["Interface"]},
        interface(telemetry("double", description="x", displayName={"en": "Flow"}, comment="c")),
        interface(telemetry(nested(5))),
        interface(telemetry("point")),
        interface(
            telemetry(
                {
                    "@type": "Map",
                    "mapKey": {"name": "k", "schema": "string"},
                    "mapValue": {"name": "v", "schema": "long"},
                }
            )
        ),
        interface(
            telemetry({"@type": "Enum", "valueSchema": "integer", "enumValues": [{"name": "a", "enumValue": 1}]})
        ),
        interface(telemetry({"@type": "Object", "fields": [{"name": "x", "schema": "double"}]})),
        interface(telemetry("dtmi:com:example:S;1"), schemas=[{"@id": "dtmi:com:example:S;1", "@type": "Object"}]),
        interface({"@type": "Property", "name": "p", "schema": "string", "writable": True}),
        interface({"@type": "Command", "name": "c", "request": {"name": "r", "schema": "dateTime"}}),
        interface(
            {
                "@type": "Relationship",
                "name": "r",
                "target": "dtmi:x:Y;1",
                "minMultiplicity": 0,
                "maxMultiplicity": 3,
                "properties": [{"@type": "Property", "name": "p", "schema": "date"}],
            }
        ),
        interface(
            {"@type": ["Telemetry", "Temperature"], "name": "t", "schema": "double", "unit": "degreeCelsius"},
            **{"@context": [V3, QUANTITATIVE]},
        ),
    ],
)
def test_valid_interfaces(good: dict[str, Any]) -> None:
    assert interface_problems(good) == []


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("x", "is not a mapping"),
        (interface(**{"@context": "dtmi:dtdl:context;4"}), "is DTDL v4"),
        (interface(**{"@context": None}), "@context: write dtmi:dtdl:context;3"),
        (interface(**{"@context": [V3, "http://x"]}), "not the context of a language extension"),
        (interface(**{"@type": "Thing"}), "@type: write Interface"),
        (interface(**{"@id": "dtmi:com:example:Pump"}), "write dtmi:com:example:Pump;1"),
        (interface(**{"@id": "dtmi:com:ex-ample:Pump;1"}), "is not a DTMI"),
        (interface(**{"@id": "dtmi:com:_x;1"}), "is not a DTMI"),
        (interface(**{"@id": "dtmi:com:x_;1"}), "is not a DTMI"),
        (interface(**{"@id": "dtmi:com:x;0"}), "is not a DTMI"),
        (interface(**{"@id": "dtmi:dtdl:x;1"}), "reserved"),
        (interface(**{"@id": f"dtmi:{'x' * 125};1"}), "at most 128"),
        (interface(**{"@id": None}), "is missing"),
        (interface(displayName="x" * 65), "displayName: is text of at most 64"),
        (interface(description="x" * 513), "at most 512"),
        (interface(extra=1), "Interface has no 'extra'"),
        (interface(extends="x"), "extends[0]: 'x' is not a DTMI"),
        (interface(contents={}), "contents: is not a list"),
        (interface(5), "contents[0]: is not a mapping"),  # type: ignore[arg-type]
        (interface({"@type": "Telemetri", "name": "x"}), "write one of Telemetry, Property"),
        (interface({"@type": ["Telemetry", "Temperature"], "name": "x", "schema": "double"}), "needs its extension"),
        (interface(telemetry("double", name="_x")), "is not a DTDL name"),
        (interface(telemetry("double", name="x_")), "is not a DTDL name"),
        (interface(telemetry("double", name="x" * 513)), "is not a DTDL name"),
        (interface({"@type": "Telemetry", "schema": "double"}), "has no name"),
        (interface(telemetry("double"), telemetry("long")), "contents[1].name: 'flow' is used twice"),
        (interface(telemetry("dubble")), "is no schema; write one of boolean"),
        (interface(telemetry("decimal")), "decimal is DTDL v4"),
        (interface(telemetry("unsignedByte")), "is DTDL v4"),
        (interface(telemetry(None)), "is missing; write a schema"),
        (interface(telemetry({"@type": "Set"})), "write one of Array, Enum, Map, Object"),
        (interface(telemetry(nested(6))), "nested deeper than 5 levels"),
        (interface(telemetry("double", unit="degreeCelsius")), "a unit needs its extension"),
        (interface(telemetry("double", writable=True)), "Telemetry has no 'writable'"),
        (interface({"@type": "Property", "name": "p", "schema": "string", "writable": 1}), "write true or false"),
        (interface(telemetry({"@type": "Enum", "valueSchema": "double"})), "write integer or string"),
        (
            interface(
                telemetry({"@type": "Enum", "valueSchema": "string", "enumValues": [{"name": "a", "enumValue": 1}]})
            ),
            "not of the valueSchema string",
        ),
        (
            interface(
                telemetry(
                    {
                        "@type": "Enum",
                        "valueSchema": "integer",
                        "enumValues": [{"name": "a", "enumValue": 1}, {"name": "b", "enumValue": 1}],
                    }
                )
            ),
            "given twice",
        ),
        (
            interface(
                telemetry(
                    {
                        "@type": "Map",
                        "mapKey": {"name": "k", "schema": "long"},
                        "mapValue": {"name": "v", "schema": "long"},
                    }
                )
            ),
            "mapKey.schema: must be string",
        ),
        (interface(telemetry({"@type": "Map"})), "mapValue: is missing"),
        (
            interface(telemetry({"@type": "Object", "fields": [{"name": "x", "schema": "double"}] * 2})),
            "fields[1].name: 'x' is used twice",
        ),
        (
            interface({"@type": "Command", "name": "c", "request": {"name": "r", "schema": "x"}}),
            "request.schema: 'x' is no schema",
        ),
        (
            interface({"@type": "Command", "name": "c", "request": {"name": "r", "schema": "long", "nullable": True}}),
            "nullable is DTDL v4",
        ),
        (interface({"@type": "Relationship", "name": "r", "minMultiplicity": 1}), "must be 0"),
        (interface({"@type": "Relationship", "name": "r", "maxMultiplicity": 0}), "at least 1"),
        (interface({"@type": "Relationship", "name": "r", "properties": [1]}), "is not a Property"),
        (interface({"@type": "Component", "name": "c", "schema": "x"}), "is not a DTMI"),
        (interface(telemetry("double", description="x" * 1_100_000)), "larger than 1024 KiB"),
    ],
)
def test_invalid_interfaces(bad: Any, says: str) -> None:
    problems = interface_problems(bad)
    assert any(says in problem for problem in problems), problems


def chain(length: int) -> dict[str, Any]:
    made = [
        interface(**{"@id": f"dtmi:x:I{n};1"}, **({"extends": f"dtmi:x:I{n + 1};1"} if n < length else {}))
        for n in range(length + 1)
    ]
    return dict(by_id(made))


def test_what_extends_what() -> None:
    assert set_problems(chain(10)) == []
    assert any("11 levels deep" in text for _, text in set_problems(chain(11)))
    assert any("no interface" in text for _, text in set_problems(by_id([interface(extends="dtmi:x:Y;1")])))
    circle = by_id(
        [
            interface(**{"@id": f"dtmi:x:{a};1", "extends": f"dtmi:x:{b};1"})
            for a, b in (("A", "B"), ("B", "C"), ("C", "A"))
        ]
    )
    assert sum("extends itself" in text for _, text in set_problems(circle)) == 3
    again = by_id(
        [interface(telemetry("double"), extends="dtmi:x:B;1"), interface(telemetry("double"), **{"@id": "dtmi:x:B;1"})]
    )
    assert any("'flow' is defined twice" in text for _, text in set_problems(again))


def test_components_are_given_and_have_none_themselves() -> None:
    part = {"@type": "Component", "name": "c", "schema": "dtmi:x:B;1"}
    assert any("give it, too" in text for _, text in set_problems(by_id([interface(part)])))
    inner = interface({"@type": "Component", "name": "d", "schema": "dtmi:x:C;1"}, **{"@id": "dtmi:x:B;1"})
    leaf = interface(**{"@id": "dtmi:x:C;1"})
    assert [text for _, text in set_problems(by_id([interface(part), inner, leaf])) if "forbids" in text]
    assert set_problems(by_id([inner, leaf])) == []


def test_version_2_is_upgraded() -> None:
    old = interface(
        {"@type": ["Telemetry", "Temperature"], "name": "t", "schema": "double", "unit": "degreeCelsius"},
        {"@type": "Command", "name": "c", "commandType": "synchronous"},
        **{"@context": "dtmi:dtdl:context;2"},
    )
    new = upgraded(old)
    assert new["@context"] == [V3, QUANTITATIVE]
    assert interface_problems(new) == []
    assert "commandType" in old["contents"][1]


GIVEN = interface(
    telemetry("double", comment="unit: m³/h"),
    {"@type": "Property", "name": "level", "schema": "float"},
    {
        "@type": "Property",
        "name": "mode",
        "schema": {
            "@type": "Enum",
            "valueSchema": "string",
            "enumValues": [{"name": "on", "enumValue": "ON"}, {"name": "off", "enumValue": "OFF"}],
        },
    },
    {"@type": "Command", "name": "stop"},
    {"@type": "Command", "name": "set", "request": {"name": "speed", "schema": "integer"}},
)


def test_a_given_interface_brings_its_fields_and_commands(tmp_path: Path) -> None:
    (tmp_path / "pump.json").write_text(json.dumps(GIVEN))
    for dtdl in (GIVEN, [GIVEN], "pump.json"):
        kind = {"dtdl": dtdl, "fields": {"flow": {"type": "double", "max": 90}}}
        twin = read(put("device_types", "valve", value=kind), tmp_path)
        valve = compile_twin(twin).types["valve"]
        assert valve.model == "dtmi:com:example:Pump;1"
        assert [(field.name, field.type, field.unit, field.maximum) for field in valve.fields] == [
            ("flow", "double", "m³/h", 90),
            ("level", "double", "", None),
            ("mode", "string", "", None),
        ]
        assert valve.fields[2].allowed == ("ON", "OFF")
        assert valve.twin_fields == ("level", "mode")
        assert [(command.name, [field.type for field in command.fields]) for command in valve.commands] == [
            ("stop", []),
            ("set", ["integer"]),
        ]
        assert GIVEN in compile_twin(twin).models


@pytest.mark.parametrize(
    ("kind", "field", "says"),
    [
        ({"dtdl": {**GIVEN, "@context": "x"}}, "dtdl", "@context: write dtmi"),
        ({"dtdl": [GIVEN, {**GIVEN, "comment": "other"}]}, "dtdl", "[1] dtmi:com:example:Pump;1 is given twice"),
        ({"dtdl": {**GIVEN, "extends": "dtmi:x:Y;1"}}, "dtdl", "there is no interface 'dtmi:x:Y;1'"),
        ({"dtdl": []}, "dtdl", "is an empty list"),
        ({"dtdl": "missing.json"}, "dtdl", "does not exist"),
        ({"dtdl": "bad.json"}, "dtdl", "is not JSON"),
        ({"dtdl": "../x.json"}, "dtdl", "within the definition's directory"),
        (
            {"dtdl": GIVEN, "fields": {"flow": "integer"}},
            "fields.flow",
            "integer here and double in the given interface",
        ),
        ({"dtdl": GIVEN, "fields": {"flaw": "double"}}, "fields.flaw", "has no such content"),
        ({"dtdl": GIVEN, "fields": {"mode": {"type": "string", "allowed": ["ON", "x"]}}}, "fields.mode", "allows x"),
        ({"dtdl": GIVEN, "commands": {"go": None}}, "commands.go", "has no such command"),
        ({"dtdl": GIVEN, "commands": {"stop": {"fields": {"x": "double"}}}}, "commands.stop", "request has no x"),
        ({"dtdl": GIVEN, "twin_fields": ["flow"]}, "twin_fields[0]", "flow is no Property"),
        ({"dtdl": interface(telemetry("double"))}, "dtdl", "has no Property that a twin could keep"),
    ],
)
def test_a_given_interface_that_does_not_fit(tmp_path: Path, kind: dict[str, Any], field: str, says: str) -> None:
    (tmp_path / "bad.json").write_text("{")
    found, text = problem(put("device_types", "valve", value=kind), tmp_path)
    assert found == f"device_types.valve.{field}"
    assert says in text


def test_a_processors_own_field_need_not_be_in_the_interface() -> None:
    kind = {"dtdl": GIVEN, "fields": {"verdict": {"type": "string", "required": False}}}
    twin = read(put("device_types", "valve", value=kind))
    assert "verdict" in twin.device_types["valve"].fields


def test_entities_of_a_given_interface() -> None:
    room = interface({"@type": "Property", "name": "number", "schema": "integer"}, **{"@id": "dtmi:x:Room;3"})
    field, text = problem(put("graph", "models", "Room", value={"dtdl": room}))
    assert (field, "add the relationship" in text) == ("graph.models.Room.dtdl", True)
    room["contents"].append({"@type": "Relationship", "name": "contains"})
    spec = compile_twin(read(put("graph", "models", "Room", value={"dtdl": room})))
    assert [entity.model for entity in spec.entities][1:] == ["dtmi:x:Room;3"] * 3


_names = st.from_regex(r"[a-z](?:[a-z0-9_]{0,8}[a-z0-9])?", fullmatch=True)
_words = st.text(st.characters(codec="utf-8", categories=("L", "M", "N", "P", "S", "Z")), max_size=20)


@st.composite
def _fields(draw: st.DrawFn) -> FieldDefinition:
    kind = draw(st.sampled_from(["double", "integer", "boolean", "string", "object", "array"]))
    keys: dict[str, Any] = {"type": kind, "unit": draw(_words), "description": draw(_words)}
    if kind == "string":
        keys["allowed"] = tuple(draw(st.lists(_words, unique=True, max_size=4)))
    if kind == "array":
        keys["items"] = draw(st.sampled_from(["double", "integer", "boolean", "string"]))
    return FieldDefinition(**keys)


@given(
    fields=st.dictionaries(_names, _fields(), min_size=1, max_size=6),
    commands=st.dictionaries(
        _names.map(lambda name: f"do_{name}"),
        st.builds(CommandDefinition, fields=st.dictionaries(_names, _fields(), max_size=3), description=_words),
        max_size=3,
    ),
    description=_words,
)
@settings(max_examples=150, deadline=None)
def test_a_generated_interface_is_valid_and_reads_back(
    fields: dict[str, FieldDefinition], commands: dict[str, CommandDefinition], description: str
) -> None:
    fields["anchor"] = FieldDefinition(type="double")
    kind = DeviceTypeDefinition(fields=fields, commands=commands, description=description)
    made = device_interface(
        "my-twin", "my-type", kind, ["contains", "feeds"] if "feeds" not in fields and "contains" not in fields else []
    )
    assert interface_problems(made) == []
    assert made["@id"] == "dtmi:twin:my_twin:my_type;1"
    assert interface_problems(json.loads(json.dumps(made))) == []
    back, problems = joined_type(DeviceTypeDefinition(dtdl=made), made["contents"])
    assert problems == []
    assert back.fields == kind.fields
    assert back.commands == kind.commands
    assert back.kept_fields == kind.kept_fields


_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.text(max_size=5), st.sampled_from([V3, "double"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.sampled_from(["@id", "@type", "@context", "contents", "name", "schema", "fields", "extends"]),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(value=_json, contents=st.lists(_json, max_size=3))
@settings(max_examples=300, deadline=None)
def test_validating_never_fails(value: Any, contents: list[Any]) -> None:
    assert isinstance(interface_problems(value), list)
    assert isinstance(interface_problems(interface(*contents)), list)
    assert isinstance(interface_problems(interface(telemetry(value), extends=value)), list)
