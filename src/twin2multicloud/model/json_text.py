"""JSON text to raw values with their places, without recursion.

RFC 8259, plus `NaN` and `Infinity`, which some writers emit, so that the finding can name the field. The standard
library's parser keeps no places, keeps the last of repeated keys in silence, and recurses.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from twin2multicloud.model.parsing import Mark, Parsed, TreeBuilder, decimal, fail, line_starts, spelled

_BLANK: Final = " \t\r\n"
_LEXEME: Final = re.compile(
    r"""[ \t\r\n]*(?:
      (?P<mark>[{}\[\]:,])
    | (?P<string>"[^"\\\x00-\x1f]*(?:\\["\\/bfnrtu][^"\\\x00-\x1f]*)*")
    | (?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![0-9A-Za-z.+-]))
    | (?P<word>-?[A-Za-z]+)
    )""",
    re.VERBOSE,
)
_WORDS: Final[dict[str, object]] = {
    "true": True,
    "false": False,
    "null": None,
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": float("-inf"),
}


@dataclass(frozen=True)
class _Lexeme:
    kind: str
    text: str
    place: Mark


# A state consumes a lexeme and returns the next state.
_State = Callable[[_Lexeme], "_State"]


def parse_json(text: str, source: str) -> Parsed:
    """The raw value of one JSON document. Raises `InvalidInputError` with line and column if it is not JSON."""
    return _JsonReader(text, source).read()


class _JsonReader:
    """A state machine over lexemes: each state is a method that consumes one and returns the next state."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        self._starts = line_starts(text)
        self._tree = TreeBuilder(source)
        self._closers: list[str] = []

    def read(self) -> Parsed:
        state: _State = self._value
        for lexeme in self._lexemes():
            state = state(lexeme)
        if state != self._end:
            place = self._place(len(self._text.rstrip(_BLANK)))
            raise fail(self._source, "is not valid JSON: it ends too early", place.line, place.column)
        return self._tree.parsed

    def _value(self, lexeme: _Lexeme) -> _State:
        if lexeme.text in ("{", "["):
            is_mapping = lexeme.text == "{"
            self._tree.open({} if is_mapping else [], lexeme.place)
            self._closers.append("}" if is_mapping else "]")
            return self._first_key if is_mapping else self._first_item
        value, text = self._scalar(lexeme)
        self._tree.scalar(value, lexeme.text, Mark(lexeme.place.line, lexeme.place.column, text))
        return self._after_value()

    def _first_item(self, lexeme: _Lexeme) -> _State:
        return self._close(lexeme) if lexeme.text == "]" else self._value(lexeme)

    def _first_key(self, lexeme: _Lexeme) -> _State:
        return self._close(lexeme) if lexeme.text == "}" else self._key(lexeme)

    def _key(self, lexeme: _Lexeme) -> _State:
        if lexeme.kind != "string":
            raise self._unexpected(lexeme, "a key in double quotes")
        key = self._string(lexeme)
        self._tree.scalar(key, key, lexeme.place)
        return self._colon

    def _colon(self, lexeme: _Lexeme) -> _State:
        if lexeme.text != ":":
            raise self._unexpected(lexeme, "a colon")
        return self._value

    def _more(self, lexeme: _Lexeme) -> _State:
        closer = self._closers[-1]
        if lexeme.text == closer:
            return self._close(lexeme)
        if lexeme.text != ",":
            raise self._unexpected(lexeme, f"a comma or '{closer}'")
        return self._key if closer == "}" else self._value

    def _end(self, lexeme: _Lexeme) -> _State:
        raise self._unexpected(lexeme, "the end")

    def _close(self, _lexeme: _Lexeme) -> _State:
        self._closers.pop()
        self._tree.close()
        return self._after_value()

    def _after_value(self) -> _State:
        return self._more if self._closers else self._end

    def _scalar(self, lexeme: _Lexeme) -> tuple[object, str]:
        """A lexeme's value, and how to show it."""
        if lexeme.kind == "string":
            text = self._string(lexeme)
            return text, f"'{spelled(text)}'"
        if lexeme.kind == "number":
            return decimal(lexeme.text), spelled(lexeme.text)
        if lexeme.text in _WORDS:
            return _WORDS[lexeme.text], lexeme.text
        raise self._unexpected(lexeme, "a value")

    def _string(self, lexeme: _Lexeme) -> str:
        try:
            value: str = json.loads(lexeme.text)
            value.encode()  # half a surrogate pair is no character
        except ValueError as error:
            problem = "is not valid JSON: a broken escape in a string"
            raise fail(self._source, problem, lexeme.place.line, lexeme.place.column) from error
        return value

    def _lexemes(self) -> Iterator[_Lexeme]:
        offset, end = 0, len(self._text.rstrip(_BLANK))
        while offset < end:
            found = _LEXEME.match(self._text, offset)
            if not found or not found.lastgroup:
                rest = self._text[offset:end].lstrip(_BLANK)
                place = self._place(end - len(rest))
                unread = spelled(rest[:20].split("\n")[0])
                raise fail(self._source, f"is not valid JSON at {unread}", place.line, place.column)
            start, offset = found.start(found.lastgroup), found.end()
            yield _Lexeme(found.lastgroup, found[found.lastgroup], self._place(start))

    def _place(self, offset: int) -> Mark:
        line = bisect_right(self._starts, offset)
        return Mark(line, offset - self._starts[line - 1] + 1)

    def _unexpected(self, lexeme: _Lexeme, wanted: str) -> Exception:
        problem = f"is not valid JSON: {wanted} is expected, not {spelled(lexeme.text)}"
        return fail(self._source, problem, lexeme.place.line, lexeme.place.column)
