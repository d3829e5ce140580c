"""What a slot costs on its own, per provider: the cheapest offer, billed as if nothing else ran in the account."""

from __future__ import annotations

import numpy as np

from twin2multicloud.model.slots import PROVIDERS, SLOTS, Provider, Slot
from twin2multicloud.optimizer.pricing.tariffs import BoolArray, FloatArray
from twin2multicloud.optimizer.search.problem import SAME, Problem


def standalone_usd(problem: Problem, allowed: BoolArray) -> dict[Slot, dict[Provider, float | None]]:
    """USD per month {slot: {provider: usd}}; None where the provider offers nothing that is allowed.

    Local hand-offs belong to the slot, links do not; free allowances count in full for each slot, which is why
    these figures do not add up to a bill.
    """
    lanes = problem.tariffs.lanes
    parts = [problem.own, *(edge.usage[SAME] for edge in problem.edges)]
    option = np.concatenate([np.repeat(np.arange(problem.options), np.diff(part.indptr)) for part in parts])
    lane = np.concatenate([part.lane for part in parts])
    quantity = np.concatenate([part.quantity for part in parts])
    # Summed by weights the counts are floats, whatever the stubs say.
    summed = np.bincount(option * lanes + lane, weights=quantity, minlength=problem.options * lanes)
    usage: FloatArray = np.asarray(summed, dtype=np.float64).reshape(problem.options, lanes)
    usd = np.where(allowed, problem.tariffs.cost(usage).sum(axis=1) + problem.fixed_usd, np.inf)
    result: dict[Slot, dict[Provider, float | None]] = {}
    for number, slot in enumerate(SLOTS):
        result[slot] = {}
        for index, provider in enumerate(PROVIDERS):
            here = usd[(problem.slot == number) & (problem.provider == index)]
            least = float(here.min(initial=np.inf))
            result[slot][provider] = least if np.isfinite(least) else None
    return result
