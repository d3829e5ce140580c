"""Workloads drawn at random from an uncertain one, as a table.

Latin hypercube: each number's range of probability is cut into as many equal parts as there are samples, and each part
is used once, in an order of its own (McKay, Beckman, Conover 1979). Correlated numbers are put through a Gaussian
copula, which keeps each one's own distribution but, strictly, not the hypercube's parts.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from twin2multicloud.blueprint.volumes import FIELDS as COLUMNS
from twin2multicloud.model.uncertain import FIELDS, Spread, Uncertain
from twin2multicloud.optimizer.pricing.tariffs import FloatArray
from twin2multicloud.optimizer.sampling.optima import table_of

_STANDARD = NormalDist()
_EDGE = 1e-12
"""Probabilities stay this far from 0 and 1, where a bell has no end."""


def draw(given: Uncertain, samples: int, seed: int) -> FloatArray:
    """So many workloads (samples, fields), each number of `given.spreads` drawn, the others certain."""
    rng = np.random.Generator(np.random.PCG64(seed))
    names = list(given.spreads)
    uniform = np.empty((samples, len(names)))
    for column in range(len(names)):
        uniform[:, column] = (rng.permutation(samples) + rng.random(samples)) / samples
    if given.correlations:
        uniform = _correlated(uniform, np.array(given.factor))
    table = np.repeat(table_of([given.base]), samples, axis=0)
    for column, name in enumerate(names):
        table[:, COLUMNS.index(name)] = quantiles(name, given.spreads[name], uniform[:, column])
    return table


def _correlated(uniform: FloatArray, factor: FloatArray) -> FloatArray:
    normal = _each(_STANDARD.inv_cdf, np.clip(uniform, _EDGE, 1 - _EDGE)) @ factor.T
    return np.clip(_each(_STANDARD.cdf, normal), _EDGE, 1 - _EDGE)


def _each(function: Callable[[float], float], values: FloatArray) -> FloatArray:
    return np.fromiter(map(function, values.ravel().tolist()), np.float64, values.size).reshape(values.shape)


def quantiles(name: str, spread: Spread, probability: FloatArray) -> FloatArray:
    """A field's numbers at some probabilities (n,), rounded where the field counts something."""
    field = FIELDS[name]
    low, high = spread.reach(field)
    numbers = np.clip(_quantiles(spread, low, high, probability), low, high)
    # Half a step towards either end is as likely as one in between.
    return np.asarray(np.clip(np.round(numbers), np.ceil(low), np.floor(high)) if field.whole else numbers)


def _quantiles(spread: Spread, low: float, high: float, probability: FloatArray) -> FloatArray:
    if spread.values is not None:
        weights = np.array(spread.weights or [1.0] * len(spread.values))
        ends = np.cumsum(weights) / weights.sum()
        at = np.minimum(np.searchsorted(ends, probability, side="right"), int(np.flatnonzero(weights)[-1]))
        return np.array(spread.values)[at]
    if spread.kind == "uniform":
        return low + (high - low) * probability
    if spread.kind == "log-uniform":
        return low * (high / low) ** probability
    if spread.mode is not None:
        rise, fall = spread.mode - low, high - spread.mode
        turn = rise / (high - low)
        left = low + np.sqrt(probability * (high - low) * rise)
        right = high - np.sqrt((1 - probability) * (high - low) * fall)
        return np.where(probability < turn, left, right)
    bell = spread.normal
    log = spread.kind == "lognormal"
    first = bell.cdf(np.log(low)) if log and low > 0 else 0.0 if log else bell.cdf(low)
    last = bell.cdf(np.log(high)) if log else bell.cdf(high)
    inside = np.clip(first + (last - first) * probability, _EDGE, 1 - _EDGE)
    numbers = _each(bell.inv_cdf, inside)
    return np.exp(numbers) if log else numbers
