"""Batches of a queue or stream: handle, and say what shall be delivered again. The same for every host that asks."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from twin2multicloud.runtime.envelope import Event, RawMessage, event_id
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, HandlerError, StoreError
from twin2multicloud.runtime.handlers.ingest import dead_letter
from twin2multicloud.runtime.ports import Clock, DeadLetter, DeadLetters, Reporter
from twin2multicloud.runtime.times import to_time

MOST_ATTEMPTS: Final = 5
"""Deliveries of a message whose handling fails for an unforeseen reason, before it is set aside."""

Message = Event | RawMessage
Handle = Callable[[Sequence[Message]], object]


@dataclass(frozen=True)
class Delivery:
    """A message as its queue or stream handed it over. `id` is what a partial failure names.

    `attempts` counts its deliveries, this one included; 1 where the service does not count.
    """

    id: str
    body: bytes
    attempts: int


class Batches:
    """Runs a handler on batches and answers the ids of what shall come again.

    A handler that cannot do its work now (`HandlerError`, `StoreError`) gets all of it again. One that fails for a
    reason nobody foresaw gets its messages one by one, so that a poison message does not hold up the others; it is
    set aside after `MOST_ATTEMPTS` deliveries. What cannot even be read is set aside at once.

    With `ordered`, as a stream is, only the first id is answered, where delivery goes on from; and a poison message
    is set aside at once, since a stream neither counts deliveries nor goes past a message.
    """

    def __init__(
        self,
        handle: Handle,
        read: Callable[[bytes], Message],
        *,
        topic: str,
        component: str,
        dead_letters: DeadLetters,
        reporter: Reporter,
        clock: Clock,
        ordered: bool = False,
    ) -> None:
        self._handle = handle
        self._read = read
        self._topic = topic
        self._component = component
        self._dead_letters = dead_letters
        self._reporter = reporter
        self._clock = clock
        self._ordered = ordered

    def __call__(self, deliveries: Sequence[Delivery]) -> list[str]:
        """Handle a batch."""
        try:
            work = self._readable(deliveries)
        except StoreError as error:
            self._reporter.report([self._store_report(error)])
            return self._named(deliveries)
        problem = self._attempt([message for _, message in work]) if work else None
        if problem is None:
            return []
        if not isinstance(problem, HandlerError | StoreError):
            return self._one_by_one(work)
        self._reporter.report(self._reports_of(problem))
        return self._named([delivery for delivery, _ in work])

    def _attempt(self, messages: list[Message]) -> Exception | None:
        try:
            self._handle(messages)
        except (HandlerError, StoreError) as error:
            return error
        except Exception as error:  # noqa: BLE001  the boundary at which a defect may not take the queue along
            traceback.print_exception(error, file=sys.stderr)
            return error
        return None

    def _one_by_one(self, work: Sequence[tuple[Delivery, Message]]) -> list[str]:
        failed: list[Delivery] = []
        for delivery, message in work:
            problem = self._attempt([message])
            if problem is None:
                continue
            reports = self._reports_of(problem)
            foreseen = isinstance(problem, HandlerError | StoreError)
            if not foreseen and (self._ordered or delivery.attempts >= MOST_ATTEMPTS):
                letter = dead_letter(message, self._topic, reports[0].message, self._component)
                if self._kept(letter, reports[0]):
                    continue
            else:
                self._reporter.report(reports)
            failed.append(delivery)
            if self._ordered:
                break
        return self._named(failed)

    def _readable(self, deliveries: Sequence[Delivery]) -> list[tuple[Delivery, Message]]:
        work: list[tuple[Delivery, Message]] = []
        letters: list[DeadLetter] = []
        reports: list[ErrorReport] = []
        for delivery in deliveries:
            try:
                work.append((delivery, self._read(delivery.body)))
            except ValueError as error:
                reason = f"not a message of ours: {error}"
                id = event_id("", self._topic, delivery.body)
                at = to_time(self._clock.now())
                letters.append(DeadLetter(id, self._topic, reason, delivery.body, at, component=self._component))
                reports.append(self._report(ErrorKind.MALFORMED, reason))
        if letters:
            self._dead_letters.put(letters)
            self._reporter.report(reports)
        return work

    def _kept(self, letter: DeadLetter, report: ErrorReport) -> bool:
        """Whether a poison message is safe in the dead-letter store."""
        try:
            self._dead_letters.put([letter])
        except StoreError as error:
            self._reporter.report([report, self._store_report(error)])
            return False
        self._reporter.report([report])
        return True

    def _named(self, deliveries: Sequence[Delivery]) -> list[str]:
        return [delivery.id for delivery in deliveries[: 1 if self._ordered else None]]

    def _reports_of(self, problem: Exception) -> list[ErrorReport]:
        if isinstance(problem, HandlerError):
            return problem.reports
        if isinstance(problem, StoreError):
            return [self._store_report(problem)]
        said = f"{type(problem).__name__}: {' '.join(str(problem).split())[:500]}"
        return [self._report(ErrorKind.INTERNAL, said)]

    def _store_report(self, error: StoreError) -> ErrorReport:
        return self._report(ErrorKind.QUOTA if error.quota else ErrorKind.WRITE_FAILED, str(error))

    def _report(self, kind: ErrorKind, message: str) -> ErrorReport:
        layer: Any = "L1" if kind is ErrorKind.MALFORMED else "L2"
        return ErrorReport(layer=layer, severity="error", kind=kind, message=message, component=self._component)
