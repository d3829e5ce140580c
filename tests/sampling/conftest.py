"""One optimizer for all tests of this folder: its market and index structures take a while."""

from __future__ import annotations

import pytest

from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.sampling.optima import Sampler


@pytest.fixture(scope="session")
def sampler() -> Sampler:
    return Sampler(BillOptimizer(load_book()))
