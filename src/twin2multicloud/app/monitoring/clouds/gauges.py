"""What the services of a cloud tell of functions and queues, asked as cheaply as is honest: what is empty, or never
failed, is not asked about any further.

Metrics come some minutes late: the quarter of an hour is looked at that ended three minutes ago.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

from twin2multicloud.app.cost_sources.exports import SourceError
from twin2multicloud.app.cost_sources.metrics import Metrics
from twin2multicloud.app.monitoring.clouds.watched import Watched, WatchedFunction, WatchedQueue
from twin2multicloud.costing.clouds import Point, Query, Source

LATE: Final = timedelta(minutes=3)
WINDOW: Final = timedelta(minutes=15)
STEP: Final = timedelta(minutes=1)
MOST_COUNTED: Final = 100
"""So many are counted where nothing tells how many there are."""


@dataclass(frozen=True)
class Ran:
    """How often a function ran within the window, and how often that failed."""

    invocations: int
    failed: int


@dataclass(frozen=True)
class Waits:
    """How many messages wait, and how long the oldest has."""

    depth: int
    oldest_s: float


@dataclass
class Readings:
    """What was told of a site; in place of a value why there is none, with the right that it takes."""

    functions: dict[WatchedFunction, Ran | str] = field(default_factory=dict)
    queues: dict[WatchedQueue, Waits | str] = field(default_factory=dict)
    aside: dict[WatchedQueue, int | str] = field(default_factory=dict)


class Gauges(Protocol):
    """The services of one site."""

    def read(self, watched: Watched, now: datetime) -> Readings:
        """What they tell of what is there. Never fails: what cannot be read says why."""
        ...


def query(metric: str, statistic: str, of: Mapping[str, str], **more: Any) -> Query:
    """A question about one metric. `more`: namespace, filter (`only`), the resource's `id` and `project`."""
    source = Source("", "", metric, more.get("namespace", ""), statistic, only=more.get("only", ""))
    return Query(source, ("", ""), of, more.get("id", ""), more.get("project", ""), 1.0)


def ask(metrics: Metrics, queries: Sequence[Query], now: datetime, right: str) -> list[list[Point] | str]:
    """The points of each metric in the window, or why there are none."""
    if not queries:
        return []
    ends = (now - LATE).replace(second=0, microsecond=0)
    try:
        told = metrics.ask(queries, ends - WINDOW, ends, STEP)
    except SourceError as error:
        return [refused(error, right)] * len(queries)
    return [
        refused(told.gaps[number], right) if number in told.gaps else told.points.get(number, [])
        for number in range(len(queries))
    ]


def total(points: Sequence[Point]) -> int:
    """The sum of all points."""
    return round(sum(point.value for point in points))


def last(points: Sequence[Point]) -> float | None:
    """The newest point; None if there is none."""
    newest = max(points, key=lambda point: point.at, default=None)
    return None if newest is None else newest.value


def refused(error: object, right: str) -> str:
    """Why something cannot be read, and which right that takes."""
    return f"it cannot be read: {error}; whoever signs in there needs {right}"


def tried(read: Callable[[], int], right: str, errors: tuple[type[Exception], ...]) -> int | str:
    """What a service tells, or why it does not; `errors` are those of its SDK, which quote requests, and those hold
    signatures: their kind has to do.
    """
    try:
        return read()
    except errors as error:
        response = getattr(error, "response", None)
        code = response.get("Error", {}).get("Code") if isinstance(response, dict) else None
        return refused(code or getattr(error, "error_code", None) or type(error).__name__, right)


def rates(
    metrics: Metrics,
    functions: Sequence[WatchedFunction],
    failed: Callable[[WatchedFunction], Query],
    ran: Callable[[WatchedFunction], Query],
    now: datetime,
    right: str,
) -> dict[WatchedFunction, Ran | str]:
    """How often functions failed; how often those ran that did fail is asked afterwards."""
    found: dict[WatchedFunction, Ran | str] = {}
    failures: dict[WatchedFunction, int] = {}
    answers = ask(metrics, [failed(each) for each in functions], now, right)
    for each, answer in zip(functions, answers, strict=True):
        if isinstance(answer, str):
            found[each] = answer
        elif number := total(answer):
            failures[each] = number
        else:
            found[each] = Ran(0, 0)
    more = ask(metrics, [ran(each) for each in failures], now, right)
    for (each, number), answer in zip(failures.items(), more, strict=True):
        found[each] = answer if isinstance(answer, str) else Ran(max(total(answer), number), number)
    return found
