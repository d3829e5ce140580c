"""From tokens to a tree. Precedence, from loose to tight: or, and, not, comparisons, + -, * / %, unary -."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twin2multicloud.model.expressions.errors import ExpressionError, meant
from twin2multicloud.model.expressions.functions import FUNCTIONS
from twin2multicloud.model.expressions.syntax import (
    MAX_DEPTH,
    WORDS,
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
    require_bounded,
)
from twin2multicloud.model.expressions.tokens import Token, tokens
from twin2multicloud.model.names import shown

COMPARISONS: Final = frozenset(("==", "!=", "<", "<=", ">", ">="))
_CONSTANTS: Final = {"true": True, "false": False, "null": None}
_LARGEST_INDEX: Final = 9999


def parse(text: str) -> Expression:
    """The expression that a text says; `ExpressionError` with column and remedy if it says none."""
    return Expression(_Parser(text).parse(), text)


class _Parser:
    """Recursive descent; the depth of what people write is bounded before Python's own bound is near."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._place = 0
        self._depth = 0

    def parse(self) -> Node:
        if self._peek.kind == "end":
            raise ExpressionError("is empty; write a condition such as temperature > 30", 1)
        root = self._or()
        token = self._peek
        if token.kind != "end":
            raise ExpressionError(f"{shown(token.text, 40)} is not expected here{_hint(token)}", token.column)
        require_bounded(root)
        return root

    @property
    def _peek(self) -> Token:
        return self._tokens[self._place]

    def _next(self) -> Token:
        token = self._tokens[self._place]
        self._place += 1
        return token

    def _take(self, *texts: str) -> Token | None:
        """The next token if it is one of these words or marks."""
        token = self._peek
        if token.kind in ("name", "mark") and token.text in texts:
            return self._next()
        return None

    def _need(self, text: str, why: str) -> Token:
        token = self._take(text)
        if token is None:
            found = self._peek
            raise ExpressionError(f"'{text}' is missing before {_named(found)}; {why}", found.column)
        return token

    def _nested(self, read: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ExpressionError(f"is nested deeper than {MAX_DEPTH} levels; split the rule", self._peek.column)
        node = read()
        self._depth -= 1
        return node

    def _or(self) -> Node:
        return self._logic("or", lambda: self._logic("and", self._not))

    def _logic(self, word: str, read: Callable[[], Node]) -> Node:
        operands = [read()]
        column = 0
        while token := self._take(word):
            column = column or token.column
            operands.append(read())
        return operands[0] if len(operands) == 1 else Logic(word, tuple(operands), column)

    def _not(self) -> Node:
        if token := self._take("not"):
            return Unary("not", self._nested(self._not), token.column)
        return self._comparison()

    def _comparison(self) -> Node:
        left = self._sum()
        token = self._peek
        if token.kind == "mark" and token.text in COMPARISONS:
            self._next()
            node: Node = Binary(token.text, left, self._sum(), token.column)
        elif self._take("in"):
            node = Binary("in", left, self._choice(), token.column)
        elif self._take("between"):
            low = self._sum()
            self._need("and", "write x between 1 and 5")
            node = Between(left, low, self._sum(), token.column)
        elif self._take("not"):
            node = Unary("not", self._negated(left), token.column)
        else:
            return left
        again = self._peek
        if again.text in COMPARISONS or (again.kind == "name" and again.text in ("in", "between")):
            raise ExpressionError("comparisons do not chain; write a < b and b < c", again.column)
        return node

    def _negated(self, left: Node) -> Node:
        """What follows in `x not in …` and `x not between …`."""
        token = self._peek
        if self._take("in"):
            return Binary("in", left, self._choice(), token.column)
        if self._take("between"):
            low = self._sum()
            self._need("and", "write x not between 1 and 5")
            return Between(left, low, self._sum(), token.column)
        raise ExpressionError(
            f"'not' before {_named(token)} is not expected here; write not (…) or x not in […]", token.column
        )

    def _choice(self) -> Node:
        token = self._peek
        if not self._take("["):
            return self._sum()
        if self._take("]"):
            raise ExpressionError("the list is empty; name at least one value", token.column)
        return Choice(self._items("]", "close the list"), token.column)

    def _items(self, end: str, why: str) -> tuple[Node, ...]:
        items = [self._nested(self._or)]
        while self._take(","):
            items.append(self._nested(self._or))
        self._need(end, why)
        return tuple(items)

    def _sum(self) -> Node:
        return self._chain(("+", "-"), lambda: self._chain(("*", "/", "%"), self._unary))

    def _chain(self, operators: tuple[str, ...], read: Callable[[], Node]) -> Node:
        node = read()
        while token := self._take(*operators):
            node = Binary(token.text, node, read(), token.column)
        return node

    def _unary(self) -> Node:
        if token := self._take("-"):
            return Unary("-", self._nested(self._unary), token.column)
        if token := self._take("+"):
            raise ExpressionError("a number needs no '+' in front; remove it", token.column)
        return self._parts(self._primary())

    def _parts(self, node: Node) -> Node:
        while token := self._take(".", "["):
            if token.text == ".":
                key = self._next()
                if key.kind != "name":
                    raise ExpressionError(f"a name is expected after '.', not {_named(key)}", key.column)
                node = Part(node, key.text, token.column)
            else:
                index = self._next()
                if index.kind != "number" or not isinstance(index.value, int) or index.value > _LARGEST_INDEX:
                    raise ExpressionError(
                        f"an index is a whole number from 0 to {_LARGEST_INDEX}, not {_named(index)}", index.column
                    )
                self._need("]", "close the index")
                node = Part(node, index.value, token.column)
        return node

    def _primary(self) -> Node:
        token = self._next()
        if token.kind in ("number", "text"):
            return Constant(token.value, token.column)
        if token.kind == "mark" and token.text == "(":
            node = self._nested(self._or)
            self._need(")", "close the parenthesis")
            return node
        if token.kind == "name":
            if token.text in _CONSTANTS:
                return Constant(_CONSTANTS[token.text], token.column)
            if token.text not in WORDS:
                return self._call(token) if self._take("(") else Name(token.text, token.column)
        if token.kind == "mark" and token.text == "[":
            raise ExpressionError("a list stands only after 'in'; write x in [1, 2]", token.column)
        self._place -= 1
        raise ExpressionError(
            f"a value is missing before {_named(token)}; write a field, a number or a text", token.column
        )

    def _call(self, token: Token) -> Node:
        function = FUNCTIONS.get(token.text)
        if function is None:
            raise ExpressionError(f"'{token.text}' is no function{meant(token.text, FUNCTIONS)}", token.column)
        arguments = () if self._take(")") else self._items(")", "close the parenthesis")
        most = function.most or function.least
        if not function.least <= len(arguments) <= most:
            raise ExpressionError(
                f"{token.text} takes {function.least if most == function.least else f'{function.least} to {most}'} "
                f"argument{'' if most == 1 else 's'}, not {len(arguments)}; write {function.usage}",
                token.column,
            )
        return Call(token.text, arguments, token.column)


def _named(token: Token) -> str:
    return token.text if token.kind == "end" else f"{shown(token.text, 40)}"


def _hint(token: Token) -> str:
    if token.kind in ("name", "number", "text"):
        return "; join conditions with and / or, and write texts in quotes"
    return "; there is one too many" if token.text in (")", "]") else ""
