"""Random expressions and messages, and a slow evaluator that says in plain words what an expression means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from twin2multicloud.model.expressions import ExpressionError
from twin2multicloud.model.expressions.syntax import (
    Between,
    Binary,
    Call,
    Choice,
    Constant,
    Logic,
    Name,
    Node,
    Part,
    Unary,
)

FIELDS = ("a", "b", "temperature", "state", "open", "position", "tags", "gone")

numbers = st.one_of(
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, 1, -1, 0.5, 30, 30.5, 1e308, -1e308, 1e-300]),
)
texts = st.one_of(st.sampled_from(["on", "off", "", "ON", "ä", 'say "hi"', "back\\slash", "a\nb"]), st.text(max_size=5))
scalars = st.one_of(numbers, texts, st.booleans(), st.none())
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["x", "y", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
messages = st.dictionaries(st.sampled_from(FIELDS[:-1]), values, max_size=6)

_non_negative = st.one_of(
    st.integers(0, 10**12), st.floats(0, allow_nan=False, allow_infinity=False), st.sampled_from([0, 0.5, 30])
)
_constants = st.one_of(_non_negative, texts, st.booleans(), st.none()).map(Constant)
_names = st.sampled_from([*FIELDS, "device", "device_type"]).map(Name)


def _wider(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    pairs = st.tuples(inner, inner)
    operators = st.sampled_from(["+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">="])
    return st.one_of(
        st.builds(lambda operator, sides: Binary(operator, *sides), operators, pairs),
        st.builds(Unary, st.sampled_from(["not", "-"]), inner),
        st.builds(
            lambda operator, items: _flat(operator, items),
            st.sampled_from(["and", "or"]),
            st.lists(inner, min_size=2, max_size=3),
        ),
        st.builds(Between, inner, inner, inner),
        st.builds(
            lambda left, items: Binary("in", left, Choice(tuple(items))), inner, st.lists(inner, min_size=1, max_size=3)
        ),
        st.builds(lambda sides: Binary("in", *sides), pairs),
        st.builds(Part, inner, st.one_of(st.sampled_from(["x", "y", "a"]), st.integers(0, 3))),
        st.builds(
            lambda name, item: Call(name, (item,)),
            st.sampled_from(
                ["abs", "round", "floor", "ceil", "sqrt", "lower", "upper", "length", "missing", "present"]
            ),
            inner,
        ),
        st.builds(
            lambda name, sides: Call(name, sides),
            st.sampled_from(["min", "max", "contains", "startswith", "endswith", "default", "round"]),
            pairs,
        ),
    )


def _flat(operator: str, items: list[Node]) -> Node:
    """`a and (b and c)` keeps its inner node, `(a and b) and c` too: a node is only ever flat by its own words."""
    return Logic(operator, tuple(items))


trees: st.SearchStrategy[Node] = st.recursive(st.one_of(_constants, _names, _names), _wider, max_leaves=12)


def reference(node: Node, message: Mapping[str, Any], device: str, kind: str) -> Any:
    """What docs/rules.md says the value of an expression is, written for reading and not for speed."""

    def value(of: Node) -> Any:
        return reference(of, message, device, kind)

    match node:
        case Constant():
            return node.value
        case Name("device"):
            return device
        case Name("device_type"):
            return kind
        case Name():
            return message.get(node.name)
        case Part():
            whole = value(node.whole)
            if isinstance(node.key, str):
                return whole.get(node.key) if isinstance(whole, dict) else None
            return whole[node.key] if isinstance(whole, list) and node.key < len(whole) else None
        case Unary("not"):
            return value(node.operand) is not True
        case Unary():
            operand = value(node.operand)
            return -operand if _number(operand) else None
        case Logic("and"):
            return all(value(operand) is True for operand in node.operands)
        case Logic():
            return any(value(operand) is True for operand in node.operands)
        case Between():
            found, low = value(node.value), value(node.low)
            return bool(
                _comparable(found, low)
                and found >= low
                and _comparable(found, high := value(node.high))
                and found <= high
            )
        case Binary("in", _, Choice(items)):
            left = value(node.left)
            return left is not None and any(_same(left, value(item)) for item in items)
        case Binary("in"):
            left, right = value(node.left), value(node.right)
            return left is not None and isinstance(right, list) and any(_same(left, item) for item in right)
        case Binary():
            return _binary(node.operator, value(node.left), value(node.right))
        case Call():
            return _called(node.function, [value(argument) for argument in node.arguments])
    raise AssertionError(node)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _comparable(left: object, right: object) -> bool:
    return (_number(left) and _number(right)) or (isinstance(left, str) and isinstance(right, str))


def _same(left: Any, right: Any) -> bool:
    booleans = isinstance(left, bool) and isinstance(right, bool)
    return bool((booleans or _comparable(left, right)) and left == right)


def _binary(operator: str, left: Any, right: Any) -> Any:
    if operator in ("==", "!="):
        if left is None or right is None:
            return False
        return _same(left, right) == (operator == "==")
    if operator in ("<", "<=", ">", ">="):
        if not _comparable(left, right):
            return False
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]
    if not (_number(left) and _number(right)):
        return None
    try:
        if operator in "/%":
            result = left / right if operator == "/" else left % right
        else:
            result = {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right}[operator]()
        if not math.isfinite(result):
            raise OverflowError
    except (ZeroDivisionError, OverflowError) as error:
        raise ExpressionError("arithmetic") from error
    return result


def _called(function: str, values: list[Any]) -> Any:
    if function == "missing":
        return values[0] is None
    if function == "present":
        return values[0] is not None
    if function == "default":
        return values[1] if values[0] is None else values[0]
    if any(value is None for value in values):
        return None
    first = values[0]
    if function == "length":
        return len(first) if isinstance(first, str | list | dict) else None
    if function == "contains":
        if isinstance(first, str):
            return values[1] in first if isinstance(values[1], str) else None
        return any(_same(item, values[1]) for item in first) if isinstance(first, list) else None
    if function in ("lower", "upper", "startswith", "endswith"):
        if not all(isinstance(value, str) for value in values):
            return None
        return getattr(first, function)(*values[1:])
    if not all(_number(value) for value in values):
        return None
    return _numeric(function, values)


def _numeric(function: str, values: list[Any]) -> Any:
    first = values[0]
    try:
        if function == "sqrt":
            if first < 0 or not math.isfinite(first):
                raise ExpressionError("sqrt")
            return first**0.5
        if function == "round":
            digits = int(values[1]) if len(values) > 1 else 0
            if not 0 <= digits <= 15:
                raise ExpressionError("round")
            if isinstance(first, int) or abs(first) * 10.0**digits >= 2**52:
                return first
            away = math.copysign(math.floor(abs(first) * 10.0**digits + 0.5) / 10.0**digits, first)
            return away if digits else int(away)
        if function in ("floor", "ceil"):
            return getattr(math, function)(first)
        return {"abs": lambda: abs(first), "min": lambda: min(values), "max": lambda: max(values)}[function]()
    except OverflowError as error:
        raise ExpressionError("arithmetic") from error
