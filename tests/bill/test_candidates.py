"""Which regions are considered when nobody names any, and that leaving the others out costs nothing."""

from __future__ import annotations

import numpy as np

from twin2multicloud.model.constraints import Constraints
from twin2multicloud.optimizer.bill.candidates import candidate_regions, complete_regions
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.meters import Figure, MissingPrice
from twin2multicloud.optimizer.pricing.tariffs import FloatArray


def test_both_home_triples_are_complete(book: PriceBook) -> None:
    complete = {region.code for region in complete_regions(book)}
    assert {"us-east-1", "eastus", "us-east4", "eu-central-1", "westeurope", "europe-west1"} <= complete


def test_named_and_pinned_regions_join_the_complete_ones(book: PriceBook) -> None:
    constraints = Constraints.model_validate(
        {"regions": {"gcp": ["europe-north1"]}, "pins": {"L5": "gcp@us-west1"}},
    )
    added = {region.code for region in candidate_regions(book, constraints)}
    assert added - {region.code for region in complete_regions(book)} == {"europe-north1", "us-west1"}


def test_no_other_region_has_a_cheaper_price_for_any_offer_it_has(book: PriceBook, market: Market) -> None:
    """A property of the bundled prices: should an update break it, more regions deserve to be candidates."""
    complete = {region.code for region in complete_regions(book)}
    quantity = np.logspace(0, 10, 60)
    best: dict[str, FloatArray] = {}
    for term in market.terms:
        if term.meter not in best:
            prices = [f for code in complete if isinstance(f := figure(book, term.meter, code), Figure)]
            best[term.meter] = np.min([price.tariff().cost(quantity) for price in prices], axis=0)
    elsewhere = [option for option in market.options if option.region.code not in complete]
    assert elsewhere
    for option in elsewhere:
        for meter in {term.meter for term in market.terms if term.offer == option.offer}:
            cost = book.tariff(meter, option.region.code).cost(quantity)
            assert (cost >= best[meter] * (1 - 1e-12)).all(), (meter, option.region.code)


def figure(book: PriceBook, meter: str, region: str) -> Figure | MissingPrice | None:
    """The figure, None where the region is another cloud's."""
    same = book.meter(meter).provider is book.region(region).provider
    return book.figure(meter, region) if same else None
