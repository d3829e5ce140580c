"""From a tree to a quick function: a closure per node, with short cuts for what rules mostly are.

Values are plain JSON. A field that is missing or null is null, and so is arithmetic with it; a comparison with null,
or of values that cannot be compared, is false.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import add, ge, gt, le, lt, mul, sub
from typing import Any, Final

from twin2multicloud.model.expressions.errors import ExpressionError
from twin2multicloud.model.expressions.functions import FUNCTIONS, finite, is_number, same
from twin2multicloud.model.expressions.parser import parse
from twin2multicloud.model.expressions.syntax import (
    Between,
    Binary,
    Call,
    Choice,
    Constant,
    Expression,
    Logic,
    Name,
    Node,
    Part,
    Unary,
)

Compiled = Callable[[Mapping[str, Any], str, str], Any]
"""(message, device, device type) → value. Raises `ExpressionError` for what arithmetic cannot do."""

_ORDER: Final[Mapping[str, Callable[[Any, Any], bool]]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def compile_expression(text: str | Expression) -> Compiled:
    """The function that evaluates an expression; `ExpressionError` if the text is none."""
    expression = parse(text) if isinstance(text, str) else text
    return _compiled(expression.root)


def _compiled(node: Node) -> Compiled:
    match node:
        case Constant(value=value):
            return lambda _m, _d, _t: value
        case Name(name="device"):
            return lambda _m, d, _t: d
        case Name(name="device_type"):
            return lambda _m, _d, t: t
        case Name(name=name):
            return lambda m, _d, _t: m.get(name)
        case Part():
            return _part(_compiled(node.whole), node.key)
        case Unary(operator="not"):
            return _not(_compiled(node.operand))
        case Unary():
            return _negate(node.operand)
        case Logic():
            return _logic(node.operator == "and", [_compiled(operand) for operand in node.operands])
        case Between():
            return _between(_compiled(node.value), _compiled(node.low), _compiled(node.high))
        case Binary(operator="in"):
            return _in(node)
        case Binary(operator="==" | "!=" | "<" | "<=" | ">" | ">="):
            return _comparison(node)
        case Binary():
            return _arithmetic(node.operator, _compiled(node.left), _compiled(node.right))
        case Call():
            return _call(node)
        case Choice():
            raise ExpressionError("a list stands only after 'in'", node.column)


def _part(whole: Compiled, key: str | int) -> Compiled:
    if isinstance(key, str):

        def member(m: Mapping[str, Any], d: str, t: str) -> Any:
            value = whole(m, d, t)
            return value.get(key) if value.__class__ is dict else None

        return member

    def element(m: Mapping[str, Any], d: str, t: str) -> Any:
        value = whole(m, d, t)
        return value[key] if value.__class__ is list and key < len(value) else None

    return element


def _not(operand: Compiled) -> Compiled:
    return lambda m, d, t: operand(m, d, t) is not True


def _negate(operand: Node) -> Compiled:
    if isinstance(operand, Constant) and is_number(operand.value):
        negative = -operand.value  # type: ignore[operator]
        return lambda _m, _d, _t: negative
    compiled = _compiled(operand)

    def negate(m: Mapping[str, Any], d: str, t: str) -> Any:
        value = compiled(m, d, t)
        return -value if is_number(value) else None

    return negate


def _logic(every: bool, operands: list[Compiled]) -> Compiled:
    if len(operands) == 2:
        first, second = operands
        if every:
            return lambda m, d, t: first(m, d, t) is True and second(m, d, t) is True
        return lambda m, d, t: first(m, d, t) is True or second(m, d, t) is True
    if every:
        return lambda m, d, t: all(operand(m, d, t) is True for operand in operands)
    return lambda m, d, t: any(operand(m, d, t) is True for operand in operands)


def _comparison(node: Binary) -> Compiled:
    operator = node.operator
    left, right = _constant(node.left), _constant(node.right)
    if right is not None and isinstance(node.left, Name):
        quick = _field_against(node.left.name, operator, right.value)
        if quick is not None:
            return quick
    if left is not None and isinstance(node.right, Name):
        quick = _field_against(node.right.name, _MIRRORED[operator], left.value)
        if quick is not None:
            return quick
    if operator in _ORDER:
        return _ordered(_ORDER[operator], _compiled(node.left), _compiled(node.right))
    return _equal(operator == "==", _compiled(node.left), _compiled(node.right))


def _constant(node: Node) -> Constant | None:
    """The constant that a node is, a negative number included."""
    if isinstance(node, Constant):
        return node
    if isinstance(node, Unary) and node.operator == "-" and isinstance(node.operand, Constant):
        value = node.operand.value
        return Constant(-value) if is_number(value) else None  # type: ignore[operator]
    return None


def _field_against(name: str, operator: str, constant: Any) -> Compiled | None:
    """A field compared with a constant, in as few steps as Python has: nearly every rule is this."""
    if name in ("device", "device_type"):
        return None
    if operator in _ORDER:
        if is_number(constant):
            return _field_against_number(name, operator, constant)
        return None
    if constant.__class__ is str:
        if operator == "==":
            return lambda m, _d, _t: m.get(name) == constant

        def differs(m: Mapping[str, Any], _d: str, _t: str) -> bool:
            value = m.get(name)
            return value is not None and value != constant

        return differs
    return None


def _field_against_number(name: str, operator: str, limit: float) -> Compiled:
    # Written out, since a call of `operator.gt` would double the time.
    def above(m: Mapping[str, Any], _d: str, _t: str) -> bool:
        value: Any = m.get(name)
        kind = value.__class__
        return (kind is float or kind is int) and value > limit

    def at_least(m: Mapping[str, Any], _d: str, _t: str) -> bool:
        value: Any = m.get(name)
        kind = value.__class__
        return (kind is float or kind is int) and value >= limit

    def below(m: Mapping[str, Any], _d: str, _t: str) -> bool:
        value: Any = m.get(name)
        kind = value.__class__
        return (kind is float or kind is int) and value < limit

    def at_most(m: Mapping[str, Any], _d: str, _t: str) -> bool:
        value: Any = m.get(name)
        kind = value.__class__
        return (kind is float or kind is int) and value <= limit

    return {">": above, ">=": at_least, "<": below, "<=": at_most}[operator]


def _order(compare: Callable[[Any, Any], bool], a: Any, b: Any) -> bool:
    """Numbers by size and texts by character; anything else is in no order."""
    if a.__class__ is str:
        return b.__class__ is str and compare(a, b)
    return is_number(a) and is_number(b) and compare(a, b)


def _ordered(compare: Callable[[Any, Any], bool], left: Compiled, right: Compiled) -> Compiled:
    return lambda m, d, t: _order(compare, left(m, d, t), right(m, d, t))


def _equal(wanted: bool, left: Compiled, right: Compiled) -> Compiled:
    def equal(m: Mapping[str, Any], d: str, t: str) -> bool:
        a, b = left(m, d, t), right(m, d, t)
        return a is not None and b is not None and same(a, b) is wanted

    return equal


def _between(value: Compiled, low: Compiled, high: Compiled) -> Compiled:
    def between(m: Mapping[str, Any], d: str, t: str) -> bool:
        found = value(m, d, t)
        return _order(ge, found, low(m, d, t)) and _order(le, found, high(m, d, t))

    return between


def _in(node: Binary) -> Compiled:
    left = _compiled(node.left)
    if not isinstance(node.right, Choice):
        array = _compiled(node.right)

        def in_array(m: Mapping[str, Any], d: str, t: str) -> bool:
            value, items = left(m, d, t), array(m, d, t)
            return value is not None and items.__class__ is list and any(same(item, value) for item in items)

        return in_array
    constants = [_constant(item) for item in node.right.items]
    if all(constant is not None and constant.value.__class__ is str for constant in constants):
        texts = frozenset(constant.value for constant in constants if constant is not None)

        def in_texts(m: Mapping[str, Any], d: str, t: str) -> bool:
            value = left(m, d, t)
            return value.__class__ is str and value in texts

        return in_texts
    items = [_compiled(item) for item in node.right.items]

    def in_items(m: Mapping[str, Any], d: str, t: str) -> bool:
        value = left(m, d, t)
        return value is not None and any(same(item(m, d, t), value) for item in items)

    return in_items


def _arithmetic(operator: str, left: Compiled, right: Compiled) -> Compiled:
    if operator in "/%":
        return _divided(operator == "/", left, right)
    compute = {"+": add, "-": sub, "*": mul}[operator]

    def arithmetic(m: Mapping[str, Any], d: str, t: str) -> Any:
        a, b = left(m, d, t), right(m, d, t)
        if not (is_number(a) and is_number(b)):
            return None
        try:
            return finite(compute(a, b))
        except OverflowError:
            raise ExpressionError("the result is too large for a number") from None

    return arithmetic


def _divided(quotient: bool, left: Compiled, right: Compiled) -> Compiled:
    def divided(m: Mapping[str, Any], d: str, t: str) -> Any:
        a, b = left(m, d, t), right(m, d, t)
        if not (is_number(a) and is_number(b)):
            return None
        try:
            if quotient:
                return finite(a / b)
            return finite(a % b)
        except ZeroDivisionError:
            raise ExpressionError("division by zero") from None
        except OverflowError:
            raise ExpressionError("the result is too large for a number") from None

    return divided


def _call(node: Call) -> Compiled:
    function = FUNCTIONS[node.function]
    call = function.call
    arguments = [_compiled(argument) for argument in node.arguments]
    if function.nulls:
        if len(arguments) == 1:
            only = arguments[0]
            return lambda m, d, t: call(only(m, d, t))
        return lambda m, d, t: call(*[argument(m, d, t) for argument in arguments])

    def called(m: Mapping[str, Any], d: str, t: str) -> Any:
        values = [argument(m, d, t) for argument in arguments]
        if None in values:
            return None
        try:
            return call(*values)
        except OverflowError:
            raise ExpressionError("the result is too large for a number") from None

    return called
