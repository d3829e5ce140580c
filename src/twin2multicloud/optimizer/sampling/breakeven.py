"""Where the optimum changes as one number of a workload grows.

Every point examined is optimized exactly. A change between two points is narrowed down until they are neighbours: whole
numbers, or numbers 1e-9 apart (relative). Whole units, tiers and batches make costs jump; nothing here assumes that
they do not. What lies between two points with the same optimum is *bounded*, not examined: where all usage there lies
between what it is at the two points, any placement costs at least the optimum of the lesser usages, and the one chosen
at most what it costs at the greater ones. Their difference is what another placement could be cheaper by in between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from twin2multicloud.blueprint.volumes import DAYS_PER_MONTH, Volumes
from twin2multicloud.blueprint.volumes import FIELDS as COLUMNS
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.uncertain import FIELDS
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.pricing.tariffs import FloatArray, IntArray
from twin2multicloud.optimizer.sampling.optima import Sampler, table_of
from twin2multicloud.optimizer.search.many.batch import Batch

POINTS: Final = 513
"""Points examined first, ends included."""
_CUTS: Final = 15
_NEIGHBOURS: Final = 1e-9
_SAME: Final = 1e-9
"""Costs that differ by less (relative) are the same: a placement stays as long as nothing is cheaper."""
_CHUNK: Final = 512


@dataclass(frozen=True)
class Stretch:
    """A range in which one placement is the optimum at every point examined. USD per month."""

    start: float
    end: float
    start_usd: float | None  # None where no placement is possible
    end_usd: float | None
    placement: Placement | None


@dataclass(frozen=True)
class Change:
    """Two neighbouring numbers between which the optimum changes."""

    below: float
    above: float
    below_usd: float | None
    above_usd: float | None
    messages_per_day: float  # at `above`
    before: Placement | None
    after: Placement | None


@dataclass(frozen=True)
class Course:
    """The optimum along one number."""

    field: str
    stretches: tuple[Stretch, ...]
    changes: tuple[Change, ...]
    points: int  # examined
    complete: bool  # whether every number of the range was examined
    slack: float  # between the points, no placement is cheaper than the one named by a larger share: see the module


class _Points:
    """The points examined so far: values ascending, with each one's optimum."""

    def __init__(self, sampler: Sampler, base: Workload, field: str) -> None:
        self.sampler, self.field = sampler, field
        self._row = table_of([base])
        self.value: FloatArray = np.empty(0)
        self.usd: FloatArray = np.empty(0)
        self.choice: IntArray = np.empty((0, len(sampler.market.slots)), dtype=np.int64)

    def table(self, values: FloatArray) -> FloatArray:
        table = np.repeat(self._row, values.size, axis=0)
        table[:, COLUMNS.index(self.field)] = values
        return table

    def examine(self, values: FloatArray) -> None:
        """Optimize at further points."""
        new = np.setdiff1d(values, self.value)
        if not new.size:
            return
        known = np.unique(self.choice[self.choice[:, 0] >= 0], axis=0)
        optima = self.sampler.optimize(self.table(new), pool=known)
        none = np.full((1, self.choice.shape[1]), -1)
        choice = np.concatenate([optima.choices, none])[optima.placement]
        self.value = np.concatenate([self.value, new])
        order = np.argsort(self.value)
        self.value = self.value[order]
        self.usd = np.concatenate([self.usd, optima.usd])[order]
        self.choice = np.concatenate([self.choice, choice])[order]

    def held(self) -> IntArray:
        """The placement of each point (n, slots), of several that are optimal the one of the point before."""
        names, number = np.unique(self.choice, axis=0, return_inverse=True)
        possible = names[:, 0] >= 0
        usd = np.full((names.shape[0], self.value.size), np.inf)
        if possible.any():
            usd[possible] = self.sampler.price(self.table(self.value), names[possible])
        fits = usd <= self.usd * (1 + _SAME)
        fits[:, ~np.isfinite(self.usd)] = False
        fits[~possible] = ~np.isfinite(self.usd)
        out = number.reshape(-1).copy()
        for at in range(1, out.size):
            if fits[out[at - 1], at]:
                out[at] = out[at - 1]
        return names[out]


