"""The blueprint of one placement: what is deployed is exactly what is billed."""

from __future__ import annotations

import functools
import json
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.blueprint.kinds import Kind, Relation, Role
from twin2multicloud.blueprint.plan import (
    Blueprint,
    blueprint_json,
    blueprint_of,
    read_blueprint,
    usage_by_component,
    usage_by_meter,
    usage_by_region,
)
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.optimize import BillOptimizer, bill_of
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.meters import quantity_in_units

REGIONS = ("eu-central-1", "us-east-1", "westeurope", "northeurope", "europe-west1", "us-central1")


@functools.cache
def optimizer() -> BillOptimizer:
    book = load_book()
    return BillOptimizer(book, market=Market(book, regions=[book.region(code) for code in REGIONS]))


def in_units(meter: str, amount: float, each_bytes: float | None) -> float:
    return float(quantity_in_units(optimizer().book.meter(meter), amount, each_bytes))


def choices(slot: Slot) -> list[SlotChoice]:
    market = optimizer().market
    return [
        SlotChoice(provider=option.region.provider, offer=offer.id, region=option.region.code)
        for option in market.options
        if (offer := market.offers[option.offer]).slot is slot
    ]


PLACEMENTS = st.fixed_dictionaries({slot: st.sampled_from(choices(slot)) for slot in SLOTS}).map(Placement)
WORKLOADS = st.builds(
    Workload,
    devices=st.integers(1, 10**6),
    message_interval_s=st.floats(0.5, 86_400),
    message_size_bytes=st.integers(1, 60_000),
    hot_months=st.floats(0.1, 2),
    cool_months=st.floats(2, 4),
    archive_months=st.floats(4, 12),
    commands_per_device_per_day=st.sampled_from((0.0, 3.0)),
    growth_per_month=st.sampled_from((0.0, 0.05)),
)


def place(provider: Provider, region: str, **others: SlotChoice) -> Placement:
    """All slots at one place, with the first offer there, but for `others` (slot names with _ for .)."""
    first = {s: next(c for c in choices(s) if c.region == region) for s in SLOTS}
    return Placement({**first, **{Slot(name.replace("_", ".")): c for name, c in others.items()}})


SMALL = Workload(devices=10, message_interval_s=10.0, message_size_bytes=1000)


@settings(deadline=None, max_examples=60)
@given(workload=WORKLOADS, placement=PLACEMENTS)
def test_the_blueprint_uses_exactly_what_the_invoice_charges(workload: Workload, placement: Placement) -> None:
    planned = usage_by_region(blueprint_of(workload, placement, optimizer().assumptions), in_units)
    lines = {(line.meter, line.region): line.quantity for line in bill_of(optimizer(), workload, placement).lines}
    assert {key for key, quantity in planned.items() if quantity > 0} == set(lines)
    for key, quantity in lines.items():
        assert planned[key] == pytest.approx(quantity, rel=1e-9), key


@settings(deadline=None, max_examples=30)
@given(placement=PLACEMENTS)
def test_a_blueprint_is_the_same_after_json(placement: Placement) -> None:
    planned = blueprint_of(SMALL, placement)
    content = blueprint_json(planned)
    assert read_blueprint(content) == planned
    assert set(json.loads(content)) == {"places", "components", "links", "workload", "assumptions"}


@settings(deadline=None, max_examples=60)
@given(placement=PLACEMENTS)
def test_components_have_ids_of_their_own_and_stand_where_their_slot_does(placement: Placement) -> None:
    planned = blueprint_of(SMALL, placement)
    assert len(planned.by_id) == len(planned.components)
    for component in planned.components:
        assert component.id == f"{component.slot}/{component.name}"
        choice = placement[component.slot]
        assert (component.provider, component.region) == (choice.provider, choice.region)
        assert all(use.meter.startswith(f"{component.provider}.") for use in component.usage)
    assert sum(usage_by_component(planned, in_units).values()) == pytest.approx(
        sum(usage_by_meter(planned, in_units).values())
    )


@settings(deadline=None, max_examples=60)
@given(placement=PLACEMENTS)
def test_edges_that_part_have_a_sender_and_a_receiver_and_others_have_none(placement: Placement) -> None:
    planned = blueprint_of(SMALL, placement)
    for edge in EDGES:
        link = planned.by_edge[edge.id]
        ends = placement[edge.source], placement[edge.target]
        assert (link.relation is Relation.CLOUD) == (ends[0].provider is not ends[1].provider)
        assert link.apart == (
            ends[0] != ends[1] and (ends[0].provider, ends[0].region) != (ends[1].provider, ends[1].region)
        )
        traffic = planned.component(edge.source, f"{edge.id}-traffic")
        assert (traffic is not None) == (link.relation is Relation.CLOUD)
        receivers = [c for c in planned.of(edge.target) if c.role is Role.RECEIVE and c.edge == edge.id]
        # A blob's new tier and an object written are one operation, yet an object from elsewhere needs a receiver.
        assert len(receivers) == (1 if edge.push and link.apart else 0), edge.id


def test_what_hands_over_is_one_function_with_all_its_work() -> None:
    planned = blueprint_of(SMALL, place(Provider.AWS, "eu-central-1"))
    process = planned.component(Slot.PROCESSING, "process")
    assert process is not None
    assert process.role is Role.PROCESS
    assert {use.edge for use in process.usage} == {"", "persist", "twin-updates", "commands"}
    assert [c.name for c in planned.components].count("process") == 1
    assert process.edge == ""


def test_the_plan_says_how_many_messages_a_run_takes() -> None:
    def gathers(offer: str, region: str, **others: SlotChoice) -> int:
        chosen = next(c for c in choices(Slot.PROCESSING) if c.offer == offer and c.region == region)
        found = blueprint_of(SMALL, place(chosen.provider, region, L2=chosen, **others)).component(
            Slot.PROCESSING, "process"
        )
        assert found is not None
        return found.gathers

    a, link = Assumptions(), SMALL.link_batch_messages
    abroad = next(c for c in choices(Slot.ACQUISITION) if c.region == "us-east-1")
    assert gathers("aws.lambda-arm64-sqs", "eu-central-1") == a.queue_batch_messages
    assert gathers("aws.lambda-arm64-kinesis", "eu-central-1") == a.stream_batch_messages
    assert gathers("azure.functions-flex", "westeurope") == a.stream_batch_messages
    assert gathers("azure.functions-flex", "westeurope", L1=abroad) == link
    assert gathers("gcp.run-functions", "europe-west1") == 1
    assert gathers("gcp.run-worker", "europe-west1") == a.stream_batch_messages


def test_traffic_to_browsers_is_no_link() -> None:
    planned = blueprint_of(SMALL, place(Provider.GCP, "europe-west1"))
    browsers = planned.component(Slot.VISUALIZATION, "browsers")
    assert browsers is not None
    assert (browsers.kind, browsers.edge) == (Kind.EGRESS, "")


def test_a_plan_is_read_without_the_libraries_that_made_it() -> None:
    script = "import sys, twin2multicloud.blueprint.plan; assert not {'numpy', 'pydantic'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_plan_is_plain_data() -> None:
    planned = blueprint_of(SMALL, place(Provider.AZURE, "westeurope"))
    assert isinstance(planned, Blueprint)
    for component in planned.components:
        for use in component.usage:
            assert type(use.amount) is float
            assert use.each_bytes is None or type(use.each_bytes) is float
