"""A device's history as lines to be drawn: at most so many points, of which each tells how far the values went."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

import msgspec

from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.names import unknown
from twin2multicloud.model.spec import DeviceType
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.envelope import Event
from twin2multicloud.runtime.times import to_epoch, to_time

MOST_POINTS: Final = 2_000
MOST_FIELDS: Final = 20
MOST_RECORDS: Final = 50_000
"""Of a range with more of them a part is read, spread evenly over it."""
_WINDOWS: Final = 10_000


class HistoryRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Fields of a device (none named: all scalar ones) in a range of event time, in seconds since 1970. Without `end`
    it ends now, without `start` it begins `seconds` earlier.
    """

    device: str
    fields: Annotated[tuple[str, ...], msgspec.Meta(max_length=MOST_FIELDS)] = ()
    start: float | None = None
    end: float | None = None
    seconds: Annotated[float, msgspec.Meta(gt=0)] = 3600.0
    points: Annotated[int, msgspec.Meta(ge=1, le=MOST_POINTS)] = 300


@dataclass
class _Bucket:
    """What was measured in a part of the range."""

    at: str = ""
    count: int = 0
    low: float = math.inf
    high: float = -math.inf
    total: float = 0.0
    numbers: int = 0
    last: Any = None

    def add(self, at: str, value: Any) -> None:
        """One more value, later than those before."""
        self.at, self.last = at, value
        self.count += 1
        if isinstance(value, int | float):
            number = float(value)
            self.low, self.high = min(self.low, number), max(self.high, number)
            self.total += number
            self.numbers += 1

    def told(self) -> list[Any]:
        """Its time in seconds since 1970, how many, minimum, maximum, mean, and the last value."""
        if not self.numbers:
            return [to_epoch(self.at), self.count, None, None, None, self.last]
        return [to_epoch(self.at), self.count, self.low, self.high, self.total / self.numbers, self.last]


@dataclass
class _Line:
    """A field over time."""

    name: str
    buckets: dict[int, _Bucket] = field(default_factory=dict)


def history(hot: LocalHotStore, kind: DeviceType, asked: HistoryRequest, now: float) -> dict[str, Any]:
    """`{"start", "end", "step", "records", "complete", "series": [{"field", "unit", "type", "points"}], "last"}`.

    A point is what `_Bucket.told` says; with no more records than points each is one of its own. `complete`: all
    records of the range were read. Work is bounded, whatever the range: some 50,000 records are read at most.
    """
    end = now if asked.end is None else asked.end
    start = end - asked.seconds if asked.start is None else asked.start
    if not 0 <= start < end < math.inf:
        raise UsageError("since: the range must begin after 1970 and before it ends")
    fields = _fields(kind, asked.fields)
    events, complete = _read(hot, asked.device, start, end)
    step = (end - start) / asked.points
    own = len(events) <= asked.points
    lines = [_Line(name) for name in fields]
    for number, event in enumerate(events):
        data = event.data if isinstance(event.data, dict) else {}
        bucket = number if own else int((to_epoch(event.time) - start) / step)
        for line in lines:
            value = data.get(line.name)
            if value is not None:
                line.buckets.setdefault(bucket, _Bucket()).add(event.time, value)
    known = {each.name: each for each in kind.fields}
    latest = hot.last(asked.device)
    return {
        "start": start,
        "end": end,
        "step": step,
        "records": len(events),
        "complete": complete,
        "series": [
            {
                "field": line.name,
                "unit": known[line.name].unit,
                "type": known[line.name].type,
                "points": [line.buckets[number].told() for number in sorted(line.buckets)],
            }
            for line in lines
        ],
        "last": None if latest is None else {"time": latest.time, "data": latest.data},
    }


def _fields(kind: DeviceType, wanted: Sequence[str]) -> Sequence[str]:
    names = [each.name for each in kind.fields]
    for name in wanted:
        if name not in names:
            raise UsageError(f"field: {unknown(f'field of {kind.name}', name[:64], tuple(names))}")
    scalar = [each.name for each in kind.fields if each.type not in ("object", "array")]
    return list(dict.fromkeys(wanted)) or scalar[:MOST_FIELDS]


def _read(hot: LocalHotStore, device: str, start: float, end: float) -> tuple[list[Event], bool]:
    """The records of a range, the oldest first, and whether these are all."""
    first, last = to_time(start), to_time(end)
    if hot.count_between(device, first, last, MOST_RECORDS + 1) <= MOST_RECORDS:
        return hot.history(device, first, last, 2 * MOST_RECORDS, newest_first=False), True
    width = (end - start) / _WINDOWS
    bounds = dict.fromkeys(to_time(start + width * number) for number in range(_WINDOWS + 1))
    return hot.spread(device, list(bounds)), False
