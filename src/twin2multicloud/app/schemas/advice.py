"""Advice about a deployed twin: which moves pay, and when."""

from __future__ import annotations

from pydantic import Field

from twin2multicloud.app.schemas.answers import BookIdentity, Json, Placement, Usd
from twin2multicloud.app.schemas.common import Shape


class MoveCost(Shape):
    """One line of what a move costs once."""

    what: str
    usd: float


class AdvisedMove(Shape):
    """One slot's move, as `move --dry-run` estimates it. `held_s`: for how long writers wait."""

    slot: str
    source: str = Field(description="Offer@region.")
    target: str = Field(description="Offer@region: what `move --to` takes.")
    usd_once: float
    seconds: float
    held_s: float
    costs: list[MoveCost]


class Way(Shape):
    """A placement to move to: what it saves a month, what getting there costs once, after how many months that is back,
    and what is left of the saving at the horizon. Of prices that are missing `usd_once` has nothing in it.
    """

    placement: Placement
    slots: list[str]
    usd_per_month: Usd
    saving_usd_per_month: Usd
    usd_once: float
    missing_prices: int
    payback_months: float | None
    left_usd: float
    moves: list[AdvisedMove]


class Advice(Shape):
    """Whether moving pays. `proposed` leaves most at the horizon, of all that pay by then and can be priced whole;
    `worth` says whether it saves enough to be told. `cheapest` saves most a month, whatever moving there costs.
    `observed` is how many messages came for each one that the definition says, where that was counted and differs.
    """

    price_book: BookIdentity
    usd_per_month: Usd
    observed: float | None
    workload: Json
    horizon_months: float
    worth: bool
    reason: str
    proposed: Way | None
    others: list[Way]
    cheapest: Way | None
