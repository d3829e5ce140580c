"""The recent events of one selection, in batches that all its watchers share."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from twin2multicloud.app.events.selection import Selection
from twin2multicloud.app.events.shape import Batch, Encoded


class Waiting(Protocol):
    """Somebody who waits for news."""

    def wake(self) -> None:
        """There are some."""
        ...


@dataclass(frozen=True)
class Gap:
    """What the ring does not have: events up to `until` must be read from the database."""

    until: int


class Channel:
    """All events of a selection after `start` up to the newest that is known, within a bound of bytes."""

    def __init__(self, selection: Selection, start: int) -> None:
        self.selection = selection
        self.start = start
        self.watchers: set[Waiting] = set()
        self._batches: list[Batch] = []
        self._lasts: list[int] = []
        self._bytes = 0

    def add(self, events: Sequence[Encoded], most_bytes: int) -> int:
        """Take over those that are selected, and tell who watches; how many these are."""
        matches = self.selection.matches
        found = [each for each in events if matches(each.event)]
        if not found:
            return 0
        batch = Batch(found)
        self._batches.append(batch)
        self._lasts.append(batch.last)
        self._bytes += batch.size
        while self._bytes > most_bytes and len(self._batches) > 1:
            self.start = self._lasts.pop(0)
            self._bytes -= self._batches.pop(0).size
        for watcher in self.watchers:
            watcher.wake()
        return len(found)

    def after(self, cursor: int) -> Batch | Gap | None:
        """What follows a cursor; None if nothing does yet."""
        if cursor < self.start:
            return Gap(self.start)
        if not self._lasts or cursor >= self._lasts[-1]:
            return None
        batch = self._batches[bisect_right(self._lasts, cursor)]
        return batch if batch.first > cursor else Gap(batch.last)
