"""What is wrong with an expression for a device type, before any message comes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from tests.expressions.strategies import trees
from twin2multicloud.model.expressions import Expression, ExpressionError, check, format_expression, parse
from twin2multicloud.model.expressions.syntax import Node
from twin2multicloud.model.spec import Field

FIELDS = [
    Field("temperature", "double"),
    Field("co2", "integer"),
    Field("open", "boolean"),
    Field("state", "string", allowed=("on", "off")),
    Field("label", "string"),
    Field("position", "object"),
    Field("tags", "array"),
]


@pytest.mark.parametrize(
    "text",
    [
        "temperature > 30",
        "temperature > 30.5 and co2 <= 1e3",
        "30 < co2",
        "open",
        "not open or temperature between -5 and 5",
        "open == true",
        "state == 'on'",
        "state in ['on', 'off'] and label != 'x'",
        "label < 'm'",
        "abs(temperature - co2) / max(co2, 1) % 2 > 0.1",
        "position.x > 3 and position.inner.name == 'a'",
        "tags[0] == 'a' or 'b' in tags or contains(tags, 3)",
        "contains(lower(label), 'pump') and startswith(device, 'pump-')",
        "device_type == 'pump'",
        "missing(position.x) or present(temperature)",
        "default(temperature, 0) > 3",
        "length(label) > 3 and length(tags) == 0",
        "default(position.flag, false)",
    ],
)
def test_sound_conditions(text: str) -> None:
    assert check(parse(text), FIELDS) == []


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("temprature > 30", 1, "unknown field 'temprature'; did you mean 'temperature'?"),
        ("1 < Temperature", 5, "did you mean 'temperature'?"),
        ("zzz > 1", 1, "there are temperature, co2"),
        ("temperature > '30'", 13, "write 30 without quotes"),
        ("temperature == 'warm'", 13, "which are never equal"),
        ("temperature == true", 13, "never equal"),
        ("open > 3", 1, "use it by itself"),
        ("open == 1", 6, "never equal"),
        ("temperature", 1, "is a number, not a condition"),
        ("temperature and open", 1, "'and' takes true or false; compare it"),
        ("not temperature", 5, "'not' takes true or false"),
        ("label + 1 > 2", 1, "'+' takes a number"),
        ("-open", 2, "'-' takes a number"),
        ("temperature / 0 > 1", 15, "division by zero"),
        ("temperature.x > 1", 12, "has no part 'x'"),
        ("temperature[0] > 1", 12, "has no elements"),
        ("position > 3", 1, "compare a part of it"),
        ("position == tags", 1, "compare a part of it"),
        ("temperature == null", 16, "write missing(temperature)"),
        ("state == 'onn'", 10, "state is never \"onn\"; did you mean 'on'?"),
        ("'onn' != state", 1, "state is never"),
        ("state in ['on', 'of']", 17, "did you mean 'off'?"),
        ("temperature in ['a']", 13, "never equal"),
        ("'a' in label", 8, "write contains(label, …)"),
        ("1 in temperature", 6, "write a list"),
        ("temperature between 1 and 'x'", 13, "never ordered"),
        ("abs(label) > 1", 5, "abs takes a number; write abs(x)"),
        ("lower(temperature) == 'x'", 7, "lower takes text"),
        ("contains(label, 5)", 17, "write the part in quotes"),
        ("length(temperature) > 1", 8, "length takes"),
    ],
)
def test_problems_have_column_and_remedy(text: str, column: int, says: str) -> None:
    (problem,) = check(parse(text), FIELDS)
    assert says in problem.message
    assert problem.column == column
    assert str(problem).startswith(f"column {column}: ")


def test_every_mistake_is_said_once() -> None:
    problems = check(parse("temprature > 1 and abs(label) > 2 and tag[0] == 1"), FIELDS)
    assert [problem.column for problem in problems] == [1, 24, 39]


def test_a_value_is_enough_where_no_condition_is_asked_for() -> None:
    assert check(parse("temperature * 2"), FIELDS, condition=False) == []


@given(tree=trees)
@settings(max_examples=200, deadline=None)
def test_checking_never_fails(tree: Node) -> None:
    try:
        expression = parse(format_expression(tree))
    except ExpressionError:
        expression = Expression(tree, "")
    for problem in check(expression, FIELDS):
        assert problem.message
        assert problem.message.isprintable()
