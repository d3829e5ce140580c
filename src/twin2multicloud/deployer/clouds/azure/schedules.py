"""Schedules of movers as the Functions host reads them: NCRONTAB, whose first of six fields is the second."""

from __future__ import annotations

from typing import Final

_MINUTES_PER_DAY: Final = 24 * 60


def ncrontab(runs_per_day: int) -> str:
    """A schedule of at least so many runs a day, evenly spread; a run more than planned moves what the next would.

    NCRONTAB divides an hour's minutes or a day's hours only, so that other numbers become the next one that it can.
    """
    for minutes in sorted(_EVEN, reverse=True):
        if _MINUTES_PER_DAY // minutes >= runs_per_day:
            break
    hours = minutes // 60
    if hours == 24:
        return "0 0 0 * * *"
    if hours > 1:
        return f"0 0 */{hours} * * *"
    return "0 0 * * * *" if hours else f"0 */{minutes} * * * *"


_EVEN: Final = (
    *(minutes for minutes in range(1, 60) if 60 % minutes == 0),
    *(hours * 60 for hours in range(1, 25) if 24 % hours == 0),
)
"""Minutes between runs that divide an hour or a day."""
