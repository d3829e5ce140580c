"""The optimum against brute force, baselines, pins and changed markets."""

from __future__ import annotations

import dataclasses
import math
import random
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bill.conftest import Optimizers, shared_book, shared_market
from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.blueprint.parts import Offer
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.scenarios import scenario
from twin2multicloud.model.slots import PROVIDERS, SLOTS, Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.optimize import BillOptimizer, bill_of
from twin2multicloud.optimizer.pricing.book import PriceBook

HOME_REGIONS = {"us-east-1", "eastus", "us-east4"}

workloads = st.builds(
    Workload,
    devices=st.integers(1, 50_000),
    message_interval_s=st.floats(1, 3600),
    message_size_bytes=st.integers(20, 20_000),
    hot_months=st.floats(0.5, 3),
    cool_months=st.floats(3, 12),
    archive_months=st.floats(12, 60),
    entities_3d=st.sampled_from([0, 0, 50]),
    editors=st.integers(0, 50),
    viewers=st.integers(0, 200),
    dashboard_refreshes_per_hour=st.floats(0, 200),
    dashboard_hours_per_day=st.floats(0, 24),
    commands_per_device_per_day=st.floats(0, 10),
    event_share=st.floats(0, 0.2),
    peak_factor=st.floats(1, 3),
    growth_per_month=st.sampled_from([0.0, 0.03]),
)


def few_offers(seed: int, each: int = 1) -> list[Offer]:
    """`each` offers per slot and provider, drawn at random."""
    rng = random.Random(seed)
    chosen: list[Offer] = []
    for slot, provider in product(SLOTS, PROVIDERS):
        here = [o for o in OFFERS if o.slot is slot and o.provider is provider]
        chosen += rng.sample(here, min(each, len(here)))
    # TwinMaker's standard plan and IoT Core hold any of the workloads drawn here, with and without 3D.
    always = [o for o in OFFERS if o.id in ("aws.twinmaker", "aws.iot-core") and o not in chosen]
    return chosen + always


def home_market(seed: int) -> Market:
    book = shared_book()
    return Market(book, regions=[r for r in book.regions.values() if r.code in HOME_REGIONS], offers=few_offers(seed))


@settings(deadline=None, max_examples=25)
@given(workload=workloads, seed=st.integers(0, 1000))
def test_the_optimum_equals_brute_force_over_every_placement(workload: Workload, seed: int) -> None:
    market = home_market(seed)
    result = BillOptimizer(shared_book(), market=market).optimize(workload, alternatives=False)
    amounts = market.amounts(Volumes.of([workload]))
    problem = market.problems(amounts)[0]
    fits, _ = market.holding(amounts)
    allowed = fits[:, 0][market.offer]
    if workload.entities_3d:
        scenes = np.array(["3d-scenes" in market.offers[o.offer].features for o in market.options])
        allowed &= (problem.slot != SLOTS.index(Slot.MANAGEMENT)) | scenes
    choices = np.array(list(product(*(problem.options_of(s, allowed) for s in range(7)))), dtype=np.int64)
    assert result.usd_per_month == pytest.approx(problem.evaluate(choices).min(), rel=1e-9)
    assert result.proof.proven


@settings(deadline=None, max_examples=20)
@given(workload=workloads)
def test_invoice_adds_up_to_the_optimum(workload: Workload) -> None:
    result = BillOptimizer(shared_book(), market=shared_market()).optimize(workload, alternatives=False)
    bill = result.invoice
    assert bill.usd == pytest.approx(result.usd_per_month, rel=1e-9, abs=1e-9)
    assert sum(line.usd for line in bill.lines) + bill.transit_usd == pytest.approx(bill.usd, rel=1e-9, abs=1e-9)
    for line in bill.lines:
        assert sum(part.usd for part in line.tariff) == pytest.approx(line.usd, rel=1e-9, abs=1e-12)
        assert sum(part.usd for part in line.portions) == pytest.approx(line.usd, rel=1e-9, abs=1e-12)
        assert sum(part.quantity for part in line.portions) == pytest.approx(line.quantity, rel=1e-9)


@settings(deadline=None, max_examples=20)
@given(workload=workloads)
def test_nothing_beats_the_optimum(workload: Workload) -> None:
    optimizer = BillOptimizer(shared_book(), market=shared_market())
    result = optimizer.optimize(workload, top=3)
    least = result.usd_per_month * (1 - 1e-9)
    for baseline in result.baselines.values():
        assert baseline is None or baseline.usd_per_month >= least
    for alternatives in result.alternatives.values():
        assert all(alternative.extra_usd >= -1e-6 for alternative in alternatives)
    ranked = [r.usd_per_month for r in result.ranking]
    assert ranked == sorted(ranked)
    assert ranked[0] == result.usd_per_month
    assert len({r.placement for r in result.ranking}) == len(ranked)


def test_an_alternative_is_the_optimum_with_that_offer_pinned(optimizer: Optimizers) -> None:
    workload = scenario("industrial-facility").workload
    free = optimizer().optimize(workload)
    for slot, alternatives in free.alternatives.items():
        for alternative in (alternatives[0], alternatives[-1]):
            pinned = optimizer(pins=[f"{slot}={alternative.offer}"]).optimize(workload, alternatives=False)
            assert pinned.usd_per_month == pytest.approx(alternative.usd_per_month, rel=1e-9)
            assert pinned.placement[slot].offer == alternative.offer
            assert pinned.unpinned is not None
            assert pinned.unpinned.usd_per_month == pytest.approx(free.usd_per_month, rel=1e-9)


