"""An expression as a tree, and the text of a tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from twin2multicloud.model.expressions.errors import ExpressionError

WORDS: Final = frozenset(("and", "or", "not", "in", "between", "true", "false", "null"))
RESERVED: Final = WORDS | {"device", "device_type"}
"""Names that are no fields."""

MAX_LENGTH: Final = 2000
MAX_DEPTH: Final = 40
MAX_NODES: Final = 400


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, text, true, false or null."""

    value: bool | int | float | str | None
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A field of the message, `device` or `device_type`."""

    name: str
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Part:
    """A member of an object (`key` is text) or an element of an array (`key` counts from 0)."""

    whole: Node
    key: str | int
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`not x` or `-x`."""

    operator: str
    operand: Node
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic `+ - * / %`, a comparison, or `in`."""

    operator: str
    left: Node
    right: Node
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Logic:
    """`and` or `or` over two or more operands."""

    operator: str
    operands: tuple[Node, ...]
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Between:
    """`x between low and high`, both inclusive."""

    value: Node
    low: Node
    high: Node
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """A list `[a, b]`, which stands on the right of `in` only."""

    items: tuple[Node, ...]
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of arguments."""

    function: str
    arguments: tuple[Node, ...]
    column: int = field(default=0, compare=False)


Node = Constant | Name | Part | Unary | Binary | Logic | Between | Choice | Call


@dataclass(frozen=True)
class Expression:
    """A text that was read, and its tree. Two are equal if their trees are."""

    root: Node
    text: str = field(compare=False)

    def __str__(self) -> str:
        return format_expression(self.root)

    @property
    def names(self) -> frozenset[str]:
        """The fields it uses, and `device` or `device_type` where it uses those."""
        return frozenset(node.name for node in walk(self.root) if isinstance(node, Name))


def children(node: Node) -> tuple[Node, ...]:
    """The nodes right below a node."""
    match node:
        case Part(whole=whole):
            return (whole,)
        case Unary(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Logic(operands=operands):
            return operands
        case Between(value=value, low=low, high=high):
            return (value, low, high)
        case Choice(items=items):
            return items
        case Call(arguments=arguments):
            return arguments
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """A node and everything below it."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(children(current))


def require_bounded(root: Node) -> None:
    """Raise `ExpressionError` for a tree that is deeper or larger than anything a person writes."""
    nodes = 0
    level: tuple[Node, ...] = (root,)
    for _ in range(MAX_DEPTH):
        nodes += len(level)
        if nodes > MAX_NODES:
            raise ExpressionError(f"has more than {MAX_NODES} parts; split the rule", 1)
        level = tuple(child for node in level for child in children(node))
        if not level:
            return
    raise ExpressionError(f"is nested deeper than {MAX_DEPTH} levels; split the rule", level[0].column)


_LEVEL: Final = {"or": 1, "and": 2, "not": 3, "compare": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6, "negate": 7}
_ATOM: Final = 9


def format_expression(node: Node | Expression) -> str:
    """The expression in one spelling, with the parentheses it needs; `parse` reads it back to the same tree."""
    return _text(node.root if isinstance(node, Expression) else node, 0)


def _text(node: Node, outer: int) -> str:
    """`node` as text, in parentheses unless it binds more tightly than `outer`."""
    match node:
        case Constant(value=value):
            return literal(value)
        case Name(name=name):
            return name
        case Part(whole=whole, key=key):
            suffix = f".{key}" if isinstance(key, str) else f"[{key}]"
            return _text(whole, _ATOM - 1) + suffix
        case Call(function=function, arguments=arguments):
            return f"{function}({', '.join(_text(item, 0) for item in arguments)})"
        case Choice(items=items):
            return f"[{', '.join(_text(item, 0) for item in items)}]"
        case Unary(operator="not", operand=operand):
            level, text = _LEVEL["not"], f"not {_text(operand, _LEVEL['not'] - 1)}"
        case Unary(operand=operand):
            level, text = _LEVEL["negate"], f"-{_text(operand, _LEVEL['negate'] - 1)}"
        case Logic(operator=operator, operands=operands):
            level = _LEVEL[operator]
            text = f" {operator} ".join(_text(item, level) for item in operands)
        case Between(value=value, low=low, high=high):
            level = _LEVEL["compare"]
            text = f"{_text(value, level)} between {_text(low, level)} and {_text(high, level)}"
        case Binary(operator=operator, left=left, right=right):
            level = _LEVEL.get(operator, _LEVEL["compare"])
            # Arithmetic is read from the left, so its left side may be of the same level; comparisons do not chain.
            text = f"{_text(left, level - 1 if level > _LEVEL['compare'] else level)} {operator} {_text(right, level)}"
    return text if level > outer else f"({text})"


_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def literal(value: object) -> str:
    """A constant as it is written."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + "".join(_ESCAPES.get(c, c if c.isprintable() else _escaped(c)) for c in value) + '"'
    return repr(value)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
