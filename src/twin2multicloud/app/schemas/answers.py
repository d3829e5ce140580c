"""What the optimizer answers. Large parts are documented JSON: docs/cli.md ("JSON") says what is in them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from twin2multicloud.app.schemas.common import Shape
from twin2multicloud.model.slots import Provider

Json = dict[str, Any]
Usd = Annotated[float, Field(description="USD per month, unrounded.")]


class BookIdentity(Shape):
    """Which prices an answer rests on."""

    version: str
    date: str
    hash: str


class Choice(Shape):
    """What fills a slot."""

    provider: Provider
    offer: str
    region: str


Placement = Annotated[dict[str, Choice], Field(description="Slot → choice, for all seven slots.")]


class Link(Shape):
    """Traffic between slots at different places and all it costs, at both ends."""

    source: str = Field(alias="from")
    target: str = Field(alias="to")
    gb_per_month: float
    usd: Usd
    id: str | None = None
    crosses: str | None = None


class CompactResult(Shape):
    """The cheapest placement in short. `slots` has the cheapest offer of each cloud for each slot alone; those do not
    add up to a bill.
    """

    model: Literal["bill", "edt25"]
    price_book: BookIdentity
    placement: Placement
    usd_per_month: Usd
    baselines: dict[Provider, float | None]
    slots: dict[str, dict[Provider, float | None]]
    links: list[Link]
    warnings: list[str]


class OptimizeResult(CompactResult):
    """The cheapest placement and all that explains it. With `model` edt25 only `artifact` and `workload` are there of
    what follows, with `detail` compact none of it.
    """

    slot_usd: dict[str, float] | None = None
    transit_usd: Usd | None = None
    bill: list[Json] | None = None
    alternatives: dict[str, list[Json]] | None = None
    ranking: list[Json] | None = None
    proof: Json | None = None
    workload: Json | None = None
    constraints: Json | None = None
    assumptions: Json | None = None
    regions: dict[Provider, list[str]] | None = None
    unavailable: list[Json] | None = None
    over_capacity: list[str] | None = None
    artifact: Json | None = None


class Refused(Shape):
    """Why one of several questions has no answer; as a problem's fields."""

    type: str
    detail: str
    errors: list[Json]
    details: Json
    exit_code: int


class BatchItem(CompactResult):
    """One answer of a batch; or only `error`."""

    error: Refused | None = None


class BatchResult(Shape):
    """An answer for each workload, in order."""

    items: list[BatchItem]


class MeterDifference(Shape):
    """What one meter in one region contributes to a difference."""

    meter: str
    region: str
    provider: str
    service: str
    dimension: str
    unit: str
    before: Json
    after: Json
    extra_usd: Usd


class Total(Shape):
    """A placement and its bill."""

    placement: Placement
    usd_per_month: Usd


class Decision(Shape):
    """What somebody decided, against the cheapest placement under the same constraints. `why` says which meters add
    what; together that is `extra_usd`.
    """

    price_book: BookIdentity
    placement: Placement
    usd_per_month: Usd
    optimal: bool
    extra_usd: Usd
    warning: str | None
    why: list[MeterDifference]
    optimum: Total
    warnings: list[str]


class OverrideResult(Decision):
    """A what-if decision, also against the placement that it changes."""

    before: Total
    change_usd: Usd
    workload: Json
    bill: list[Json]


class CompareCase(Shape):
    """One case; or its label and `error`."""

    label: str
    placement: Placement | None = None
    usd_per_month: Usd | None = None
    extra_usd: Usd | None = None
    transit_usd: Usd | None = None
    links: list[Link] = Field(default=[])
    warnings: list[str] = Field(default=[])
    error: Refused | None = None


class CompareResult(Shape):
    """Cases side by side. `slots`, `links` and `meters` are rows with a number per case in `usd` and `extra_usd`
    (against the first case; null for a case without an answer); of meters, what differs most comes first.
    """

    price_book: BookIdentity
    workload: Json
    cases: list[CompareCase]
    slots: list[Json]
    links: list[Json]
    meters: list[Json]


class SensitivityPoint(Shape):
    """The optimum at one factor, or `error`. `changed` names the slots that differ from the point before."""

    factor: float
    values: dict[str, float]
    usd_per_month: Usd | None = None
    placement: Placement | None = None
    baselines: dict[Provider, float | None] | None = None
    slot_usd: dict[str, float] | None = None
    changed: list[str] = Field(default=[])
    error: Refused | None = None


class SensitivityResult(Shape):
    """How the optimum changes with the size of the workload."""

    price_book: BookIdentity
    workload: Json
    fields: list[str]
    points: list[SensitivityPoint]


class BillResult(Shape):
    """The bill of a twin's placement: lines with `formula` and `source`, dearest first."""

    price_book: BookIdentity
    placement: Placement
    usd_per_month: Usd
    slot_usd: dict[str, float]
    links: list[Link]
    transit_usd: Usd
    unverified_usd: Usd
    bill: list[Json]
