"""What is known of the items one wrote or read last, so that the next change needs no read before it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST: Final = 10_000


class Remembered(Generic[T]):
    """A bounded memory by name; what was not used for longest is forgotten first. Threads may share it.

    It may be out of date: whoever acts on it makes the change conditional, and looks again when that fails.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[str, T] = OrderedDict()

    def get(self, name: str) -> T | None:
        """What is known."""
        with self._lock:
            found = self._known.get(name)
            if found is not None:
                self._known.move_to_end(name)
            return found

    def set(self, name: str, known: T | None) -> None:
        """Remember, or with None forget."""
        with self._lock:
            self._known.pop(name, None)
            if known is not None:
                self._known[name] = known
                if len(self._known) > self._most:
                    self._known.popitem(last=False)
