"""Error events: what each report of a failure becomes on the error topic, and the `Reporter` that publishes them.

A report may quote whatever a device sent or user code raised, so its texts are bounded and made readable first.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec

from twin2multicloud.runtime.envelope import ERROR, Event, event_id
from twin2multicloud.runtime.failures import ErrorReport, RejectedError
from twin2multicloud.runtime.ports import Clock, Publisher
from twin2multicloud.runtime.times import to_time

TOPIC: Final = "errors"
MOST_MESSAGE: Final = 4000
"""Characters of a report's message: an event stays below the 64 KB that topics bill as one, however it is escaped."""
MOST_NAME: Final = 256
"""Characters of each of its other texts."""

_NAMES: Final = ("component", "cloud", "device", "link", "trace")


def readable(report: ErrorReport, cloud: str) -> ErrorReport:
    """The report with bounded texts that UTF-8 can carry, and with this cloud's name if it has none."""
    changes = {name: _cut(getattr(report, name), MOST_NAME) for name in _NAMES}
    changes["message"] = _cut(report.message, MOST_MESSAGE)
    changes["cloud"] = changes["cloud"] or cloud
    same = all(getattr(report, name) is text for name, text in changes.items())
    return report if same else msgspec.structs.replace(report, **changes)


def error_events(reports: Iterable[ErrorReport], twin: str, cloud: str, now: float) -> list[Event]:
    """An event for each report; `now` in seconds since 1970. The same reports at the same time give the same ids."""
    time = to_time(now)
    return [_event(readable(report, cloud), twin, time, number) for number, report in enumerate(reports)]


def _event(report: ErrorReport, twin: str, time: str, number: int) -> Event:
    data = msgspec.to_builtins(report)
    return Event(
        # With its number: equal reports of one call are as many errors.
        id=event_id(report.fold_key, time, msgspec.json.encode([number, data])),
        source=f"/twins/{twin}",
        type=ERROR,
        subject=report.device or report.component or report.layer,
        time=time,
        data=data,
        trace=report.trace,
    )


def _cut(text: str, most: int) -> str:
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= most else f"{text[: most - 1]}…"


def to_stderr(line: str) -> None:
    """A line of the function's log, which the hosts of functions keep."""
    with contextlib.suppress(OSError, ValueError):  # a log that cannot be written has nowhere to say so
        print(line, file=sys.stderr, flush=True)


class TopicReporter:
    """`Reporter` on the error topic of a publisher. `log` takes, as lines of JSON, the events that it does not."""

    def __init__(
        self, publisher: Publisher, clock: Clock, twin: str, cloud: str, *, log: Callable[[str], None] = to_stderr
    ) -> None:
        self._publisher = publisher
        self._clock = clock
        self._twin = twin
        self._cloud = cloud
        self._log = log

    def report(self, reports: Iterable[ErrorReport]) -> None:
        """As the port says; one that the topic refuses does not hold up the others."""
        events = error_events(reports, self._twin, self._cloud, self._clock.now())
        if not events:
            return
        problem = self._publish(events)
        if problem is None:
            return
        if not isinstance(problem, RejectedError) or len(events) == 1:
            self._keep(events, problem)
            return
        for event in events:
            if (problem := self._publish([event])) is not None:
                self._keep([event], problem)

    def _publish(self, events: Sequence[Event]) -> Exception | None:
        try:
            self._publisher.publish(TOPIC, events)
        except Exception as error:  # noqa: BLE001  whatever a service or its SDK raises: reporting a failure must not fail
            return error
        return None

    def _keep(self, events: Sequence[Event], problem: Exception) -> None:
        because = _cut(str(problem) or type(problem).__name__, MOST_NAME)
        for event in events:
            # The fields by which Cloud Logging knows severity and text; elsewhere they do no harm.
            line = {"severity": "ERROR", "message": "an error event was not published", "because": because}
            self._log(msgspec.json.encode({**line, "event": event}).decode())
