"""A book, and optimizers that share their markets."""

from __future__ import annotations

from functools import lru_cache

import pytest

from twin2multicloud.model.constraints import Constraints, constraints_from_options
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.pricing.book import PriceBook, load_book


@lru_cache
def shared_book() -> PriceBook:
    return load_book()


@lru_cache
def shared_market(policy: str = "list") -> Market:
    return Market(shared_book(), policy)


@pytest.fixture
def book() -> PriceBook:
    return shared_book()


@pytest.fixture
def market() -> Market:
    return shared_market()


class Optimizers:
    """Optimizers for constraints in the command line's spelling."""

    def __call__(self, **options: object) -> BillOptimizer:
        constraints = constraints_from_options(**options) if options else Constraints()  # type: ignore[arg-type]
        return BillOptimizer(shared_book(), constraints, market=shared_market(constraints.egress_policy))


@pytest.fixture
def optimizer() -> Optimizers:
    return Optimizers()
