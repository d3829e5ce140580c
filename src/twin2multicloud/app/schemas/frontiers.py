"""What may be asked about cost against another criterion, and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from twin2multicloud.app.schemas.answers import BookIdentity, Json, Placement, Usd
from twin2multicloud.app.schemas.common import Shape
from twin2multicloud.app.schemas.questions import WorkloadQuestion

Against = Literal["carbon", "latency"]


class FrontierInput(WorkloadQuestion):
    """Which placements are not beaten in both respects, cost and the other one? `at_most` bounds the other one, in
    grams of CO2e a month or in milliseconds: then `chosen` is the cheapest placement within it.
    """

    against: Against
    at_most: Annotated[float | None, Field(gt=0, le=1e15, allow_inf_nan=False)] = None
    devices_at: Annotated[
        str | None,
        Field(
            max_length=60,
            description="Where the devices are: a region's code, or degrees north and east. Without it their way to "
            "L1 is not counted.",
            examples=["eu-central-1", "48.2,16.4"],
        ),
    ] = None


class FrontierPoint(Shape):
    """A placement of the frontier. `gco2e_per_month` counts what is modelled (docs/carbon.md), `not_modelled_share` is
    the part of the bill, 0 to 1, that is not. `latency_ms` is an estimate by distance and constants.
    """

    placement: Placement
    usd_per_month: Usd
    gco2e_per_month: float | None
    not_modelled_share: float
    latency_ms: float | None


class FrontierResult(Shape):
    """All placements of which no other costs less and is better in the other respect: exact, cheapest first. `left_out`
    are regions without a figure for it; `assumed` says what the figures rest on.
    """

    price_book: BookIdentity
    against: Against
    points: list[FrontierPoint]
    chosen: FrontierPoint | None
    left_out: list[str]
    assumed: list[str]
    workload: Json
