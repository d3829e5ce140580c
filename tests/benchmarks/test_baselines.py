"""The baselines of the benchmarks answer the same question as ours, or their times would mean nothing."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from benchmarks.batches import PlainBill, brute_force_edt25, paper_case, problems_of
from benchmarks.bill_milp import NOT_LINEAR, REGIONS, BillMilp, linearisable_offers, split_pools
from benchmarks.edt25_milp import Edt25Milp
from benchmarks.instances import twin
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.edt25 import edt25_reference as reference
from tests.search.small import random_problem
from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.edt25.formulas import costs
from twin2multicloud.optimizer.edt25.result import solve as solve_edt25
from twin2multicloud.optimizer.edt25.workload import PaperWorkloads
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.tariffs import TariffTable
from twin2multicloud.optimizer.search.brute import enumerate_best
from twin2multicloud.optimizer.search.exact import solve

WORKLOADS = [
    Workload(devices=20, message_interval_s=600.0, message_size_bytes=100, editors=0, viewers=2),
    Workload(devices=1_000, message_interval_s=60.0, message_size_bytes=500),
    Workload(
        devices=9_000,
        message_interval_s=6.0,
        message_size_bytes=3_000,
        hot_months=2.0,
        cool_months=6.0,
        archive_months=36.0,
        entities_3d=200,
        editors=20,
        viewers=100,
    ),
    Workload(devices=40_000, message_interval_s=1.0, message_size_bytes=6_000, editors=80, viewers=300),
]


@pytest.fixture(scope="module")
def market() -> Market:
    book = load_book()
    regions = [region for region in book.regions.values() if region.code in REGIONS]
    return Market(book, regions=regions, offers=linearisable_offers())


@pytest.mark.parametrize("integer", [True, False], ids=["integer", "relaxed"])
def test_edt25_milp_and_brute_force_find_our_optimum(integer: bool) -> None:
    arrays = PaperWorkloads.from_workloads(WORKLOADS)
    ours, priced, milp = solve_edt25(arrays).usd_per_month, costs(arrays), Edt25Milp(integer)
    for w, workload in enumerate(WORKLOADS):
        links = (priced.acquisition_to_hot, priced.hot_to_cool, priced.cool_to_archive)
        transfers = [link[:, :, w].tolist() for link in links]
        found = milp.solve(priced.slots[:, :, w].tolist(), transfers, workload.entities_3d > 0)
        assert found == pytest.approx(ours[w], rel=1e-7)
        assert brute_force_edt25(paper_case(workload)) == pytest.approx(ours[w], rel=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_edt25_milp_on_any_prices(data: st.DataObject) -> None:
    usd = st.floats(0.0, 1e6).map(lambda x: round(x, 4))
    pair = st.tuples(usd, usd)
    slots = data.draw(st.tuples(*[pair] * 7))
    transfers = data.draw(st.tuples(*[st.tuples(pair, pair)] * 3))
    needs_3d = data.draw(st.booleans())
    best = math.inf
    for number in range(2**7):
        a = [number >> slot & 1 for slot in range(7)]
        if a[1] == a[2] and not (needs_3d and a[5]):
            moved = transfers[0][a[0]][a[2]] + transfers[1][a[2]][a[3]] + transfers[2][a[3]][a[4]]
            best = min(best, moved + sum(slots[slot][cloud] for slot, cloud in enumerate(a)))
    assert Edt25Milp().solve(slots, transfers, needs_3d) == pytest.approx(best, rel=1e-6, abs=1e-5)


def test_a_crossing_is_paid_for() -> None:
    # Each slot alone prefers a cloud of its own, but crossing costs more than it saves.
    slots = [(1.0, 2.0), (5.0, 5.0), (2.0, 1.0), (1.0, 2.0), (2.0, 1.0), (1.0, 1.0), (1.0, 1.0)]
    dear = ((0.0, 10.0), (10.0, 0.0))
    assert Edt25Milp().solve(slots, [dear] * 3, needs_3d=False) == pytest.approx(5 + 6 + 2)


def test_the_bill_milp_finds_our_optimum(market: Market) -> None:
    for problem in problems_of(market, WORKLOADS):
        ours, theirs = solve(problem), BillMilp(problem).solve()
        assert theirs.optimal
        assert theirs.usd == pytest.approx(ours.usd[0], rel=1e-6)
        assert theirs.lower_bound <= ours.usd[0] * (1 + 1e-6)


def test_the_bill_milp_counts_relations_and_transit() -> None:
    """Small problems with usage in all three relations, increments, any tiers and unpriced traffic."""
    compared = 0
    for seed in range(60):
        problem = random_problem(np.random.default_rng(seed))
        tariffs = split_pools(problem).tariffs
        without_minima = dataclasses.replace(tariffs, minimum=np.zeros(tariffs.lanes))
        problem = dataclasses.replace(problem, tariffs=without_minima)
        exact, theirs = enumerate_best(problem)[1], BillMilp(problem).solve()
        if not len(exact):
            continue
        assert theirs.usd == pytest.approx(exact[0], rel=1e-6, abs=1e-6), seed
        compared += 1
    assert compared > 40


def test_shared_pools_and_minima_are_refused() -> None:
    with pytest.raises(ValueError, match="share a pool"):
        BillMilp(twin(0))
    problem = split_pools(twin(0))
    minimum = np.ones(problem.tariffs.lanes)
    with pytest.raises(ValueError, match="minima"):
        BillMilp(dataclasses.replace(problem, tariffs=dataclasses.replace(problem.tariffs, minimum=minimum)))


def test_offers_are_left_out_only_for_being_not_linear(market: Market) -> None:
    assert {offer.id for offer in OFFERS} >= NOT_LINEAR
    assert market.tariffs.pools == market.tariffs.lanes
    everything = Market(market.book, regions=[r for r in market.book.regions.values() if r.code in REGIONS])
    tariffs: TariffTable = everything.tariffs
    assert tariffs.pools < tariffs.lanes
    assert tariffs.minimum.any()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_the_plain_bill_is_the_reference_evaluation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    plain = PlainBill(problem)
    choices = np.array([[rng.choice(problem.options_of(s)) for s in range(problem.slots)] for _ in range(5)])
    for choice, usd in zip(choices, problem.evaluate(choices), strict=True):
        assert plain.usd(choice.tolist()) == pytest.approx(usd, rel=1e-9, abs=1e-9)


def test_the_plain_bill_of_the_real_market(market: Market) -> None:
    rng = np.random.default_rng(3)
    for problem in problems_of(market, WORKLOADS):
        choices = np.array([[rng.choice(problem.options_of(s)) for s in range(problem.slots)] for _ in range(20)])
        plain = PlainBill(problem)
        assert [plain.usd(row) for row in choices.tolist()] == pytest.approx(problem.evaluate(choices).tolist())


def test_paper_units() -> None:
    case = paper_case(WORKLOADS[2])
    assert isinstance(case, reference.Case)
    assert (case.n, case.i, case.k, case.needs_3d) == (9_000, 0.1, 3.0, True)
