"""Several processes working through one stream of chunks, with the answers in the stream's order."""

from __future__ import annotations

import multiprocessing
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from twin2multicloud.app.processors import usable_processors

Chunk = TypeVar("Chunk")
Answer = TypeVar("Answer")

_DIED = "a worker process of the batch ended unexpectedly"


def in_order(
    work: Callable[[Chunk], Answer], chunks: Iterable[Chunk], processes: int | None = None
) -> Iterator[Answer]:
    """`map(work, chunks)` on several processes; memory holds a few chunks at a time.

    `work` is inherited by the processes, so whatever it has built already is built once; chunks and answers must be
    picklable. A single chunk, a single processor, or a process that cannot safely fork is served in this process.
    """
    stream = iter(chunks)
    first = list(islice(stream, 2))
    count = processes if processes is not None else usable_processors()
    may_fork = "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1
    if len(first) < 2 or count < 2 or not may_fork:
        yield from map(work, first)
        yield from map(work, stream)
        return
    with _Workers(work, count) as workers:
        for chunk in first:
            workers.hand_out(chunk)
        for chunk in stream:
            # A worker with an answer to give must not be handed more: both sides would wait for a full pipe.
            if workers.pending == count:
                yield workers.fetch()
            workers.hand_out(chunk)
        while workers.pending:
            yield workers.fetch()


class _Workers(Generic[Chunk, Answer]):
    """Processes that take turns, so that answers come back in the order of the chunks."""

    def __init__(self, work: Callable[[Chunk], Answer], count: int) -> None:
        context = multiprocessing.get_context("fork")
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(count):
            here, there = context.Pipe()
            process = context.Process(target=_serve, args=(work, there), daemon=True)
            process.start()
            there.close()
            self._pipes.append(here)
            self._processes.append(process)
        self._next = 0
        self._owed: deque[int] = deque()

    def __enter__(self) -> _Workers[Chunk, Answer]:
        return self

    def __exit__(self, *_: object) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.terminate()
            process.join()

    @property
    def pending(self) -> int:
        """Chunks handed out whose answers were not fetched."""
        return len(self._owed)

    def hand_out(self, chunk: Chunk) -> None:
        """Give the next worker a chunk."""
        try:
            self._pipes[self._next].send(chunk)
        except BrokenPipeError as error:
            raise RuntimeError(_DIED) from error
        self._owed.append(self._next)
        self._next = (self._next + 1) % len(self._pipes)

    def fetch(self) -> Answer:
        """The oldest outstanding answer; raises what the work raised."""
        turn = self._owed.popleft()
        try:
            fine, answer = self._pipes[turn].recv()
        except EOFError as error:
            raise RuntimeError(_DIED) from error
        if not fine:
            raise answer
        result: Answer = answer
        return result


def _serve(work: Callable[[Chunk], Answer], pipe: Connection) -> None:
    while True:
        try:
            chunk = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            pipe.send((True, work(chunk)))
        except KeyboardInterrupt:
            return
        except Exception as error:  # noqa: BLE001 - handed to the parent, which raises it
            pipe.send((False, error))
