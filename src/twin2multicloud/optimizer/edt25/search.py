"""The cheapest allocation of the published model: the exact joint minimum, and the artifact's own greedy rule.

An allocation gives each of the seven slots one of two clouds. Its cost is the price of every slot plus three
transfers: L1 to hot, hot to cool, cool to archive. Two rules bind it. Where 3D is needed, L4 is on AWS. And L2 is on
the hot store's cloud: the artifact places it so, its transfers have no term for L2, and L2 costs the same on both
clouds, so a placement that split them would be priced as if the crossing were free. That leaves 2⁶ allocations,
all of which are priced for all workloads at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.optimizer.edt25.formulas import Costs
from twin2multicloud.optimizer.edt25.workload import BoolArray, FloatArray

CLOUDS: Final = (Provider.AWS, Provider.AZURE)
"""The clouds of the model in the order of its arrays: index 0 is AWS, 1 is Azure."""

AWS: Final = 0
AZURE: Final = 1

IndexArray = NDArray[np.intp]

_L1, _L2, _HOT, _COOL, _ARCHIVE, _L4, _L5 = range(len(SLOTS))

# In the order of the axes of `_totals`: L1, hot, cool, archive, L4, L5.
ALLOCATIONS: Final[IndexArray] = np.array(
    [(l1, hot, hot, cool, archive, l4, l5) for l1, hot, cool, archive, l4, l5 in product((AWS, AZURE), repeat=6)],
    dtype=np.intp,
)
"""Every allocation, shape (64, 7): the cloud of each slot in the usual order."""


@dataclass(frozen=True)
class Limits:
    """What an allocation must obey besides the model's own rules.

    `allowed` names the clouds a slot may use (a slot left out may use both), `max_clouds` how many may be mixed.
    """

    allowed: Mapping[Slot, frozenset[Provider]]
    max_clouds: int = len(CLOUDS)

    @property
    def binding(self) -> bool:
        """Whether any allocation is excluded at all."""
        return not bool(np.all(self.admits()))

    def admits(self) -> BoolArray:
        """Which of `ALLOCATIONS` obey the limits, shape (64,)."""
        permitted = np.array(
            [[cloud in self.allowed.get(slot, frozenset(CLOUDS)) for cloud in CLOUDS] for slot in SLOTS]
        )
        by_slot = permitted[np.arange(len(SLOTS)), ALLOCATIONS].all(axis=1)
        return np.asarray(by_slot & (_clouds_used() <= self.max_clouds))


NO_LIMITS: Final = Limits({})


def cheapest(costs: Costs, needs_3d: BoolArray, limits: Limits = NO_LIMITS) -> tuple[IndexArray, BoolArray]:
    """The cheapest allocation of each workload, and whether there is one.

    Returns the clouds, shape (7, W), and a mask, shape (W,); where the mask is false nothing obeys the limits and
    the clouds mean nothing. Of allocations that cost exactly the same the one with fewer clouds is taken, then
    the one that has AWS in the earlier slot.
    """
    workloads = costs.slots.shape[2]
    admitted = np.flatnonzero(limits.admits())
    # Stable: within equal numbers of clouds the order stays AWS first, and argmin takes the first of equals.
    candidates = admitted[np.argsort(_clouds_used()[admitted], kind="stable")]
    if not len(candidates):
        return np.zeros((len(SLOTS), workloads), dtype=np.intp), np.zeros(workloads, dtype=np.bool_)
    totals = _totals(costs, needs_3d)[candidates]
    best = np.argmin(totals, axis=0)
    feasible = np.isfinite(totals[best, np.arange(workloads)])
    return ALLOCATIONS[candidates[best]].T, feasible


def artifact_rule(costs: Costs, needs_3d: BoolArray) -> IndexArray:
    """The clouds that the artifact chooses, shape (7, W).

    First the cheapest path hot → cool → archive with its transfers; L2 with the hot store; then L1 by its price
    plus the transfer to that hot store; L4 and L5 each by price alone, L4 on AWS wherever 3D is needed. On equal
    cost the artifact takes Azure for L1 and L5, AWS for L4, and for the path the cloud that was cheaper so far.
    """
    slots = costs.slots
    hot = slots[_HOT]
    # Cost of reaching each cool store, and the hot store it is reached from.
    reach_cool = hot[:, None] + costs.hot_to_cool + slots[_COOL][None]
    hot_of_cool = _cheaper_source(reach_cool, hot)
    cool = np.min(reach_cool, axis=0)
    reach_archive = cool[:, None] + costs.cool_to_archive + slots[_ARCHIVE][None]
    cool_of_archive = _cheaper_source(reach_archive, cool)
    archive = np.min(reach_archive, axis=0)

    each = np.arange(slots.shape[2])
    in_archive = np.where(archive[AZURE] < archive[AWS], AZURE, AWS)
    in_cool = cool_of_archive[in_archive, each]
    in_hot = hot_of_cool[in_cool, each]
    acquisition = slots[_L1] + costs.acquisition_to_hot[:, in_hot, each]
    in_l1 = np.where(acquisition[AWS] < acquisition[AZURE], AWS, AZURE)
    in_l4 = np.where((slots[_L4, AZURE] < slots[_L4, AWS]) & ~needs_3d, AZURE, AWS)
    in_l5 = np.where(slots[_L5, AWS] < slots[_L5, AZURE], AWS, AZURE)
    return np.stack((in_l1, in_hot, in_hot, in_cool, in_archive, in_l4, in_l5))


def transfers_of(costs: Costs, clouds: IndexArray) -> FloatArray:
    """USD of the three transfers of an allocation, shape (3, W): L1 to hot, hot to cool, cool to archive."""
    each = np.arange(clouds.shape[1])
    return np.stack(
        (
            costs.acquisition_to_hot[clouds[_L1], clouds[_HOT], each],
            costs.hot_to_cool[clouds[_HOT], clouds[_COOL], each],
            costs.cool_to_archive[clouds[_COOL], clouds[_ARCHIVE], each],
        )
    )


def total_of(costs: Costs, clouds: IndexArray) -> FloatArray:
    """USD per month of an allocation, shape (W,): its seven slots in order, then its three transfers."""
    each = np.arange(clouds.shape[1])
    total = np.zeros(clouds.shape[1])
    for slot in range(len(SLOTS)):
        total += costs.slots[slot, clouds[slot], each]
    for usd in transfers_of(costs, clouds):
        total += usd
    return total


def _totals(costs: Costs, needs_3d: BoolArray) -> FloatArray:
    """Cost of every allocation, shape (64, W); infinite where the 3D rule forbids it.

    Built from the storage path outwards, so that shared sums are computed once.
    """
    slots = costs.slots
    hot = slots[_HOT] + slots[_L2]
    path = hot[:, None] + costs.hot_to_cool + slots[_COOL][None]
    path = path[:, :, None] + costs.cool_to_archive[None] + slots[_ARCHIVE][None, None]
    l1 = slots[_L1][:, None] + costs.acquisition_to_hot
    upto_archive = l1[:, :, None, None] + path[None]
    l4 = slots[_L4].copy()
    l4[AZURE, needs_3d] = np.inf
    users = l4[:, None] + slots[_L5][None]
    totals = upto_archive[:, :, :, :, None, None] + users
    return np.asarray(totals.reshape(len(ALLOCATIONS), slots.shape[2]))


def _cheaper_source(reach: FloatArray, source: FloatArray) -> IndexArray:
    """For each target the source from which it is reached at least cost; `reach` is (source, target, W)."""
    first = np.where(source[AZURE] < source[AWS], AZURE, AWS)
    other = np.where(reach[AZURE] < reach[AWS], AZURE, AWS)
    return np.where(reach[AZURE] == reach[AWS], first, other)


def _clouds_used() -> IndexArray:
    """Number of clouds in each of `ALLOCATIONS`, shape (64,)."""
    on_azure = ALLOCATIONS.sum(axis=1)
    return np.where((on_azure == 0) | (on_azure == len(SLOTS)), 1, 2)
