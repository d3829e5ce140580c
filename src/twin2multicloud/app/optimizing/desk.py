"""Where questions are put: by the book in use, with a memory for answers."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from pydantic import BaseModel

from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.optimizing.pool import Pool

if TYPE_CHECKING:
    from twin2multicloud.app.optimizing.solver import Solver
    from twin2multicloud.model.slots import Provider
    from twin2multicloud.optimizer.pricing.fetching.staleness import Checks

BodyT = TypeVar("BodyT", bound=BaseModel)
_MEMORY_BYTES: Final = 32 << 20


class Memory:
    """The answers that were given last, by what was asked, up to so many bytes."""

    def __init__(self, most_bytes: int = _MEMORY_BYTES) -> None:
        self._most = most_bytes
        self._size = 0
        self._answers: OrderedDict[bytes, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes) -> bytes | None:
        """The answer, if it is remembered."""
        with self._lock:
            found = self._answers.get(key)
            if found is not None:
                self._answers.move_to_end(key)
            return found

    def put(self, key: bytes, answer: bytes) -> None:
        """Remember an answer; one that would be a quarter of the memory is not."""
        if len(answer) * 4 > self._most:
            return
        with self._lock:
            self._size += len(answer) - len(self._answers.pop(key, b""))
            self._answers[key] = answer
            while self._size > self._most:
                self._size -= len(self._answers.popitem(last=False)[1])


class Desk:
    """What endpoints ask. `book` says which book is in use, `today` which day it is, `checks` when prices were last
    seen in their lists, where that is known.
    """

    def __init__(
        self,
        pool: Pool,
        book: Callable[[], Book],
        today: Callable[[], date],
        memory: Memory | None = None,
        checks: Callable[[], Checks] | None = None,
    ) -> None:
        self.pool = pool
        self.book = book
        self.today = today
        self._checks = checks
        self._memory = memory or Memory()

    def last_seen(self, book: Book, regions: Collection[str] = ()) -> dict[Provider, str]:
        """The ISO date at which each cloud's prices (in some of its `regions`) were last seen. It may take a moment."""
        from twin2multicloud.optimizer.pricing.fetching.staleness import last_seen  # which few ask for

        return last_seen(book.prices, {} if self._checks is None else self._checks(), regions)

    async def ask(self, book: Book, question: Callable[[Solver, BodyT], bytes], body: BodyT) -> bytes:
        """The answer to a question; from memory if the same was asked before by the same book."""
        digest = hashlib.sha256(f"{book.hash} {question.__module__}.{question.__qualname__} ".encode())
        digest.update(body.model_dump_json().encode())
        key = digest.digest()
        answer = self._memory.get(key)
        if answer is None:
            answer = await self.pool.ask(book, partial(_asked, question, body))
            self._memory.put(key, answer)
        return answer


def _asked(question: Callable[[Solver, BodyT], bytes], body: BodyT, solver: Solver) -> bytes:
    return question(solver, body)
