"""Names with a number in them (`sensor-{n:05}`) and patterns over names (`room-*`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

_NUMBER: Final = re.compile(r"\{n(?::0?([1-9]))?\}")

T = TypeVar("T")


@dataclass(frozen=True)
class Pattern:
    """prefix + number with at least `width` digits + suffix."""

    prefix: str
    width: int
    suffix: str

    def text(self, number: int) -> str:
        """The name with this number."""
        return f"{self.prefix}{number:0{self.width}d}{self.suffix}"


def parse_pattern(text: str) -> Pattern:
    """The pattern in a text with exactly one `{n}` or `{n:05}`; `ValueError` with the remedy otherwise."""
    found = list(_NUMBER.finditer(text))
    if len(found) != 1 or "{" in _NUMBER.sub("", text) or "}" in _NUMBER.sub("", text):
        raise ValueError(f"{text[:60]!r} is not a naming pattern; write one {{n}}, or {{n:05}} for five digits")
    match = found[0]
    return Pattern(text[: match.start()], int(match[1] or 1), text[match.end() :])


def numbered(text: str, number: int) -> str:
    """`text` with every `{n}` and `{n:05}` replaced."""
    return _NUMBER.sub(lambda match: f"{number:0{int(match[1] or 1)}d}", text)


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a name fits a pattern, in which `*` stands for any characters and everything else for itself."""
    if "*" not in pattern:
        return pattern.__eq__
    parts = re.sub(r"\*+", "*", pattern).split("*")
    first, *middle, last = parts

    def fits(name: str) -> bool:
        # Greedy from the left, like a shell; a regular expression could take exponential time here.
        if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
            return False
        place, end = len(first), len(name) - len(last)
        for part in middle:
            found = name.find(part, place, end)
            if found < 0:
                return False
            place = found + len(part)
        return True

    return fits


def spread(children: Sequence[T], parents: Sequence[str]) -> list[tuple[str, T]]:
    """Each child with its parent: in order, in blocks whose sizes differ by at most one. Without parents, none."""
    if not parents:
        return []
    return [(parents[index * len(parents) // len(children)], child) for index, child in enumerate(children)]
