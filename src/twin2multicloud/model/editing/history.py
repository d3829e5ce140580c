"""Undoing and doing again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

StateT = TypeVar("StateT")

MOST: Final = 200
"""So many steps can be undone."""
WITHIN_S: Final = 1.0
"""What follows so soon in the same field is the same typing."""


@dataclass(frozen=True)
class _Step(Generic[StateT]):
    state: StateT
    field: str | None
    at_s: float


class History(Generic[StateT]):
    """What something was, is, and was again undone. `clock` tells seconds that never go back."""

    def __init__(
        self, state: StateT, clock: Callable[[], float], *, most: int = MOST, within_s: float = WITHIN_S
    ) -> None:
        """`most` steps can be undone, at least one."""
        if most < 1:
            raise ValueError(f"most: {most} steps is no history; keep 1 or more")
        self._clock = clock
        self._most = most
        self._within_s = within_s
        self._done: list[_Step[StateT]] = [_Step(state, None, clock())]
        self._undone: list[_Step[StateT]] = []

    @property
    def state(self) -> StateT:
        """As it is now."""
        return self._done[-1].state

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return len(self._done) > 1

    @property
    def can_redo(self) -> bool:
        """Whether there is something to do again."""
        return bool(self._undone)

    def record(self, state: StateT, field: str | None = None) -> None:
        """It is otherwise now. Typing in one `field` is one step as long as it goes on; None is always a step of its
        own. What was undone cannot be done again any more.
        """
        if state == self.state:
            return
        now, last = self._clock(), self._done[-1]
        typing = field is not None and field == last.field and now - last.at_s <= self._within_s and not self._undone
        if typing:
            self._done.pop()
        self._done.append(_Step(state, field, now))
        self._undone.clear()
        del self._done[: -self._most - 1]

    def undo(self) -> StateT:
        """As it was before; as it is, if there is nothing to undo. Typing that goes on is a step of its own then."""
        if self.can_undo:
            self._undone.append(self._done.pop())
            self._done[-1] = _Step(self._done[-1].state, None, self._done[-1].at_s)
        return self.state

    def redo(self) -> StateT:
        """As it was before that was undone; as it is, if nothing was."""
        if self._undone:
            step = self._undone.pop()
            self._done.append(_Step(step.state, None, step.at_s))
        return self.state
