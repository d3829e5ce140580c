"""When something that costs once and saves every month is paid back, in words."""

from __future__ import annotations

from typing import Final

AT_ONCE_MONTHS: Final = 1 / 60
"""Half a day: what is back sooner costs next to nothing."""


def when_back(months: float) -> str:
    """Such as "at once", "within a month", "after 3.2 months": what completes "which is back"."""
    if months < AT_ONCE_MONTHS:
        return "at once"
    return "within a month" if months < 1 else f"after {months:.1f} months"
