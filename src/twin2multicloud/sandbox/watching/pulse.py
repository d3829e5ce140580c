"""How much a simulated cloud has to do: messages and errors per second, of the last hour."""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

HOUR_S: Final = 3_600


class Counted(NamedTuple):
    """Counters that only grow: messages that devices sent, messages that came over links, errors."""

    devices: int
    links: int
    errors: int


class Beat(NamedTuple):
    """What came per second (of our time) until a moment of the wall clock."""

    at: float
    devices: float
    links: float
    errors: float


class Pulse:
    """Keeps the newest samples; about one a second is taken."""

    def __init__(self, capacity: int = HOUR_S) -> None:
        self._beats: deque[Beat] = deque(maxlen=capacity)
        self._before: tuple[float, Counted] | None = None

    def sample(self, at: float, counted: Counted) -> None:
        """Note the counters at a moment. A moment that is not later, or counters that fell, begin anew."""
        before, self._before = self._before, (at, counted)
        if before is None or at <= before[0]:
            return
        came = [now - then for now, then in zip(counted, before[1], strict=True)]
        if min(came) < 0:
            return
        elapsed = at - before[0]
        self._beats.append(Beat(at, *(each / elapsed for each in came)))

    def since(self, at: float) -> list[Beat]:
        """What came after a moment, the oldest first."""
        return [beat for beat in list(self._beats) if beat.at > at]
