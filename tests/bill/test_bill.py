"""What the bill counts, pools, warns of and refuses."""

from __future__ import annotations

import pytest

from tests.bill.conftest import Optimizers, shared_book
from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.errors import PriceError, UsageError
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.scenarios import scenario
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.conflict import NoPlacementError
from twin2multicloud.optimizer.bill.market import Market
from twin2multicloud.optimizer.bill.optimize import BillOptimizer, bill_of

AWS_ONLY = {
    "L1": "aws.iot-core",
    "L2": "aws.lambda-arm64-sqs",
    "L3.hot": "aws.dynamodb-on-demand",
    "L3.cool": "aws.s3-standard-ia",
    "L3.archive": "aws.s3-glacier-deep-archive",
    "L4": "aws.own-graph",
    "L5": "aws.managed-grafana",
}


def placement(region: str = "us-east-1", **changes: tuple[str, str]) -> Placement:
    chosen = {slot: (offer, region) for slot, offer in AWS_ONLY.items()}
    chosen.update({slot.replace("_", "."): choice for slot, choice in changes.items()})
    return Placement(
        {
            Slot(slot): SlotChoice(provider=Provider(offer.split(".")[0]), offer=offer, region=where)
            for slot, (offer, where) in chosen.items()
        }
    )


def small() -> Workload:
    return Workload(devices=100, message_interval_s=60.0, message_size_bytes=500, event_share=0.01)


def test_a_free_allowance_counts_once_however_many_components_draw_on_it(optimizer: Optimizers) -> None:
    bill = bill_of(optimizer(), small(), placement())
    requests = [line for line in bill.lines if line.meter == "aws.lambda.requests"]
    assert len(requests) == 1
    assert len(requests[0].portions) >= 4  # processing, mover, history and twin-state readers
    charged = max(0.0, requests[0].quantity - 1e6) * 0.20 / 1e6
    assert requests[0].usd == pytest.approx(charged)


def test_architectures_share_lambdas_free_seconds(optimizer: Optimizers) -> None:
    mixed = placement(L2=("aws.lambda-x86-sqs", "us-east-1"))
    workload = scenario("industrial-facility").workload
    bill = bill_of(optimizer(), workload, mixed)
    lines = {line.meter: line for line in bill.lines if line.meter.startswith("aws.lambda.duration")}
    assert set(lines) == {"aws.lambda.duration-x86", "aws.lambda.duration-arm64"}
    total = sum(line.quantity for line in lines.values())
    free = sum(part.quantity for line in lines.values() for part in line.tariff if part.usd_per_unit == 0)
    assert free == pytest.approx(min(total, 400_000))


def test_a_link_costs_sender_queue_receiver_and_egress(optimizer: Optimizers) -> None:
    workload = scenario("industrial-facility").workload
    apart = placement(L3_hot=("azure.cosmos-serverless", "eastus"))
    bill = bill_of(optimizer(), workload, apart)
    persist = next(link for link in bill.links if (link.source, link.target) == (Slot.PROCESSING, Slot.HOT))
    assert persist.usd > 0
    assert persist.gb_per_month > 0
    used = {
        portion.component
        for line in bill.lines
        for portion in line.portions
        if portion.owner == f"{persist.source}→{persist.target}"
    }
    assert {"persist-outbox", "persist-sender", "persist-receiver", "persist-traffic"} <= used
    sending = next(line for line in bill.lines if line.meter == "aws.egress.internet")
    assert sending.quantity >= persist.gb_per_month


def test_two_regions_of_one_cloud_pay_the_inter_region_rate_and_no_internet_egress(optimizer: Optimizers) -> None:
    workload = scenario("industrial-facility").workload
    apart = placement(L3_archive=("aws.s3-glacier-deep-archive", "eu-central-1"))
    bill = bill_of(optimizer(), workload, apart)
    link = next(link for link in bill.links if link.target is Slot.ARCHIVE)
    assert bill.transit_usd == pytest.approx(link.gb_per_month * 0.02)
    assert all(not line.meter.startswith("aws.egress") for line in bill.lines)


def test_one_place_has_no_links(optimizer: Optimizers) -> None:
    assert bill_of(optimizer(), small(), placement()).links == ()


def test_iot_hub_units_follow_the_peak_day(optimizer: Optimizers) -> None:
    workload = Workload(
        devices=400, message_interval_s=86.4, message_size_bytes=100, peak_factor=1.0, commands_per_device_per_day=0.0
    )  # exactly 400,000 messages a day: one unit
    hub = placement(L1=("azure.iot-hub-s1", "eastus"))
    calm = bill_of(optimizer(), workload, hub)
    peak = bill_of(optimizer(), workload.model_copy(update={"peak_factor": 1.01}), hub)
    one, two = (next(x for x in bill.lines if x.meter == "azure.iot-hub.s1").usd for bill in (calm, peak))
    assert (one, two) == (25.0, 50.0)


def test_too_many_units_for_one_hub_leave_the_market(optimizer: Optimizers) -> None:
    huge = Workload(devices=10_000_000, message_interval_s=10.0, message_size_bytes=100)
    with pytest.raises(NoPlacementError) as error:
        optimizer(pins=["L1=azure.iot-hub-s1"]).optimize(huge)
    assert "pin L1=azure.iot-hub-s1" in error.value.conflict
    assert any("iot-hub-s1" in reason for reason in error.value.reasons)


def test_assumptions_change_the_bill() -> None:
    book = shared_book()
    slow = BillOptimizer(book, assumptions=Assumptions(process_ms_per_message=200.0))
    usual = BillOptimizer(book)
    workload = scenario("industrial-facility").workload
    assert bill_of(slow, workload, placement()).usd > bill_of(usual, workload, placement()).usd


