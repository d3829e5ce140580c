"""A window of a run: what all clouds of a sandbox counted between two moments of the twin's time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from twin2multicloud.sandbox.metering.book import MeterBook

LEVELS: Final = frozenset(
    ("held-bytes", "held-since", "entities", "entity-bytes", "users", "editors", "viewers", "accounted-at")
)
"""Counters that say how much there is, not how much was done."""


@dataclass(frozen=True)
class Window:
    """Counters of all clouds as one book, and the twin seconds they cover."""

    book: MeterBook
    elapsed_s: float

    @classmethod
    def until_now(cls, snapshots: Mapping[str, tuple[str, float]]) -> Window:
        """Everything since the sandbox was created, from each cloud's snapshot and seconds (`SandboxClient.meters`).

        The clouds begin one after the other, so the seconds are their mean.
        """
        book = MeterBook()
        for snapshot, _ in snapshots.values():
            one = MeterBook()
            one.restore(snapshot)
            book.merge(one.amounts())
        return cls(book, sum(seconds for _, seconds in snapshots.values()) / len(snapshots))

    def since(self, earlier: Window) -> Window:
        """What was counted after an earlier moment; levels are those of the later one."""
        book = MeterBook()
        book.merge(self.book.amounts())
        book.merge({key: -amount for key, amount in earlier.book.amounts().items() if key[0] not in LEVELS})
        return Window(book, self.elapsed_s - earlier.elapsed_s)
