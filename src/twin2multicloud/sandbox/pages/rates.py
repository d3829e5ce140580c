"""Messages and errors per second of a whole twin, from counters that only grow."""

from __future__ import annotations

from collections import deque
from typing import Any


class RateLog:
    """Keeps the newest `capacity` samples of two counters and answers the dashboards' `rates` queries from them.

    Times are the twin's, in seconds since 1970, and so are the rates: with a clock that runs faster than ours, more
    of the twin's seconds pass between two samples.
    """

    def __init__(self, capacity: int = 5000) -> None:
        self._points: deque[tuple[float, float, float]] = deque(maxlen=capacity)
        self._latest: tuple[float, int, int] | None = None

    def sample(self, now: float, messages: int, errors: int) -> None:
        """Note the counters' values at a time. A time that is not later, or counters that fell (a restart), begin
        anew without a point."""
        before, self._latest = self._latest, (now, messages, errors)
        if before is None or now <= before[0] or messages < before[1] or errors < before[2]:
            return
        elapsed = now - before[0]
        self._points.append((now, (messages - before[1]) / elapsed, (errors - before[2]) / elapsed))

    def answer(self, start: float, end: float, limit: int) -> dict[str, Any]:
        """`{"fields": ["messages", "errors"], "points": [[time in ms, messages/s, errors/s], …]}`: the newest `limit`
        points of start ≤ time < end, oldest first."""
        found = [[now * 1000, messages, errors] for now, messages, errors in self._points if start <= now < end]
        return {"fields": ["messages", "errors"], "points": found[-limit:] if limit > 0 else []}
