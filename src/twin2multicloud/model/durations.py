"""Durations as people write them: `30s`, `5m`, `2h`, `1d`, or a number of seconds."""

from __future__ import annotations

import math
import re
from typing import Annotated, Final

from pydantic import BeforeValidator

from twin2multicloud.model.fields import SpelledOut
from twin2multicloud.model.names import shown

_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_WRITTEN: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(ms|s|m|h|d)")
_LONGEST_S: Final = 10 * 365 * 86_400.0

_REMEDY: Final = "write a number of seconds or text such as 30s, 5m, 2h or 1d"


def duration_s(value: object) -> float:
    """Seconds of a duration; `ValueError` with the remedy for anything else. At most ten years."""
    if isinstance(value, str):
        found = _WRITTEN.fullmatch(value.strip())
        if found is None:
            raise ValueError(f"{shown(value)} is not a duration; {_REMEDY}")
        seconds = float(found[1]) * _SECONDS[found[2]]
    elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"not a duration; {_REMEDY}")
    else:
        seconds = float(value)
    if not 0 <= seconds <= _LONGEST_S:
        raise ValueError(f"{seconds:g} s is out of range; write 0 to ten years")
    return seconds


Duration = Annotated[float, BeforeValidator(duration_s), SpelledOut()]
"""A pydantic field in seconds that may be written as text."""
