"""Figures about samples: estimates with their standard errors, intervals for shares, what drives a cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import FloatArray

_Z: Final = 1.959963984540054  # 95 %
_BINS: Final = 20


@dataclass(frozen=True)
class Estimate:
    """A figure and its standard error."""

    value: float
    se: float


@dataclass(frozen=True)
class Distribution:
    """How a cost is distributed, USD per month."""

    mean: Estimate
    sd: float
    p5: Estimate
    p50: Estimate
    p95: Estimate

    @classmethod
    def of(cls, usd: FloatArray) -> Distribution:
        """Of at least one sample (n,).

        Standard errors are those of independent samples, which a hypercube's do not exceed to speak of.
        """
        ordered = np.sort(usd)
        sd = float(usd.std(ddof=1)) if usd.size > 1 else 0.0
        mean = Estimate(float(usd.mean()), sd / math.sqrt(usd.size))
        return cls(mean, sd, *(_quantile(ordered, p) for p in (0.05, 0.5, 0.95)))


def _quantile(ordered: FloatArray, p: float) -> Estimate:
    """A quantile; its error is half the span of the order statistics one binomial deviation around it."""
    n = ordered.size
    spread = math.sqrt(n * p * (1 - p))
    first = min(max(math.floor(n * p - spread), 0), n - 1)
    last = min(max(math.ceil(n * p + spread) - 1, 0), n - 1)
    return Estimate(float(np.quantile(ordered, p)), float(ordered[last] - ordered[first]) / 2)


@dataclass(frozen=True)
class Share:
    """A share of samples as a probability, with Wilson's 95 % interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, hits: int, n: int) -> Share:
        """Of `hits` among n > 0."""
        share, weight = hits / n, _Z * _Z / n
        middle = (share + weight / 2) / (1 + weight)
        half = _Z * math.sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
        # At the ends the interval ends exactly there, whatever rounding makes of it.
        return cls(share, middle - half if hits else 0.0, middle + half if hits < n else 1.0)


@dataclass(frozen=True)
class Regret:
    """What a placement costs more than each sample's own optimum, USD per month."""

    mean: float
    p95: float
    most: float

    @classmethod
    def of(cls, usd: FloatArray, optimum: FloatArray) -> Regret:
        """Of a placement's costs and the optima (n,)."""
        regret = np.maximum(usd - optimum, 0.0)
        return cls(float(regret.mean()), float(np.quantile(regret, 0.95)), float(regret.max()))


def rank_correlation(x: FloatArray, y: FloatArray) -> float:
    """Spearman's rank correlation (n,), 0 where one does not vary."""
    a, b = (_ranks(values) for values in (x, y))
    a, b = a - a.mean(), b - b.mean()
    norm = math.sqrt(float((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / norm if norm > 0 else 0.0


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks; equal values share the mean of theirs."""
    _, group, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[group], dtype=np.float64)


def first_order(x: FloatArray, y: FloatArray) -> float:
    """The share of y's variance that x alone explains, Var(E[y|x]) / Var(y), from classes of like many samples.

    The variance of the classes' means, less what chance alone gives it; at least 0. Values that occur often (a choice
    among few) are classes of their own.
    """
    total = float(y.var())
    names, group = np.unique(x, return_inverse=True)
    if names.size > _BINS:
        group = np.minimum((_ranks(x) - 1) * _BINS / x.size, _BINS - 1).astype(np.int64)
    count = np.bincount(group).astype(np.float64)
    classes = int((count > 0).sum())
    if total <= 0 or classes < 2 or y.size <= classes:
        return 0.0
    mean = np.bincount(group, weights=y) / np.maximum(count, 1.0)
    between = float((count * (mean - y.mean()) ** 2).sum())
    within = float(((y - mean[group]) ** 2).sum()) / (y.size - classes)
    return min(max((between - (classes - 1) * within) / (y.size * total), 0.0), 1.0)
