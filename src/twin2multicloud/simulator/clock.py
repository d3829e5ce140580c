"""The twin's clock as a device sees it: the wall clock, shifted and sped up."""

from __future__ import annotations

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


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds since 1970."""
        import time

        return time.time()
