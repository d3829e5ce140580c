"""The twin's clock as a device sees it: the wall clock, shifted and sped up, and followed when that changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from twin2multicloud.runtime.ports import Clock


@dataclass(frozen=True)
class PacedClock:
    """Shows `start_s` when the wall clock shows `wall_s`, and runs `speed` times as fast. Seconds since 1970."""

    wall: Clock
    start_s: float
    wall_s: float
    speed: float = 1.0

    def now(self) -> float:
        """Seconds since 1970 in the twin."""
        return self.start_s + (self.wall.now() - self.wall_s) * self.speed


class FollowedClock:
    """A clock that somebody else sets. `read` tells what it shows and how fast it runs, or None when it cannot be
    asked, which leaves the clock running as it did. It is asked every `every_s`, in a thread of its own."""

    def __init__(
        self, wall: Clock, first: PacedClock, read: Callable[[], tuple[float, float] | None], every_s: float = 2.0
    ) -> None:
        self._wall = wall
        self._paced = first
        self._read = read
        self._every_s = every_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="clock", daemon=True)

    def __enter__(self) -> FollowedClock:
        self.ask()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(1.0)

    @property
    def speed(self) -> float:
        """How many of the twin's seconds pass in one of the wall clock's."""
        return self._paced.speed

    def now(self) -> float:
        """Seconds since 1970 in the twin."""
        return self._paced.now()

    def ask(self) -> None:
        """Follow what the clock shows now."""
        shown = self._read()
        if shown is not None:
            self._paced = PacedClock(self._wall, shown[0], self._wall.now(), shown[1])

    def _follow(self) -> None:
        while not self._stopped.wait(self._every_s):
            self.ask()