def test_conflicting_constraints_are_named_and_priced(optimizer: Optimizers) -> None:
    with pytest.raises(NoPlacementError) as error:
        optimizer(providers=["gcp"], require=["L1:mqtt"], residency=["EU"]).optimize(small())
    assert set(error.value.conflict) == {"providers gcp", "require L1:mqtt"}
    relaxed = {r.constraint: r.usd_per_month for r in error.value.relaxations}
    assert relaxed["providers gcp"] is not None
    assert relaxed["require L1:mqtt"] is not None
    assert relaxed["residency EU"] is None
    assert "cannot hold together" in str(error.value)


def test_one_impossible_constraint_is_its_own_conflict(optimizer: Optimizers) -> None:
    with pytest.raises(NoPlacementError) as error:
        optimizer(residency=["AQ"]).optimize(small())
    assert error.value.conflict == ("residency AQ",)


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"regions": ["aws=eu-central-9"]}, "eu-central-1"),
        ({"pins": ["L4=aws.twinmakr"]}, "aws.twinmaker"),
        ({"pins": ["L4=aws.iot-core"]}, "fills L1"),
        ({"pins": ["L4=aws@westeurope"]}, "region of AWS"),
        ({"require": ["mqtttt"]}, "mqtt"),
    ],
)
def test_unknown_names_are_refused_with_the_nearest(
    options: dict[str, list[str]], hint: str, optimizer: Optimizers
) -> None:
    with pytest.raises(UsageError, match=hint):
        optimizer(**options).optimize(small())


def test_a_missing_price_takes_the_offer_off_the_market_and_says_why(market: Market) -> None:
    reasons = [u for u in market.unavailable if u.offer == "aws.iot-core" and u.region == "eu-west-3"]
    assert reasons
    assert "aws.iot-core" in reasons[0].reason
    offered = {(market.offers[o.offer].id, o.region.code) for o in market.options}
    assert ("aws.iot-core", "eu-west-3") not in offered
    with pytest.raises(PriceError, match=r"aws\.iot-core"):
        bill_of(BillOptimizer(shared_book(), market=market), small(), placement(L1=("aws.iot-core", "eu-west-3")))


def test_both_home_triples_have_every_offer_but_known_gaps(market: Market) -> None:
    offered = {(market.offers[o.offer].id, o.region.code) for o in market.options}
    for regions in (("us-east-1", "eastus", "us-east4"), ("eu-central-1", "westeurope", "europe-west1")):
        for offer in OFFERS:
            region = regions[list(Provider).index(offer.provider)]
            assert (offer.id, region) in offered, (offer.id, region)


def test_dear_pins_warn_with_their_extra_cost(optimizer: Optimizers) -> None:
    workload = scenario("smart-home").workload
    result = optimizer(pins=["L1=azure.iot-hub-s3"]).optimize(workload)
    assert result.unpinned is not None
    extra = result.usd_per_month - result.unpinned.usd_per_month
    assert any(f"${extra:,.2f}" in warning and "pinning" in warning for warning in result.warnings)


def test_unverified_prices_beyond_five_percent_are_announced(optimizer: Optimizers) -> None:
    workload = scenario("industrial-facility").workload
    result = optimizer(pins=["L1=azure.iot-hub-b2"]).optimize(workload)
    share = result.invoice.unverified_usd / result.usd_per_month
    assert share > 0.05
    assert any("unverified" in warning for warning in result.warnings)


def test_eu_data_act_lowers_googles_traffic_only_and_says_who_publishes_nothing(optimizer: Optimizers) -> None:
    workload = scenario("industrial-facility").workload
    where = {"regions": ["gcp=europe-west1", "aws=eu-central-1", "azure=westeurope"]}
    pins = ["L1=gcp", "L2=gcp", "L3.hot=azure.cosmos-serverless", "L4=aws"]
    listed = optimizer(pins=pins, **where).optimize(workload, alternatives=False)
    act = optimizer(pins=pins, egress_policy="eu-data-act", **where).optimize(workload, alternatives=False)
    assert act.usd_per_month < listed.usd_per_month
    egress = [line for line in act.invoice.lines if line.meter == "gcp.egress.internet"]
    assert sum(line.usd for line in egress if any(p.owner.startswith("L2→") for p in line.portions)) == 0
    assert any("publishes no EU Data Act rate" in warning for warning in act.warnings)


def test_a_pin_where_a_price_is_missing_is_a_price_error_that_names_the_price(optimizer: Optimizers) -> None:
    with pytest.raises(PriceError, match=r"not priced in eu-west-3: no figure for aws\.iot-core\.connectivity"):
        optimizer(pins=["L1=aws.iot-core@eu-west-3"]).optimize(small())
    with pytest.raises(PriceError, match=r"pin L1=aws@eu-west-3 cannot be priced"):
        optimizer(pins=["L1=aws@eu-west-3"]).optimize(small())


def test_dropping_a_region_that_has_no_prices_is_priced_as_a_relaxation(optimizer: Optimizers) -> None:
    with pytest.raises(NoPlacementError) as error:
        optimizer(providers=["aws"], regions=["aws=eu-west-3"]).optimize(small())
    assert set(error.value.conflict) == {"providers aws", "regions aws=eu-west-3"}
    assert all(relaxation.usd_per_month is not None for relaxation in error.value.relaxations)
    assert any("in eu-west-3" in reason for reason in error.value.reasons)
