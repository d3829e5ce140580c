"""Where things stand in the picture of the architecture, for the room there is. It knows no Flet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from twin2multicloud.model.slots import Slot

Cell = tuple[int, int]
Point = tuple[float, float]

FOUR_COLUMNS_FROM_PX: Final = 724
TWO_COLUMNS_FROM_PX: Final = 460
BOX_HEIGHT_PX: Final = 124
_MOST_BOX_PX: Final = 190
_LEAST_GAP_PX: Final = 58
_MOST_GAP_PX: Final = 120.0
_GAP_Y_PX: Final = 62
_APART_PX: Final = 20
"""How far from the middle each of two arrows between the same boxes is."""


@dataclass(frozen=True)
class Arrow:
    """Something that flows from a slot to another: its name in the API, and what it is."""

    id: str
    source: Slot
    target: Slot
    back: bool = False
    """Whether it goes against another one between the same slots."""


ARROWS: Final[Sequence[Arrow]] = (
    Arrow("telemetry", Slot.ACQUISITION, Slot.PROCESSING),
    Arrow("commands", Slot.PROCESSING, Slot.ACQUISITION, back=True),
    Arrow("persist", Slot.PROCESSING, Slot.HOT),
    Arrow("twin-updates", Slot.PROCESSING, Slot.MANAGEMENT),
    Arrow("to-cool", Slot.HOT, Slot.COOL),
    Arrow("to-archive", Slot.COOL, Slot.ARCHIVE),
    Arrow("history", Slot.HOT, Slot.VISUALIZATION),
    Arrow("state", Slot.MANAGEMENT, Slot.VISUALIZATION),
)

_FOUR: Final[Mapping[Slot, Cell]] = {
    Slot.ACQUISITION: (0, 0),
    Slot.PROCESSING: (1, 0),
    Slot.HOT: (2, 0),
    Slot.COOL: (3, 0),
    Slot.MANAGEMENT: (1, 1),
    Slot.VISUALIZATION: (2, 1),
    Slot.ARCHIVE: (3, 1),
}
_TWO: Final[Mapping[Slot, Cell]] = {
    Slot.ARCHIVE: (1, 0),
    Slot.ACQUISITION: (0, 1),
    Slot.COOL: (1, 1),
    Slot.PROCESSING: (0, 2),
    Slot.HOT: (1, 2),
    Slot.MANAGEMENT: (0, 3),
    Slot.VISUALIZATION: (1, 3),
}


@dataclass(frozen=True)
class Box:
    """Where a slot stands, in pixels from the upper left corner."""

    left: float
    top: float
    width: float


@dataclass(frozen=True)
class Wire:
    """Where an arrow runs, and where what it carries is written: left edge, top and width of that."""

    start: Point
    end: Point
    label: tuple[float, float, float]
    upright: bool
    split: bool = False
    """Whether what is written stands on both sides of it."""


@dataclass(frozen=True)
class Layout:
    """The whole picture: which cell each slot is in, how wide boxes and gaps are, and the free cell."""

    cells: Mapping[Slot, Cell]
    box: float
    gap: float
    free: Cell

    @property
    def width(self) -> float:
        """All of it."""
        columns = 1 + max(column for column, _ in self.cells.values())
        return columns * self.box + (columns - 1) * self.gap

    @property
    def height(self) -> float:
        """All of it."""
        rows = 1 + max(row for _, row in self.cells.values())
        return rows * BOX_HEIGHT_PX + (rows - 1) * _GAP_Y_PX

    def place(self, cell: Cell) -> Box:
        """Where a cell is."""
        return Box(cell[0] * (self.box + self.gap), cell[1] * (BOX_HEIGHT_PX + _GAP_Y_PX), self.box)

    def box_of(self, slot: Slot) -> Box:
        """Where a slot stands."""
        return self.place(self.cells[slot])

    def wire(self, arrow: Arrow, *, paired: bool) -> Wire:
        """Where an arrow runs; `paired` if another one goes the other way."""
        (column, row), (to_column, to_row) = self.cells[arrow.source], self.cells[arrow.target]
        box = self.box_of(arrow.source)
        dx, dy = to_column - column, to_row - row
        aside = (_APART_PX if arrow.back else -_APART_PX) if paired else 0.0
        middle = (box.left + box.width / 2, box.top + BOX_HEIGHT_PX / 2)
        if dx:
            start = (middle[0] + dx * box.width / 2, middle[1] + aside)
            end = (start[0] + dx * self.gap, start[1])
            left = min(start[0], end[0])
            above = 3 if paired and arrow.back else -32 if paired else -17
            return Wire(start, end, (left, start[1] + above, self.gap), upright=False, split=not paired)
        start = (middle[0] + aside, middle[1] + dy * BOX_HEIGHT_PX / 2)
        end = (start[0], start[1] + dy * _GAP_Y_PX)
        top = min(start[1], end[1]) + _GAP_Y_PX / 2 - 15
        room = box.width / 2 + self.gap / 2 - 8
        if paired and not arrow.back:
            left = max(0.0, start[0] - room - 8)
            return Wire(start, end, (left, top, start[0] - 8 - left), upright=True)
        left = start[0] + 8
        return Wire(start, end, (left, top, min(room, self.width - left)), upright=True)


def layout(width_px: float) -> Layout | None:
    """The layout for so much room; None where there is only room for a list."""
    if width_px >= FOUR_COLUMNS_FROM_PX:
        box = min(_MOST_BOX_PX, (width_px - 3 * _LEAST_GAP_PX) / 4)
        gap = min(_MOST_GAP_PX, (width_px - 4 * box) / 3)
        return Layout(_FOUR, box, gap, (0, 1))
    if width_px >= TWO_COLUMNS_FROM_PX:
        box = min(_MOST_BOX_PX, (width_px - 90) / 2)
        return Layout(_TWO, box, min(140.0, width_px - 2 * box), (0, 0))
    return None
