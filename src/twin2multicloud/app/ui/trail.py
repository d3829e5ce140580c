"""How far somebody is into a list that comes in parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_BETWEEN: Final = "~"
_MOST: Final = 200
_LONGEST: Final = 500


@dataclass(frozen=True)
class Trail:
    """The cursors at which the parts up to the one in view begin: each is told by the part before, as nobody can leap
    into a list. Without any it is its beginning.
    """

    cursors: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> Trail:
        """From an address."""
        return cls(tuple(each for each in text.split(_BETWEEN)[:_MOST] if 0 < len(each) <= _LONGEST))

    def __str__(self) -> str:
        return _BETWEEN.join(self.cursors)

    def __bool__(self) -> bool:
        return bool(self.cursors)

    @property
    def cursor(self) -> str | None:
        """Where the part in view begins; None for the beginning."""
        return self.cursors[-1] if self.cursors else None

    def on(self, cursor: str) -> Trail:
        """To the part that begins at a cursor."""
        return Trail((*self.cursors, cursor))

    def back(self) -> Trail:
        """To the part before."""
        return Trail(self.cursors[:-1])

    def start(self, size: int) -> int:
        """How many items come before the part in view, of which each has `size`."""
        return len(self.cursors) * size


BEGINNING: Final = Trail()
