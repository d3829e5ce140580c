"""What may be asked of the optimizer: a workload, constraints, and what about them. All of it is bounded."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from twin2multicloud.app.schemas.common import Body
from twin2multicloud.app.schemas.twins import Files, Source

MOST_RANKED: Final = 50
MOST_IN_A_BATCH: Final = 200
MOST_CASES: Final = 12
MOST_POINTS: Final = 50

Word = Annotated[str, Field(min_length=1, max_length=120)]
Words = Annotated[list[Word], Field(max_length=100)]
Number = int | float
SlotChoices = Annotated[
    dict[Word, Word],
    Field(
        max_length=7,
        description="Slot → cloud, offer, either with @region.",
        examples=[{"L3.hot": "aws.dynamodb-on-demand@eu-central-1", "L5": "gcp"}],
    ),
]
PlacementJson = Annotated[
    dict[Word, dict[Word, Word]],
    Field(
        max_length=7,
        description="Slot → {provider, offer, region}, for all seven slots: `placement` of any answer.",
    ),
]


class ConstraintOptions(Body):
    """Constraints in the words of the command line's options. What is given replaces the same field of the document's
    constraints: regions per cloud, pins per slot; required features add up.
    """

    regions: Annotated[
        dict[Word, Words] | None,
        Field(max_length=3, examples=[{"aws": ["eu-central-1"]}], description="Cloud → regions."),
    ] = None
    providers: Words | None = None
    deny: Words | None = None
    residency: Annotated[Words | None, Field(examples=[["EU"]])] = None
    pins: SlotChoices | None = None
    require: Annotated[Words | None, Field(examples=[["L1:mqtt"]])] = None
    managed_only: bool | None = None
    deployable_only: bool | None = None
    max_clouds: int | None = None
    egress: Annotated[str | None, Field(max_length=40, examples=["eu-data-act"])] = None


class WorkloadQuestion(Body):
    """Which workload: exactly one of a built-in scenario's name, the text of a workload's or a twin's file, or the
    workload's fields; with constraints and assumptions on top of what the text says itself.
    """

    scenario: Annotated[Word | None, Field(examples=["smart-building"])] = None
    source: Source | None = None
    format: Literal["yaml", "json", "toml"] | None = None
    workload: Annotated[
        dict[Word, Any] | None,
        Field(max_length=40, examples=[{"devices": 1000, "message_interval_s": 10, "message_size_bytes": 200}]),
    ] = None
    constraints: ConstraintOptions = Field(default_factory=ConstraintOptions)
    assumptions: Annotated[dict[Word, Number], Field(max_length=80)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_workload(self) -> Self:
        given = [name for name in ("scenario", "source", "workload") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of scenario, source and workload; {' and '.join(given) or 'none'} "
                f"{'are' if len(given) > 1 else 'is'} given"
            )
        return self


class OptimizeInput(WorkloadQuestion):
    """What is the cheapest placement? `compact` leaves out bill lines, alternatives and inputs."""

    model: Literal["bill", "edt25"] = "bill"
    top: Annotated[int, Field(ge=1, le=MOST_RANKED, description="How many of the cheapest placements.")] = 1
    alternatives: Annotated[bool, Field(description="Whether to say what every other offer would add.")] = True
    detail: Literal["full", "compact"] = "full"
    max_price_age: Annotated[
        int | None, Field(ge=0, le=100_000, description="Refuse prices that are more days old.")
    ] = None


class BatchInput(Body):
    """Many workloads at once, answered compactly and in order; `constraints` are on top of each one's own."""

    items: Annotated[list[WorkloadQuestion], Field(min_length=1, max_length=MOST_IN_A_BATCH)]
    constraints: ConstraintOptions = Field(default_factory=ConstraintOptions)
    model: Literal["bill", "edt25"] = "bill"


class Case(Body):
    """One way to place the workload: as given, or the cheapest under constraints (on top of the question's)."""

    label: Annotated[str, Field(min_length=1, max_length=80)]
    placement: PlacementJson | None = None
    constraints: ConstraintOptions | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.placement is None) == (self.constraints is None):
            raise ValueError("give either placement or constraints ({} for the optimum)")
        return self


class CompareInput(WorkloadQuestion):
    """What is the difference? All cases are compared with the first."""

    cases: Annotated[list[Case], Field(min_length=2, max_length=MOST_CASES)]


class OverrideInput(WorkloadQuestion):
    """What if somebody decides otherwise? Slots that `overrides` does not name stay as `placement` has them, by default
    the optimum. A cloud without an offer, or an offer without a region, stands for the cheapest one of those.
    """

    placement: PlacementJson | None = None
    overrides: Annotated[SlotChoices, Field(min_length=1)]


class SensitivityInput(WorkloadQuestion):
    """What if there were more of it? Each factor scales all of `fields` of the workload at once."""

    fields: Annotated[list[Word], Field(min_length=1, max_length=6, examples=[["devices"]])]
    factors: Annotated[
        list[Annotated[float, Field(gt=0, le=1e6, allow_inf_nan=False)]],
        Field(min_length=1, max_length=MOST_POINTS, examples=[[0.5, 1, 2, 5, 10]]),
    ]


class ReportInput(WorkloadQuestion):
    """The report of the cheapest placement."""

    title: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    top: Annotated[int, Field(ge=1, le=MOST_RANKED)] = 5


class DefinitionInput(Body):
    """The text of a twin's or a workload's file, and for a twin the files that it names."""

    source: Source
    format: Literal["yaml", "json", "toml"] | None = None
    files: Files = Field(default_factory=dict)


class BookInput(Body):
    """The files of a price book, name → TOML text; one per cloud."""

    files: Annotated[
        dict[
            Annotated[str, Field(min_length=1, max_length=100)],
            Annotated[str, Field(max_length=1_048_576)],
        ],
        Field(min_length=1, max_length=10),
    ]
