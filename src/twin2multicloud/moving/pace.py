"""How fast a move copies: as fast as the stores let it, or at most so many items a second beside the twin's traffic."""

from __future__ import annotations

from collections.abc import Callable


class Pace:
    """A bound on items a second (None: none). `sleep` takes seconds."""

    def __init__(
        self, items_per_s: float | None, sleep: Callable[[float], None], monotonic: Callable[[], float]
    ) -> None:
        self._rate = items_per_s
        self._sleep = sleep
        self._monotonic = monotonic
        self._due = monotonic()

    def spend(self, items: int) -> None:
        """So many items were copied: wait until that is what the pace allows. Time that was not used is gone."""
        if self._rate is None:
            return
        now = self._monotonic()
        self._due = max(self._due, now) + items / self._rate
        if self._due > now:
            self._sleep(self._due - now)
