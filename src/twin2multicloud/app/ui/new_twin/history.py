"""Interim history."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class History(Generic[T]):
    def __init__(self, first: T, clock: Callable[[], float], most: int = 200) -> None:
        self._before: list[T] = []
        self._after: list[T] = []
        self.now = first
        self._clock, self._most = clock, most
        self._field, self._at = "", 0.0

    def put(self, state: T, field: str = "") -> None:
        moment = self._clock()
        if not (field and field == self._field and moment - self._at < 1.0):
            self._before.append(self.now)
            del self._before[: -self._most]
        self.now, self._field, self._at = state, field, moment
        self._after.clear()

    def undo(self) -> None:
        if self._before:
            self._after.append(self.now)
            self.now = self._before.pop()
            self._field = ""

    def redo(self) -> None:
        if self._after:
            self._before.append(self.now)
            self.now = self._after.pop()
            self._field = ""

    @property
    def can_undo(self) -> bool:
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        return bool(self._after)
