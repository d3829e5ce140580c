"""What expressions mean: compared with a slow evaluator, and in words."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings

from tests.expressions.strategies import messages, reference, trees
from twin2multicloud.model.expressions import Expression, ExpressionError, compile_expression
from twin2multicloud.model.expressions.syntax import Binary, Constant, Name, Node

MESSAGE: dict[str, Any] = {
    "temperature": 30.5,
    "count": 3,
    "open": True,
    "state": "on",
    "nothing": None,
    "position": {"x": 1.5, "inner": {"name": "a"}},
    "tags": ["a", 2, True],
}


def value(text: str, message: Mapping[str, Any] = MESSAGE) -> Any:
    return compile_expression(text)(message, "pump-1", "pump")


@pytest.mark.parametrize(
    "text",
    [
        "temperature > 30",
        "temperature >= 30.5",
        "temperature == 30.5",
        "30.4 < temperature",
        "count == 3.0",
        "count != 4",
        "temperature > -3",
        "not temperature < 30.5",
        "open",
        "open == true",
        "open != false",
        "state == 'on' and state != 'ON'",
        "lower('ON') == state",
        "state < 'z'",
        "state in ['off', 'on']",
        "count in [1, 3.0]",
        "count not in [1, 2]",
        "temperature between 30.5 and 31",
        "temperature not between 1 and 30",
        "temperature - count * 10 == 0.5",
        "7 % 4 == 3 and -7 % 4 == 1",
        "count / 2 == 1.5",
        "2 - 3 - 4 == -5",
        "position.x == 1.5 and position.inner.name == 'a'",
        "tags[1] == 2 and 'a' in tags and true in tags and contains(tags, 2)",
        "missing(nothing) and missing(gone) and missing(position.y) and missing(tags[9]) and missing(state.x)",
        "present(temperature)",
        "default(gone, 7) == 7 and default(count, 7) == 3",
        "device == 'pump-1' and device_type == 'pump'",
        "startswith(device, 'pump') and endswith(device, '1') and contains(device, '-')",
        "abs(-3) == 3 and min(3, 1, 2) == 1 and max(3, 1.5) == 3",
        "round(2.5) == 3 and round(-2.5) == -3 and round(1.25, 1) == 1.3",
        "floor(-1.5) == -2 and ceil(1.2) == 2 and sqrt(9) == 3",
        "length('äö') == 2 and length(tags) == 3 and length(position) == 2",
    ],
)
def test_what_holds(text: str) -> None:
    assert value(text) is True


@pytest.mark.parametrize(
    "text",
    [
        # A field that is missing or null makes every comparison false, either way round.
        "gone > 1",
        "gone < 1",
        "gone == 1",
        "gone != 1",
        "gone == gone",
        "nothing == null",
        "nothing != null",
        "gone in [1]",
        "gone + 1 > 0",
        "abs(gone) >= 0",
        "gone between 0 and 1",
        "contains(gone, 'a')",
        # Values that cannot be compared are neither equal nor ordered.
        "state == 1",
        "open == 1",
        "open > 0",
        "state > 0",
        "tags == tags",
        "position < 1",
        "state + 1 > 0",
        "state and open",
        "true in [1]",
        "tags[2] == 1",
    ],
)
def test_what_does_not_hold(text: str) -> None:
    assert value(text) in (False, None)


def test_mixed_types_differ() -> None:
    assert value("state != 1") is True
    assert value("open != 1") is True


def test_not_turns_a_missing_field_around() -> None:
    assert value("not gone > 1") is True


@pytest.mark.parametrize(
    "text", ["1 / (count - 3) > 1", "1 % (count - 3) > 1", "1e308 * 10 > 1", "sqrt(-count) > 1", "round(1.5, 99) > 1"]
)
def test_what_arithmetic_cannot_do_is_an_error(text: str) -> None:
    with pytest.raises(ExpressionError):
        value(text)


def test_and_and_or_stop_early() -> None:
    assert value("count != 3 and 1 / (count - 3) > 1") is False
    assert value("count == 3 or 1 / (count - 3) > 1") is True


def test_a_text_that_is_no_expression_cannot_be_compiled() -> None:
    with pytest.raises(ExpressionError, match="column 3"):
        compile_expression("a = 1")


@given(tree=trees, message=messages)
@settings(max_examples=600, deadline=None)
@example(tree=Binary("<", Name("a"), Constant("b")), message={"a": "a"})
@example(tree=Binary("==", Name("a"), Constant(1)), message={"a": True})
def test_equal_to_the_reference(tree: Node, message: dict[str, Any]) -> None:
    compiled = compile_expression(Expression(tree, ""))
    try:
        expected = reference(tree, message, "pump-1", "pump")
    except ExpressionError:
        with pytest.raises(ExpressionError):
            compiled(message, "pump-1", "pump")
        return
    found = compiled(message, "pump-1", "pump")
    assert type(found) is type(expected)
    assert found == expected or (isinstance(found, float) and math.isnan(found))


def test_the_language_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import twin2multicloud.model.expressions as e;"
        "e.compile_expression('a > 1')({'a': 2}, 'd', 't');"
        "new = {name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names);"
        "print(sorted(new))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['twin2multicloud']"
