"""A move in the clouds as somebody asks for it: where to, what it takes, and everything it is made with."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin2multicloud.app.deploying.contents import expected_contents
from twin2multicloud.app.deploying.finishing import Finisher
from twin2multicloud.app.deploying.moves import CloudsMove, target_placement
from twin2multicloud.app.deploying.prices import price, usd_per_month_at
from twin2multicloud.app.deploying.session import Session
from twin2multicloud.app.deploying.teller import Teller
from twin2multicloud.app.figures import assumptions_of, blueprint_at, workload_of
from twin2multicloud.app.moves import estimate_move
from twin2multicloud.deployer.home import Home
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.estimate import CLOUDS, Estimate
from twin2multicloud.moving.steps import Progress
from twin2multicloud.optimizer.pricing.book import PriceBook

if TYPE_CHECKING:
    from twin2multicloud.deployer.moving.driver import Stores
    from twin2multicloud.deployer.moving.phases import Phases


@dataclass(frozen=True)
class WantedMove:
    """Where the twin will be afterwards, what getting there takes, by how much that changes its bill, and each cloud's
    new budget.
    """

    placement: Placement
    estimate: Estimate
    change_usd_per_month: float
    budgets_usd_per_month: Mapping[str, float]


def wanted_move(home: Home, slot: Slot, to: str, book: PriceBook) -> WantedMove:
    """What moving a slot of a deployment to `to` means (see `target_placement`). `UsageError` if that is no move."""
    there, now = home.blueprint(), Placement.model_validate(home.placement())
    placement = target_placement(there, now, slot, to, book)
    after = blueprint_at(there, placement)
    contents = expected_contents(home.spec(), there, after)
    prices = price(book, after, workload_of(after), placement, assumptions_of(after))
    return WantedMove(
        placement,
        estimate_move(there, after, slot, contents, CLOUDS, book),
        prices.usd_per_month - usd_per_month_at(there, now, book),
        {cloud.value: round(usd, 2) for cloud, usd in prices.clouds.items()},
    )


def clouds_move(
    home: Home,
    teller: Teller,
    *,
    offline: bool,
    environ: Mapping[str, str] = os.environ,
    progress: Callable[[Progress], None] = lambda _progress: None,
) -> CloudsMove:
    """A move between the real stores of a deployment."""

    def stores(phases: Phases, at: Session) -> Stores:
        from twin2multicloud.deployer.finishing.places import DeployedPlaces
        from twin2multicloud.deployer.moving.stores import CloudStores

        if offline:
            raise UsageError("stand-ins hold no records to move; a twin in the sandbox holds real ones")
        return CloudStores(phases, lambda which: DeployedPlaces(which, home.outputs(at.store), environ))

    finisher = Finisher(home, teller, offline=offline, environ=environ)
    return CloudsMove(home, teller, stores, finisher, progress=progress)
