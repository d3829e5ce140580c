"""Event times: UTC, RFC 3339 with six decimals, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_S: Final = 253_402_300_799.999
_END_S: Final = 253_402_300_800.0  # of year 9999


def to_time(epoch_s: float) -> str:
    """`2026-11-25T12:00:00.000000Z` for seconds since 1970."""
    moment = _EPOCH + timedelta(microseconds=round(min(max(epoch_s, 0.0), _LATEST_S) * 1e6))
    return _text(moment)


def _text(moment: datetime) -> str:
    """A moment of UTC."""
    return moment.isoformat(timespec="microseconds")[:26] + "Z"


def to_epoch(time: str) -> float:
    """Seconds since 1970 of a time that `to_time` wrote, or any RFC 3339 time with an offset; else `ValueError`."""
    moment = datetime.fromisoformat(time)
    if moment.tzinfo is None:
        raise ValueError(f"{time[:40]!r} has no time zone; write UTC as in 2026-11-25T12:00:00Z")
    return (moment - _EPOCH) / timedelta(seconds=1)


def normal_time(value: object) -> str:
    """A device's timestamp in the one spelling used everywhere.

    Accepts RFC 3339 text with an offset, or a number: seconds since 1970, or milliseconds if above 10¹¹ (the year
    5138 in seconds). Raises `ValueError` naming the value otherwise.
    """
    if isinstance(value, str):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is UTC and moment >= _EPOCH:
            return _text(moment)  # as nearly all are written: no detour over numbers
        seconds = to_epoch(value)
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{str(value)[:40]!r} is no time; write RFC 3339 text or seconds since 1970")
    elif not 0 <= value < _END_S * 1000:
        raise ValueError(f"{str(value)[:40]} is no time between 1970 and 9999")
    else:
        seconds = value / 1000 if value > 1e11 else float(value)
    # Text cannot name a later year, but its last microsecond is rounded up to the next.
    if not 0 <= seconds <= _END_S:
        raise ValueError(f"{str(value)[:40]} is no time between 1970 and 9999")
    return to_time(seconds)
