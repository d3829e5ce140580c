"""Scales of charts: round steps for numbers and for times. It knows no Flet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_TIME_STEPS_S: Final = (
    *(1, 2, 5, 10, 15, 30),
    *(60 * each for each in (1, 2, 5, 10, 15, 30)),
    *(3_600 * each for each in (1, 2, 3, 6, 12)),
    *(86_400 * each for each in (1, 2, 7, 14, 28, 91, 182, 364)),
)
_FLAT_SHARE: Final = 0.05
_LEAST_SPAN: Final = 1e-12
"""What lies closer together than that (or that share of it) is drawn as one value."""


@dataclass(frozen=True)
class Scale:
    """From `least` to `most`, with a mark at every multiple of `step`."""

    least: float
    most: float
    step: float

    def place(self, value: float) -> float:
        """Where a value is, in steps: marks are whole numbers there, so that no rounding separates them from labels."""
        return value / self.step

    @property
    def marks(self) -> list[int]:
        """All marks, in steps."""
        first, last = math.ceil(self.least / self.step - 1e-9), math.floor(self.most / self.step + 1e-9)
        return list(range(first, last + 1))


def numbers(least: float, most: float, *, marks: int = 4, from_zero: bool = False) -> Scale:
    """A scale that holds both and ends at marks. With `from_zero` zero is on it."""
    if from_zero:
        least, most = min(least, 0.0), max(most, 0.0)
    if most - least <= max(_LEAST_SPAN, abs(most) * _LEAST_SPAN, abs(least) * _LEAST_SPAN):
        slack = abs(least) * _FLAT_SHARE or 1.0
        least, most = (0.0, slack) if from_zero and least == 0 else (least - slack, most + slack)
    step = _round_step((most - least) / marks)
    return Scale(math.floor(least / step + 1e-9) * step, math.ceil(most / step - 1e-9) * step, step)


def _round_step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)


def times(least: float, most: float, *, marks: int = 6) -> Scale:
    """A scale of seconds since 1970 between exactly these two."""
    raw = max(1.0, most - least) / marks
    step = next((each for each in _TIME_STEPS_S if each >= raw), _TIME_STEPS_S[-1])
    return Scale(least, max(most, least + 1), float(step))


def pieces(points: Sequence[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    """The runs of a line between its gaps."""
    found: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is None:
            found.append([])
        else:
            found[-1].append((x, y))
    return [each for each in found if each]
