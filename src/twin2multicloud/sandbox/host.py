"""The function host: runs a handler on what its queue or schedule brings, as Lambda, Functions and Cloud Run do.

A queue's messages are gathered into a batch that closes when it is full or when its window ends, counted from its
first message. A batch is acknowledged after its handler returned. When the handler could not do its work now, the
batch comes again, after a while that grows; when it fails for a reason nobody foresaw, its messages come again one
by one, and one that keeps failing ends in the dead-letter store.
"""

from __future__ import annotations

import math
import random
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, HandlerError, StoreError
from twin2multicloud.runtime.ports import DeadLetter, DeadLetters, Reporter
from twin2multicloud.sandbox.status import FunctionStatus

MOST_ATTEMPTS: Final = 5
"""Times that a message is tried alone before it counts as poison."""

_FIRST_WAIT_S: Final = 0.2
_LONGEST_WAIT_S: Final = 5.0
_IDLE_S: Final = 0.5
_LATE_S: Final = 0.05
"""So late a function may look for its next batch that what waits is no backlog."""
LEAST_PAUSE_S: Final = 0.25
"""Between the beginnings of two runs of a scheduled function."""


class Delivered(Protocol):
    """A message as a queue hands it out."""

    @property
    def id(self) -> int:
        """The queue's own number."""

    @property
    def body(self) -> bytes:
        """What was sent."""

    @property
    def attempts(self) -> int:
        """How often it failed before."""

    @property
    def enqueued_at(self) -> float:
        """When it was sent (wall clock)."""


class Source(Protocol):
    """A queue as its consumer sees it."""

    name: str

    def receive(self, limit: int, sent_by: float | None = None) -> Sequence[Delivered]:
        """Claim at most `limit` messages that are due; none from the first on that was sent after `sent_by`."""

    def begin(self, batch: Sequence[Delivered]) -> None:
        """A run begins with these messages."""

    def ack(self, ids: Sequence[int]) -> None:
        """Remove messages for good."""

    def nack(self, ids: Sequence[int], delay_s: float) -> None:
        """Give messages back, to come again after a while."""

    def wait(self, timeout: float) -> bool:
        """Block until a message may be due, at most `timeout` seconds, or until `wake`."""

    def wake(self) -> None:
        """Let whoever waits look again."""


@dataclass
class FunctionStats:
    """What a function did so far."""

    name: str
    role: str
    slot: str
    invocations: int = 0
    errors: int = 0
    messages: int = 0
    last_run: float | None = None
    recent_ms: deque[float] = field(default_factory=lambda: deque(maxlen=500))
    cpu_s: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ran(self, messages: int, seconds: float, cpu_s: float, at: float, *, failed: bool = False) -> None:
        """Count one invocation."""
        with self.lock:
            self.invocations += 1
            self.errors += failed
            self.messages += messages
            self.last_run = at
            self.recent_ms.append(seconds * 1000)
            self.cpu_s += cpu_s

    @property
    def status(self) -> FunctionStatus:
        """As the console shows it."""
        with self.lock:
            times = sorted(self.recent_ms)
        return FunctionStatus(
            name=self.name,
            role=self.role,
            slot=self.slot,
            invocations=self.invocations,
            errors=self.errors,
            messages=self.messages,
            p50_ms=_quantile(times, 0.5),
            p99_ms=_quantile(times, 0.99),
            last_run=self.last_run,
            cpu_s=self.cpu_s,
        )


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[min(math.ceil(share * len(ordered)), len(ordered)) - 1] if ordered else None


Invoke = Callable[[list[Any]], None]
Poisoned = Callable[[Any, str], DeadLetter]


