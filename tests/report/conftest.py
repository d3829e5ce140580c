"""Results to report on, and a browser to look at them."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import pytest

from tests.report.page import Element, read_page
from twin2multicloud.app.report.html import render_report
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.constraints import Constraints
from twin2multicloud.model.scenarios import scenario
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.bill.result import BillResult
from twin2multicloud.optimizer.pricing.book import PriceBook, load_book

GENERATED_ON = date(2026, 11, 23)


@lru_cache
def shared_book() -> PriceBook:
    return load_book()


REGIONS = ("us-east-1", "eu-central-1", "eastus", "westeurope", "us-east4", "europe-west1", "us-west-2", "italynorth")


@lru_cache
def shared_market() -> Market:
    """Two complete regions of each cloud and two incomplete ones: enough to report on, quick to optimize."""
    return Market(shared_book(), regions=[shared_book().region(code) for code in REGIONS])


def optimizer(constraints: Constraints | None = None, assumptions: Assumptions | None = None) -> BillOptimizer:
    return BillOptimizer(shared_book(), constraints, assumptions, market=shared_market())


@lru_cache
def smart_building() -> BillResult:
    return optimizer().optimize(scenario("smart-building").workload, top=3)


def report(result: BillResult, title: str = "Smart building") -> str:
    return render_report(result, title=title, generated_on=GENERATED_ON, book=shared_book())


@pytest.fixture
def result() -> BillResult:
    return smart_building()


@pytest.fixture
def page(result: BillResult) -> Element:
    return read_page(report(result))
