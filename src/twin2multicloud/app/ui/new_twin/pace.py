"""Doing something a few times a second at most, while it is asked for at every move of a finger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

EVERY_S: Final = 0.12


class Pace:
    """The last of what was asked for is done, soon; what came before it in that time is not."""

    def __init__(self) -> None:
        self._wanted: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def soon(self, do: Callable[[], None]) -> None:
        """Do that instead of what is wanted so far."""
        self._wanted = do
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY_S, self.now)

    def now(self) -> None:
        """Do at once what is wanted, if anything is."""
        wanted = self._wanted
        self.stop()
        if wanted is not None:
            wanted()

    def stop(self) -> None:
        """Do none of it."""
        self._wanted = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
