"""Proposals for a twin, and decisions about where its slots go."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from twin2multicloud.app.schemas.answers import (
    BillResult,
    BookIdentity,
    Choice,
    Decision,
    MeterDifference,
    OptimizeResult,
    Total,
    Usd,
)
from twin2multicloud.app.schemas.common import Answer, Body, Note, Shape
from twin2multicloud.app.schemas.questions import MOST_RANKED, ConstraintOptions, PlacementJson, SlotChoices, Word
from twin2multicloud.app.schemas.twins import Twin
from twin2multicloud.model.slots import Provider

Slots = Annotated[list[Word], Field(max_length=7, description="Slots whose decisions do not hold any more.")]


class ProposalInput(Body):
    """What is the cheapest placement of this twin? Options are on top of its definition's constraints; only what can be
    deployed is proposed, unless `deployable_only` is false. Earlier overrides hold as pins, but for those in `drop`.
    """

    constraints: ConstraintOptions = Field(default_factory=ConstraintOptions)
    drop: Slots = Field(default_factory=list)
    top: Annotated[int, Field(ge=1, le=MOST_RANKED)] = 1
    alternatives: bool = True


class OptimizationSummary(Answer):
    """A proposal in a list. `inputs` are the constraints (overrides aside), the overrides that held, workload and
    assumptions.
    """

    id: str
    twin: str
    twin_number: int
    usd_per_month: float
    book_hash: str
    inputs: dict[str, Any]
    created_by: str
    created_at: datetime


class Optimization(OptimizationSummary):
    """A proposal, whole: `result` is what `optimize --json` writes."""

    result: dict[str, Any]


class PlacementInput(Body):
    """Where the slots go from now on: as a proposal says, as given, or as they are; then `overrides`, of which each
    changes its slot only. A cloud, or an offer without region, stands for the cheapest one of those. With `anew` every
    slot that nobody decided about goes where that is cheapest.
    """

    optimization: Annotated[str | None, Field(max_length=32)] = None
    placement: PlacementJson | None = None
    overrides: SlotChoices = Field(default_factory=dict)
    drop: Slots = Field(default_factory=list)
    anew: Annotated[bool, Field(description="Whether slots without an override are chosen anew.")] = False
    note: Note = ""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.optimization is not None and self.placement is not None:
            raise ValueError("give optimization or placement, not both")
        given = self.optimization is not None or self.placement is not None
        if self.anew and given:
            raise ValueError("anew chooses slots itself; leave out optimization and placement")
        if not given and not self.overrides and not self.drop and not self.anew:
            raise ValueError("give optimization, placement, overrides, drop or anew; there is nothing to change")
        return self


class PlacementAnswer(Decision):
    """A twin with its new placement, what that costs, and what it adds where it is not the cheapest."""

    twin: Twin
    overrides: dict[str, str]


class PlacementPreview(Decision, BillResult):
    """What would come of a change of a twin's placement: nothing is kept. `before` is what is placed, `change_usd` what
    is added to that, and `changes` by which meters; without a placement they are empty. `overrides` are the decisions
    that would hold.
    """

    overrides: dict[str, str]
    before: Total | None
    change_usd: Usd | None
    changes: list[MeterDifference]


class Override(Shape):
    """A decision that holds: what it pins its slot to, and what it adds while the others hold, too. `extra_usd` is None
    where nothing satisfies the constraints any more.
    """

    slot: str
    choice: str
    extra_usd: Usd | None


class Proposed(OptimizeResult):
    """The cheapest placement that follows all decisions; its bill's lines have `formula` and `source`."""

    unverified_usd: Usd


class Standing(Shape):
    """How a twin stands at the prices of now. `placed` is what its placement costs, None without one; `proposal` what
    optimizing it would find; `optimum` and `baselines` (all on one cloud) what would be cheapest without any override;
    `extra_usd` and `why` compare what is placed with that. `problem` says why something of it cannot be said.
    """

    price_book: BookIdentity
    placed: BillResult | None
    proposal: Proposed | None
    optimum: Total | None
    baselines: dict[Provider, float | None] | None
    overrides: list[Override]
    optimal: bool | None
    extra_usd: Usd | None
    warning: str | None
    why: list[MeterDifference]
    problem: str | None


class SlotChoice(Choice):
    """A way to fill a slot while the others stay as they are: what the twin costs then, and what that changes.
    `problem` says why it may not be chosen.
    """

    usd_per_month: Usd | None
    change_usd: Usd | None
    chosen: bool
    problem: str | None


class SlotChoiceList(Shape):
    """All ways to fill a slot, the cheapest first; `usd_per_month` is what the twin costs as it is."""

    price_book: BookIdentity
    slot: str
    usd_per_month: Usd
    items: list[SlotChoice]
