"""Questions about uncertain workloads and what comes of them; docs/uncertainty.md says what each figure is."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from twin2multicloud.app.schemas.answers import BookIdentity, Choice, Placement, Usd
from twin2multicloud.app.schemas.common import Body, Shape
from twin2multicloud.app.schemas.questions import PlacementJson, Word, WorkloadQuestion

MOST_SAMPLES: Final = 20_000
MOST_POINTS: Final = 1_025
_Number = Annotated[float, Field(allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1)]


class CorrelationInput(Body):
    """Two uncertain numbers that turn out alike."""

    between: Annotated[list[Word], Field(min_length=2, max_length=2)]
    r: Annotated[_Number, Field(ge=-1, le=1)]


class UncertaintyInput(WorkloadQuestion):
    """What does it cost when numbers of the workload are uncertain? `uncertain` names them, besides those that a text
    says itself; what the workload says of these does not count.
    """

    uncertain: Annotated[
        dict[Word, dict[Word, Any]],
        Field(
            max_length=17,
            description="Field of the workload → how it may turn out: {low, high}, {low, mode, high}, {mean, sd} or "
            "{values, weights}.",
        ),
    ] = Field(default_factory=dict)
    correlations: Annotated[list[CorrelationInput], Field(max_length=136)] = Field(default_factory=list)
    samples: Annotated[int, Field(ge=10, le=MOST_SAMPLES)] = 10_000
    seed: Annotated[int, Field(ge=0, le=2**53)] = 1
    placement: Annotated[
        PlacementJson | None, Field(description="A placement to price, too, such as the deployed one.")
    ] = None


class BreakevenInput(WorkloadQuestion):
    """Where does the cheapest placement change as one number of the workload grows?"""

    along: Annotated[Word, Field(examples=["devices"])]
    start: _Number
    end: _Number
    points: Annotated[int, Field(ge=2, le=MOST_POINTS, description="Values examined first.")] = 513


class Figure(Shape):
    """A figure with its standard error, USD per month."""

    usd: float
    se: float


class CostDistribution(Shape):
    """How a cost is distributed over the samples, USD per month."""

    mean: Figure
    p5: Figure
    p50: Figure
    p95: Figure
    sd: float


class BestShare(Shape):
    """How probably a placement is the cheapest, with Wilson's 95 % interval."""

    probability: Probability
    low: Probability
    high: Probability


class RegretFigures(Shape):
    """What a placement costs more than each sample's own optimum, USD per month."""

    mean: float
    p95: float
    max: float


class PricedPlacement(Shape):
    """A placement over all samples; `fits` is the share of them that it can run."""

    placement: Placement
    roles: list[str]
    best: BestShare
    fits: Probability
    usd: CostDistribution | None
    regret: RegretFigures | None


class TornadoBar(Shape):
    """One number at its ends, the others typical: re-optimized, and with the typical optimum kept."""

    field: str
    low: float
    high: float
    ends: Literal["range", "p5_p95"]
    optimum_usd: list[float | None]
    fixed_usd: list[float | None]
    placements: list[dict[str, Choice] | None]


class CostDriver(Shape):
    """How much of the cost's variation goes with one number."""

    field: str
    first_order: Probability
    rank_correlation: float


class TypicalOptimum(Shape):
    """The optimum of the workload with every number at its typical value."""

    usd_per_month: Usd
    placement: Placement


class UncertaintyResult(Shape):
    """What an uncertain workload costs. `candidates` are the placements that were priced over all samples; what is the
    least of something is their number in it.
    """

    samples: int
    seed: int
    impossible: int
    uncertain: dict[str, Any]
    workload: dict[str, Any]
    typical: TypicalOptimum
    price_book: BookIdentity
    optimum: CostDistribution | None
    distinct_placements: int
    candidates: list[PricedPlacement]
    least_expected_cost: int | None
    least_maximal_regret: int | None
    tornado: list[TornadoBar]
    drivers: list[CostDriver]
    solved_alone: int


class CourseStretch(Shape):
    """A range with one optimum at every value examined."""

    start: float = Field(alias="from")
    end: float = Field(alias="to")
    usd: list[float | None]
    placement: dict[str, Choice] | None


class SlotChange(Shape):
    """A slot that is filled otherwise."""

    slot: str
    before: Choice = Field(alias="from")
    after: Choice = Field(alias="to")


class Breakeven(Shape):
    """Two neighbouring numbers between which the optimum changes."""

    below: float
    above: float
    usd: list[float | None]
    messages_per_day: float
    changes: list[SlotChange]


class BreakevenResult(Shape):
    """The optimum along one number. Between values examined no placement is cheaper than the one named by a larger
    share than `slack`; 0 where every value was examined (`complete`).
    """

    along: str
    points: int
    complete: bool
    slack: float
    stretches: list[CourseStretch]
    breakevens: list[Breakeven]
