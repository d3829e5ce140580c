"""A few processes that optimize, so that the one that answers requests stays free for them.

Optimizing takes ten milliseconds of a processor and holds Python's lock meanwhile; threads would not help. Each
process is started with the first question that comes to it, and anew if it dies. What waits is bounded: beyond that it
is better to be told to come again than to wait for nobody knows how long.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.optimizing import pipe
from twin2multicloud.app.processors import usable_processors

if TYPE_CHECKING:
    from twin2multicloud.app.optimizing.books import Book
    from twin2multicloud.app.optimizing.solver import Solver
    from twin2multicloud.app.optimizing.work import Question

AnswerT = TypeVar("AnswerT")
_WORK: Final = "twin2multicloud.app.optimizing.work"
"""What its processes run. Here it is loaded by whoever has no processes, and then asks: it brings the optimizer."""
_DEATHS: Final = 2
"""Of processes over one question, before it is given up: one may have been ended for reasons of its own."""


class _DeadError(Exception):
    """A process ended instead of answering."""


class Pool:
    """Workers for questions. Threads may share it; close it at the end."""

    def __init__(self, processes: int | None = None, waiting: int = 64) -> None:
        """`processes` None: one per processor; 0: a thread of this process. At most `waiting` questions are taken."""
        self._processes = usable_processors() if processes is None else processes
        self.size = max(self._processes, 1)
        """How many questions are worked on at once."""
        self._most = waiting
        self._asked = 0
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(self.size, "optimizer")
        self._own = threading.local()
        self._children: set[_Child] = set()
        self._closed = False

    async def ask(self, book: Book, question: Callable[[Solver], AnswerT]) -> AnswerT:
        """The answer to a question by a book. `question` and answer must be picklable; what it raises is raised here.
        `UnavailableError` where too many are waiting, or the processes die of it.
        """
        with self._place():
            return await asyncio.wrap_future(self._submit(book, question))

    def ask_now(self, book: Book, question: Callable[[Solver], AnswerT]) -> AnswerT:
        """The same for whoever may block."""
        with self._place():
            return self._submit(book, question).result()

    def close(self) -> None:
        """End the processes, and what they are working on."""
        with self._lock:
            self._closed = True
            children = list(self._children)
        for child in children:
            child.end()
        self._threads.shutdown()  # what waits is told that nothing comes of it: see `_answer`

    @property
    def asked(self) -> int:
        """How many questions are under way or waiting."""
        return self._asked

    @contextmanager
    def _place(self) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise _closing()
            if self._asked >= self._most:
                raise UnavailableError(
                    f"{self._asked} questions are waiting for the optimizer already; ask again in a moment",
                    details={"retry_after_s": 1},
                )
            self._asked += 1
        try:
            yield
        finally:
            with self._lock:
                self._asked -= 1

    def _submit(self, book: Book, question: Callable[[Solver], AnswerT]) -> Future[AnswerT]:
        with self._lock:
            if self._closed:
                raise _closing()
            return self._threads.submit(self._answer, book, question)

    def _answer(self, book: Book, question: Callable[[Solver], AnswerT]) -> AnswerT:
        texts: Mapping[str, str] | None = None
        deaths = 0
        while True:
            if self._closed:
                raise _closing()
            try:
                answer = self._once(book.hash, texts, question)
            except _DeadError as error:
                if self._closed:
                    raise _closing() from error
                deaths += 1
                if deaths == _DEATHS:
                    raise UnavailableError(
                        "the process that worked on this ended unexpectedly, twice; ask for less at once, or later",
                        details={"retry_after_s": 5},
                    ) from error
                continue
            if not isinstance(answer, pipe.Wanted):
                return cast(AnswerT, answer)
            texts = book.texts

    def _once(self, book_hash: str, texts: Mapping[str, str] | None, question: Question) -> Any:
        if not self._processes:
            from twin2multicloud.app.optimizing.work import HERE  # the optimizer, which most never ask

            return HERE.answer(book_hash, texts, question)
        # Each thread has a process to itself, so nobody else's question comes between.
        child: _Child | None = getattr(self._own, "child", None)
        if child is None or child.ended:
            child = self._own.child = self._start(child)
        return child.ask(book_hash, texts, question)

    def _start(self, before: _Child | None) -> _Child:
        with self._lock:
            if self._closed:
                raise _DeadError
            child = _Child()
            self._children.discard(before)
            self._children.add(child)
            return child


class _Child:
    """One worker process."""

    def __init__(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("T2M_")}
        # In a session of its own an interrupt at the terminal is the backend's to handle; the worker ends with it.
        self._process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
            [sys.executable, "-P", "-m", _WORK],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # The matrices are small: a second thread would spin, on a core that another of these needs.
            env=environment | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,
        )
        self.ended = False

    def ask(self, book_hash: str, texts: Mapping[str, str] | None, question: Question) -> Any:
        """The answer, or what was raised; `_DeadError` if there is none."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pipe.send(self._process.stdin, (book_hash, texts, question))
            fine, answer = pipe.receive(self._process.stdout)
        except (EOFError, OSError, ValueError) as error:
            self.end()
            raise _DeadError from error
        if not fine:
            raise answer
        return answer

    def end(self) -> None:
        """End the process."""
        self.ended = True
        self._process.kill()
        with self._process:  # closes its pipes and waits
            pass


def _closing() -> UnavailableError:
    return UnavailableError("the server is going down; ask again in a moment", details={"retry_after_s": 5})
