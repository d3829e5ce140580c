"""The dead letters of one slot, of those of a whole cloud: whose topic is one of the slot's queues."""

from __future__ import annotations

import builtins
from collections.abc import Sequence

from twin2multicloud.runtime.ports import DeadLetter, DeadLetters

_PAGE = 500


class SlotLetters:
    """`ports.DeadLetters` that shows the letters of some topics only."""

    def __init__(self, letters: DeadLetters, topics: Sequence[str]) -> None:
        self._letters = letters
        self._topics = frozenset(topics)

    def put(self, letters: Sequence[DeadLetter]) -> None:
        """As the port says."""
        self._letters.put(letters)

    def get(self, id: str) -> DeadLetter | None:
        """As the port says."""
        found = self._letters.get(id)
        return found if found is not None and found.topic in self._topics else None

    def list(self, after: str = "", limit: int = 100) -> list[DeadLetter]:
        """As the port says."""
        found: builtins.list[DeadLetter] = []
        while len(found) < limit and (page := self._letters.list(after, _PAGE)):
            found += [letter for letter in page if letter.topic in self._topics]
            after = page[-1].id
        return found[:limit]

    def remove(self, ids: Sequence[str]) -> None:
        """As the port says."""
        self._letters.remove(ids)
