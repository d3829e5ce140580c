"""What a move will take: every line of its one-off cost follows from what is moved and the price book."""

from __future__ import annotations

import pytest

from tests.sandbox.twins import placement_of
from twin2multicloud.app.figures import blueprint_at
from twin2multicloud.app.moves import BookPrices, estimate_move
from twin2multicloud.blueprint.plan import Blueprint, blueprint_of
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.moving.estimate import CLOUDS, SANDBOX, Cost, Estimate
from twin2multicloud.moving.operations import Content, Operation
from twin2multicloud.moving.steps import Step
from twin2multicloud.optimizer.pricing.book import load_book

BOOK = load_book(None)
WORKLOAD = Workload(devices=100, message_interval_s=60, message_size_bytes=300)
HOT = Content(4_000_000, 2e9)
COOL = Content(2_000, 1.2e9)
ARCHIVE = Content(6_000, 5.4e9)
CONTENTS = {"hot": HOT, "objects (cool)": COOL, "objects (archive)": ARCHIVE, "graph": Content(100, 20_000)}


def before(cloud: str) -> Blueprint:
    return blueprint_of(WORKLOAD, placement_of(cloud))


def estimated(slot: Slot, source: str, target: str) -> Estimate:
    here = before(source)
    there = blueprint_at(here, placement_of(source).with_choice(slot, placement_of(target)[slot]))
    assert there.places[slot].provider.value == target
    return estimate_move(here, there, slot, CONTENTS, CLOUDS, BOOK)


def lines(found: Estimate) -> dict[tuple[str, str], Cost]:
    return {(cost.what.partition(": ")[2], cost.meter): cost for cost in found.costs}


def test_records_are_read_twice_written_once_and_leave_the_source_twice() -> None:
    found = lines(estimated(Slot.HOT, "aws", "gcp"))
    assert {key: round(cost.units) for key, cost in found.items() if key[1]} == {
        ("read at the source", "aws.dynamodb.read-units"): -(-2 * HOT.bytes // 4096),
        ("written at the target", "gcp.firestore.writes"): 4_000_000,
        ("read at the target to compare", "gcp.firestore.reads"): 4_000_000,
        ("leaves the source", "aws.egress.internet"): 4,
        ("comes back to be compared", "gcp.egress.internet"): 2,
    }
    back = lines(estimated(Slot.HOT, "gcp", "aws"))
    assert back["removed at the source", "gcp.firestore.deletes"].units == 4_000_000
    written = back["written at the target", "aws.dynamodb.write-units"]
    assert written.units == 4_000_000  # 500 bytes each: one unit


def test_objects_that_must_be_restored_are_not_read_to_be_compared() -> None:
    found = lines(estimated(Slot.ARCHIVE, "gcp", "azure"))
    assert ("read at the target to compare", "azure.blob.archive.read") not in found
    assert found["written at the target", "azure.blob.archive.write"].units == 6_000
    back = lines(estimated(Slot.ARCHIVE, "azure", "gcp"))
    assert back["read at the target to compare", "gcp.storage.archive.class-b"].units == 6_000
    assert back["comes back to be compared", "gcp.egress.internet"].units == pytest.approx(5.4e9 / 2**30)


def test_a_tier_that_leaves_a_shared_bucket_pays_for_its_neighbour_too() -> None:
    """The archived objects stay in AWS, but get a bucket of their own; nothing of them leaves the cloud."""
    found = estimated(Slot.COOL, "aws", "gcp")
    neighbours = [cost for cost in found.costs if cost.what.startswith("objects (archive)")]
    assert {cost.provider.value for cost in neighbours} == {"aws"}
    assert not any(".egress." in cost.meter for cost in neighbours)


def test_what_is_deleted_before_its_minimum_duration_is_paid_for() -> None:
    """Cool for two months of which the first is the minimum: half of the objects, on average half a month too young."""
    found = lines(estimated(Slot.COOL, "azure", "gcp"))
    early = found["removed before its minimum storage duration", "azure.blob.cool.storage"]
    least = 30 / (730 / 24)
    assert early.units == pytest.approx(COOL.bytes / 1e9 * least**2 / (2 * 2), rel=0.1)
    assert early.usd > 0


def test_only_what_comes_on_top_of_the_month_is_paid() -> None:
    """The first 100 GB that leave AWS in a month are free, and not free twice."""
    here = before("aws")
    prices = BookPrices(BOOK, here)

    def egress(gigabytes: float) -> float:
        return prices.more(Operation("aws.egress.internet", gigabytes * 1e9), "eu-central-1").usd

    assert egress(1) == 0
    assert egress(1000) > 0
    # Beyond the allowance each GB costs the same until the next tier.
    assert egress(1002) - egress(1001) == pytest.approx(egress(1001) - egress(1000))


def test_what_has_no_price_is_said_and_not_taken_for_free() -> None:
    price = BookPrices(BOOK, before("aws")).more(Operation("aws.dynamodb.write-units", 1.0), "us-gov-nowhere")
    assert price.usd == 0
    assert "us-gov-nowhere" in price.missing


def test_steps_add_up_and_say_what_they_follow_from() -> None:
    found = estimated(Slot.HOT, "aws", "azure")
    assert [step.step for step in found.steps] == list(Step)
    seconds = {step.step: step.seconds for step in found.steps}
    assert seconds[Step.COPY] == HOT.items / CLOUDS.copy["hot"].items  # type: ignore[index]
    assert seconds[Step.VERIFY] == seconds[Step.COPY]
    assert found.held_s < 0.05 * found.seconds
    assert found.seconds == sum(seconds.values())
    assert found.usd == pytest.approx(sum(cost.usd for cost in found.costs))
    assert "assumed" in found.basis
    assert "4,000,000 items" in found.steps[1].basis


def test_nobody_waits_for_devices_and_dashboards() -> None:
    for slot in (Slot.ACQUISITION, Slot.VISUALIZATION):
        assert estimated(slot, "aws", "gcp").held_s == 0


@pytest.mark.parametrize("slot", Slot)
@pytest.mark.parametrize("pair", ["aws azure", "azure gcp", "gcp aws", "azure aws", "gcp azure", "aws gcp"])
def test_every_move_has_a_price(slot: Slot, pair: str) -> None:
    source, target = pair.split()
    found = estimated(slot, source, target)
    assert found.missing == ()
    assert 0 <= found.usd < 50
    assert SANDBOX.basis != found.basis
