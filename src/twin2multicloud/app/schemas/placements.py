"""Proposals for a twin, and decisions about where its slots go."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from twin2multicloud.app.schemas.answers import Decision
from twin2multicloud.app.schemas.common import Answer, Body, Note
from twin2multicloud.app.schemas.questions import MOST_RANKED, ConstraintOptions, PlacementJson, SlotChoices, Word
from twin2multicloud.app.schemas.twins import Twin

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
    changes its slot only. A cloud, or an offer without region, stands for the cheapest one of those.
    """

    optimization: Annotated[str | None, Field(max_length=32)] = None
    placement: PlacementJson | None = None
    overrides: SlotChoices = Field(default_factory=dict)
    drop: Slots = Field(default_factory=list)
    note: Note = ""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.optimization is not None and self.placement is not None:
            raise ValueError("give optimization or placement, not both")
        if self.optimization is None and self.placement is None and not self.overrides and not self.drop:
            raise ValueError("give optimization, placement, overrides or drop; there is nothing to change otherwise")
        return self


class PlacementAnswer(Decision):
    """A twin with its new placement, what that costs, and what it adds where it is not the cheapest."""

    twin: Twin
    overrides: dict[str, str]
