"""Lines of text that fit: how wide words are at most, and where lines break."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

# In parts of the font's size, for the widest of the fonts that a reader may see (DejaVu Sans).
_NARROW: Final = frozenset("ijl.,:;'|!ftr()[] /I-·")
_SLIM: Final = frozenset("cskvxyz")
_WIDE: Final = frozenset("mwMW@%")


class Run(NamedTuple):
    """Text in one style: the name of its class in the style sheet."""

    text: str
    style: str = ""


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text is at most, in pixels."""
    units = sum(0.40 if c in _NARROW else 0.58 if c in _SLIM else 0.95 if c in _WIDE else 0.63 for c in text)
    return units * size * (1.1 if bold else 1.0)


def wrap(runs: Iterable[Run], size: float, room: float) -> list[list[Run]]:
    """Lines of at most `room` pixels, broken between words; a longer word has a line of its own."""
    lines: list[list[Run]] = [[]]
    used = 0.0
    space = width(" ", size)
    for run in runs:
        for word in run.text.split(" "):
            long = width(word, size, bold=run.style == "strong")
            if lines[-1] and used + space + long > room:
                lines.append([])
                used = 0.0
            used += long + (space if lines[-1] else 0.0)
            lines[-1].append(Run(word, run.style))
    return [_joined(line) for line in lines]


def _joined(words: Sequence[Run]) -> list[Run]:
    """Words of one style next to each other as one run."""
    found: list[Run] = []
    for word in words:
        if found and found[-1].style == word.style:
            found[-1] = Run(f"{found[-1].text} {word.text}", word.style)
        else:
            found.append(word)
    return found
