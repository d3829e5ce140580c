"""The dead letters of one slot, of those of a whole place: whose topic is one of the slot's queues."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Final

from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.ports import DeadLetter, DeadLetters

TOPICS: Final[Mapping[Slot, tuple[str, ...]]] = {
    Slot.ACQUISITION: ("telemetry-outbox",),
    Slot.PROCESSING: ("intake", "persist-outbox", "twin-updates-outbox", "commands-outbox", "alerts", "actions"),
}
"""The queues whose messages may become dead letters, by the slot that they belong to."""

_PAGE: Final = 500


class SlotLetters:
    """`ports.DeadLetters` that shows the letters of one slot only, in a store that may have others, too."""

    def __init__(self, letters: DeadLetters, slot: Slot) -> None:
        self._letters = letters
        self._topics = frozenset(TOPICS[slot])

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
