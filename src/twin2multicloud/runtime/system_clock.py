"""The host's clock: what a port of time is wherever a twin lives in real time."""

from __future__ import annotations

import time


class SystemClock:
    """See `ports.Clock`."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()
