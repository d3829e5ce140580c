"""Cost against carbon, and cost against latency: for one workload all placements that are not beaten in both.

Both frontiers are exact (`search.frontier`, `search.bounded`); what is exact is the choice among placements by these
figures. How good the figures are is another question: docs/carbon.md, and `latency.model`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.errors import InfeasibleError
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.invoice import invoice
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.bill.restrictions import combined
from twin2multicloud.optimizer.carbon.factors import Factors, load_factors
from twin2multicloud.optimizer.carbon.footprint import footprint
from twin2multicloud.optimizer.carbon.weights import CarbonWeights
from twin2multicloud.optimizer.latency.coordinates import Point, load_coordinates
from twin2multicloud.optimizer.latency.model import ASSUMED, paths, waits_of
from twin2multicloud.optimizer.search.bounded import quickest
from twin2multicloud.optimizer.search.frontier import frontier

Against = Literal["carbon", "latency"]


@dataclass(frozen=True)
class FrontierPoint:
    """A placement with its bill, what it emits as far as that is modelled (None: a grid is not known), the part of the
    bill (0 to 1) that is not modelled, and how long a message is under way (None: a place is not known).
    """

    placement: Placement
    usd_per_month: float
    gco2e_per_month: float | None
    not_modelled_share: float
    latency_ms: float | None


@dataclass(frozen=True)
class FrontierResult:
    """A frontier, cheapest first; `left_out` are regions about which the other criterion has no figure."""

    against: Against
    points: tuple[FrontierPoint, ...]
    left_out: tuple[str, ...]
    assumed: tuple[str, ...]

    def at_most(self, bound: float) -> FrontierPoint | None:
        """The cheapest placement within a bound on the other criterion, in its unit; None if there is none."""
        for point in self.points:
            value = point.gco2e_per_month if self.against == "carbon" else point.latency_ms
            if value is not None and value <= bound * (1 + 1e-9):
                return point
        return None


def frontier_of(
    optimizer: BillOptimizer,
    workload: Workload,
    against: Against,
    *,
    devices: Point | None = None,
    factors: Factors | None = None,
) -> FrontierResult:
    """The whole frontier for a workload under the optimizer's constraints. `devices` is where they are; without it
    their way to L1 is not counted. `NoPlacementError` where nothing satisfies the constraints, `InfeasibleError` where
    only regions without a figure do.
    """
    market = optimizer.market
    factors = load_factors() if factors is None else factors
    volumes = Volumes.of([workload], optimizer.assumptions)
    amounts = market.amounts(volumes)
    (problem,) = market.problems(amounts)
    fits, _ = market.holding(amounts)
    allowed, most = combined(len(market.options), optimizer.restrictions(workload.entities_3d > 0))
    allowed &= fits[:, 0][market.offer]
    ways = paths(market.locations, load_coordinates(), waits_of(volumes), devices)
    if against == "carbon":
        carbon = CarbonWeights(market, factors)
        weights = carbon.of(problem, amounts.units[:, 0])
        known = np.isfinite(weights.own)
        found = frontier(problem, weights, allowed=allowed & known, max_providers=most)
    else:
        known = np.isfinite(ways.first)[market.location]
        found = quickest(market.search(problem).bind(problem), ways, allowed=allowed & known, max_providers=most)
    left_out = dict.fromkeys(market.options[number].region.code for number in np.flatnonzero(allowed & ~known))
    if not found.usd.size:
        optimizer.optimize(workload, alternatives=False)  # says which constraints conflict, if they do
        figure = "the carbon of its grid" if against == "carbon" else "where it is"
        raise InfeasibleError(f"of no region that these constraints allow anybody says {figure}: {', '.join(left_out)}")
    times = ways.of(problem, found.choices)
    points = []
    for row, time in zip(found.choices, times.tolist(), strict=True):
        choices = {slot: market.choices[number] for slot, number in zip(SLOTS, row, strict=True)}
        placement = Placement.model_construct(choices)
        bill = invoice(market, problem, amounts.units[:, 0], row)
        emitted = footprint(bill, placement, market.book.meters, factors)
        points.append(
            FrontierPoint(
                placement,
                bill.usd,
                emitted.gco2e_per_month,
                emitted.not_modelled_share,
                time if np.isfinite(time) else None,
            )
        )
    return FrontierResult(against, tuple(points), tuple(left_out), _assumed(against, devices))


def _assumed(against: Against, devices: Point | None) -> tuple[str, ...]:
    if against == "carbon":
        return ("what has no published coefficient is not modelled: see docs/carbon.md",)
    where = "their way to L1 is not counted" if devices is None else f"devices are at {devices.lat:g}, {devices.lon:g}"
    return (*ASSUMED.as_text(), where)
