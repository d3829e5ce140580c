"""A result as the report shows it: every amount in cents, so that the parts of each table add up to its total."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from twin2multicloud.app.report.figures import cents_of
from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.blueprint.parts import Relation
from twin2multicloud.model.slots import PROVIDERS, Provider, Slot
from twin2multicloud.optimizer.bill.cents import to_cents
from twin2multicloud.optimizer.bill.invoice import BillLine, LinkCost, link_name
from twin2multicloud.optimizer.bill.result import BillResult
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.meters import Source

_TITLES: Mapping[str, str] = {offer.id: offer.title for offer in OFFERS}


@dataclass(frozen=True)
class LineView:
    """A bill line and its amounts in cents: `tariff` and `portions` run along the line's own, each summing to it."""

    line: BillLine
    cents: int
    tariff: tuple[int, ...]
    portions: tuple[int, ...]


@dataclass(frozen=True)
class LinkView:
    """A link between places with its cost in cents, and the part of it that is traffic between two regions."""

    link: LinkCost
    cents: int
    transit_cents: int
    transit_usd: float
    by_provider: Mapping[Provider, float]

    @property
    def name(self) -> str:
        """L2→L3.hot."""
        return link_name(self.link.source, self.link.target)


class View:
    """One result, its price book if at hand, and the allotted cents of everything shown."""

    def __init__(self, result: BillResult, book: PriceBook | None = None) -> None:
        self.result = result
        self.book = book
        self.total = cents_of(result.usd_per_month)
        bill = result.invoice

        used: dict[str, dict[Provider, float]] = defaultdict(lambda: defaultdict(float))
        for line in bill.lines:
            for portion in line.portions:
                used[portion.owner][line.provider] += portion.usd

        # Traffic between two regions of a cloud is no meter's; it is what a link costs beyond its meters.
        carried = [self._carried(link, used[link_name(link.source, link.target)]) for link in bill.links]
        amounts = to_cents([*(line.usd for line in bill.lines), *carried], self.total)
        split = len(bill.lines)
        self.lines: tuple[LineView, ...] = tuple(
            LineView(
                line,
                cents,
                tuple(to_cents([part.usd for part in line.tariff], cents)),
                tuple(to_cents([part.usd for part in line.portions], cents)),
            )
            for line, cents in zip(bill.lines, amounts[:split], strict=True)
        )

        owed = to_cents([*bill.slots.values(), *(link.usd for link in bill.links)], self.total)
        self.slots: Mapping[Slot, int] = dict(zip(bill.slots, owed, strict=False))
        self.links: tuple[LinkView, ...] = tuple(
            LinkView(link, cents, transit, usd, self._providers_of(link, used, usd))
            for link, cents, transit, usd in zip(
                bill.links, owed[len(bill.slots) :], amounts[split:], carried, strict=True
            )
        )

    @property
    def providers(self) -> Mapping[Provider, int]:
        """Cents per provider in use, transit included; they sum to the total."""
        owed = dict.fromkeys(self.result.placement.providers, 0)
        for row in self.lines:
            owed[row.line.provider] = owed.get(row.line.provider, 0) + row.cents
        for link in self.links:
            if link.transit_cents:
                owed[self.result.placement[link.link.source].provider] += link.transit_cents
        return {provider: owed[provider] for provider in PROVIDERS if provider in owed}

    @property
    def confidences(self) -> Mapping[str, int]:
        """Cents per confidence of the figures they rest on, A to D; transit rates carry none ("")."""
        owed: dict[str, int] = defaultdict(int)
        for row in self.lines:
            owed[row.line.confidence] += row.cents
        transit = sum(link.transit_cents for link in self.links)
        if transit:
            owed[""] += transit
        return {grade: owed[grade] for grade in ("A", "B", "C", "D", "") if grade in owed}

    @property
    def saving_cents(self) -> int | None:
        """What the mix saves against the cheapest single cloud; None when no cloud can run the twin alone."""
        best = self.result.best_baseline
        return None if best is None else cents_of(best[1].usd_per_month) - self.total

    def offer_title(self, offer: str) -> str:
        """An offer's service and variant."""
        return _TITLES.get(offer, offer)

    def region_name(self, region: str) -> str | None:
        """A region's full name, when the price book is at hand."""
        found = self.book.regions.get(region) if self.book else None
        return found.name if found else None

    def source(self, provider: Provider, key: str) -> Source | None:
        """Where a figure was read, when the price book is at hand."""
        return self.book.sources.get((provider, key)) if self.book else None

    @staticmethod
    def _carried(link: LinkCost, used: Mapping[Provider, float]) -> float:
        rest = link.usd - math.fsum(used.values())
        return rest if link.relation is Relation.REGION and rest > 1e-9 else 0.0

    def _providers_of(
        self, link: LinkCost, used: Mapping[str, Mapping[Provider, float]], carried: float
    ) -> Mapping[Provider, float]:
        found = dict(used.get(link_name(link.source, link.target), {}))
        if carried:
            sender = self.result.placement[link.source].provider
            found[sender] = found.get(sender, 0.0) + carried
        return {provider: found[provider] for provider in PROVIDERS if provider in found}
