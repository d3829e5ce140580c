"""What holds for every offer of every cloud, and for the glue between them."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin2multicloud.blueprint.catalog import CLOUDS, OFFERS, offer_by_id
from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.blueprint.parts import Component, End, Offer, Relation
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import PROVIDERS, SLOTS
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.pricing.book import load_book
from twin2multicloud.optimizer.pricing.meters import quantity_in_units

BOOK = load_book()


def parts_of(offer: Offer, v: Volumes, relation: Relation) -> Iterator[Component]:
    """An offer's own components and those of all its edges in one relation."""
    yield from offer.components(v)
    cloud = CLOUDS[offer.provider]
    for edge in EDGES:
        for end, slot in ((End.SOURCE, edge.source), (End.TARGET, edge.target)):
            if slot is offer.slot:
                yield from cloud.end_parts(offer, edge, end)(v, edge.flow(v), relation)


def billed(offer: Offer, v: Volumes, relation: Relation) -> dict[str, float]:
    """Billing units per meter."""
    found: dict[str, float] = {}
    for component in parts_of(offer, v, relation):
        for use in component.uses:
            units = quantity_in_units(BOOK.meter(use.meter), use.amount, use.each_bytes)
            found[use.meter] = found.get(use.meter, 0.0) + float(units[0])
    return found


def workload(devices: int, interval: float, size: int, **fields: float) -> Volumes:
    return Volumes.of(
        [Workload(devices=devices, message_interval_s=interval, message_size_bytes=size, **fields)]  # type: ignore[arg-type]
    )


def test_every_slot_is_offered_by_every_cloud() -> None:
    for provider in PROVIDERS:
        assert {offer.slot for offer in CLOUDS[provider].offers} == set(SLOTS)


def test_ids_are_unique_and_begin_with_their_provider() -> None:
    ids = [offer.id for offer in OFFERS]
    assert len(set(ids)) == len(ids)
    assert all(offer.id.startswith(f"{offer.provider}.") for offer in OFFERS)


def test_an_unknown_offer_is_named_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"aws\.twinmaker"):
        offer_by_id("aws.twinmakr")


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.id)
@pytest.mark.parametrize("relation", list(Relation))
def test_every_meter_used_is_in_the_price_book(offer: Offer, relation: Relation) -> None:
    v = workload(1000, 60.0, 500)
    for meter, units in billed(offer, v, relation).items():
        assert BOOK.meter(meter).provider is offer.provider
        assert math.isfinite(units)
        assert units >= 0


@settings(deadline=None, max_examples=40)
@given(
    devices=st.integers(1, 10**6),
    factor=st.floats(1.0, 50.0),
    interval=st.floats(0.5, 86_400),
    size=st.integers(1, 60_000),
    commands=st.floats(0, 100),
    entities=st.integers(0, 5000),
)
def test_more_devices_never_use_less_of_any_meter(
    devices: int, factor: float, interval: float, size: int, commands: float, entities: int
) -> None:
    fields = {"commands_per_device_per_day": commands, "entities_3d": entities}
    few = workload(devices, interval, size, **fields)
    many = workload(math.ceil(devices * factor), interval, size, **fields)
    for offer in OFFERS:
        for relation in Relation:
            less, greater = billed(offer, few, relation), billed(offer, many, relation)
            for meter, units in less.items():
                assert greater[meter] >= units * (1 - 1e-9), (offer.id, relation, meter)


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.id)
def test_an_edge_within_one_place_needs_no_sender_and_no_receiver(offer: Offer) -> None:
    v = workload(1000, 1.0, 500)
    names = {component.name for component in parts_of(offer, v, Relation.SAME)}
    assert not [name for name in names if name.endswith(("-sender", "-receiver", "-outbox"))]


def test_which_terms_an_offer_has_does_not_depend_on_the_workload() -> None:
    """The market lists terms once and only fills in quantities."""
    small, large = workload(1, 86_400.0, 1), workload(10**6, 1.0, 50_000, entities_3d=100)
    for offer in OFFERS:
        for relation in Relation:
            uses = [
                [(c.name, use.meter) for c in parts_of(offer, v, relation) for use in c.uses] for v in (small, large)
            ]
            assert uses[0] == uses[1], offer.id


def test_arrays_keep_one_element_per_workload() -> None:
    workloads = [Workload(devices=n, message_interval_s=60.0, message_size_bytes=100) for n in (1, 10, 100)]
    v = Volumes.of(workloads)
    for offer in OFFERS:
        for relation in Relation:
            for component in parts_of(offer, v, relation):
                for use in component.uses:
                    assert np.shape(use.amount) == (3,), (offer.id, component.name, use.meter)
