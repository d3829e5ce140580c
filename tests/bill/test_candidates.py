"""Which regions are considered when nobody names any, and that leaving the others out costs nothing."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.optimizer.bill.candidates import candidate_regions, complete_regions
from twin2multicloud.optimizer.bill.terms import list_terms
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.tariffs import Tariff


def test_both_home_triples_are_complete(book: PriceBook) -> None:
    complete = {region.code for region in complete_regions(book)}
    assert {"us-east-1", "eastus", "us-east4", "eu-central-1", "westeurope", "europe-west1"} <= complete


def test_named_and_pinned_regions_join_the_complete_ones(book: PriceBook) -> None:
    constraints = Constraints.model_validate(
        {"regions": {"gcp": ["europe-north1"]}, "pins": {"L5": "gcp@us-west1"}},
    )
    added = {region.code for region in candidate_regions(book, constraints)}
    assert added - {region.code for region in complete_regions(book)} == {"europe-north1", "us-west1"}


def test_no_other_region_is_cheaper_on_any_meter_that_offers_use(book: PriceBook) -> None:
    """A property of the bundled prices: should an update break it, more regions deserve to be candidates."""
    complete = {region.code for region in complete_regions(book)}
    used = {term.meter for term in list_terms(OFFERS)}
    tariffs: dict[str, dict[str, Tariff]] = defaultdict(dict)
    for figure in book.figures("list"):
        if figure.meter in used:
            tariffs[figure.meter][figure.region] = figure.tariff()
    quantity = np.logspace(0, 10, 60)
    for meter, by_region in tariffs.items():
        best = np.min([tariff.cost(quantity) for code, tariff in by_region.items() if code in complete], axis=0)
        for code, tariff in by_region.items():
            assert (tariff.cost(quantity) >= best - 1e-9).all(), (meter, code)
