"""The way from connections to the durable sink: messages of all connections are gathered and stored in one go.

A message is acknowledged when the sink has returned, not before. While the sink works, the next batch gathers; so the
slower the sink, the larger its batches, up to the bound at which reading from devices stops.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Final, Protocol

from twin2multicloud.runtime.envelope import RawMessage
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, StoreError
from twin2multicloud.runtime.ports import Reporter

Sink = Callable[[list[RawMessage]], None]
"""Stores messages durably, all of them or a `StoreError`. Blocking; called from one thread at a time."""

_FIRST_RETRY_S: Final = 0.1
_LONGEST_RETRY_S: Final = 2.0
_ENTRY_BYTES: Final = 200
"""What an entry takes besides its payload; empty messages count, too."""


class Receiver(Protocol):
    """Who waits for a message to be stored. `number` is its own (MQTT: the packet identifier)."""

    def stored(self, number: int) -> None:
        """The message is safe."""

    def refused(self, number: int, error: StoreError) -> None:
        """The message was given up: it has to be sent again."""


class Intake:
    """Gathers messages for up to `window_s` or `batch` of them, and gives them to the sink.

    A batch that the sink refuses is tried again, while devices wait, for `patience_s`; then its receivers are told
    and whoever sent it has to send it again. `backlog` messages or `backlog_bytes` may wait; beyond, `full` is
    called, and `ready` when half of them are gone.

    `in_thread`: the sink works in a thread of its own, so that the event loop goes on while it waits for a lock or a
    slow disk. Without, it works in the event loop, which costs a quarter less CPU (no changes of threads) and is
    right for a sink that never waits.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        reporter: Reporter,
        window_s: float = 0.002,
        batch: int = 256,
        backlog: int = 10_000,
        backlog_bytes: int = 32 << 20,
        patience_s: float = 10.0,
        in_thread: bool = True,
        component: str = "gateway",
    ) -> None:
        self._sink = sink
        self._reporter = reporter
        self._window_s = window_s
        self._batch = batch
        self._most = backlog
        self._most_bytes = backlog_bytes
        self._patience_s = patience_s
        self._component = component
        self._waiting: deque[tuple[RawMessage, Receiver | None, int]] = deque()
        self._bytes = 0
        self._some = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._enough = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "gateway-sink") if in_thread else None
        self._task: asyncio.Task[None] | None = None
        self.is_full = False
        self.on_full: list[Callable[[], None]] = []
        self.on_ready: list[Callable[[], None]] = []

    def start(self) -> None:
        """Begin to store. Must be called in the event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="gateway-intake")
        self._task.add_done_callback(self._ended)

    async def settled(self) -> None:
        """Wait until the call of the sink that is under way has returned, if there is one."""
        if self._thread is not None and self._task is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, lambda: None)

    async def drain(self, within_s: float = 5.0) -> bool:
        """Wait until nothing waits any more, at most `within_s`; whether that is so."""
        try:
            await asyncio.wait_for(self._idle.wait(), within_s)
        except TimeoutError:
            return False
        return True

    async def stop(self, within_s: float = 5.0) -> None:
        """Store what waits, for as long as `within_s`, then end. What remains stays unacknowledged."""
        task, self._task = self._task, None
        if task is None:
            return
        await self.drain(within_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if self._thread is not None:
            self._thread.shutdown(wait=True)

    @property
    def backlog(self) -> int:
        """Messages that wait."""
        return len(self._waiting)

    def put(self, message: RawMessage, receiver: Receiver | None = None, number: int = 0) -> None:
        """Take a message; `receiver` hears of it. Without one it is stored if the sink takes it."""
        self._waiting.append((message, receiver, number))
        self._bytes += len(message.payload) + _ENTRY_BYTES
        count = len(self._waiting)
        if count == 1:
            self._some.set()
            self._idle.clear()
        elif count >= self._batch:
            self._enough.set()
            if not self.is_full and count >= self._most:
                self._fill()
        if not self.is_full and self._bytes >= self._most_bytes:
            self._fill()

    def _fill(self) -> None:
        self.is_full = True
        for tell in self.on_full:
            tell()

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            await self._gather()
            await self._store(list(islice(self._waiting, self._batch)))
            if not self._waiting:
                self._some.clear()
                self._idle.set()
            if len(self._waiting) < self._batch:
                self._enough.clear()

    async def _gather(self) -> None:
        if len(self._waiting) < self._batch:
            wake = asyncio.get_running_loop().call_later(self._window_s, self._enough.set)
            await self._enough.wait()
            wake.cancel()

    async def _store(self, entries: Sequence[tuple[RawMessage, Receiver | None, int]]) -> None:
        """Store the entries at the head, which stay there until it is known what became of them."""
        loop = asyncio.get_running_loop()
        messages = [entry[0] for entry in entries]
        give_up = loop.time() + self._patience_s
        pause_s = _FIRST_RETRY_S
        failure: StoreError | None = None
        while True:
            try:
                if self._thread is None:
                    self._sink(messages)
                else:
                    await loop.run_in_executor(self._thread, self._sink, messages)
            except StoreError as error:
                self._report(error, len(entries))
                wait_s = max(pause_s, error.retry_after_s or 0.0)
                if loop.time() + wait_s > give_up:
                    failure = error
                    break
                await asyncio.sleep(wait_s)
                pause_s = min(2 * pause_s, _LONGEST_RETRY_S)
            else:
                failure = None
                break
        for _ in entries:
            self._bytes -= len(self._waiting.popleft()[0].payload) + _ENTRY_BYTES
        if failure is None:
            for _, receiver, number in entries:
                if receiver is not None:
                    receiver.stored(number)
        else:
            for _, receiver, number in entries:
                if receiver is not None:
                    receiver.refused(number, failure)
        if self.is_full and len(self._waiting) <= self._most // 2 and self._bytes <= self._most_bytes // 2:
            self.is_full = False
            for tell in self.on_ready:
                tell()

    def _report(self, error: StoreError, count: int) -> None:
        kind = ErrorKind.QUOTA if error.quota else ErrorKind.WRITE_FAILED
        text = f"{count} device messages could not be stored: {error}"
        self._reporter.report(
            [ErrorReport(layer="L1", severity="error", kind=kind, message=text, component=self._component)]
        )

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A defect of the sink must neither be hidden nor stop the gateway for good: what waits is tried again."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        loop = task.get_loop()
        loop.call_exception_handler({"message": "the gateway's sink failed", "exception": error, "task": task})
        text = f"defect of the sink: {type(error).__name__}: {error}"
        report = ErrorReport(
            layer="L1", severity="critical", kind=ErrorKind.WRITE_FAILED, message=text, component=self._component
        )
        self._reporter.report([report])
        if self._task is task:
            loop.call_later(_LONGEST_RETRY_S, lambda: self.start() if self._task is task else None)
