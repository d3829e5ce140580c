"""From text to tokens."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final, Literal

from twin2multicloud.model.expressions.errors import ExpressionError
from twin2multicloud.model.expressions.syntax import MAX_LENGTH

Kind = Literal["number", "text", "name", "mark", "end"]

_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<mark>==|!=|<=|>=|<>|&&|\|\||[-+*/%<>()\[\],.=!])
    )""",
    re.VERBOSE | re.DOTALL,
)
_BLANK: Final = re.compile(r"\s*")
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_SIMPLE: Final = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_INSTEAD: Final = {"&&": "and", "||": "or", "!": "not", "=": "==", "<>": "!="}
_LONGEST_NUMBER: Final = 40


@dataclass(frozen=True, slots=True)
class Token:
    """A token: `value` is a number's or text's value; `text` the spelling of names and marks."""

    kind: Kind
    text: str
    value: int | float | str | None
    column: int
    end: int


def tokens(text: str) -> list[Token]:
    """The tokens of a text, with an end token; `ExpressionError` with column and remedy for anything else."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"is longer than {MAX_LENGTH} characters; split the rule", 1)
    found: list[Token] = []
    place = 0
    end = len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        blank = _BLANK.match(text, place)
        start = blank.end() if blank else place
        column = start + 1
        if match is None:
            raise _unreadable(text, start)
        place = match.end()
        if match["number"] is not None:
            if place < len(text) and (text[place].isalnum() or text[place] == "_"):
                raise ExpressionError(
                    f"'{text[start : place + 8].split()[0]}' is no number; a name begins with a letter", column
                )
            found.append(Token("number", match["number"], _number(match["number"], column), column, place))
        elif match["name"] is not None:
            found.append(Token("name", match["name"], None, column, place))
        elif match["text"] is not None:
            found.append(Token("text", match["text"], _unescaped(match["text"], column), column, place))
        else:
            mark = match["mark"]
            if mark in _INSTEAD:
                raise ExpressionError(f"'{mark}' is not an operator here; write {_INSTEAD[mark]}", column)
            found.append(Token("mark", mark, None, column, place))
    found.append(Token("end", "the end", None, end + 1, end))
    return found


def _number(text: str, column: int) -> int | float:
    if len(text) > _LONGEST_NUMBER:
        raise ExpressionError(
            f"a number has at most {_LONGEST_NUMBER} characters; write an exponent, such as 1e6", column
        )
    value = int(text) if text.isdecimal() else float(text)
    if not math.isfinite(value):
        raise ExpressionError(f"{text} is larger than any number that is kept (1.8e308)", column)
    return value


def _unescaped(quoted: str, column: int) -> str:
    def replaced(match: re.Match[str]) -> str:
        code = match[1]
        if len(code) > 1:
            point = int(code[1:], 16)
            if point > 0x10FFFF or 0xD800 <= point < 0xE000:
                raise ExpressionError(f"\\{code} is no character", column + match.start())
            return chr(point)
        if code not in _SIMPLE:
            raise ExpressionError(
                f'\\{code} is no escape; write \\\\ for a backslash, \\" for a quote, \\n, \\t or \\u00e4',
                column + match.start(),
            )
        return _SIMPLE[code]

    return _ESCAPE.sub(replaced, quoted)[1:-1] if "\\" in quoted else quoted[1:-1]


def _unreadable(text: str, place: int) -> ExpressionError:
    character = text[place]
    column = place + 1
    if character in "\"'":
        return ExpressionError(f"the text that begins here has no end; close it with {character}", column)
    if character.isalpha():
        return ExpressionError(f"{character!r} cannot be in a name; names have letters a-z, digits and _", column)
    shown = character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
    return ExpressionError(f"'{shown}' means nothing here; remove it", column)
