"""Placements that are known with their costs, whoever found them: what a mask allows of them bounds its optimum."""

from __future__ import annotations

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.problem import Problem


class Known:
    """Known placements of one problem."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._choices: IntArray = np.empty((0, problem.slots), dtype=np.int64)
        self._usd: FloatArray = np.empty(0)

    def add(self, choices: IntArray, usd: FloatArray) -> None:
        """Remember placements (n, slots) and their costs, as far as they can be priced."""
        finite = np.isfinite(usd)
        self._choices = np.concatenate([self._choices, choices[finite]])
        self._usd = np.concatenate([self._usd, usd[finite]])

    def cheapest(self, allowed: BoolArray, max_providers: int | None) -> tuple[IntArray, FloatArray]:
        """The cheapest placement that a mask and a number of providers allow, (1, slots) and (1,); none: (0, …)."""
        at = np.flatnonzero(allowed[self._choices].all(axis=1) & within(self._problem, self._choices, max_providers))
        at = at[np.argsort(self._usd[at], kind="stable")[:1]]
        return self._choices[at], self._usd[at]


def neighbours(problem: Problem, choice: IntArray, allowed: BoolArray) -> IntArray:
    """The placements (n, slots) that differ from one (slots,) in one slot, whose option a mask allows."""
    options = np.flatnonzero(allowed)
    options = options[choice[problem.slot[options]] != options]
    near = np.repeat(choice[None], options.size, axis=0)
    near[np.arange(options.size), problem.slot[options]] = options
    return near


def within(problem: Problem, choices: IntArray, max_providers: int | None) -> BoolArray:
    """Which placements (n, slots) keep to a number of providers."""
    if max_providers is None:
        return np.ones(choices.shape[0], dtype=bool)
    held = np.sort(problem.provider[choices], axis=1)
    return np.asarray(1 + (np.diff(held, axis=1) != 0).sum(axis=1) <= max_providers)
