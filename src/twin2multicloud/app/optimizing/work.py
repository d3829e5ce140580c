"""What happens in a worker process: solvers for the books that were asked about last, and one question at a time.

    python -m twin2multicloud.app.optimizing.work

reads questions from standard input and writes answers to standard output, each a pickle after its length; it ends with
its input, so it does not outlive whoever started it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

from twin2multicloud.app.optimizing.books import Book
from twin2multicloud.app.optimizing.pipe import Wanted, receive, send
from twin2multicloud.app.optimizing.solver import Solver

_BOOKS: Final = 3
_NICENESS: Final = 5
"""Whoever answers requests goes first where processors are short; many answers take no optimizing."""

Question = Callable[[Solver], Any]


class Worker:
    """The solvers of one process."""

    def __init__(self) -> None:
        self._solvers: OrderedDict[str, Solver] = OrderedDict()
        self._turn = threading.Lock()

    def answer(self, book_hash: str, texts: Mapping[str, str] | None, question: Question) -> Any:
        """The answer to a question by a book; `Wanted` if its texts are needed first."""
        with self._turn:
            solver = self._solvers.get(book_hash)
            if solver is None:
                if texts is None:
                    return Wanted()
                solver = self._solvers[book_hash] = Solver(Book.of(texts).prices)
                if len(self._solvers) > _BOOKS:
                    self._solvers.popitem(last=False)
            self._solvers.move_to_end(book_hash)
            return question(solver)


HERE: Final = Worker()
"""This process's own: a worker's, or the backend's where a thread of it does the work."""


def main() -> None:
    """Answer questions until there are no more."""
    questions = sys.stdin.buffer
    # Whatever is printed by mistake must not come between answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    while True:
        try:
            book_hash, texts, question = receive(questions)
        except EOFError:
            return
        try:
            outcome: tuple[bool, Any] = True, HERE.answer(book_hash, texts, question)
        except Exception as error:  # noqa: BLE001 - handed to the parent, which raises it
            outcome = False, error
        send(answers, outcome)


if __name__ == "__main__":
    # Pickled functions belong to the module as others import it, and so must what they find here.
    from twin2multicloud.app.optimizing import work

    work.main()
