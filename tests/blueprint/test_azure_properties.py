"""What holds for every offer of Azure and any workload."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin2multicloud.blueprint.azure import AZURE
from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.blueprint.parts import End, Offer, Relation
from twin2multicloud.blueprint.volumes import FloatArray, Volumes
from twin2multicloud.model.workload import Workload


def everything(offer: Offer, v: Volumes, relation: Relation) -> dict[str, FloatArray]:
    """What an offer uses with all its edges lying the same way."""
    components = list(offer.components(v))
    for edge in EDGES:
        for end, slot in ((End.SOURCE, edge.source), (End.TARGET, edge.target)):
            if slot is offer.slot:
                components += AZURE.end_parts(offer, edge, end)(v, edge.flow(v), relation)
    total: dict[str, FloatArray] = {}
    for use in (use for component in components for use in component.uses):
        pieces = 1.0 if use.each_bytes is None else np.maximum(np.ceil(use.each_bytes / 1000), 1.0)
        total[use.meter] = total.get(use.meter, 0.0) + use.amount * pieces
    return total


loads = st.fixed_dictionaries(
    {
        "devices": st.integers(1, 1_000_000),
        "message_interval_s": st.floats(1, 100_000),
        "message_size_bytes": st.integers(1, 262_144),
        "hot_months": st.sampled_from([0.1, 1.0, 12.0]),
        "cool_months": st.sampled_from([12.0, 24.0]),
        "archive_months": st.sampled_from([24.0, 36.0]),
        "editors": st.integers(0, 5),
        "viewers": st.integers(0, 1000),
        "dashboard_refreshes_per_hour": st.sampled_from([0.0, 60.0]),
        "rules_per_message": st.sampled_from([0.0, 1.0, 100.0]),
        "event_share": st.sampled_from([0.0, 0.01, 1.0]),
        "commands_per_device_per_day": st.sampled_from([0.0, 0.5, 5000.0]),
        "link_batch_messages": st.integers(1, 10_000),
        "peak_factor": st.floats(1, 31),
        "growth_per_month": st.sampled_from([0.0, 0.05]),
    }
)


@settings(deadline=None, max_examples=60)
@given(load=loads, more=st.floats(1.0, 1000.0))
def test_more_devices_never_use_less(load: dict[str, Any], more: float) -> None:
    larger = {**load, "devices": min(int(load["devices"] * more) + 1, 100_000_000)}
    v = Volumes.of([Workload(**load), Workload(**larger)])
    for offer in AZURE.offers:
        for relation in Relation:
            for meter, amount in everything(offer, v, relation).items():
                assert amount.shape == (2,)
                assert np.isfinite(amount).all()
                assert (amount >= 0).all()
                assert amount[1] >= amount[0] * (1 - 1e-9), (offer.id, relation, meter)


@settings(deadline=None, max_examples=30)
@given(load=loads, more=st.floats(1.0, 1000.0))
def test_more_devices_never_fit_where_fewer_did_not(load: dict[str, Any], more: float) -> None:
    larger = {**load, "devices": min(int(load["devices"] * more) + 1, 100_000_000)}
    v = Volumes.of([Workload(**load), Workload(**larger)])
    for offer in AZURE.offers:
        for limit in offer.limits:
            few, many = limit.fits(v)
            assert few or not many, (offer.id, limit.reason)


@settings(deadline=None, max_examples=20)
@given(first=loads, second=loads)
def test_workloads_side_by_side_are_priced_alone(first: dict[str, Any], second: dict[str, Any]) -> None:
    one, two = Workload(**first), Workload(**second)
    both, alone = Volumes.of([one, two]), Volumes.of([two])
    for offer in AZURE.offers:
        together = everything(offer, both, Relation.CLOUD)
        for meter, amount in everything(offer, alone, Relation.CLOUD).items():
            assert together[meter][1] == pytest.approx(amount.item(), rel=1e-12), (offer.id, meter)
