"""A calendar month of usage: what it costs to date by the tariffs of its sums, what it comes to, and day by day.

Providers price a month's sum, so a free allowance is used up once and tiers are reached when they are reached. Usage is
therefore added up first. Where a meter is sold in units for a month instead (of an IoT hub, bundles, nodes of
Bigtable), its mean level is priced for a month and counts for the part of it that was metered; a user is billed whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from twin2multicloud.costing.attribution import Priced
from twin2multicloud.costing.mapping import MeterKey
from twin2multicloud.model.workload import SECONDS_PER_MONTH

Sold = Literal["sum", "level", "whole"]
"""How a meter is sold: by what was used, by its level over time, or for a whole month once it is used."""
HowSold = Callable[[str], Sold]
_HOUR_S: Final = 3_600.0
_DAY_S: Final = 86_400.0
_FINE_S: Final = 48 * _HOUR_S
"""What was used in more than this at once is kept by days."""


@dataclass(frozen=True)
class Month:
    """A calendar month in UTC: from its first moment until the next one's."""

    begins: datetime
    ends: datetime

    @property
    def days(self) -> int:
        """How many."""
        return max((self.ends - self.begins).days, 1)


@dataclass(frozen=True)
class Used:
    """What was used of a meter from a moment on, in its unit, while `seconds` were metered."""

    at: datetime
    key: MeterKey
    quantity: float
    seconds: float


@dataclass(frozen=True)
class Day:
    """What a day added to a month's cost."""

    at: datetime
    usd: float
    seconds: float


@dataclass(frozen=True)
class ToDate:
    """A month so far, by meter and region: USD, the quantities that they are for, and the USD that it comes to by its
    end if it goes on as in the last day that was metered; and the seconds that were.
    """

    usd: Mapping[MeterKey, float]
    quantities: Mapping[MeterKey, float]
    forecast: Mapping[MeterKey, float]
    seconds: float

    @property
    def forecast_usd(self) -> float:
        """What all meters together come to."""
        return sum(self.forecast.values())

    @property
    def total_usd(self) -> float:
        """All meters together."""
        return sum(self.usd.values())


def month_of(moment: datetime) -> Month:
    """The calendar month of a moment."""
    begins = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    return Month(begins, datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC))


def month_called(period: str) -> Month:
    """The calendar month that is written so, as in 2026-11."""
    year, month = map(int, period.split("-"))
    return month_of(datetime(year, month, 1, tzinfo=UTC))


def spread(until: datetime, seconds: float, quantities: Mapping[MeterKey, float]) -> list[Used]:
    """What was used in the `seconds` before a moment, evenly over its hours, or over its days if those are many."""
    step = _HOUR_S if seconds <= _FINE_S else _DAY_S
    end = until.timestamp()
    at = end - seconds
    parts: list[tuple[float, float]] = []
    while at < end:
        begins = at - at % step
        parts.append((begins, min(begins + step, end) - at))
        at = begins + step
    whole = sum(part for _, part in parts)
    return [
        Used(datetime.fromtimestamp(begins, UTC), key, quantity * part / whole, part)
        for begins, part in parts
        for key, quantity in quantities.items()
    ]


def to_date(used: Sequence[Used], month: Month, now: datetime, priced: Priced, how_sold: HowSold) -> ToDate:
    """The cost of a month until now."""
    within = [each for each in used if month.begins <= each.at < month.ends]
    seconds = _seconds(within)
    if not seconds:
        return ToDate({}, {}, {}, 0.0)
    last = max(each.at for each in within) - timedelta(seconds=_DAY_S - _HOUR_S)
    recent = [each for each in within if each.at >= last]
    left = max((month.ends - now).total_seconds(), 0.0)
    more = left / _seconds(recent)
    ahead = _sums(within)
    for key, quantity in _sums(recent).items():
        ahead[key] += quantity * more
    forecast = _usd(ahead, seconds + left, priced, how_sold)
    sums = _sums(within)
    return ToDate(_usd(sums, seconds, priced, how_sold), sums, forecast, seconds)


def by_day(used: Sequence[Used], month: Month, priced: Priced, how_sold: HowSold) -> list[Day]:
    """What each day on which something was metered added to the month's cost."""
    days: dict[datetime, list[Used]] = defaultdict(list)
    for each in used:
        if month.begins <= each.at < month.ends:
            days[each.at.replace(hour=0, minute=0, second=0, microsecond=0)].append(each)
    found, before, seen = [], 0.0, list[Used]()
    for day in sorted(days):
        seen += days[day]
        after = sum(_usd(_sums(seen), _seconds(seen), priced, how_sold).values())
        found.append(Day(day, after - before, _seconds(days[day])))
        before = after
    return found


def at_rate(used: Sequence[Used], seconds: float, how_sold: HowSold) -> dict[MeterKey, float]:
    """What would be used in so many seconds at the rate of those that were metered; what is no sum stays a month's."""
    metered = metered_seconds(used)
    return {
        key: sum_ * (seconds if how_sold(key[0]) == "sum" else SECONDS_PER_MONTH) / metered
        for key, sum_ in _sums(used).items()
        if metered
    }


def metered_seconds(used: Sequence[Used]) -> float:
    """How long was metered."""
    return _seconds(used)


def _sums(used: Sequence[Used]) -> dict[MeterKey, float]:
    sums: dict[MeterKey, float] = defaultdict(float)
    for each in used:
        sums[each.key] += each.quantity
    return sums


def _seconds(used: Sequence[Used]) -> float:
    """Seconds that were metered: meters of an hour share them."""
    at: dict[datetime, float] = {}
    for each in used:
        at[each.at] = max(at.get(each.at, 0.0), each.seconds)
    return sum(at.values())


def _usd(sums: Mapping[MeterKey, float], seconds: float, priced: Priced, how_sold: HowSold) -> dict[MeterKey, float]:
    share = seconds / SECONDS_PER_MONTH
    quantities = {key: sum_ if how_sold(key[0]) == "sum" else sum_ / share for key, sum_ in sums.items()}
    usd = priced(quantities)
    return {key: usd[key] * share if how_sold(key[0]) == "level" else usd[key] for key in sums}
