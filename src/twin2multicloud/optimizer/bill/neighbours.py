"""What a placement would cost with one slot filled otherwise and everything else left where it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.bill.restrictions import Restriction


@dataclass(frozen=True)
class Neighbour:
    """A way to fill the slot. `usd_per_month` is the whole bill then, None where some traffic has no price; `problem`
    says why it may not be chosen: what the workload outgrows, or which constraints it breaks.
    """

    choice: SlotChoice
    usd_per_month: float | None
    problem: str | None


def neighbours(optimizer: BillOptimizer, workload: Workload, placement: Placement, slot: Slot) -> list[Neighbour]:
    """Every offer for the slot in every region of the optimizer's market, cheapest first. Pins of the slot itself do
    not count. Raises `PriceError` where what another slot has is not priced.
    """
    market = optimizer.market
    amounts = market.amounts(Volumes.of([workload], optimizer.assumptions))
    fits, holds = market.holding(amounts)
    (problem,) = market.problems(amounts)
    reasons = dict(market.limits[number] for number in np.flatnonzero(~holds[:, 0]))
    options = np.flatnonzero(market.slot == SLOTS.index(slot))
    others = [0 if each is slot else market.option_number(placement[each]) for each in SLOTS]
    choices = np.tile(np.array(others, dtype=np.int64), (len(options), 1))
    choices[:, SLOTS.index(slot)] = options
    parts = [part for part in optimizer.restrictions(workload.entities_3d > 0) if part.slot is not slot]
    found = []
    for row, option, usd in zip(choices, options, problem.evaluate(choices), strict=True):
        offer = int(market.offer[option])
        said = [] if fits[offer, 0] else [reasons.get(offer, "the workload outgrows it")]
        said += _broken(parts, market.provider[row], int(option))
        known = float(usd) if np.isfinite(usd) else None
        if known is None:
            said.append("some traffic between its region and the others has no price")
        found.append(Neighbour(market.choices[option], known, "; ".join(said) or None))
    return sorted(found, key=lambda each: (each.usd_per_month is None, each.usd_per_month, str(each.choice)))


def _broken(parts: Sequence[Restriction], providers: Sequence[int], option: int) -> Iterator[str]:
    """The names of the constraints that do not allow an option among the others' providers."""
    for part in parts:
        if not part.allows[option] or (part.max_providers is not None and len(set(providers)) > part.max_providers):
            yield part.name
