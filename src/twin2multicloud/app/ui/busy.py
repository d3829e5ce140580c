"""Whether something is being calculated, for the button that began it and for what says so."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

from twin2multicloud.app.ui.store import Store

T = TypeVar("T")


class Busy(Store):
    """`now`: something is under way."""

    def __init__(self) -> None:
        super().__init__()
        self._under_way = 0

    @property
    def now(self) -> bool:
        """Whether anything is."""
        return self._under_way > 0

    async def until(self, done: Awaitable[T]) -> T:
        """What was waited for; also if it fails, or if nobody waits for it any more, it is not under way then."""
        self._count(1)
        try:
            return await done
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        before = self.now
        self._under_way += more
        if self.now != before:
            self.changed()
