"""Google Cloud's usage on meters, added up for tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.blueprint.gcp import GCP
from twin2multicloud.blueprint.parts import Component, Edge, End, Offer, Relation
from twin2multicloud.blueprint.volumes import FloatArray, Volumes
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.workload import Workload

SECONDS = 730 * 3600  # of a month: one message a second makes as many messages
DAYS = 730 / 24
MIB = 2**20
FUNCTION_VCPUS = 0.1667
OFFERS = {offer.id: offer for offer in GCP.offers}


def volumes(assumptions: Assumptions | None = None, **changes: Any) -> Volumes:
    """One device, one message of 1,000 bytes a second, unless changed."""
    load: dict[str, Any] = {"devices": 1, "message_interval_s": 1.0, "message_size_bytes": 1000, **changes}
    return Volumes.of([Workload(**load)], assumptions)


def usage(components: Iterable[Component]) -> dict[str, FloatArray]:
    """Amounts per meter; items with a size count as bytes, at least 1,000 each, as Pub/Sub counts them."""
    total: dict[str, FloatArray] = {}
    for component in components:
        for use in component.uses:
            size = 1.0 if use.each_bytes is None else np.maximum(use.each_bytes, 1000)
            total[use.meter] = total.get(use.meter, 0.0) + use.amount * size
    return total


def plain(used: dict[str, FloatArray]) -> dict[str, float]:
    return {meter: amount.item() for meter, amount in used.items()}


def own(offer_id: str, v: Volumes) -> dict[str, float]:
    return plain(usage(OFFERS[offer_id].components(v)))


def named(offer_id: str, name: str, v: Volumes) -> dict[str, float]:
    found = [component for component in OFFERS[offer_id].components(v) if component.name == name]
    assert found, f"{offer_id} has no component {name}"
    return plain(usage(found))


def parts(offer_id: str, edge: Edge, end: End, relation: Relation, v: Volumes) -> dict[str, dict[str, float]]:
    """Usage of each component at an edge's end, by the component's name."""
    found = GCP.end_parts(OFFERS[offer_id], edge, end)(v, edge.flow(v), relation)
    named: dict[str, list[Component]] = {}
    for component in found:
        named.setdefault(component.name, []).append(component)
    return {name: plain(usage(same)) for name, same in named.items()}


def everything(offer: Offer, v: Volumes, relation: Relation) -> dict[str, FloatArray]:
    """What an offer uses with all its edges lying the same way."""
    components = list(offer.components(v))
    for edge in EDGES:
        for end, slot in ((End.SOURCE, edge.source), (End.TARGET, edge.target)):
            if slot is offer.slot:
                components += GCP.end_parts(offer, edge, end)(v, edge.flow(v), relation)
    return usage(components)


def all_of(offer_id: str, v: Volumes, relation: Relation) -> dict[str, float]:
    return plain(everything(OFFERS[offer_id], v, relation))


def fits(offer_id: str, v: Volumes) -> bool:
    return all(limit.fits(v).all() for limit in OFFERS[offer_id].limits)
