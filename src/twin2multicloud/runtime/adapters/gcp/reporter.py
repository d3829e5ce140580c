"""Error events on the error topic; what cannot be published goes to the function's log."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Final, TextIO

import msgspec

from twin2multicloud.runtime.envelope import ERROR, Event, event_id
from twin2multicloud.runtime.failures import ErrorReport, RejectedError, StoreError
from twin2multicloud.runtime.ports import Clock, Publisher
from twin2multicloud.runtime.times import to_time

TOPIC: Final = "errors"


class TopicReporter:
    """`Reporter` on Pub/Sub. `log` is where reports go that it does not take: Cloud Logging reads JSON on stderr."""

    def __init__(self, publisher: Publisher, clock: Clock, twin: str, *, log: TextIO | None = None) -> None:
        self._publisher = publisher
        self._clock = clock
        self._source = f"/twins/{twin}"
        self._log = log

    def report(self, reports: Iterable[ErrorReport]) -> None:
        """A message per report."""
        time = to_time(self._clock.now())
        events = [self._event(report, time) for report in reports]
        if not events:
            return
        try:
            self._publisher.publish(TOPIC, events)
        except (StoreError, RejectedError) as error:
            for event in events:
                line = {"severity": "ERROR", "message": "an error event was not published", "because": str(error)}
                text = msgspec.json.encode({**line, "event": event.data}).decode()
                print(text, file=self._log or sys.stderr, flush=True)

    def _event(self, report: ErrorReport, time: str) -> Event:
        if not report.cloud:
            report = msgspec.structs.replace(report, cloud="gcp")
        data = msgspec.to_builtins(report)
        return Event(
            id=event_id(report.fold_key, time, msgspec.json.encode(data)),
            source=self._source,
            type=ERROR,
            subject=report.device or report.component,
            time=time,
            data=data,
            trace=report.trace,
        )
