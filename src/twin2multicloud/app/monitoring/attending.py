"""What looks at running twins now and then, besides collecting their alerts."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Protocol

from twin2multicloud.runtime.ports import Clock


class Attendant(Protocol):
    """Looks at twins, each when it is time to. It may take long: another twin, and alerts, do not wait for it."""

    def is_due(self, twin_id: str, target: str, /) -> bool:
        """Whether it is time. Whoever is told so attends."""
        ...

    def attend(self, twin_id: str, target: str, /) -> None:
        """Do it. Raises what the database raises; what cannot be reached is looked at another time."""
        ...


class Turns:
    """When each of several was looked at last, so that each is looked at every `every_s` seconds. Threads may share
    it. A clock that was set back makes it time at once.
    """

    def __init__(self, clock: Clock, every_s: float) -> None:
        self._clock = clock
        self._every_s = every_s
        self._guard = threading.Lock()
        self._last: dict[Hashable, float] = {}

    def take(self, each: Hashable) -> bool:
        """Whether it is time. Whoever is told so looks, and the next one has to wait."""
        now = self._clock.now()
        with self._guard:
            last = self._last.get(each)
            if last is not None and 0 <= now - last < self._every_s:
                return False
            self._last[each] = now
            return True
