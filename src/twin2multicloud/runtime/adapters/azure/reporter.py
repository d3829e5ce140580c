"""Error events on the error topic; what can not be published goes to the function's log."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Final

import msgspec

from twin2multicloud.runtime.adapters.azure.names import digest
from twin2multicloud.runtime.envelope import ERROR, Event
from twin2multicloud.runtime.failures import ErrorReport, RejectedError, StoreError
from twin2multicloud.runtime.ports import Clock, Publisher
from twin2multicloud.runtime.times import to_time

TOPIC: Final = "errors"

_LOG: Final = logging.getLogger("twin2multicloud.errors")


class TopicReporter:
    """`Reporter` on the error topic of a publisher. Reports without a cloud get this one's name."""

    def __init__(self, publisher: Publisher, clock: Clock, twin: str, cloud: str = "azure") -> None:
        self._publisher = publisher
        self._clock = clock
        self._source = f"/twins/{twin}"
        self._cloud = cloud

    def report(self, reports: Iterable[ErrorReport]) -> None:
        """See `Reporter.report`."""
        time = to_time(self._clock.now())
        events = [self._event(report, time) for report in reports]
        if not events:
            return
        try:
            self._publisher.publish(TOPIC, events)
        except (StoreError, RejectedError) as error:
            _LOG.error("the error topic can not be reached (%s); not published:", error)
            for event in events:
                _LOG.error("%s", msgspec.json.encode(event.data).decode())

    def _event(self, report: ErrorReport, time: str) -> Event:
        if not report.cloud:
            report = msgspec.structs.replace(report, cloud=self._cloud)
        return Event(
            id=digest(report.fold_key, report.message, report.trace, time),
            source=self._source,
            type=ERROR,
            subject=report.device or report.component,
            time=time,
            data=msgspec.to_builtins(report),
            trace=report.trace,
        )
