"""Predicted and metered side by side, with USD."""

from __future__ import annotations

import functools

import pytest

from tests.metering.month import MONTH_S, Month
from tests.metering.placements import covering
from twin2multicloud.blueprint.kinds import Relation
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.optimize import BillOptimizer, bill_of
from twin2multicloud.optimizer.pricing.book import PriceBook, load_book
from twin2multicloud.sandbox.metering.book import MeterBook
from twin2multicloud.sandbox.metering.calibrate import measured_assumptions
from twin2multicloud.sandbox.metering.compare import Pair, compare
from twin2multicloud.sandbox.metering.hooks import PROCESS, meters_for
from twin2multicloud.sandbox.metering.pace import ELAPSED, HURRIED

ASSUMED = Assumptions(error_share=0.01)
WORKLOAD = Workload(
    devices=7,
    message_interval_s=700.0,
    message_size_bytes=1200,
    event_share=0.1,
    commands_per_device_per_day=6.171428571428572,
)


@functools.cache
def prices() -> PriceBook:
    return load_book()


def placement(relation: Relation, number: int = 0) -> Placement:
    return list(covering(relation))[number]


def lived(planned: Blueprint) -> MeterBook:
    month = Month(planned, 1_400)
    month.live()
    return month.book


@pytest.mark.parametrize("relation", list(Relation))
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_lived_month_agrees_on_every_meter_and_costs_the_same(relation: Relation, number: int) -> None:
    planned = blueprint_of(WORKLOAD, placement(relation, number), ASSUMED)
    found = compare(planned, lived(planned), MONTH_S, prices())
    assert not found.deviating, [(row.meter, row.usage) for row in found.deviating]
    assert not found.not_exercised
    assert found.usd.metered == pytest.approx(found.usd.predicted, rel=0.02)
    assert found.messages == pytest.approx(planned.by_edge["telemetry"].messages)


@pytest.mark.parametrize("relation", list(Relation))
def test_the_predicted_dollars_are_the_bills(relation: Relation) -> None:
    chosen = placement(relation)
    regions = {prices().region(choice.region).code: prices().region(choice.region) for choice in chosen.root.values()}
    optimizer = BillOptimizer(prices(), assumptions=ASSUMED, market=Market(prices(), regions=regions.values()))
    found = compare(blueprint_of(WORKLOAD, chosen, ASSUMED), MeterBook(), MONTH_S, prices())
    assert found.usd.predicted == pytest.approx(bill_of(optimizer, WORKLOAD, chosen).usd)
    lines = {(line.meter, line.region): line.usd for line in bill_of(optimizer, WORKLOAD, chosen).lines}
    for row in found.rows:
        if not row.meter.endswith(".transit"):
            assert row.usd.predicted == pytest.approx(lines[row.meter, row.region]), row.meter


def test_a_run_is_scaled_to_a_month() -> None:
    planned = blueprint_of(WORKLOAD, placement(Relation.SAME), ASSUMED)
    book = MeterBook()
    meters_for(planned, book).function("L2/process").invoked(1, {PROCESS: 1})
    hour = {row.meter: row for row in compare(planned, book, 3600.0, prices()).rows}
    day = {row.meter: row for row in compare(planned, book, 86_400.0, prices()).rows}
    assert hour["aws.lambda.requests"].usage.metered == pytest.approx(730)
    assert day["aws.lambda.requests"].usage.metered == pytest.approx(730 / 24)
    with pytest.raises(ValueError, match="elapsed_s is 0"):
        compare(planned, book, 0.0, prices())


