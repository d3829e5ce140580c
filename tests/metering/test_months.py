"""What the meters count in a simulated month is what the blueprint predicts, for every offer."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest

from tests.metering.month import Month
from tests.metering.placements import covering
from twin2multicloud.blueprint.catalog import OFFERS
from twin2multicloud.blueprint.kinds import Relation
from twin2multicloud.blueprint.plan import blueprint_of, usage_by_component
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.pricing.book import PriceBook, load_book
from twin2multicloud.optimizer.pricing.meters import quantity_in_units

TOLERANCE = 0.02

# Messages a second (0.01, 5, 5,000): devices, interval, messages to live through, commands a device and day.
REGIMES = {
    "tiny": (7, 700.0, 1_400, 6.171428571428572),
    "middle": (50, 10.0, 12_000, 17.28),
    "large": (5_000, 1.0, 10_000, 0.0),
}

UNEQUAL_OBJECTS = "the objects of a run differ in size, and Cloud Run rounds each up by itself"
CUT_BY_TENS = "SQS and TwinMaker take ten at once: by chance a batch of six on average is more, and is cut in two"
KNOWN: tuple[tuple[str, str, str, float, str], ...] = (
    # regime, component, meters, tolerance, why
    ("middle", "to-cool-receiver", "gcp.run.", 0.06, UNEQUAL_OBJECTS),
    ("middle", "to-archive-receiver", "gcp.run.", 0.06, UNEQUAL_OBJECTS),
    ("middle", "", "aws.", 0.04, CUT_BY_TENS),
    ("middle", "persist-receiver", "", 0.04, CUT_BY_TENS),
    ("middle", "twin-updates-receiver", "", 0.04, CUT_BY_TENS),
    ("middle", "nonces", "", 0.04, CUT_BY_TENS),
)


@functools.cache
def book() -> PriceBook:
    return load_book()


def in_units(meter: str, amount: float, each_bytes: float | None) -> float:
    return float(quantity_in_units(book().meter(meter), amount, each_bytes))


def tolerance(regime: str, component: str, meter: str) -> float:
    known = [t for r, c, m, t, _ in KNOWN if r == regime and component.endswith(c) and meter.startswith(m)]
    return max(known, default=TOLERANCE)


def deviations(regime: str, placement: Placement) -> Iterator[str]:
    devices, interval, messages, commands = REGIMES[regime]
    one_way = "iot-hub-b" in placement[Slot.ACQUISITION].offer
    workload = Workload(
        devices=devices,
        message_interval_s=interval,
        message_size_bytes=1200,
        entities_3d=7,
        event_share=0.1,
        rules_per_message=2.0,
        commands_per_device_per_day=0.0 if one_way else commands,
        peak_factor=2.0,
    )
    planned = blueprint_of(workload, placement, Assumptions(error_share=0.01))
    month = Month(planned, messages)
    month.live()
    metered = month.amounts()
    predicted = usage_by_component(planned, in_units)
    for meter, component in sorted(set(predicted) | set(metered)):
        if meter.endswith(".transit"):
            continue  # between regions: no meter of the price book
        expected = predicted.get((meter, component), 0.0)
        counted = metered.get((meter, component), 0.0) / book().meter(meter).base_per_unit
        if abs(counted - expected) > tolerance(regime, component, meter) * max(counted, expected) + 1e-9:
            offer = placement[Slot(component.split("/")[0])].offer
            yield f"{component} of {offer}: {meter} predicted {expected:.6g}, metered {counted:.6g}"


@pytest.mark.parametrize("relation", list(Relation))
def test_the_placements_use_every_offer(relation: Relation) -> None:
    used = {choice.offer for placement in covering(relation) for choice in placement.root.values()}
    assert used == {offer.id for offer in OFFERS}
    for placement in covering(relation):
        planned = blueprint_of(Workload(devices=1, message_interval_s=1.0, message_size_bytes=1), placement)
        assert {link.relation for link in planned.links} == {relation}


@pytest.mark.slow
@pytest.mark.parametrize("relation", list(Relation))
@pytest.mark.parametrize("regime", REGIMES)
def test_a_month_of_every_offer_is_metered_as_predicted(regime: str, relation: Relation) -> None:
    found = [text for placement in covering(relation) for text in deviations(regime, placement)]
    assert not found, "\n".join(found)


def test_a_month_over_three_clouds_is_metered_as_predicted() -> None:
    """A quick one of the many."""
    found = [text for placement in list(covering(Relation.CLOUD))[:3] for text in deviations("tiny", placement)]
    assert not found, "\n".join(found)


def test_a_meter_that_counts_wrong_is_found() -> None:
    """The comparison can fail: the tolerance is no larger than it says."""
    placement = next(covering(Relation.SAME))
    planned = blueprint_of(Workload(devices=1, message_interval_s=100.0, message_size_bytes=1200), placement)
    month = Month(planned, 1_000)
    month.live()
    month.all.gateway.message(1200, round(0.03 * planned.by_edge["telemetry"].messages))
    expected = usage_by_component(planned, in_units)["aws.iot-core.messages", "L1/gateway"]
    counted = month.amounts()["aws.iot-core.messages", "L1/gateway"]
    assert counted == pytest.approx(1.03 * expected, rel=0.001)
    assert abs(counted - expected) > TOLERANCE * expected
