"""What there is to choose from: workloads, offers, regions, prices."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from twin2multicloud.app.schemas.answers import BookIdentity
from twin2multicloud.app.schemas.common import Body, Page, Shape
from twin2multicloud.app.schemas.problems import FieldProblem
from twin2multicloud.model.slots import Provider

Word = Annotated[str | None, Field(max_length=120)]
_MOST_CHARACTERS: Final = 4 << 20
"""Of a file of a price book: what is larger is not read as one."""


class WorkloadSummary(Shape):
    """A built-in workload."""

    name: str
    title: str
    description: str
    workload: dict[str, Any]


class WorkloadDetail(WorkloadSummary):
    """A built-in workload with the files of a twin to start from (path → text)."""

    files: dict[str, str]


class Checked(Shape):
    """What was found in a definition: `findings` keep it from being used, `warnings` are perhaps not meant. `summary`
    is what `check --json` says of a twin; of a workload its figures.
    """

    kind: Literal["twin", "workload"]
    ok: bool
    findings: list[FieldProblem]
    warnings: list[FieldProblem]
    summary: dict[str, Any] | None


class DefinitionField(Shape):
    """A field of a twin's definition: where it stands (`*` is a name of the writer's own, `[]` an item of a list), what
    it means, what may be written there, and what counts where it is left out.
    """

    path: str
    title: str
    meaning: str
    kind: Literal["text", "integer", "number", "boolean", "choice", "duration", "list", "mapping", "section", "any"] = (
        Field(description="A section has named fields of its own, which follow; the names of a mapping are free.")
    )
    required: bool
    default: Any = Field(None, description="Null: nothing.")
    unit: str
    low: float | None = Field(description="Of a number; null: no bound.")
    high: float | None
    low_open: bool = Field(description="Whether the bound itself is not allowed.")
    high_open: bool
    fewest: int | None = Field(description="Characters of a text, items of a list, names of a mapping.")
    most: int | None
    of: str | None = Field(description="The kind of a list's items or a mapping's values, where these are no sections.")
    choices: list[str] = Field(description="Of a choice, or of what a list or mapping holds.")
    names: list[str] = Field(description="What the names of a mapping may be; empty: they are free.")
    pattern: str = Field(description="A regular expression that the whole of a text fits; empty: any text.")
    examples: list[Any]
    allowed: str = Field(description="The range of a number in words.")


class OffersQuery(Body):
    """Which offers: all that are given must hold. `slot` may be a layer: L3 is all three tiers."""

    slot: Word = None
    provider: Word = None
    feature: Word = None
    deployable: bool | None = None
    region: Annotated[Word, Field(description="Says of each offer of that cloud whether it can be had there.")] = None


class Offer(Shape):
    """One way to fill a slot; `regions` are those in which all its prices are known."""

    id: str
    slot: str
    provider: Provider
    service: str
    variant: str
    summary: str
    features: list[str]
    deployable: bool
    regions: list[str]
    region: str | None = None
    available: bool | None = None
    reason: str | None = None


class Offers(Shape):
    """Offers in the slots' order."""

    items: list[Offer]


class RegionsQuery(Body):
    """Which regions."""

    provider: Word = None
    complete: Annotated[bool | None, Field(description="Whether every slot can be filled there.")] = None


class Counterpart(Shape):
    """The region of another cloud that is nearest, so many kilometres as the crow flies."""

    code: str
    km: float


class Region(Shape):
    """A region; in a `complete` one every slot can be filled, so that it is considered without being named. `north` and
    `east` are degrees, of its `city`; `nearest` is what other clouds have nearest to it.
    """

    provider: Provider
    code: str
    name: str
    country: str
    geography: str
    zone: str
    complete: bool
    city: str | None
    north: float | None
    east: float | None
    nearest: dict[Provider, Counterpart]


class Regions(Shape):
    """Regions in the book's order."""

    items: list[Region]


class PricesInUse(BookIdentity):
    """The price book in use, and how much is in it: of each cloud `regions`, `meters` and `prices`, and how many of
    these were `fetched` from its list. `seen` is when prices of a cloud were last seen, moved or not, `age_days` how
    many days ago that was for the cloud that waits longest. `oldest` is the date of a cloud's oldest price: since then
    it is as it is.
    """

    age_days: int
    seen: dict[Provider, str]
    oldest: dict[Provider, str]
    providers: dict[Provider, dict[str, int]]
    confidences: dict[str, int]


class WholeBook(BookIdentity):
    """The price book in use, whole. Whoever reads its files again must come to the same `hash`."""

    program: Annotated[str, Field(max_length=60, description="The version of the program that read them.")]
    files: Annotated[
        dict[Annotated[str, Field(max_length=255)], Annotated[str, Field(max_length=_MOST_CHARACTERS)]],
        Field(min_length=1, max_length=len(Provider), description="Name → TOML text; one per cloud."),
    ]


class MetersQuery(Body):
    """Which meters. With `region` each comes with its price there."""

    provider: Word = None
    region: Word = None
    service: Annotated[Word, Field(description="Part of the service's name.")] = None
    meter: Annotated[Word, Field(description="Part of the meter's name.")] = None
    cursor: Annotated[str | None, Field(max_length=120)] = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


class MeterList(Page[dict[str, Any]]):
    """Part of the meters: what each counts, in how many regions it is priced; `figures` in the region asked about."""

    price_book: BookIdentity


class MeterQuery(Body):
    """One meter: in all regions or one; with `quantity` (units a month, needs `region`) what that costs."""

    meter: str
    region: Word = None
    quantity: Annotated[float | None, Field(ge=0, le=1e18, allow_inf_nan=False)] = None
    policy: Literal["list", "eu-data-act"] = "list"


class MeterDetail(Shape):
    """A meter's rule and prices, as `prices explain --json` writes them."""

    price_book: BookIdentity
    meter: dict[str, Any]
    figures: list[dict[str, Any]]
    missing: list[str]
    quantity: float | None = None
    lines: list[dict[str, float]] | None = None
    usd_per_month: float | None = None


class BookCheck(Shape):
    """Whether the files make a sound price book; if so, which."""

    ok: bool
    findings: list[FieldProblem]
    price_book: BookIdentity | None
