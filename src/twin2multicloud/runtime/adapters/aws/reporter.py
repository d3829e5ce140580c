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
    """`Reporter` on a publisher (SNS). `log` is where reports go that it does not take: CloudWatch keeps stderr."""

    def __init__(self, publisher: Publisher, clock: Clock, twin: str, *, log: TextIO | None = None) -> None:
        self._publisher = publisher
        self._clock = clock
        self._source = f"/twins/{twin}"
        self._log = log

    def report(self, reports: Iterable[ErrorReport]) -> None:
        """As the port says; ten reports a request."""
        time = to_time(self._clock.now())
        events = [self._event(report, time) for report in reports]
        if not events:
            return
        try:
            self._publisher.publish(TOPIC, events)
        except (StoreError, RejectedError) as error:
            log = self._log or sys.stderr
            for event in events:
                line = {"unpublished": event.data, "because": str(error)}
                print(msgspec.json.encode(line).decode(), file=log, flush=True)

    def _event(self, report: ErrorReport, time: str) -> Event:
        if not report.cloud:
            report = msgspec.structs.replace(report, cloud="aws")
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
