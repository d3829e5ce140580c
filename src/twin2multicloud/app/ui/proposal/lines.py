"""The lines of a bill, as the API tells them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from twin2multicloud.model.slots import Provider

_UNVERIFIED: Final = "D"
ROUTE: Final = "→"
"""Between the two slots of a link that a part of a line belongs to."""


@dataclass(frozen=True)
class Tier:
    """What was used at one price, USD."""

    from_quantity: float
    quantity: float
    usd_per_unit: float
    usd: float


@dataclass(frozen=True)
class Portion:
    """What a slot, or a link between two (L2→L4), used of a line, and its part of the amount in USD per month."""

    owner: str
    component: str
    quantity: float
    usd: float


@dataclass(frozen=True)
class Source:
    """Where a price was read, and when."""

    key: str
    title: str | None
    url: str | None
    date: str


@dataclass(frozen=True)
class Line:
    """A line of a bill: a meter in a region, how much of it, what that costs in USD per month, and why."""

    provider: Provider
    region: str
    meter: str
    service: str
    dimension: str
    unit: str
    quantity: float
    usd: float
    tariff: Sequence[Tier]
    portions: Sequence[Portion]
    formula: str
    source: Source
    confidence: str
    note: str = ""

    @property
    def id(self) -> str:
        """What tells it from others."""
        return f"{self.meter}@{self.region}"

    @property
    def verified(self) -> bool:
        """Whether its price was read at a place that says so."""
        return self.confidence != _UNVERIFIED

    @property
    def owners(self) -> Sequence[str]:
        """Which slots and links it is for, the dearest first."""
        usd: dict[str, float] = defaultdict(float)
        for portion in self.portions:
            usd[portion.owner] += portion.usd
        return sorted(usd, key=lambda owner: -usd[owner])

    def usd_of(self, owner: str) -> float:
        """What of it a slot or link pays; everything without one."""
        return sum(each.usd for each in self.portions if each.owner == owner) if owner else self.usd


def lines_of(bill: Sequence[dict[str, Any]]) -> list[Line]:
    """The lines of a bill, the dearest first."""
    return sorted(msgspec.convert(list(bill), list[Line]), key=lambda line: -line.usd)


def owners_of(lines: Sequence[Line]) -> list[str]:
    """All slots and links that have a part in some lines, slots first."""
    return sorted({owner for line in lines for owner in line.owners}, key=lambda owner: (ROUTE in owner, owner))


def chosen(lines: Sequence[Line], cloud: str, owner: str) -> list[Line]:
    """The lines of a cloud and of a slot or link, the dearest first; all of them without."""
    found = [line for line in lines if cloud in ("", line.provider) and (not owner or owner in line.owners)]
    return sorted(found, key=lambda line: -line.usd_of(owner))


def usd_by_cloud(lines: Sequence[Line]) -> dict[Provider, float]:
    """What each cloud is paid by some lines, USD per month, the most first."""
    usd: dict[Provider, float] = defaultdict(float)
    for line in lines:
        usd[line.provider] += line.usd
    return dict(sorted(usd.items(), key=lambda pair: -pair[1]))
