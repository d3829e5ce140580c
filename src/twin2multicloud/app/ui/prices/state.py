"""What of the prices is looked at: all of it is in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args

import msgspec

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.schemas.books import BookDetail
from twin2multicloud.app.schemas.catalogue import MeterDetail, PricesInUse, Region
from twin2multicloud.app.ui import places

PAGE: Final = 30
Part = Literal["meters", "books", "findings", "check"]
Policy = Literal["list", "eu-data-act"]
_MOST_TWINS: Final = 200


@dataclass(frozen=True)
class Look:
    """How somebody looks. `meter` and `book` are those whose details are in view, `quantity` (units a month) is what is
    calculated for; `run` is a refresh that is followed.
    """

    part: Part = "meters"
    search: str = ""
    cloud: str = ""
    region: str = ""
    meter: str = ""
    quantity: str = ""
    policy: Policy = "list"
    book: str = ""
    run: str = ""
    start: int = 0

    @classmethod
    def read(cls, address: places.Place) -> Look:
        """From an address; what makes no sense is left out."""
        part, query = address.path.removeprefix(places.PRICES).strip("/"), address.query
        cloud, start, book = query.get("cloud", ""), query.get("from", "0"), query.get("book", "")
        policy = query.get("policy", "list")
        return cls(
            part=part if part in get_args(Part) else "meters",  # type: ignore[arg-type]  # it is one of them
            search=query.get("search", "")[:120],
            cloud=cloud if cloud in ("aws", "azure", "gcp") else "",
            region=query.get("region", "")[:60],
            meter=query.get("meter", "")[:120],
            quantity=query.get("quantity", "")[:30],
            policy="eu-data-act" if policy == "eu-data-act" else "list",
            book=book if book.isdigit() and len(book) < 9 else "",
            run=query.get("run", "")[:40],
            start=int(start) if start.isdigit() and len(start) < 7 else 0,
        )

    @property
    def path(self) -> str:
        """Its address."""
        return places.asked(
            places.prices(self.part),
            search=self.search,
            cloud=self.cloud,
            region=self.region,
            **{"from": str(self.start) if self.start else ""},
            meter=self.meter,
            quantity=self.quantity,
            policy="" if self.policy == "list" else self.policy,
            book=self.book,
            run=self.run,
        )

    @property
    def listed(self) -> Look:
        """Which list it is, whichever of it is in view."""
        return replace(self, meter="", quantity="", book="", policy="list")

    @property
    def filtered(self) -> bool:
        """Whether anything is left out."""
        return bool(self.search or self.cloud or self.region)

    def changed(self, **fields: object) -> Look:
        """Otherwise looked at, from the start."""
        return replace(self, start=0, **fields)  # type: ignore[arg-type]  # fields of ours, by name

    def opened(self, meter: str) -> Look:
        """With a meter's details."""
        return replace(self.listed, meter=meter)

    def turned(self, by: int) -> Look:
        """The part before or after."""
        return replace(self.listed, start=max(0, self.start + by * PAGE))

    @property
    def units(self) -> float | None:
        """The quantity as a number; None for what is none."""
        return units(self.quantity)


def units(text: str) -> float | None:
    """A number of units that somebody wrote: 1500000, 1,500,000, 1.5e6; None for what is none, or is negative."""
    try:
        number = float(text.replace(",", "").replace(" ", "").replace("_", ""))
    except ValueError:
        return None
    return number if 0 <= number <= 1e18 else None


@dataclass(frozen=True)
class Figure:
    """A price: from each of `starts` on, that much `per` units. `confidence` is from A (the cloud's own list) to D."""

    region: str
    policy: str
    starts: list[float]
    published: list[float]
    per: float
    usd_per_unit: list[float]
    unit: str
    source: str
    date: str
    confidence: str
    note: str = ""
    fallback: bool = False


@dataclass(frozen=True)
class Meter:
    """What a cloud counts. `regions`: in how many it has a price; `figures`: its prices in the region asked about."""

    id: str
    provider: str
    service: str
    dimension: str
    cost_primitive: str
    pricing_primitive: str
    kind: str
    unit: str
    scope: str
    chunk_bytes: int | None = None
    pool: str | None = None
    max_units: float | None = None
    regions: int = 0
    figures: list[Figure] = field(default_factory=list)


@dataclass(frozen=True)
class InUse:
    """The book in use, and its regions."""

    prices: PricesInUse
    regions: Sequence[Region]


def load_in_use(api: Client) -> InUse:
    """The book in use."""
    return InUse(api.prices.identity(), api.catalogue.regions())


def load_meters(api: Client, cloud: str, region: str) -> list[Meter]:
    """The meters of a cloud, or of all; with their prices in a region."""
    found = api.prices.meters(provider=cloud or None, region=region or None)
    return [msgspec.convert(each, Meter) for each in found]


def matching(meters: Sequence[Meter], search: str) -> list[Meter]:
    """Those that have every word of a search in what they are called."""
    words = search.casefold().split()
    return [
        meter
        for meter in meters
        if all(word in f"{meter.id} {meter.service} {meter.dimension} {meter.unit}".casefold() for word in words)
    ]


@dataclass(frozen=True)
class Explained:
    """A meter with all its prices, and where it has none and why; `lines` are a bill for a quantity."""

    meter: Meter
    figures: Sequence[Figure]
    missing: Sequence[str]
    lines: Sequence[Mapping[str, float]]
    usd_per_month: float | None

    @classmethod
    def of(cls, found: MeterDetail) -> Explained:
        """As the API tells it."""
        return cls(
            msgspec.convert(found.meter, Meter),
            [msgspec.convert(each, Figure) for each in found.figures],
            found.missing,
            found.lines or (),
            found.usd_per_month,
        )


def load_meter(api: Client, meter: str) -> Explained:
    """A meter, in all regions."""
    return Explained.of(api.prices.meter(meter))


def load_bill(api: Client, look: Look, region: str) -> Explained | None:
    """What a quantity of a meter costs in a region; None without a quantity."""
    quantity = look.units
    if quantity is None or not region:
        return None
    return Explained.of(api.prices.meter(look.meter, region=region, quantity=quantity, policy=look.policy))


@dataclass(frozen=True)
class Book:
    """A book that was taken up, and what the twins are called whose bills it changed."""

    detail: BookDetail
    names: Mapping[str, str]


def load_book(api: Client, number: str) -> Book:
    """A book, whole."""
    detail = api.prices.book_detail(int(number))
    names = {twin.id: twin.name for twin in api.twins.list(limit=_MOST_TWINS)} if detail.twins else {}
    return Book(detail, names)


def counted(changes: Mapping[str, Any]) -> int:
    """How many prices of a book differ from the one before."""
    found = changes.get("figures", 0)
    return found if isinstance(found, int) else len(found)
