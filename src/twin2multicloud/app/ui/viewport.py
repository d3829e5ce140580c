"""How much room there is: screens are laid out for one of three widths, and shown anew only when that changes."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from twin2multicloud.app.ui.store import Store

NARROW_BELOW_PX: Final = 700
WIDE_FROM_PX: Final = 1_100


class Width(IntEnum):
    """How wide: a phone (bottom bar, cards), a tablet (one column), a desk (two)."""

    NARROW = 0
    MEDIUM = 1
    WIDE = 2

    @classmethod
    def of(cls, pixels: float) -> Width:
        """Which of them a window is."""
        return cls.NARROW if pixels < NARROW_BELOW_PX else cls.WIDE if pixels >= WIDE_FROM_PX else cls.MEDIUM


class Viewport(Store):
    """A page's room."""

    def __init__(self, pixels: float) -> None:
        super().__init__()
        self.width = Width.of(pixels)

    def resize(self, pixels: float) -> None:
        """The window was made wider or narrower."""
        width = Width.of(pixels)
        if width != self.width:
            self.width = width
            self.changed()

    @property
    def narrow(self) -> bool:
        """A phone."""
        return self.width is Width.NARROW

    @property
    def wide(self) -> bool:
        """A desk."""
        return self.width is Width.WIDE
