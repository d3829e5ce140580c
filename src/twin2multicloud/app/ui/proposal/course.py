"""The range in which break-even points are sought, and the stretches that were found. It knows no Flet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log, log10
from typing import Any, Final

from twin2multicloud.app.schemas.placements import Proposed
from twin2multicloud.app.schemas.uncertainty import BreakevenInput, BreakevenResult
from twin2multicloud.app.ui.components import scales
from twin2multicloud.app.ui.language import tr
from twin2multicloud.app.ui.proposal import sweep
from twin2multicloud.app.ui.proposal.state import Difference, Placement, differences
from twin2multicloud.app.ui.proposal.varying import number_of
from twin2multicloud.model.slots import Provider
from twin2multicloud.model.uncertain import FIELDS

_DOWN, _UP = 0.1, 10.0
_BY_FACTOR: Final = 4.0
"""Ranges that span more are shown evenly by factor, as they are examined."""


def ends_of(between: str) -> tuple[str, str]:
    """The ends of a range as an address has it, as they are written."""
    low, _, high = between.partition("..")
    return low.strip(), high.strip()


def scaled(field: str, value: float, least: float, most: float) -> str:
    """From so many times a number to so many times it, as an address has it: no further than the field goes, and whole
    where it is.
    """
    known = FIELDS[field]
    low, high = value * least, value * most
    if known.low is not None:
        low = max(low, known.low)
    if known.high is not None:
        high = min(high, known.high)
    if known.whole:
        low, high = round(low), round(high)
    return f"{low:.12g}..{high:.12g}"


def usual(field: str, workload: Mapping[str, Any]) -> str:
    """The range to begin with: from a tenth to ten times what there is."""
    value = float(workload.get(field) or 0.0)
    return scaled(field, value, _DOWN, _UP) if value > 0 else "0..1"


def question(proposal: Proposed, along: str, between: str) -> tuple[BreakevenInput | None, str | None]:
    """The question to the optimizer, or what is wrong with the range."""
    low, high = (number_of(text) for text in ends_of(between))
    if low is None or high is None:
        return None, tr("write numbers such as 500 or 0.5")
    if low >= high:
        return None, tr("a range goes up")
    return BreakevenInput(**sweep.question(proposal), along=along, start=low, end=high), None


@dataclass(frozen=True)
class Stretch:
    """A range with one cheapest placement (None: there is none), what it costs at its ends in USD per month, and what
    differs from the stretch before. `letter` is the same wherever the placement is.
    """

    start: float
    end: float
    usd: Sequence[float | None]
    placement: Placement | None
    letter: str
    differs: Sequence[Difference]
    share: float

    @property
    def between(self) -> str:
        """Its ends, exactly."""
        if self.start == self.end:
            return exact(self.start)
        return f"{exact(self.start)} – {exact(self.end)}"

    @property
    def clouds(self) -> list[Provider]:
        """The clouds it uses."""
        used = {choice.provider for choice in (self.placement or {}).values()}
        return [provider for provider in Provider if provider in used]


def exact(value: float) -> str:
    """A number of the range: whole ones in full, others as far as they are told apart."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.10g}"


def by_factor(first: float, last: float) -> bool:
    """Whether a range is shown evenly by factor."""
    return first > 0 and last / first > _BY_FACTOR


def marks(first: float, last: float, *, most: int) -> list[tuple[float, float]]:
    """Round values within a range, at most so many, each with where it is as a share of the line."""
    if not by_factor(first, last):
        scale = scales.numbers(first, last)
        return [
            ((value - first) / (last - first), value)
            for value in (mark * scale.step for mark in scale.marks)
            if first < value < last
        ]
    decades = range(floor(log10(first)), ceil(log10(last)) + 1)
    found: list[float] = []
    for steps in ((1, 2, 5), (1,)):
        found = [value for decade in decades for step in steps if first < (value := step * 10.0**decade) < last]
        if len(found) <= most:
            break
    return [(log(value / first) / log(last / first), value) for value in found]


def stretches(found: BreakevenResult) -> list[Stretch]:
    """All of the range in order. `share` is how much of the line each takes."""
    first, last = found.stretches[0].start, found.stretches[-1].end
    bounds = [each.start for each in found.stretches] + [last]
    at = [log(each) if by_factor(first, last) else each for each in bounds]
    whole = at[-1] - at[0]
    seen: list[Placement | None] = []
    made: list[Stretch] = []
    for number, each in enumerate(found.stretches):
        if each.placement not in seen:
            seen.append(each.placement)
        before = found.stretches[number - 1].placement if number else None
        made.append(
            Stretch(
                each.start,
                each.end,
                each.usd,
                each.placement,
                _letter(seen.index(each.placement)),
                [] if before is None or each.placement is None else differences(before, each.placement),
                (at[number + 1] - at[number]) / whole if whole else 1.0,
            )
        )
    return made


def _letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else str(number + 1)
