"""How old the prices of a book are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.meters import LIST_POLICY

STALE_AFTER_DAYS: Final = 30


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


def ages(book: PriceBook, today: date, stale_after_days: int = STALE_AFTER_DAYS) -> list[Age]:
    """The age of the book's list prices, the oldest first. `fetched` counts those that came from a provider's list,
    `stale` those older than `stale_after_days`.
    """
    groups: dict[tuple[str, str, str], list[tuple[int, str, bool]]] = {}
    for figure in book.figures(LIST_POLICY):
        meter = book.meter(figure.meter)
        days = (today - date.fromisoformat(figure.date)).days
        groups.setdefault((meter.provider.value, meter.service, figure.region), []).append(
            (days, figure.date, bool(figure.sku))
        )
    found = [_age(key, each, stale_after_days) for key, each in groups.items()]
    return sorted(found, key=lambda age: (-age.oldest_days, age.provider, age.service, age.region))


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
