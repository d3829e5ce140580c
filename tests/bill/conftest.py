"""A book, and optimizers that share their markets."""

from __future__ import annotations

from functools import lru_cache

import pytest

from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.options import constraints_from_options
from twin2multicloud.optimizer.bill.candidates import candidate_regions
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.pricing.book import PriceBook, load_book


@lru_cache
def shared_book() -> PriceBook:
    return load_book()


@lru_cache
def shared_market(policy: str = "list") -> Market:
    """The default candidates' market; constraints that name other regions need one of their own."""
    return Market(shared_book(), policy, candidate_regions(shared_book(), Constraints()))


@pytest.fixture
def book() -> PriceBook:
    return shared_book()


@pytest.fixture
def market() -> Market:
    """Every region of the book."""
    return Market(shared_book())


class Optimizers:
    """Optimizers for constraints in the command line's spelling."""

    def __call__(self, **options: object) -> BillOptimizer:
        constraints = constraints_from_options(**options) if options else Constraints()  # type: ignore[arg-type]
        own = constraints.regions or constraints.pins
        return BillOptimizer(
            shared_book(), constraints, market=None if own else shared_market(constraints.egress_policy)
        )


@pytest.fixture
def optimizer() -> Optimizers:
    return Optimizers()
