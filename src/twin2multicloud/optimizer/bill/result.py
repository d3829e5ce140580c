"""What optimizing one workload on the bill returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.invoice import Invoice
from twin2multicloud.optimizer.bill.market import Unavailable


@dataclass(frozen=True)
class Ranked:
    """A placement and its bill, USD per month."""

    placement: Placement
    usd_per_month: float


@dataclass(frozen=True)
class Alternative:
    """Filling a slot with another offer, everything else chosen anew: the optimum then, and what it adds.

    `placement` is the whole best placement with that offer. `extra_usd` is negative when the slot was pinned to a
    dearer offer.
    """

    slot: Slot
    offer: str
    region: str
    provider: Provider
    usd_per_month: float
    extra_usd: float
    placement: Placement


@dataclass(frozen=True)
class Proof:
    """How optimality is known: nothing costs less than `lower_bound`."""

    method: str
    lower_bound_usd: float
    proven: bool
    options: int
    placements: float
    vectors_expanded: int
    subproblems_solved: int
    rows_priced: int


@dataclass(frozen=True)
class BookIdentity:
    """Which price book a result rests on."""

    version: str
    date: str
    content_hash: str


@dataclass(frozen=True)
class BillResult:
    """The cheapest placement of one workload and everything that explains it. All money in USD per month.

    `regions` are those considered, constraints aside; `unavailable` says which offers lack a price in one of them,
    `over_capacity` which offers this workload is too large for, and why.
    """

    workload: Workload
    constraints: Constraints
    assumptions: Assumptions
    price_book: BookIdentity
    placement: Placement
    usd_per_month: float
    invoice: Invoice
    baselines: Mapping[Provider, Ranked | None]
    slots: Mapping[Slot, Mapping[Provider, float | None]]
    alternatives: Mapping[Slot, tuple[Alternative, ...]]
    ranking: tuple[Ranked, ...]
    unpinned: Ranked | None
    regions: Mapping[Provider, tuple[str, ...]]
    unavailable: tuple[Unavailable, ...]
    over_capacity: tuple[str, ...]
    warnings: tuple[str, ...]
    proof: Proof

    @property
    def best_baseline(self) -> tuple[Provider, Ranked] | None:
        """The cheapest single cloud, if any cloud can run the twin alone."""
        found = [(provider, ranked) for provider, ranked in self.baselines.items() if ranked is not None]
        return min(found, key=lambda pair: pair[1].usd_per_month, default=None)