def test_an_override_of_any_placement_can_be_billed_and_costs_no_less(optimizer: Optimizers) -> None:
    workload = scenario("smart-building").workload
    best = optimizer().optimize(workload)
    for alternative in best.alternatives[Slot.HOT]:
        bill = bill_of(optimizer(), workload, alternative.placement)
        assert bill.usd == pytest.approx(alternative.usd_per_month, rel=1e-9)


@pytest.mark.parametrize("name", ["smart-home", "industrial-facility", "smart-building"])
def test_constraints_never_lower_the_optimum(name: str, optimizer: Optimizers) -> None:
    workload = scenario(name).workload
    free = optimizer().optimize(workload, alternatives=False).usd_per_month
    for options in (
        {"providers": ["aws"]},
        {"residency": ["EU"]},
        {"managed_only": True, "providers": ["aws", "azure"]},
        {"deployable_only": True},
        {"max_clouds": 2},
        {"regions": ["aws=eu-central-1", "azure=westeurope", "gcp=europe-west1"]},
        {"pins": ["L1=aws"]},
        {"require": ["L1:mqtt"]},
    ):
        limited = optimizer(**options).optimize(workload, alternatives=False)
        assert limited.usd_per_month >= free * (1 - 1e-9), options
        assert limited.proof.proven


def test_the_constraints_hold_in_the_placement(optimizer: Optimizers) -> None:
    workload = scenario("industrial-facility").workload
    eu = optimizer(residency=["EU"], max_clouds=2).optimize(workload, alternatives=False)
    countries = {shared_book().region(choice.region).country for _, choice in eu.placement.items()}
    assert countries <= {"DE", "NL", "BE", "IE", "FR", "FI", "SE", "PL", "IT", "ES", "AT", "DK"}
    assert len(eu.placement.providers) <= 2
    pinned = optimizer(pins=["L3.hot=aws@eu-central-1", "L5=azure"]).optimize(workload, alternatives=False)
    assert (pinned.placement[Slot.HOT].provider, pinned.placement[Slot.HOT].region) == ("aws", "eu-central-1")
    assert pinned.placement[Slot.VISUALIZATION].provider == "azure"
    mqtt = optimizer(require=["L1:mqtt"]).optimize(workload, alternatives=False)
    assert mqtt.placement[Slot.ACQUISITION].provider in ("aws", "azure")


def test_3d_scenes_ask_for_twinmaker(optimizer: Optimizers) -> None:
    flat = scenario("smart-home").workload
    scenes = flat.model_copy(update={"entities_3d": 5})
    assert optimizer().optimize(scenes, alternatives=False).placement[Slot.MANAGEMENT].offer.startswith("aws.twinmaker")


@settings(deadline=None, max_examples=10)
@given(workload=workloads, seed=st.integers(0, 100))
def test_another_offer_never_raises_the_optimum(workload: Workload, seed: int) -> None:
    book = shared_book()
    regions = [r for r in book.regions.values() if r.code in HOME_REGIONS]
    offers = few_offers(seed)
    added = random.Random(seed).choice([offer for offer in OFFERS if offer not in offers])
    few = BillOptimizer(book, market=Market(book, regions=regions, offers=offers))
    more = BillOptimizer(book, market=Market(book, regions=regions, offers=[*offers, added]))
    best, better = (o.optimize(workload, alternatives=False).usd_per_month for o in (few, more))
    assert better <= best * (1 + 1e-9)


@settings(deadline=None, max_examples=15)
@given(workload=workloads, factor=st.floats(1, 20))
def test_more_devices_never_cost_less(workload: Workload, factor: float) -> None:
    more = workload.model_copy(update={"devices": math.ceil(workload.devices * factor)})
    optimizer = BillOptimizer(shared_book(), market=shared_market())
    few, many = (o.usd_per_month for o in optimizer.optimize_many([workload, more]))
    assert many >= few * (1 - 1e-9)


def doubled(book: PriceBook) -> PriceBook:
    rows = {
        key: dataclasses.replace(row, published=tuple(2 * p for p in row.published)) for key, row in book._rows.items()
    }
    transit = {
        provider: tuple(dataclasses.replace(row, usd_per_gb=2 * row.usd_per_gb) for row in rows)
        for provider, rows in book.transit.items()
    }
    return dataclasses.replace(book, _rows=rows, transit=transit)


@pytest.mark.parametrize("name", ["smart-home", "industrial-facility", "smart-building"])
def test_doubling_all_prices_doubles_the_bill(name: str) -> None:
    workload = scenario(name).workload
    once = BillOptimizer(shared_book()).optimize(workload, alternatives=False)
    twice = BillOptimizer(doubled(shared_book())).optimize(workload, alternatives=False)
    assert twice.usd_per_month == pytest.approx(2 * once.usd_per_month, rel=1e-9)
    assert twice.placement == once.placement


def test_a_batch_gives_the_same_as_one_by_one() -> None:
    base = scenario("smart-home").workload
    many = [base.model_copy(update={"devices": n}) for n in range(1, 200, 3)]
    optimizer = BillOptimizer(shared_book(), market=shared_market())
    together = list(optimizer.optimize_many(many))
    for workload, result in zip(many[::20], together[::20], strict=True):
        alone = optimizer.optimize(workload, alternatives=False)
        assert alone.usd_per_month == result.usd_per_month
        assert alone.placement == result.placement
