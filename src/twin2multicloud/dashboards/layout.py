"""Laying panels out on Grafana's grid of 24 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

COLUMNS: Final = 24


@dataclass(frozen=True)
class Size:
    """How large a panel would like to be, in grid cells; `fixed` if a person said so."""

    width: int
    height: int
    fixed: bool = False


@dataclass(frozen=True)
class Place:
    """A panel's rectangle, in grid cells."""

    x: int
    y: int
    width: int
    height: int


def flow(sizes: Iterable[Size]) -> list[Place]:
    """Places for panels, left to right in lines, without overlap and within the grid.

    Panels whose size nobody fixed fill the line they are in: they grow to its height, and to up to twice their width.
    """
    lines: list[list[Size]] = []
    free = 0
    for size in sizes:
        width = min(max(size.width, 1), COLUMNS)
        if not lines or width > free:
            lines.append([])
            free = COLUMNS
        lines[-1].append(Size(width, max(size.height, 1), size.fixed))
        free -= width
    places: list[Place] = []
    y = 0
    for line in lines:
        x, height = 0, max(size.height for size in line)
        for size, width in zip(line, _widths(line), strict=True):
            places.append(Place(x, y, width, size.height if size.fixed else height))
            x += width
        y += height
    return places


def _widths(line: Sequence[Size]) -> list[int]:
    """Each panel's width, with what is left of the line shared among those that are not fixed."""
    widths = [size.width for size in line]
    left = COLUMNS - sum(widths)
    growing = [i for i, size in enumerate(line) if not size.fixed]
    room = sum(widths[i] for i in growing)
    left = min(left, room)
    for count, i in enumerate(growing):
        share = left if count == len(growing) - 1 else left * line[i].width // room
        share = min(share, line[i].width)
        widths[i] += share
        left -= share
        room -= line[i].width
    return widths
