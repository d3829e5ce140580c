"""How often somebody may try."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from typing import Final

from twin2multicloud.app.errors import TooManyError
from twin2multicloud.runtime.ports import Clock

_MOST_KEYS: Final = 20_000


class Throttle:
    """At most `tries` per `period_s` for each key (an address, a person), counted in this process; what was used comes
    back evenly. It knows so many keys at most, and forgets first whoever came least recently.
    """

    def __init__(self, clock: Clock, tries: int, period_s: float) -> None:
        self._clock = clock
        self._tries = tries
        self._per_s = tries / period_s
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, what: str) -> None:
        """One more try; `TooManyError` if there were too many, which says when to come again."""
        with self._lock:
            now = self._clock.now()
            left, at = self._left.pop(key, (float(self._tries), now))
            left = min(self._tries, left + max(0.0, now - at) * self._per_s)
            self._left[key] = (left - 1 if left >= 1 else left, now)
            if len(self._left) > _MOST_KEYS:
                self._left.popitem(last=False)
        if left < 1:
            wait = math.ceil((1 - left) / self._per_s)
            raise TooManyError(f"too many {what}; try again in {wait} s", details={"retry_after_s": wait})
