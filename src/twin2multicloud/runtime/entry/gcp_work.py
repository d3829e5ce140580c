"""Running a handler on deliveries of Pub/Sub, pushed or pulled: what is done, and what shall come again."""

from __future__ import annotations

import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from twin2multicloud.runtime.adapters.gcp.messages import items_in
from twin2multicloud.runtime.entry.gathering import BatchFailedError
from twin2multicloud.runtime.entry.gcp_push import Delivery
from twin2multicloud.runtime.envelope import Event, RawMessage, event_id
from twin2multicloud.runtime.failures import (
    ErrorKind,
    ErrorReport,
    HandlerError,
    Layer,
    RejectedError,
    StoreError,
)
from twin2multicloud.runtime.handlers.ingest import dead_letter
from twin2multicloud.runtime.ports import DeadLetter, DeadLetters, Reporter
from twin2multicloud.runtime.times import to_time

MOST_ATTEMPTS: Final = 5
"""Times that a message whose handling fails for an unforeseen reason is tried before it is set aside."""
_REMEMBERED: Final = 10_000

Message = RawMessage | Event
Handle = Callable[[Sequence[Message]], object]


class Again(msgspec.Struct, frozen=True):
    """Deliveries that shall come again, and the seconds to wait before, if a service named some."""

    deliveries: list[Delivery]
    after_s: float | None = None


class Work:
    """A handler with its topic. Called with deliveries; those not in its answer are done and to be acknowledged.

    Deliveries that cannot be handled now come again together. When handling fails for a reason nobody foresaw, each
    is tried alone, and what keeps failing is set aside after `MOST_ATTEMPTS`: as Pub/Sub counts deliveries, or as this
    instance does where Pub/Sub does not. `gather`, if given, is what handles deliveries that come for the first time;
    it may join them with those of other threads, which a delivery that has failed before is kept from.
    """

    def __init__(
        self,
        handle: Handle,
        *,
        topic: str,
        component: str,
        dead_letters: DeadLetters,
        reporter: Reporter,
        log: Callable[[str], None],
        gather: Handle | None = None,
    ) -> None:
        self._handle = handle
        self._gather = gather
        self._topic = topic
        self._component = component
        self._dead_letters = dead_letters
        self._reporter = reporter
        self._log = log
        self._failed: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, deliveries: Sequence[Delivery]) -> Again:
        """Handle them as one batch."""
        try:
            readable = self._readable(deliveries)
            if not readable:
                return Again([])
            fresh = not any(delivery.attempts > 1 or delivery.id in self._failed for delivery in deliveries)
            handle = self._gather if self._gather is not None and fresh else self._handle
            said = self._try(handle, [item for _, items in readable for item in items])
            if said is None:
                return Again([])
            if len(readable) > 1:
                return self._one_by_one([delivery for delivery, _ in readable])
            return self._unforeseen(*readable[0], said)
        except BatchFailedError:
            self._count(deliveries)
            return Again(list(deliveries))
        except HandlerError as error:
            self._reporter.report(error.reports)
            return Again(list(deliveries), error.retry_after_s)
        except StoreError as error:
            self._reporter.report([self.store_report(error)])
            return Again(list(deliveries), error.retry_after_s)

    def store_report(self, error: StoreError) -> ErrorReport:
        """A store's failure that its handler did not name."""
        return self._report(ErrorKind.QUOTA if error.quota else ErrorKind.WRITE_FAILED, str(error), layer="L3")

    def _readable(self, deliveries: Sequence[Delivery]) -> list[tuple[Delivery, list[Message]]]:
        """What each delivery brings; what says that it is ours but is not is set aside for good."""
        readable: list[tuple[Delivery, list[Message]]] = []
        for delivery in deliveries:
            try:
                readable.append((delivery, items_in(delivery.data, delivery.attributes, delivery.published)))
            except msgspec.DecodeError as error:
                letter = DeadLetter(
                    id=event_id(delivery.id, to_time(delivery.published), delivery.data),
                    topic=self._topic,
                    reason=f"not a message of ours: {error}",
                    body=delivery.data,
                    at=to_time(delivery.published),
                    component=self._component,
                )
                self._set_aside([letter], ErrorKind.MALFORMED)
        return readable

    def _try(self, handle: Handle, messages: list[Message]) -> str | None:
        """None if they were handled, else what unforeseen happened."""
        try:
            handle(messages)
        except (BatchFailedError, HandlerError, StoreError):
            raise
        except RejectedError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001  the boundary at which a defect may not hold up the topic
            self._log(traceback.format_exc())
            return f"{type(error).__name__}: {error}"[:500]
        return None

    def _one_by_one(self, deliveries: Sequence[Delivery]) -> Again:
        again: list[Delivery] = []
        waits: list[float] = []
        for delivery in deliveries:
            one = self([delivery])
            again += one.deliveries
            if one.after_s is not None:
                waits.append(one.after_s)
        return Again(again, max(waits, default=None))

    def _unforeseen(self, delivery: Delivery, messages: Sequence[Message], said: str) -> Again:
        (counted,) = self._count([delivery])
        if max(delivery.attempts, counted) < MOST_ATTEMPTS:
            return Again([delivery])
        letters = [dead_letter(message, self._topic, said, self._component) for message in messages]
        self._set_aside(letters, ErrorKind.INTERNAL)
        return Again([])

    def _count(self, deliveries: Sequence[Delivery]) -> list[int]:
        """Note a failure of each; how many each has had here."""
        counts = []
        with self._lock:
            for delivery in deliveries:
                self._failed[delivery.id] = self._failed.pop(delivery.id, 0) + 1
                counts.append(self._failed[delivery.id])
            while len(self._failed) > _REMEMBERED:
                self._failed.popitem(last=False)
        return counts

    def _set_aside(self, letters: Sequence[DeadLetter], kind: ErrorKind) -> None:
        self._dead_letters.put(letters)
        self._reporter.report(
            [self._report(kind, letter.reason, device=letter.device, trace=letter.trace) for letter in letters]
        )

    def _report(
        self, kind: ErrorKind, message: str, *, layer: Layer = "L2", device: str = "", trace: str = ""
    ) -> ErrorReport:
        return ErrorReport(
            layer=layer,
            severity="error",
            kind=kind,
            message=message,
            component=self._component,
            device=device,
            trace=trace,
        )
