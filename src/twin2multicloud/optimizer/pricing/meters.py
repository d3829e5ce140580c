"""What a provider counts (meters), what it charges for it (figures), where (regions), and how we know (sources).

Quantities are stated in *base amounts* that need no knowledge of the provider (a count, bytes, byte-months,
seconds …); a meter says how a base amount becomes the provider's billing unit. GB means 10⁹ bytes and GiB 2³⁰
bytes, always: a meter names which of the two it bills, and no other place converts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.tariffs import Tariff

FloatArray = NDArray[np.float64]

LIST_POLICY: Final = "list"
EU_DATA_ACT_POLICY: Final = "eu-data-act"
POLICIES: Final = (LIST_POLICY, EU_DATA_ACT_POLICY)

MEASURES: Final = ("count", "bytes", "byte-months", "byte-seconds", "byte-hours", "seconds", "hours")
KINDS: Final = {
    "per-use": "ppu",
    "bundle": "bundle",
    "provisioned": "prov",
    "per-user": "user",
    "instance": "infra",
}
COST_PRIMITIVES: Final = ("C_M", "C_E", "C_S", "C_A", "C_U")
SCOPES: Final = ("account", "region", "zone")
CONFIDENCES: Final = ("A", "B", "C", "D")
SIZES: Final = {
    "1": 1.0,
    "kB": 1e3,
    "KiB": 2.0**10,
    "GB": 1e9,
    "GiB": 2.0**30,
    "TB": 1e12,
    "TiB": 2.0**40,
    "h": 3600.0,
}


@dataclass(frozen=True)
class Source:
    """Where figures were read: `key` as the book's rows cite it, ISO `date` of the data, `url` where public."""

    key: str
    title: str
    date: str
    url: str | None = None


@dataclass(frozen=True)
class Region:
    """One region of one provider.

    `country` is the ISO 3166-1 alpha-2 code, `geography` the jurisdiction that residency and egress policies ask
    for (`EU`, `UK`, `US`, else the country's code), `zone` the provider's egress zone.
    """

    provider: Provider
    code: str
    name: str
    country: str
    geography: str
    zone: str


@dataclass(frozen=True)
class Meter:
    """What a provider counts, and how a base amount becomes its billing unit.

    `cost_primitive` C and `pricing_primitive` P are the paper's; `kind` is the tariff kind in words. `measure`
    names the base amount, `unit` the billing unit as displayed, `base_per_unit` how much base a unit holds (10⁹ for GB,
    2³⁰ for GiB). With `chunk_bytes` an item counts once per started chunk; with `item_minimum_bytes` an item never
    counts as fewer bytes. `scope` says where tiers and free allowances are counted together: in the whole account
    (subscription, billing account), a region, or an egress zone. Meters with the same `pool` are counted together.
    `max_units` caps a bundle (units of the figure's increment).
    """

    id: str
    provider: Provider
    service: str
    dimension: str
    cost_primitive: str
    pricing_primitive: str
    kind: str
    measure: str
    unit: str
    base_per_unit: float
    scope: str
    chunk_bytes: int | None = None
    item_minimum_bytes: int | None = None
    pool: str | None = None
    max_units: float | None = None
    size: str = "1"


@dataclass(frozen=True)
class Figure:
    """The price of one meter in one region under one policy, with where it comes from.

    `starts` are the tiers' lower bounds in the meter's unit and `published` their prices in USD per `per` units,
    as printed by the provider (0.20 per 1,000,000). `confidence` A is recorded from an API or an official page,
    B derived by a tool from an API, C a third party, D unverified or derived (the `note` says how). A figure fetched
    from a provider's list has that list's id of the price (`sku`) and the SHA-256 of the raw row (`row`). `rising` says
    why a price per unit may rise with volume. `fallback` is true when another policy was asked for and the list price
    is given instead.
    """

    meter: str
    region: str
    policy: str
    starts: tuple[float, ...]
    published: tuple[float, ...]
    per: float
    source: str
    date: str
    confidence: str
    note: str = ""
    increment: float = 0.0
    minimum: float = 0.0
    max_quantity: float | None = None
    fallback: bool = False
    rising: str = ""
    sku: str = ""
    row: str = ""

    @property
    def usd_per_unit(self) -> tuple[float, ...]:
        """Price of each tier in USD per unit of the meter."""
        return tuple(price / self.per for price in self.published)

    @property
    def free_units(self) -> float:
        """The free allowance per month in units (0 when there is none; infinite when all of it is free)."""
        if self.published[0] > 0:
            return 0.0
        return self.starts[1] if len(self.starts) > 1 else float("inf")

    def tariff(self) -> Tariff:
        """The figure as a tariff in USD per month for a quantity in units."""
        return self._tariff

    @cached_property
    def _tariff(self) -> Tariff:
        return Tariff(self.starts, self.usd_per_unit, self.increment, self.minimum)


@dataclass(frozen=True)
class MissingPrice:
    """A price the book does not have: an offer that needs it is unavailable in `region`, never free."""

    meter: str
    region: str
    reason: str

    def __str__(self) -> str:
        return f"no price for {self.meter} in {self.region}: {self.reason}"


def quantity_in_units(
    meter: Meter, amount: float | FloatArray, each_bytes: float | FloatArray | None = None
) -> FloatArray:
    """Convert base amounts of `meter.measure` to its billing units; any shapes that broadcast.

    For a meter that chunks or has an item minimum, `amount` counts items and `each_bytes` is the size of one:
    items · ⌈each / chunk⌉ pieces, or items · max(each, minimum) bytes. Without `each_bytes` a chunked item is
    taken to fit one chunk, and `amount` of a meter with an item minimum is already bytes.
    """
    base = amount
    if each_bytes is not None:
        if meter.chunk_bytes is not None:
            # An empty item still is one; a hair above a whole number of chunks is rounding, not another chunk.
            base = base * np.maximum(np.ceil(each_bytes / meter.chunk_bytes - 1e-9), 1.0)
        elif meter.item_minimum_bytes is not None:
            base = base * np.maximum(each_bytes, float(meter.item_minimum_bytes))
        elif meter.measure.startswith("byte"):
            base = base * each_bytes
    units: FloatArray = np.divide(base, meter.base_per_unit)
    return units
