"""What forms are told of a definition is what the reader checks: every field, every limit, every default."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.twin.conftest import SMALL
from twin2multicloud.model.documents import decoded
from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.model.formats import parse
from twin2multicloud.model.parsing import Parsed
from twin2multicloud.model.scenarios import scenario_names
from twin2multicloud.model.template import EXAMPLES
from twin2multicloud.model.twin.definition import TwinDefinition
from twin2multicloud.model.twin.fields import TwinField, twin_fields
from twin2multicloud.model.twin.files import Files
from twin2multicloud.model.twin.reader import twin_of

FIELDS = {each.path: each for each in twin_fields()}
WHOLE: dict[str, Any] = {
    **copy.deepcopy(SMALL),
    "description": "all there is",
    "constraints": {"residency": ["EU"], "regions": {"aws": ["eu-central-1"]}, "pins": {"L1": "aws"}},
    "assumptions": {"rule_ms": 1},
}
WHOLE["device_types"]["sensor"]["fields"]["temperature"]["simulate"] = {"base": 20}
WHOLE["graph"]["relationships"] = [{"source": "valve-a", "name": "feeds", "target": "room-*"}]
WHOLE["rules"][0]["actions"] = [{"command": {"name": "reset"}}, {"webhook": {"url": "https://example.com/"}}]


def known(schema: Mapping[str, Any], document: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Paths and schemas of all that the reader's models know, by pydantic's own description of them."""
    if "$ref" in schema:
        schema = document["$defs"][schema["$ref"].rpartition("/")[2]]
    for name, each in schema.get("properties", {}).items():
        where = f"{path}{name}"
        if where in ("modules", "interfaces"):  # what the reader adds itself
            continue
        yield where, each
        for step, inner in _inside(each):
            yield from known(inner, document, f"{where}{step}.")