def test_it_says_what_did_not_happen_what_deviates_and_what_nobody_expected() -> None:
    planned = blueprint_of(
        WORKLOAD.model_copy(update={"commands_per_device_per_day": 0.0}), placement(Relation.SAME), ASSUMED
    )
    book = MeterBook()
    meters = meters_for(planned, book)
    meters.gateway.message(1200, round(planned.by_edge["telemetry"].messages / 2))
    meters.store("L2/rule-state").deleted([10])
    found = {row.meter: row for row in compare(planned, book, MONTH_S, prices()).rows}
    assert found["aws.iot-core.rules-triggered"].verdict == "deviates"
    assert found["aws.iot-core.rules-triggered"].usage.ratio == pytest.approx(0.5, rel=0.001)
    assert found["aws.iot-core.connectivity"].verdict == "not exercised"
    assert Pair(0.0, 1.0).verdict() == "unexpected"
    assert Pair(0.0, 1.0).ratio is None
    assert Pair(1.0, 0.985).verdict() == "agrees"
    assert Pair(1.0, 0.97).verdict() == "deviates"


def test_storage_of_a_young_run_is_projected_and_capacity_planned() -> None:
    planned = blueprint_of(WORKLOAD, placement(Relation.SAME, 4), ASSUMED)  # Azure's second offers
    rows = {row.meter: row for row in compare(planned, lived(planned), MONTH_S, prices()).rows}
    assert rows["azure.cosmos.storage"].projected
    assert rows["azure.iot-hub.s2"].planned
    assert not rows["azure.event-grid.operations"].projected


def test_books_of_several_clouds_are_compared_as_one() -> None:
    planned = blueprint_of(WORKLOAD, placement(Relation.CLOUD), ASSUMED)
    one = MeterBook()
    for provider in planned.providers:
        book = MeterBook()
        meters = meters_for(planned, book, provider)
        assert {meter.component.provider for meter in meters} == {provider}
        for edge in meters.links:
            meters.link(edge).sent(1000)
        one.merge(book.amounts())
    rows = compare(planned, one, MONTH_S, prices()).rows
    egress = [part for row in rows for part in row.components if part.component.endswith("-traffic")]
    assert {part.component for part in egress if part.usage.metered > 0} == {
        f"{link.source}/{link.edge}-traffic" for link in planned.links
    }


def test_between_regions_traffic_is_a_row_for_each_link() -> None:
    planned = blueprint_of(WORKLOAD, placement(Relation.REGION), ASSUMED)
    book = MeterBook()
    meters_for(planned, book).link("persist").sent(5 * 10**9)
    row = next(r for r in compare(planned, book, MONTH_S, prices()).rows if "(persist)" in r.dimension)
    assert (row.meter, row.unit) == ("aws.transit", "GB")
    assert row.usage.metered == pytest.approx(5)
    assert row.usd.metered == pytest.approx(5 * 0.02)


@pytest.mark.parametrize("number", range(9))
def test_a_run_measures_the_assumptions_it_was_lived_with(number: int) -> None:
    measured = measured_assumptions(
        planned := blueprint_of(WORKLOAD, placement(Relation.CLOUD, number), ASSUMED), lived(planned)
    )
    assert set(measured) >= {"envelope_bytes", "record_overhead_bytes", "link_compression", "object_compression"}
    for name, value in measured.items():
        assert value == pytest.approx(getattr(ASSUMED, name), rel=0.02), name
    # They are assumptions as they are.
    Assumptions(**{**ASSUMED.model_dump(), **measured})


def test_an_empty_run_measures_nothing() -> None:
    planned = blueprint_of(WORKLOAD, placement(Relation.SAME), ASSUMED)
    assert measured_assumptions(planned, MeterBook()) == {}


def test_what_ran_too_fast_to_be_exact_is_a_share_of_the_run() -> None:
    planned = blueprint_of(WORKLOAD, placement(Relation.CLOUD), ASSUMED)
    book = MeterBook()
    for cloud, elapsed_s, hurried_s in (("aws", 100.0, 0.0), ("azure", 100.0, 50.0)):
        book.cell(ELAPSED, cloud).add(elapsed_s)
        book.cell(HURRIED, cloud).add(hurried_s)
    assert compare(planned, book, 100.0, prices()).hurried_share == 0.25
    assert compare(planned, MeterBook(), 100.0, prices()).hurried_share == 0.0
