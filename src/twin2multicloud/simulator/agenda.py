"""One heap of everything that is due, for all devices: no task and no timer for each."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from typing import Final

_STEP_S: Final = 0.002
"""Whatever is due within one step is done in one go."""


class Agenda:
    """Calls back at times of the event loop. What is due at the same time is called in the order it was entered."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_s = 0.0
        self._running = False

    def now(self) -> float:
        """The loop's time in seconds."""
        return self._loop.time()

    def at(self, when_s: float, call: Callable[[], None]) -> None:
        """Call at a time of the loop; at once, if that has passed."""
        heapq.heappush(self._heap, (when_s, next(self._order), call))
        if not self._running and (self._timer is None or when_s < self._wakes_s - _STEP_S):
            self._wake(when_s)

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call in so many seconds."""
        self.at(self._loop.time() + seconds, call)

    def stop(self) -> None:
        """Forget everything."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._heap.clear()

    def _wake(self, when_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._wakes_s = max(when_s, self._loop.time() + _STEP_S)
        self._timer = self._loop.call_at(self._wakes_s, self._run)

    def _run(self) -> None:
        self._timer = None
        self._running = True
        now = self._loop.time()
        try:
            while self._heap and self._heap[0][0] <= now:
                heapq.heappop(self._heap)[2]()
        finally:
            self._running = False
            if self._heap:
                self._wake(self._heap[0][0])
