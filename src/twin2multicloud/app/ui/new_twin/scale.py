"""How a slider stands for a quantity: evenly, or by orders of magnitude where a quantity spans many."""

from __future__ import annotations

import math
from dataclasses import dataclass

_EVEN_UP_TO = 50.0


@dataclass(frozen=True)
class Scale:
    """From `low` to `high`, positions from 0 to 1. `knee` is where it turns from even to logarithmic; 0: it is even."""

    low: float
    high: float
    knee: float
    whole: bool

    @classmethod
    def of(cls, low: float, high: float, *, whole: bool) -> Scale:
        """The scale of a quantity with these bounds."""
        if 1 < high <= _EVEN_UP_TO and low >= 0:
            return cls(low, high, 0.0, whole)
        knee = low if low > 0 else 1.0 if whole or high > 1 else high / 100
        return cls(low, high, knee, whole)

    def position(self, value: float) -> float:
        """Where a value is; what is beyond an end is at it."""
        span = self.high - self.low
        offset = min(span, max(0.0, value - self.low))
        if not self.knee:
            return offset / span
        return math.log1p(offset / self.knee) / math.log1p(span / self.knee)

    def value(self, position: float) -> float:
        """The value at a position, in two significant digits: nobody means the third by dragging."""
        span = self.high - self.low
        place = min(1.0, max(0.0, position))
        offset = place * span if not self.knee else self.knee * math.expm1(place * math.log1p(span / self.knee))
        exact = self.high if place == 1 else self.low if place == 0 else _rounded(self.low + offset)
        rounded = min(self.high, max(self.low, exact))
        return int(rounded) if self.whole or float(rounded).is_integer() else rounded


def _rounded(value: float) -> float:
    if value == 0:
        return 0.0
    digits = 1 - math.floor(math.log10(abs(value)))
    return round(value, digits)
