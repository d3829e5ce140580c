"""What is wrong with an expression for the fields that a device type has, before any message comes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, Protocol

from twin2multicloud.model.expressions.errors import Problem, meant
from twin2multicloud.model.expressions.functions import (
    ANY,
    BOOLEAN,
    FUNCTIONS,
    NUMBER,
    TEXT,
    Types,
)
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
    format_expression,
    literal,
)
from twin2multicloud.model.names import shown

_OF_FIELD: Final[Mapping[str, Types]] = {
    "double": NUMBER,
    "integer": NUMBER,
    "boolean": BOOLEAN,
    "string": TEXT,
    "object": frozenset(("object",)),
    "array": frozenset(("array",)),
}
_COMPARABLE: Final = NUMBER | TEXT | BOOLEAN
_ORDERED: Final = NUMBER | TEXT
_NULL: Final = frozenset(("null",))
_MOST_GUESSES: Final = 5


class FieldLike(Protocol):
    """What is needed of a field: `model.spec.Field` has it."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def type(self) -> str: ...  # noqa: D102

    @property
    def allowed(self) -> Collection[str]: ...  # noqa: D102


def check(expression: Expression, fields: Iterable[FieldLike], *, condition: bool = True) -> list[Problem]:
    """Everything wrong with an expression for messages with these fields, by column.

    A `condition` must be true or false as a whole. Parts of objects and arrays may be anything: their types are known
    only when a message comes.
    """
    checker = _Checker({field.name: field for field in fields})
    types = checker.types(expression.root)
    if condition and not types & BOOLEAN and not checker.problems:
        message = f"is {_named(types)}, not a condition; compare it with something, such as > 30"
        checker.problems.append(Problem(1, message))
    return sorted(checker.problems, key=lambda problem: problem.column)


