"""Values as text that the reader reads as the same values: YAML, or JSON where the document is that."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.model.yaml_text import plain_scalar

Plain = Any
"""What documents hold: None, truth values, numbers, texts, lists and mappings of these."""

_WIDEST: Final = 100
"""So many characters a mapping or list on one line may have."""
_PLAIN: Final = re.compile(r"[^\W\d_](?:[\w ./°%²³()+-]*[\w./°%²³()+-])?")
"""What is written without quotes: it begins with a letter, and nothing in it means anything."""
_OTHER_BOOLEANS: Final = frozenset(("yes", "no", "on", "off", "y", "n"))
"""Words that YAML 1.1 takes for truth values, and so do other programs that may read the file."""
_UNPRINTED: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def scalar_text(value: Plain, style: str = "", *, is_json: bool = False) -> str:
    """A value that holds no others. `style` is the quote that stood there before, which a text keeps if it can."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    text = str(value)
    if is_json:
        return _quoted(text)
    if not style and _is_plain(text):
        return text
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return _quoted(text)


def flow_text(value: Plain, *, is_json: bool = False) -> str:
    """A value on one line, whatever it holds."""
    if isinstance(value, Mapping):
        pairs = (
            f"{scalar_text(name, is_json=is_json)}: {flow_text(each, is_json=is_json)}" for name, each in value.items()
        )
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow_text(each, is_json=is_json) for each in value) + "]"
    return scalar_text(value, is_json=is_json)


def entry_lines(name: str, value: Plain, indent: int) -> list[str]:
    """`name: value` as lines of a block, of which the first is not indented and the others by `indent`."""
    head, *rest = value_lines(value, indent, after_name=True)
    key = scalar_text(name)
    return [f"{key}:{f' {head}' if head else ''}", *rest]


def item_lines(value: Plain, indent: int) -> list[str]:
    """`- value` in the same way; `indent` is where the dash is."""
    head, *rest = value_lines(value, indent + 2, after_name=False)
    return [f"- {head}".rstrip(), *rest]


def value_lines(value: Plain, indent: int, *, after_name: bool) -> list[str]:
    """A value as lines of a block: what follows a name or a dash, and further lines, indented by `indent` or more.

    After a name what a mapping or list holds begins on a line of its own. Sections of a document, which are not
    indented, have a line for each of their names, however short they are.
    """
    if isinstance(value, str) and "\n" in value:
        literal = _literal(value, indent + 2 if after_name else indent)
        return literal or [_quoted(value)]
    if not isinstance(value, Mapping | list | tuple):
        return [scalar_text(value)]
    section = indent == 0 and isinstance(value, Mapping) and bool(value)
    if _fits_a_line(value) and not section:
        return [flow_text(value)]
    below = indent + 2 if after_name else indent
    lines: list[str] = []
    if isinstance(value, Mapping):
        for name, each in value.items():
            lines += _at(below, entry_lines(str(name), each, below))
    else:
        for each in value:
            lines += _at(below, item_lines(each, below))
    return ["", *lines] if after_name else [lines[0][below:], *lines[1:]]


def _at(indent: int, lines: list[str]) -> list[str]:
    """Lines with the first one indented as well."""
    return [" " * indent + lines[0], *lines[1:]]


def _fits_a_line(value: Mapping[str, Plain] | list[Plain] | tuple[Plain, ...]) -> bool:
    """Whether it is written on one line, as a person would: it is short, and holds at most lists of single values."""
    inner = value.values() if isinstance(value, Mapping) else value
    deep = isinstance(value, Mapping)
    if any(isinstance(each, Mapping) and each for each in inner):
        return False
    if any(isinstance(each, list | tuple) and (not deep or any(map(_holds, each))) for each in inner):
        return False
    return len(flow_text(value)) <= _WIDEST or not inner


def _holds(value: Plain) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _is_plain(text: str) -> bool:
    return (
        bool(_PLAIN.fullmatch(text))
        and text.isprintable()
        and text.casefold() not in _OTHER_BOOLEANS
        and plain_scalar(text) == text
    )


def _quoted(text: str) -> str:
    """In double quotes, escaped as JSON does, which YAML reads the same way."""
    return _UNPRINTED.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _literal(text: str, indent: int) -> list[str] | None:
    """Several lines as they are, below a `|`; None where YAML would read others."""
    body, mark = (text[:-1], "|") if text.endswith("\n") else (text, "|-")
    lines = body.split("\n")
    sound = all(line == line.rstrip() and (not line or line.isprintable()) for line in lines)
    if not sound or not lines[0] or lines[0].startswith(" ") or not lines[-1]:
        return None
    return [mark, *(" " * indent + line if line else "" for line in lines)]
