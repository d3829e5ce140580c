"""Raw values with their place in the file, and the bounds that make reading a hostile file harmless."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.names import shown

Path = tuple[str | int, ...]

MAX_NODES: Final = 20_000
"""A twin may list thousands of devices by name."""

MAX_DEPTH: Final = 16


@dataclass(frozen=True)
class Mark:
    """Where a value stands, counted from 1, and how the file spells it (None for mappings and lists)."""

    line: int
    column: int
    text: str | None = None


@dataclass
class Parsed:
    """A document's raw value, the place of each of its values, and findings such as repeated keys."""

    value: object
    marks: dict[Path, Mark] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def fail(source: str, problem: str, line: int | None = None, column: int | None = None) -> InvalidInputError:
    """The error of a document that cannot be read at all."""
    return InvalidInputError(source, [Finding("", problem, line=line, column=column)])


def field_name(path: Path) -> str:
    """A path as a person writes it, such as `constraints.require[0]`; printable and bounded."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{spelled(part)}" for part in path).removeprefix(".")


def spelled(text: str) -> str:
    """A scalar as the file spells it, shortened and printable, without quotes."""
    return shown(text)[1:-1]


_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_MANY_DIGITS: Final = 30


def decimal(text: str) -> int | float:
    """A decimal number of any length. An integer beyond thirty digits becomes a float, perhaps an infinite one.

    Python refuses, or takes quadratic time, to make integers of thousands of digits.
    """
    return int(text) if len(text) <= _MANY_DIGITS and _INTEGER.fullmatch(text) else float(text)


def line_starts(text: str) -> list[int]:
    """The offsets at which lines begin."""
    return [0, *(found.end() for found in re.finditer("\n", text))]


class TreeBuilder:
    """Builds a raw value from a stream of opens, scalars and closes, without recursion and within bounds.

    In a mapping, scalars alternate between key and value. The place of a value in a mapping is that of its key.
    Raises `InvalidInputError` when the document is too large, too deep or has a key that is no scalar.
    """

    def __init__(self, source: str) -> None:
        self.parsed = Parsed(value=None)
        self._source = source
        self._stack: list[tuple[dict[str, object] | list[object], Path]] = []
        self._key: str | None = None
        self._key_mark: Mark | None = None
        self._nodes = 0

    @property
    def wants_key(self) -> bool:
        """Whether the next scalar is a key."""
        return bool(self._stack) and isinstance(self._stack[-1][0], dict) and self._key is None

    def open(self, container: dict[str, object] | list[object], mark: Mark) -> None:
        """Start an (empty) mapping or list at the current place."""
        if self.wants_key:
            raise fail(self._source, "a key must be a plain word", mark.line, mark.column)
        if len(self._stack) >= MAX_DEPTH:
            raise fail(self._source, f"nested deeper than {MAX_DEPTH} levels", mark.line, mark.column)
        self._stack.append((container, self._place(container, mark)))

    def scalar(self, value: object, text: str, mark: Mark) -> None:
        """Add a key (its text counts) or a value."""
        if self.wants_key:
            self._key, self._key_mark = text, mark
        else:
            self._place(value, mark)

    def close(self) -> None:
        """End the innermost mapping or list."""
        self._stack.pop()

    def _place(self, value: object, mark: Mark) -> Path:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise fail(self._source, f"has more than {MAX_NODES} values", mark.line, mark.column)
        if not self._stack:
            self.parsed.value = value
            self.parsed.marks[()] = mark
            return ()
        parent, path = self._stack[-1]
        if isinstance(parent, list):
            path = (*path, len(parent))
            parent.append(value)
            self.parsed.marks[path] = mark
            return path
        key, where = self._key or "", self._key_mark or mark
        path = (*path, key)
        self._key = self._key_mark = None
        if key in parent:
            name = field_name(path)
            first = self.parsed.marks[path].line
            problem = f"given twice, first in line {first}; keep one"
            self.parsed.findings.append(Finding(name, problem, mark.text, where.line, where.column))
        else:
            parent[key] = value
            self.parsed.marks[path] = Mark(where.line, where.column, mark.text)
        return path


def walk(value: object) -> Iterator[Path]:
    """The paths of all values, outside in, without recursion."""
    queue: list[tuple[Path, object]] = [((), value)]
    while queue:
        path, node = queue.pop()
        yield path
        if isinstance(node, dict):
            queue.extend(((*path, key), item) for key, item in node.items())
        elif isinstance(node, list):
            queue.extend(((*path, index), item) for index, item in enumerate(node))