class QueueFunction:
    """A function fed by a queue. `start` begins, `stop` lets the batch under way end.

    `decode` turns a message's body into items (a queued message may hold a whole batch), `invoke` runs the handler on
    the items of a batch (and meters it), `letter` makes the dead letter of a poison item. `most` messages of the
    queue make a full batch, whose window is `window_s` of the twin's seconds: `speed` of them pass in one of ours.
    Up to `concurrency` batches run at the same time. `uniform` spreads retries in time.
    """

    def __init__(
        self,
        stats: FunctionStats,
        source: Source,
        *,
        decode: Callable[[bytes], list[Any]],
        invoke: Invoke,
        letter: Poisoned,
        dead_letters: DeadLetters,
        reporter: Reporter,
        most: int,
        window_s: float,
        speed: Callable[[], float] = lambda: 1.0,
        concurrency: int = 1,
        now: Callable[[], float] = time.time,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.stats = stats
        self._source = source
        self._decode = decode
        self._invoke = invoke
        self._letter = letter
        self._dead_letters = dead_letters
        self._reporter = reporter
        self._most = most
        self._window_s = window_s
        self._speed = speed
        self._now = now
        self._uniform = uniform
        self._stopping = threading.Event()
        # How often a message failed, alone, for a reason nobody foresaw: an outage's failures are none of these.
        self._poison: dict[int, int] = {}
        # Whoever is free gathers the next batch, one at a time, and handles it: none is handed from thread to thread.
        self._gathering = threading.Lock()
        self._threads = [
            threading.Thread(target=self._run, name=f"{stats.name}-{number}", daemon=True)
            for number in range(concurrency)
        ]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Take no further batch."""
        self._stopping.set()
        self._source.wake()

    @property
    def alive(self) -> bool:
        """Whether a batch is still under way after `end`."""
        return any(thread.is_alive() for thread in self._threads)

    def stop(self, timeout_s: float = 5.0) -> None:
        """Take no further batch, and wait for those under way."""
        self.end()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0.0))

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._gathering:
                try:
                    batch = self._gather()
                except StoreError as error:
                    self._reporter.report([self._report(ErrorKind.WRITE_FAILED, str(error))])
                    self._stopping.wait(_FIRST_WAIT_S)
                    continue
            if batch:
                self._handle(batch)

    def _gather(self) -> list[Delivered]:
        if self._stopping.is_set() or not self._source.wait(_IDLE_S):
            return []
        # A clock that runs slower than ours, or stands, lets nobody wait the longer for it.
        window_s = self._window_s / max(self._speed(), 1.0)
        batch = list(self._source.receive(1 if window_s > 0 else self._most))
        if not batch or window_s <= 0:
            return batch
        began = batch[0].enqueued_at
        age_s = max(self._now() - began, 0.0)
        # What came later than that is the next batch's, however late we look: else batches grow by our own slowness,
        # the more the faster the twin's clock runs. What has waited for longer is a backlog, to be worked off.
        is_backlog = age_s > window_s + _LATE_S
        self._fill(batch, window_s if is_backlog else window_s - age_s, None if is_backlog else began + window_s)
        return batch

    def _fill(self, batch: list[Delivered], seconds: float, sent_by: float | None) -> None:
        """Add what comes within so many seconds and was sent by then."""
        end = time.monotonic() + seconds
        is_last = waits = False
        while len(batch) < self._most and not self._stopping.is_set():
            try:
                more = self._source.receive(self._most - len(batch), sent_by)
            except StoreError:
                return  # what was received is handled all the same
            batch.extend(more)
            if is_last or (waits and not more):
                return  # what waits was sent too late for this batch
            left = end - time.monotonic()
            waits = left > 0 and self._source.wait(left)
            is_last = not waits

    def _handle(self, batch: list[Delivered]) -> None:
        try:
            self._attempt(batch)
        except Exception as error:  # noqa: BLE001  whatever happens, the function goes on and the batch comes again
            traceback.print_exception(error)
            self._again(batch, None)

    def _attempt(self, batch: list[Delivered]) -> None:
        ids = [message.id for message in batch]
        self._source.begin(batch)
        try:
            items = [item for message in batch for item in self._decode(message.body)]
            self._timed(items)
        except HandlerError as error:
            self._reporter.report(error.reports)
            if error.patient:
                self._again(batch, error.retry_after_s)
            else:
                self._one_by_one(batch, str(error))
        except StoreError as error:
            kind = ErrorKind.QUOTA if error.quota else ErrorKind.WRITE_FAILED
            self._reporter.report([self._report(kind, str(error))])
            self._again(batch, error.retry_after_s)
        except Exception as error:  # noqa: BLE001  the boundary at which a defect may not take the queue along
            self._unforeseen(batch, error)
        else:
            self._acked(ids)

    def _timed(self, items: list[Any]) -> None:
        began, cpu = time.perf_counter(), time.thread_time()
        failed = True
        try:
            self._invoke(items)
            failed = False
        finally:
            self.stats.ran(
                len(items), time.perf_counter() - began, time.thread_time() - cpu, self._now(), failed=failed
            )

    def _acked(self, ids: list[int]) -> None:
        for id in ids:
            self._poison.pop(id, None)
        for attempt in range(3):
            try:
                self._source.ack(ids)
                return
            except StoreError:
                # Not acknowledged: they come again, which is harmless.
                time.sleep(0.05 * 2**attempt)
        self._source.nack(ids, _FIRST_WAIT_S)

    def _again(self, batch: list[Delivered], after_s: float | None) -> None:
        tries = max(message.attempts for message in batch)
        longest = min(_FIRST_WAIT_S * 2 ** min(tries, 10), _LONGEST_WAIT_S)
        wait = max(self._uniform(longest / 2, longest), min(after_s or 0.0, 30.0))
        try:
            self._source.nack([message.id for message in batch], wait)
        except StoreError as error:
            self._reporter.report([self._report(ErrorKind.WRITE_FAILED, str(error))])

    def _unforeseen(self, batch: list[Delivered], error: Exception) -> None:
        traceback.print_exception(error)
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"
        if len(batch) == 1:
            self._reporter.report([self._report(ErrorKind.INTERNAL, reason)])
        self._one_by_one(batch, reason)

    def _one_by_one(self, batch: list[Delivered], reason: str) -> None:
        """Let the messages of a batch that may hold poison come alone, and set aside what has failed too often."""
        if len(batch) > 1:
            for message in batch:
                self._attempt([message])
            return
        message = batch[0]
        attempts = self._poison[message.id] = self._poison.get(message.id, 0) + 1
        if attempts < MOST_ATTEMPTS:
            self._again(batch, None)
            return
        try:
            self._dead_letters.put([self._letter(message.body, reason)])
        except StoreError:
            self._again(batch, None)
            return
        self._acked([message.id])

    def _report(self, kind: ErrorKind, message: str) -> ErrorReport:
        return ErrorReport(layer="L2", severity="error", kind=kind, message=message, component=self.stats.name)


class ScheduledFunction:
    """A function that a schedule starts, every `every_s` seconds of the twin's clock, one run at a time.

    However fast that clock runs, runs begin at least `LEAST_PAUSE_S` of the machine's seconds apart.
    """

    def __init__(
        self,
        stats: FunctionStats,
        run: Callable[[], int],
        *,
        every_s: float,
        clock: Callable[[], float],
        reporter: Reporter,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.stats = stats
        self._work = run
        self._every_s = every_s
        self._clock = clock
        self._reporter = reporter
        self._now = now
        self._stopping = threading.Event()
        self._asked = threading.Event()
        self._turn = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=stats.name, daemon=True)

    def start(self) -> None:
        """Begin to run on schedule."""
        self._thread.start()

    def end(self) -> None:
        """Start no further run."""
        self._stopping.set()
        self._asked.set()

    @property
    def alive(self) -> bool:
        """Whether a run is still under way after `end`."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Start no further run, and wait for the one under way."""
        self.end()
        self._thread.join(timeout_s)

    def run_now(self) -> None:
        """Do one run at once, off schedule."""
        self._asked.set()

    def _run(self) -> None:
        last = self._clock()
        while not self._stopping.is_set():
            asked = self._asked.wait(LEAST_PAUSE_S)
            self._asked.clear()
            if self._stopping.is_set():
                return
            now = self._clock()
            if asked:
                self.once()
            elif not 0 <= now - last < self._every_s:
                # Keep the rhythm; after a jump of the clock, or a long run, begin a new one from now on.
                late = now - last
                last = last + self._every_s if 0 <= late < 2 * self._every_s else now
                self.once()

    def once(self) -> None:
        """One run, with its failure reported; the next run does what this one could not."""
        with self._turn:
            self._one_run()

    def _one_run(self) -> None:
        began, cpu, moved, failed = time.perf_counter(), time.thread_time(), 0, True
        try:
            moved = self._work()
            failed = False
        except HandlerError as error:
            self._reporter.report(error.reports)
        except StoreError as error:
            self._report(ErrorKind.QUOTA if error.quota else ErrorKind.WRITE_FAILED, str(error))
        except Exception as error:  # noqa: BLE001  the boundary at which a defect may not end the schedule
            traceback.print_exception(error)
            self._report(ErrorKind.INTERNAL, f"{type(error).__name__}: {error}")
        self.stats.ran(moved, time.perf_counter() - began, time.thread_time() - cpu, self._now(), failed=failed)

    def _report(self, kind: ErrorKind, message: str) -> None:
        report = ErrorReport(layer="L3", severity="error", kind=kind, message=message, component=self.stats.name)
        self._reporter.report([report])