def course(sampler: Sampler, base: Workload, field: str, start: float, end: float, *, points: int = POINTS) -> Course:
    """The optimum as `field` of `base` goes from `start` to `end`, start < end, both allowed for the field."""
    found = _Points(sampler, base, field)
    found.examine(grid(field, start, end, points))
    whole = FIELDS[field].whole
    while True:
        held = found.held()
        changed = np.flatnonzero((held[1:] != held[:-1]).any(axis=1))
        below, above = found.value[changed], found.value[changed + 1]
        wide = above - below > 1 if whole else above - below > _NEIGHBOURS * np.abs(above)
        if not wide.any():
            break
        share = np.arange(1, _CUTS + 1) / (_CUTS + 1)
        cuts = (below[wide, None] + (above - below)[wide, None] * share).ravel()
        before = found.value.size
        found.examine(np.unique(np.round(cuts)) if whole else np.unique(cuts))
        if found.value.size == before:
            break  # nothing lies between: float64 ends here
    return _course(found, held, whole)


def grid(field: str, start: float, end: float, points: int) -> FloatArray:
    """Points of a range, ends included: evenly by factor where it spans more than a factor of 4, else evenly."""
    if start > 0 and end > 4 * start:
        values = start * (end / start) ** np.linspace(0.0, 1.0, points)
    else:
        values = np.linspace(start, end, points)
    values[0], values[-1] = start, end
    return np.unique(np.round(values)) if FIELDS[field].whole else values


def _course(found: _Points, held: IntArray, whole: bool) -> Course:
    sampler, value = found.sampler, found.value
    firsts = np.concatenate([[0], 1 + np.flatnonzero((held[1:] != held[:-1]).any(axis=1))]).tolist()
    lasts = [*(first - 1 for first in firsts[1:]), value.size - 1]
    messages = Volumes.of_table(found.table(value), sampler.optimizer.assumptions).messages / DAYS_PER_MONTH

    def placement(at: int) -> Placement | None:
        return sampler.placement(held[at]) if held[at, 0] >= 0 else None

    def usd(at: int) -> float | None:
        return float(found.usd[at]) if np.isfinite(found.usd[at]) else None

    stretches = [
        Stretch(float(value[a]), float(value[b]), usd(a), usd(b), placement(a))
        for a, b in zip(firsts, lasts, strict=True)
    ]
    changes = [
        Change(
            float(value[at - 1]),
            float(value[at]),
            usd(at - 1),
            usd(at),
            float(messages[at]),
            placement(at - 1),
            placement(at),
        )
        for at in firsts[1:]
    ]
    complete = whole and bool((np.diff(value) == 1).all())
    slack = 0.0 if complete else _slack(found, held, whole)
    return Course(found.field, tuple(stretches), tuple(changes), value.size, complete, slack)


def _slack(found: _Points, held: IntArray, whole: bool) -> float:
    """The largest share by which another placement may be cheaper between neighbours that hold the same one."""
    sampler = found.sampler
    same = (held[1:] == held[:-1]).all(axis=1) & (held[1:, 0] >= 0)
    if whole:
        same &= np.diff(found.value) > 1
    gaps = np.flatnonzero(same)
    most = 0.0
    pool = np.unique(held[held[:, 0] >= 0], axis=0)
    for first in range(0, gaps.size, _CHUNK):
        part = gaps[first : first + _CHUNK]
        left = sampler.batch(found.table(found.value[part]))
        right = sampler.batch(found.table(found.value[part + 1]))
        ends = [(left.usage, right.usage), (left.edge_gb, right.edge_gb)]
        lesser, greater = ([take(*pair) for pair in ends] for take in (np.minimum, np.maximum))
        either = left.allowed | right.allowed
        low = Batch(left.structure, lesser[0], lesser[1], either, left.max_providers)
        high = Batch(left.structure, greater[0], greater[1], either, left.max_providers)
        least = sampler.search(found.table(found.value[:1])).solve(low, pool).usd
        for choice in np.unique(held[part], axis=0):
            mine = (held[part] == choice).all(axis=1)
            most = max(most, float((1 - least[mine] / high.price(choice)[mine]).max()))
    return most
