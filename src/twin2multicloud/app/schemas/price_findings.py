"""What is odd about fetched prices, how old prices are, and what is asked of a refresh."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from twin2multicloud.app.schemas.common import Body, Note, Shape
from twin2multicloud.model.slots import Provider

Decision = Literal["accept", "reject"]
FindingKind = Literal[
    "no_match",
    "several_matches",
    "unit",
    "tiers",
    "not_monotone",
    "jump",
    "outlier",
    "free",
    "vanished",
    "unreachable",
]
PriceTier = tuple[float, float]


class RefreshPrices(Body):
    """Where new prices come from: the clouds' price `lists`, or the `book` that the settings name; without it the
    lists, unless the settings name a book. Of the lists only those of some clouds, or for some regions.
    """

    source: Literal["lists", "book"] | None = None
    providers: Annotated[list[Provider], Field(max_length=3)] | None = None
    regions: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=200)] | None = None


class PriceFinding(Shape):
    """Something odd about a fetched price. Until somebody accepts it the last good price holds. `before` and `after`
    are tiers: where each starts in the meter's unit, and its price in USD per unit. What has no price that could be
    taken is not `decidable`.
    """

    id: str
    kind: FindingKind
    provider: Provider
    meter: str
    unit: str = Field(description="What the meter counts; empty where it is none of the book in use.")
    service: str
    region: str
    message: str
    before: list[PriceTier]
    after: list[PriceTier]
    rows: list[str] = Field(description="SHA-256 of the rows of the list it rests on.")
    skus: list[str]
    current: bool = Field(description="Whether the last refresh that looked there saw it.")
    decidable: bool
    decision: Decision | None
    note: str
    decided_by: str | None
    decided_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime


class DecideFinding(Body):
    """What is to be done about it: `accept` has the next refresh take the price, for as long as it is the one seen;
    what a list does not have (`no_match`, `vanished`) is not sold there then, and leaves the book. `reject` has the
    last good price hold.
    """

    decision: Decision
    note: Note = ""


class PriceAge(Shape):
    """How old the prices of a service in a region are, by the dates at which each was last seen in its list, or else
    recorded.
    """

    provider: Provider
    service: str
    region: str
    prices: int
    fetched: int
    oldest: str
    oldest_days: int
    newest_days: int
    stale: int


class PriceAges(Shape):
    """How old the prices in use are, the oldest first. `stale` counts those that are older than `stale_after_days`."""

    date: str
    stale_after_days: int
    prices: int
    stale: int
    items: list[PriceAge]


class ListedRegion(Shape):
    """A region that a cloud's list has and the book has not, when the list was read last. `north` and `east` are
    degrees, of its `city`, where these are known; `left_out` says why it will not be in a book, and is empty where
    nothing speaks against it.
    """

    provider: Provider
    code: str
    name: str = Field(description="As the list has it; empty where it has codes only.")
    city: str | None
    country: str | None
    north: float | None
    east: float | None
    left_out: str
    read_at: datetime


class ListedRegions(Shape):
    """Regions by cloud and code."""

    items: list[ListedRegion]