def _inside(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for each in schema.get("anyOf", [schema]):
        if "$ref" in each:
            if each["$ref"].rpartition("/")[2] not in ("Pin", "Requirement"):
                yield "", each
        elif isinstance(each.get("items"), dict) and "$ref" in each["items"]:
            if not each["items"]["$ref"].endswith("/Requirement"):
                yield "[]", each["items"]
        else:
            values = each.get("additionalProperties")
            if isinstance(values, dict) and not values.get("$ref", "/Pin").endswith("/Pin"):
                yield ".*", values


SCHEMA = TwinDefinition.model_json_schema(by_alias=True)
KNOWN = dict(known(SCHEMA, SCHEMA))


def test_every_field_that_the_reader_knows_is_told_and_no_other() -> None:
    assert set(FIELDS) == set(KNOWN)


def test_every_field_has_a_title_and_a_meaning() -> None:
    for path, field in FIELDS.items():
        assert field.title, path
        assert re.fullmatch(r"[(A-Zv3].*[.)]", field.meaning), path


def _option(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Of a schema that allows null the other one."""
    return next((each for each in schema.get("anyOf", ()) if each.get("type") != "null"), schema)


@pytest.mark.parametrize("path", KNOWN)
def test_limits_and_defaults_are_the_models_own(path: str) -> None:
    field, schema = FIELDS[path], _option(KNOWN[path])
    if field.kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum"))
        high = schema.get("maximum", schema.get("exclusiveMaximum"))
        # Where a number goes through a validator of ours, pydantic's description leaves its bounds out; see below.
        assert (low, high) in ((field.low, field.high), (None, None))
        assert low is None or field.low_open == ("exclusiveMinimum" in schema)
    assert field.fewest == schema.get("minLength", schema.get("minItems", schema.get("minProperties")))
    assert field.most == schema.get("maxLength", schema.get("maxItems", schema.get("maxProperties")))
    if field.kind == "choice":
        assert list(field.choices) == schema["enum"]
    if "default" in KNOWN[path] and field.kind != "section" and path != "rules[].actions":
        assert field.default == KNOWN[path]["default"]


def _places(value: Any, path: str = "") -> Iterator[tuple[str, tuple[str | int, ...]]]:
    """Where in a document there is something, as forms are told and as a path."""

    def below(inner: Any, here: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
        yield here
        items: Any = inner.items() if isinstance(inner, dict) else enumerate(inner) if isinstance(inner, list) else ()
        for key, each in items:
            yield from below(each, (*here, key))

    for place in below(value, ()):
        told = _told(place)
        if told is not None:
            yield told, place


def _told(place: tuple[str | int, ...]) -> str | None:
    """The field that a place in a document is of, None if it is of none: an item of a list, a free name."""
    found, path = "", ""
    for part in place:
        if isinstance(part, int):
            path += "[]"
        else:
            named, free = f"{path}.{part}".removeprefix("."), f"{path}.*"
            path = named if named in FIELDS else free
        found = path
    return found if found in FIELDS else None


@pytest.mark.parametrize("name", scenario_names())
def test_all_that_a_built_in_twin_says_is_told(name: str) -> None:
    file = EXAMPLES / name / "twin.yaml"
    document = parse(decoded(file.read_bytes(), name), "yaml", name).value
    told = {each for each, _ in _places(document)}
    assert len(told) > 60
    for path, place in _places(document):
        assert _fits(FIELDS[path], document, place), place


def _fits(field: TwinField, document: Any, place: tuple[str | int, ...]) -> bool:
    """Whether what stands at a place is of the field's kind, or a short form of it."""
    value = document
    for part in place:
        value = value[part]
    match field.kind:
        case "integer" | "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "choice":
            return value in field.choices
        case "list":
            return isinstance(value, list)
        case "text":
            return isinstance(value, str)
        case _:
            return True


def _refused(place: tuple[str | int, ...], value: Any) -> str:
    """Why the reader refuses a value at a place; "" if it does not."""
    document = copy.deepcopy(WHOLE)
    inner: Any = document
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = value
    try:
        twin_of(Parsed(document), "twin", Files(None))
    except InvalidInputError as error:
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)[1:]
        return "; ".join(finding.problem for finding in error.findings if finding.field.startswith(where))
    return ""


def _sections() -> dict[str, tuple[str | int, ...]]:
    """A place in the whole twin for each section, list item or named part."""
    found: dict[str, tuple[str | int, ...]] = {"": ()}

    def below(inner: Any, here: tuple[str | int, ...], path: str) -> None:
        if isinstance(inner, dict):
            found.setdefault(path, here)
            for key, each in inner.items():
                named = f"{path}.{key}".removeprefix(".")
                below(each, (*here, key), named if named in FIELDS else f"{path}.*")
        elif isinstance(inner, list):
            for number, each in enumerate(inner):
                below(each, (*here, number), f"{path}[]")

    below(WHOLE, (), "")
    return found


_SECTIONS = _sections()
_NUMBERS = [
    path
    for path, field in FIELDS.items()
    if field.kind in ("integer", "number", "choice")
    and (field.high is not None or field.low is not None or field.choices)
    and path.rpartition(".")[0] in _SECTIONS
]


def test_most_sections_are_tried() -> None:
    assert len(_NUMBERS) > 80


@pytest.mark.parametrize("path", _NUMBERS)
def test_what_is_out_of_range_is_refused_by_the_reader(path: str) -> None:
    field = FIELDS[path]
    section, _, name = path.rpartition(".")
    place = (*_SECTIONS[section], name)
    if field.kind == "choice":
        assert _refused(place, "something else")
        return
    beyond = "is out of range"
    if field.high is not None:
        assert beyond in _refused(place, int(field.high) + 1)
        assert beyond not in _refused(place, field.high)
    if field.low is not None:
        assert beyond in _refused(place, field.low if field.low_open else int(field.low) - 1)
        assert beyond not in _refused(place, field.low + 0.0005 if field.low_open else field.low)
    assert field.allowed in _refused(place, "a text")
