"""How old the prices of a book are: since they were last seen in their cloud's list, or else since they were recorded.

A book does not change when its prices were looked up again and none had moved, so when that was is no part of it: it is
known by `Checks`, which say of a price that it was in the list on a day.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.meters import LIST_POLICY, Figure

STALE_AFTER_DAYS: Final = 30


@dataclass(frozen=True)
class Check:
    """That a price was in its list on the ISO date `on`; `price` is the fingerprint of which price that was."""

    on: str
    price: str


Checks = Mapping[tuple[str, str], Check]
"""By meter and region: when the price was last seen in the list."""

NO_CHECKS: Final[Checks] = {}


@dataclass(frozen=True)
class Age:
    """How old prices of one kind are: those of a provider's service in a region, by the date each was last seen."""

    provider: str
    service: str
    region: str
    prices: int
    fetched: int
    oldest: str
    oldest_days: int
    newest_days: int
    stale: int


def fingerprint(tiers: Sequence[tuple[float, float]], per: float) -> str:
    """The same for the same price: tiers as (start, USD per `per` units)."""
    told = json.dumps([[list(map(float, tier)) for tier in tiers], float(per)])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def seen_on(figure: Figure, checks: Checks) -> str:
    """The ISO date at which a price was last seen. A check of another price than the book's says nothing of it."""
    check = checks.get((figure.meter, figure.region))
    if check is None or check.on <= figure.date or figure.policy != LIST_POLICY:
        return figure.date
    same = check.price == fingerprint(tuple(zip(figure.starts, figure.published, strict=True)), figure.per)
    return check.on if same else figure.date


def ages(
    book: PriceBook, today: date, stale_after_days: int = STALE_AFTER_DAYS, checks: Checks = NO_CHECKS
) -> list[Age]:
    """The age of the book's list prices, the oldest first. `fetched` counts those that came from a provider's list,
    `stale` those older than `stale_after_days`.
    """
    groups: dict[tuple[str, str, str], list[tuple[int, str, bool]]] = {}
    for figure in book.figures(LIST_POLICY):
        meter, seen = book.meter(figure.meter), seen_on(figure, checks)
        days = (today - date.fromisoformat(seen)).days
        groups.setdefault((meter.provider.value, meter.service, figure.region), []).append(
            (days, seen, bool(figure.sku))
        )
    found = [_age(key, each, stale_after_days) for key, each in groups.items()]
    return sorted(found, key=lambda age: (-age.oldest_days, age.provider, age.service, age.region))


def last_seen(book: PriceBook, checks: Checks, regions: Collection[str] = ()) -> dict[Provider, str]:
    """The ISO date of each provider's prices: the one at which any of them was last seen; where some of its `regions`
    are named, the one at which those of the region that waits longest were. Of a book of which nothing was ever checked
    it is the book's own.
    """
    newest: dict[tuple[Provider, str], str] = {}
    for figure in book.figures(LIST_POLICY):
        key = (book.meter(figure.meter).provider, figure.region)
        newest[key] = max(newest.get(key, ""), seen_on(figure, checks))
    found = {}
    for provider in sorted({provider for provider, _ in newest}):
        named = [day for (owner, region), day in newest.items() if owner is provider and region in regions]
        found[provider] = min(named) if named else max(day for (owner, _), day in newest.items() if owner is provider)
    return found if checks else dict.fromkeys(found, book.date)


def stale_count(counted: Iterable[Age]) -> int:
    """How many prices are too old, all told."""
    return sum(age.stale for age in counted)


def _age(key: tuple[str, str, str], each: list[tuple[int, str, bool]], limit: int) -> Age:
    days = [age for age, _, _ in each]
    return Age(
        *key,
        prices=len(each),
        fetched=sum(fetched for _, _, fetched in each),
        oldest=min(on for _, on, _ in each),
        oldest_days=max(days),
        newest_days=min(days),
        stale=sum(age > limit for age in days),
    )
