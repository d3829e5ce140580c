"""Which regions the optimizer considers.

The price book knows far more regions than it can price a twin in: for many it has the traffic and one storage class
only. The candidates of a cloud are its *complete* regions, in which each of the seven slots can be filled, and whatever
regions a person names, complete or not. That a request is limited to the regions it names is a restriction like any
other: the candidates beside them show what dropping it would cost.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.blueprint.parts import Offer
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.slots import PROVIDERS, SLOTS, Provider
from twin2multicloud.optimizer.bill.terms import list_terms
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.meters import MissingPrice, Region


def candidate_regions(
    book: PriceBook,
    constraints: Constraints,
    offers: Sequence[Offer] = OFFERS,
    complete: Collection[Region] | None = None,
) -> list[Region]:
    """The complete regions and those that constraints name, in the book's order. Whoever asks often gives the book's
    complete ones, which take a while to find.
    """
    known = {region.code for region in (complete_regions(book, offers) if complete is None else complete)}
    named = {(pin.provider, pin.region) for pin in constraints.pins.values()}
    named |= {(provider, code) for provider, codes in constraints.regions.items() for code in codes}
    return [
        region for region in book.regions.values() if region.code in known or (region.provider, region.code) in named
    ]


def complete_regions(book: PriceBook, offers: Sequence[Offer] = OFFERS) -> list[Region]:
    """The regions in which every slot has at least one offer with all its prices."""
    meters: dict[tuple[Provider, str], dict[int, set[str]]] = {}
    for term in list_terms(offers):
        offer = offers[term.offer]
        meters.setdefault((offer.provider, offer.slot), {}).setdefault(term.offer, set()).add(term.meter)

    def priced(region: Region, needed: set[str]) -> bool:
        return not any(isinstance(book.figure(meter, region.code), MissingPrice) for meter in needed)

    return [
        region
        for provider in PROVIDERS
        for region in book.regions_of(provider)
        if all(any(priced(region, needed) for needed in meters.get((provider, slot), {}).values()) for slot in SLOTS)
    ]
