"""How often schedules of ours run: every so many minutes or hours."""

from __future__ import annotations


def runs_per_day(minutes: str, hours: str) -> float | None:
    """By the fields for minutes and hours of a cron expression; None for what no schedule of ours says."""
    in_an_hour, in_a_day = _times(minutes, 60), _times(hours, 24)
    return None if in_an_hour is None or in_a_day is None else in_an_hour * in_a_day


def _times(field: str, most: int) -> float | None:
    if field == "*":
        return most
    if field.startswith("*/") and field[2:].isdigit():
        return most / int(field[2:])
    return 1 if field.isdigit() else None
