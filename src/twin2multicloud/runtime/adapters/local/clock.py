"""Clocks: the machine's, one that tests set, and the twin's, which may run faster than the machine's."""

from __future__ import annotations

import threading

import msgspec

from twin2multicloud.runtime.ports import Clock


class ManualClock:
    """A clock that stands still until it is set."""

    def __init__(self, now_s: float) -> None:
        self._now_s = now_s

    def now(self) -> float:
        """Seconds since 1970, as set."""
        return self._now_s

    def set(self, now_s: float) -> None:
        """Show another time, later or earlier."""
        self._now_s = now_s

    def advance(self, seconds: float) -> None:
        """Let so much time pass."""
        self._now_s += seconds


class ClockSetting(msgspec.Struct, frozen=True):
    """How twin time follows from wall time: start + (wall - start) × speed + offset, all in seconds.

    Processes with the same setting show the same time. With speed 1 and offset 0 that is wall time.
    """

    start_s: float
    speed: float = 1.0
    offset_s: float = 0.0

    def __post_init__(self) -> None:
        if not self.speed >= 0:
            raise ValueError(f"speed {self.speed} is below 0; a twin's time does not run backwards (0 stops it)")

    def at(self, wall_s: float) -> float:
        """Twin time at a wall time."""
        return self.start_s + (wall_s - self.start_s) * self.speed + self.offset_s

    def with_speed(self, speed: float, wall_s: float) -> ClockSetting:
        """The same time at `wall_s`, another speed from there on."""
        return ClockSetting(wall_s, speed, self.at(wall_s) - wall_s)

    def with_jump(self, seconds: float) -> ClockSetting:
        """Later by so many seconds (earlier, if negative)."""
        return ClockSetting(self.start_s, self.speed, self.offset_s + seconds)


class TwinClock:
    """The twin's time, from a wall clock. Never goes back, except by a jump on purpose."""

    def __init__(self, wall: Clock, start_s: float, speed: float = 1.0, offset_s: float = 0.0) -> None:
        self._wall = wall
        self._setting = ClockSetting(start_s, speed, offset_s)
        self._shown_s = float("-inf")
        self._lock = threading.Lock()

    @property
    def setting(self) -> ClockSetting:
        """What other processes need to show the same time."""
        return self._setting

    def now(self) -> float:
        """Twin time in seconds since 1970; if the wall clock is put back, time stands still until it has caught up."""
        with self._lock:
            self._shown_s = max(self._shown_s, self._setting.at(self._wall.now()))
            return self._shown_s

    def apply(self, setting: ClockSetting, *, jump: bool = False) -> None:
        """Follow another setting. Without `jump`, time stands still where the new one would put it back."""
        with self._lock:
            self._setting = setting
            if jump:
                self._shown_s = float("-inf")

    def set_speed(self, speed: float) -> ClockSetting:
        """Run so many times as fast as the wall clock from now on (0 = stand still)."""
        with self._lock:
            self._setting = self._setting.with_speed(speed, self._wall.now())
            return self._setting

    def jump(self, seconds: float) -> ClockSetting:
        """Put the clock forward, or back."""
        with self._lock:
            self._setting = self._setting.with_jump(seconds)
            self._shown_s = float("-inf")
            return self._setting
