"""What a slot costs on its own, per provider: the cheapest offer, billed as if nothing else ran in the account."""

from __future__ import annotations

import numpy as np

from twin2multicloud.model.slots import PROVIDERS, SLOTS, Provider, Slot
from twin2multicloud.optimizer.pricing.tariffs import BoolArray
from twin2multicloud.optimizer.search.problem import SAME, Problem


def standalone_usd(problem: Problem, allowed: BoolArray) -> dict[Slot, dict[Provider, float | None]]:
    """USD per month {slot: {provider: usd}}; None where the provider offers nothing that is allowed.

    Local hand-offs belong to the slot, links do not; free allowances count in full for each slot, which is why
    these figures do not add up to a bill.
    """
    usage = problem.own.dense(problem.tariffs.lanes)
    for edge in problem.edges:
        usage += edge.usage[SAME].dense(problem.tariffs.lanes)
    usd = np.where(allowed, problem.tariffs.cost(usage).sum(axis=1) + problem.fixed_usd, np.inf)
    least = np.full((len(SLOTS), len(PROVIDERS)), np.inf)
    np.minimum.at(least, (problem.slot, problem.provider), usd)
    return {
        slot: {provider: usd if usd < np.inf else None for provider, usd in zip(PROVIDERS, row, strict=True)}
        for slot, row in zip(SLOTS, least.tolist(), strict=True)
    }
