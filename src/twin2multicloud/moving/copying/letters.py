"""Copying dead letters: all of them, as they came, while nobody writes or drops any."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from twin2multicloud.moving.copying.base import Compared, Page, Patience
from twin2multicloud.runtime.ports import DeadLetter, DeadLetters

_PAGE: Final = 100

_encode: Final = msgspec.msgpack.Encoder().encode


class LetterCopier:
    """See `Copier`."""

    at_rest = True

    def __init__(self, source: DeadLetters, target: DeadLetters, patience: Patience, *, page: int = _PAGE) -> None:
        self._source = source
        self._target = target
        self._call = patience
        self._page = page

    def bulk(self, cursor: Any = None) -> Iterator[Page]:
        """See `Copier.bulk`."""
        for letters in self._pages(str(cursor or "")):
            self._call(self._target.put, letters)
            yield Page(len(letters), sum(len(letter.body) for letter in letters), letters[-1].id)

    def catch_up(self, since: str) -> Iterator[Page]:  # noqa: ARG002  letters are few
        """See `Copier.catch_up`."""
        return self.bulk()

    def compare(self) -> Iterator[Compared]:
        """See `Copier.compare`."""
        done = Compared()
        for letters in self._pages(""):
            for letter in letters:
                found = self._call(self._target.get, letter.id)
                if found is None:
                    self._call(self._target.put, [letter])
                    done.late += 1
                    found = self._call(self._target.get, letter.id)
                done.same(letter.id, _encode(letter), None if found is None else _encode(found))
            yield done

    def _pages(self, after: str) -> Iterator[list[DeadLetter]]:
        while page := self._call(self._source.list, after, self._page):
            yield page
            after = page[-1].id
