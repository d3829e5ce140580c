"""Gathering: many callers at the same time hand in their messages, and one batch serves them all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class BatchFailedError(Exception):
    """The batch that held the caller's items failed. Who handled it was told why, and says so."""


class _Batch(Generic[T]):
    def __init__(self, closes: float) -> None:
        self.items: list[T] = []
        self.bytes = 0
        self.closes = closes
        self.closed = False
        self.done = threading.Event()
        self.failed = True


class Gatherer(Generic[T]):
    """Hands `handle` batches of at most `most` items and `most_bytes`, that wait `window_s` seconds at most.

    `gather` returns when the batch that holds the caller's items was handled, so whoever acknowledges after it has
    returned loses nothing. The first caller of a batch handles it and gets what that raises; the others a
    `BatchFailedError`.
    """

    def __init__(self, handle: Callable[[list[T]], object], *, most: int, most_bytes: int, window_s: float) -> None:
        self._handle = handle
        self._most = most
        self._most_bytes = most_bytes
        self._window_s = window_s
        self._changed = threading.Condition()
        self._open: _Batch[T] | None = None

    def gather(self, items: Sequence[T], size_bytes: int) -> None:
        """Take part in a batch. Items of one call stay together."""
        if not items:
            return
        with self._changed:
            batch, first = self._joined(items, size_bytes)
        if first:
            self._lead(batch)
            return
        batch.done.wait()
        if batch.failed:
            raise BatchFailedError("the batch that held this message was not handled")

    def _joined(self, items: Sequence[T], size_bytes: int) -> tuple[_Batch[T], bool]:
        batch = self._open
        if batch is not None and batch.bytes + size_bytes > self._most_bytes:
            self._close(batch)
            batch = None
        first = batch is None
        if batch is None:
            batch = self._open = _Batch(time.monotonic() + self._window_s)
        batch.items += items
        batch.bytes += size_bytes
        if len(batch.items) >= self._most or batch.bytes >= self._most_bytes:
            self._close(batch)
        return batch, first

    def _close(self, batch: _Batch[T]) -> None:
        batch.closed = True
        self._open = None
        self._changed.notify_all()

    def _lead(self, batch: _Batch[T]) -> None:
        with self._changed:
            while not batch.closed:
                left = batch.closes - time.monotonic()
                if left <= 0:
                    self._close(batch)
                    break
                self._changed.wait(left)
        try:
            self._handle(batch.items)
            batch.failed = False
        finally:
            batch.done.set()
