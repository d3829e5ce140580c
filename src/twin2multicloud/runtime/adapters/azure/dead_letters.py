"""Dead letters on Cosmos DB: an item each, alone in its partition, as JSON text."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from itertools import islice
from typing import Final

import msgspec

from twin2multicloud.runtime.adapters.azure.calls import Pool
from twin2multicloud.runtime.adapters.azure.cosmos import Container, Item
from twin2multicloud.runtime.ports import DeadLetter

PARTITION: Final = "letter"

_ID: Final = "letter"
_LETTER: Final = msgspec.json.Decoder(DeadLetter)


def _letter(item: Item) -> DeadLetter:
    return _LETTER.decode(item["body"])


class CosmosDeadLetters:
    """`DeadLetters` on one container with partition key /letter. A letter put again replaces the earlier one."""

    def __init__(self, container: Container, pool: Pool) -> None:
        self._container = container
        self._pool = pool

    def put(self, letters: Sequence[DeadLetter]) -> None:
        """See `DeadLetters.put`: a write per letter, a few at a time."""

        def write(letter: DeadLetter) -> None:
            body = msgspec.json.encode(letter).decode()
            self._container.put({"id": _ID, PARTITION: letter.id, "body": body})

        self._pool.each(write, list({letter.id: letter for letter in letters}.values()))

    def get(self, id: str) -> DeadLetter | None:
        """See `DeadLetters.get`."""
        item = self._container.read(id, _ID)
        return None if item is None else _letter(item)

    def list(self, after: str = "", limit: int = 100) -> list[DeadLetter]:
        """See `DeadLetters.list`."""
        if limit < 1:
            return []
        sql = f"SELECT TOP {int(limit)} * FROM c WHERE c.letter > @after ORDER BY c.letter"  # noqa: S608 (a number)
        return [_letter(item) for item in islice(self._container.query(sql, {"after": after}), limit)]

    def remove(self, ids: Sequence[str]) -> None:
        """See `DeadLetters.remove`."""
        self._pool.each(lambda id: self._container.delete(id, _ID), builtins.list(ids))
