"""Hours that cost unlike the hours before them, and which meters make the difference.

An hour is unusual if its cost lies more than `FAR` robust standard deviations (1.4826 times the median of the absolute
deviations from the median, P. J. Rousseeuw and C. Croux, 1993) above the median of the weeks before, by a quarter of
that median at least, and by an amount that matters at all. Medians do not mind the unusual hours among those before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from twin2multicloud.costing.attribution import Priced
from twin2multicloud.costing.mapping import MeterKey
from twin2multicloud.costing.months import HowSold, Used
from twin2multicloud.model.workload import HOURS_PER_MONTH, SECONDS_PER_MONTH

FAR: Final = 6.0
LEAST_SHARE: Final = 0.25
LEAST_BEFORE: Final = 24
"""Hours (or days, where a twin's time runs fast) before one, without which nothing is usual yet."""
WEEKS: Final = timedelta(weeks=4)
_SIGMA: Final = 1.4826
_MOST_MISSING: Final = 0.5
_EXPLAINING: Final = 3


@dataclass(frozen=True)
class Rate:
    """What an hour cost, in USD an hour, and its meters; `whole`: more than half of it was metered."""

    at: datetime
    usd: Mapping[MeterKey, float]
    whole: bool

    @property
    def total_usd(self) -> float:
        """All meters together."""
        return sum(self.usd.values())


@dataclass(frozen=True)
class Anomaly:
    """An hour that cost `usd` where `usual_usd` was usual; `meters` make most of the difference, in USD an hour."""

    at: datetime
    usd: float
    usual_usd: float
    meters: tuple[tuple[MeterKey, float], ...]


def rates(used: Sequence[Used], priced: Priced, how_sold: HowSold) -> list[Rate]:
    """What each hour (or day) cost an hour, at the tariffs of a month like it; the earliest first."""
    quantities: dict[datetime, dict[MeterKey, float]] = defaultdict(lambda: defaultdict(float))
    seconds: dict[datetime, float] = defaultdict(float)
    for each in used:
        quantities[each.at][each.key] += each.quantity
        seconds[each.at] = max(seconds[each.at], each.seconds)
    found = []
    for at in sorted(quantities):
        scale = SECONDS_PER_MONTH / seconds[at]
        month = {key: quantity * scale for key, quantity in quantities[at].items() if how_sold(key[0]) != "whole"}
        usd = {key: each / HOURS_PER_MONTH for key, each in priced(month).items()}
        found.append(Rate(at, usd, seconds[at] > _MOST_MISSING * 3_600))
    return found


def unusual(found: Sequence[Rate], least_usd: float) -> Anomaly | None:
    """Whether the last of these hours that was whole is unusual by at least so many USD an hour."""
    whole = [each for each in found if each.whole]
    if len(whole) <= LEAST_BEFORE:
        return None
    last = whole[-1]
    before = [each for each in whole[:-1] if each.at >= last.at - WEEKS]
    if len(before) < LEAST_BEFORE:
        return None
    usual = median(each.total_usd for each in before)
    deviation = _SIGMA * median(abs(each.total_usd - usual) for each in before)
    more = last.total_usd - usual
    if more <= max(FAR * deviation, LEAST_SHARE * usual, least_usd):
        return None
    excess = [(key, usd - median(each.usd.get(key, 0.0) for each in before)) for key, usd in last.usd.items()]
    excess.sort(key=lambda pair: -pair[1])
    return Anomaly(
        last.at, last.total_usd, usual, tuple(pair for pair in excess[:_EXPLAINING] if pair[1] > 0.05 * more)
    )
