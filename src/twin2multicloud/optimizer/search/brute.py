"""Every placement, priced by the reference evaluation: the yardstick the exact search is held to."""

from __future__ import annotations

import math

import numpy as np

from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray, IntArray
from twin2multicloud.optimizer.search.problem import Problem


def count_placements(problem: Problem, allowed: BoolArray | None = None) -> int:
    """How many placements fill every slot with an allowed option (before prices and provider limits)."""
    return math.prod(problem.options_of(slot, allowed).size for slot in range(problem.slots))


def enumerate_best(
    problem: Problem,
    *,
    allowed: BoolArray | None = None,
    max_providers: int | None = None,
    k: int = 1,
    chunk: int = 65_536,
) -> tuple[IntArray, FloatArray]:
    """The k cheapest placements by trying them all: choices (k', slots) and USD per month (k',), ascending.

    Placements that cost +inf do not count, so k' < k when fewer can be priced. Ties go to the placement whose
    option numbers come first. Time and nothing else limits the size: memory is bounded by `chunk` placements.
    """
    options = [problem.options_of(slot, allowed) for slot in range(problem.slots)]
    shape = tuple(o.size for o in options)
    best = np.empty((0, problem.slots), dtype=np.int64)
    best_usd = np.empty(0)
    for first in range(0, math.prod(shape), chunk):
        flat = np.arange(first, min(first + chunk, math.prod(shape)))
        index = np.unravel_index(flat, shape) if shape else ()
        choices = np.stack([o[i] for o, i in zip(options, index, strict=True)], axis=1)
        if max_providers is not None:
            held = np.sort(problem.provider[choices], axis=1)
            choices = choices[1 + (np.diff(held, axis=1) != 0).sum(axis=1) <= max_providers]
        usd = problem.evaluate(choices)
        priced = np.isfinite(usd)
        best = np.concatenate([best, choices[priced]])
        best_usd = np.concatenate([best_usd, usd[priced]])
        # Stable, and chunks arrive in lexicographic order: equal costs stay in the order of their options.
        order = np.argsort(best_usd, kind="stable")[:k]
        best, best_usd = best[order], best_usd[order]
    return best, best_usd