class _Checker:
    def __init__(self, fields: Mapping[str, FieldLike]) -> None:
        self._fields = fields
        self._misspelled = 0
        self.problems: list[Problem] = []

    def types(self, node: Node) -> Types:
        """The types a node's value may have; all of them after a problem, so that one mistake is said once."""
        match node:
            case Constant(value=value):
                return _constant_types(value)
            case Name():
                return self._name(node)
            case Part():
                return self._part(node)
            case Unary(operator="not"):
                self._expect(node.operand, BOOLEAN, "not")
                return BOOLEAN
            case Unary():
                self._expect(node.operand, NUMBER, "-")
                return NUMBER
            case Logic():
                for operand in node.operands:
                    self._expect(operand, BOOLEAN, node.operator)
                return BOOLEAN
            case Between():
                self._compare(node.value, node.low, "between", node.column)
                self._compare(node.value, node.high, "between", node.column, again=True)
                return BOOLEAN
            case Binary(operator="in"):
                self._in(node)
                return BOOLEAN
            case Binary(operator="+" | "-" | "*" | "/" | "%"):
                self._expect(node.left, NUMBER, node.operator)
                self._expect(node.right, NUMBER, node.operator)
                if node.operator in "/%" and isinstance(node.right, Constant) and node.right.value == 0:
                    self._find(node.right, "division by zero; divide by something else")
                return NUMBER
            case Binary():
                self._compare(node.left, node.right, node.operator, node.column)
                return BOOLEAN
            case Call():
                return self._call(node)
            case Choice():
                return ANY

    def _find(self, node: Node, message: str) -> None:
        self.problems.append(Problem(_first_column(node), message))

    def _name(self, node: Name) -> Types:
        if node.name in ("device", "device_type"):
            return TEXT
        field = self._fields.get(node.name)
        if field is None:
            self._find(node, f"unknown field {shown(node.name, 64)}{meant(node.name, self._fields)}")
            return ANY
        return _OF_FIELD.get(field.type, ANY)

    def _part(self, node: Part) -> Types:
        types = self.types(node.whole)
        wanted = "object" if isinstance(node.key, str) else "array"
        if wanted not in types:
            text = format_expression(node.whole)[:64]
            what = f"has no part '{node.key}'" if wanted == "object" else "has no elements"
            self.problems.append(Problem(node.column, f"{text} is {_named(types)} and {what}; remove it"))
        return ANY

    def _expect(self, node: Node, wanted: Types, operator: str) -> None:
        types = self.types(node)
        if not types & wanted:
            text = format_expression(node)[:64]
            remedy = "compare it with something" if wanted == BOOLEAN else "remove the quotes, or compare with =="
            if wanted == NUMBER and not types & TEXT:
                remedy = "use a number"
            self._find(node, f"{text} is {_named(types)}, and '{operator}' takes {_named(wanted)}; {remedy}")

    def _compare(self, left: Node, right: Node, operator: str, column: int, *, again: bool = False) -> None:
        before = len(self.problems)
        left_types, right_types = self.types(left), self.types(right)
        if again:
            # The left side of `between` has been looked at already.
            del self.problems[before:]
            self.types(right)
        if len(self.problems) > before:
            return
        for side, types in ((left, left_types), (right, right_types)):
            if types == _NULL:
                other = format_expression(right if side is left else left)[:64]
                self._find(side, f"nothing compares with null; write missing({other}) or present({other})")
                return
        ordered = operator not in ("==", "!=", "in")
        allowed = _ORDERED if ordered else _COMPARABLE
        for side, types in ((left, left_types), (right, right_types)):
            if not types & allowed:
                text = format_expression(side)[:64]
                remedy = "use it by itself, or with not" if types <= BOOLEAN else "compare a part of it"
                self._find(side, f"{text} is {_named(types)}, and '{operator}' takes {_named(allowed)}; {remedy}")
                return
        if not left_types & right_types & allowed:
            message = (
                f"{format_expression(left)[:64]} is {_named(left_types)} and {format_expression(right)[:64]} is "
                f"{_named(right_types)}, which are never {'ordered' if ordered else 'equal'}; {_quotes(left, right)}"
            )
            self.problems.append(Problem(column, message))
            return
        self._allowed(left, right)
        self._allowed(right, left)

    def _allowed(self, name: Node, constant: Node) -> None:
        """A text that a field never has is a misspelling."""
        if isinstance(name, Name) and isinstance(constant, Constant) and isinstance(constant.value, str):
            field = self._fields.get(name.name)
            if field is not None and field.allowed and constant.value not in field.allowed:
                self._misspelled += 1
                hint = meant(constant.value, field.allowed) if self._misspelled <= _MOST_GUESSES else ""
                self._find(constant, f"{name.name} is never {literal(constant.value)[:64]}{hint}")

    def _in(self, node: Binary) -> None:
        if isinstance(node.right, Choice):
            for item in node.right.items:
                self._compare(node.left, item, "in", node.column, again=item is not node.right.items[0])
            return
        self.types(node.left)
        types = self.types(node.right)
        if "array" not in types:
            text = format_expression(node.right)[:64]
            remedy = f"write contains({text}, …)" if types & TEXT else "write a list, such as in [1, 2]"
            self._find(node.right, f"{text} is {_named(types)}, and 'in' takes a list or an array; {remedy}")

    def _call(self, node: Call) -> Types:
        function = FUNCTIONS[node.function]
        given = [self.types(argument) for argument in node.arguments]
        for index, (argument, types) in enumerate(zip(node.arguments, given, strict=True)):
            wanted = function.takes_at(index)
            if not types & wanted:
                text = format_expression(argument)[:64]
                message = f"{text} is {_named(types)}, and {node.function} takes {_named(wanted)}"
                self._find(argument, f"{message}; write {function.usage}")
        if node.function == "contains" and given[0] == TEXT and not given[1] & TEXT:
            self._find(node.arguments[1], "a text contains texts only; write the part in quotes")
        if node.function == "default":
            return (given[0] | given[1]) - _NULL if given[1] != _NULL else given[0]
        return function.gives


def _constant_types(value: object) -> Types:
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return BOOLEAN
    return TEXT if isinstance(value, str) else NUMBER


def _named(types: Types) -> str:
    words = {"number": "a number", "text": "text", "boolean": "true or false", "null": "null"}
    words |= {"array": "an array", "object": "an object"}
    order = ("number", "text", "boolean", "array", "object", "null")
    return " or ".join(words[kind] for kind in order if kind in types and (kind != "null" or types == _NULL))


def _first_column(node: Node) -> int:
    """Where a node begins."""
    while True:
        match node:
            case Binary(left=left):
                node = left
            case Between(value=value):
                node = value
            case Part(whole=whole):
                node = whole
            case Logic(operands=operands):
                node = operands[0]
            case _:
                return node.column


def _quotes(left: Node, right: Node) -> str:
    for node in (left, right):
        if isinstance(node, Constant) and isinstance(node.value, str):
            try:
                float(node.value)
            except ValueError:
                continue
            return f"write {node.value} without quotes"
    return "compare values of the same type"
