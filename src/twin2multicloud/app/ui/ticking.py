"""A second hand: ages on a screen grow by it. It goes only while somebody watches it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from twin2multicloud.app.ui.store import Listener, Store

SECOND = 1.0


class Ticking(Store):
    """Tells once a second that time has passed; one per session, for all ages in it."""

    def __init__(self, every_s: float = SECOND) -> None:
        super().__init__()
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    def watch(self, listener: Listener) -> Callable[[], None]:
        """Have `listener` called every second; what is returned ends that."""
        end = super().watch(listener)
        if self._task is None:
            self._task = asyncio.create_task(self._go())
        return end

    async def _go(self) -> None:
        try:
            while self.watched:
                await asyncio.sleep(self._every_s)
                self.changed()
        finally:
            self._task = None

    def stop(self) -> None:
        """Nobody looks any more."""
        if self._task is not None:
            self._task.cancel()
