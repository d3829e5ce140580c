"""L4 on Google Cloud, which has no twin service: our own twin graph on Firestore."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from twin2multicloud.blueprint.gcp.run import function
from twin2multicloud.blueprint.parts import Component, Kind, Offer, Role, Use
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.blueprint.work import read_ms
from twin2multicloud.model.slots import Provider, Slot


def _entities_per_answer(v: Volumes) -> int:
    """Documents that a state query reads: as many entities as its answer holds."""
    a = v.assumptions
    return max(ceil(a.query_response_bytes / a.entity_bytes), 1) if a.entity_bytes > 0 else 1


def _own_graph(v: Volumes) -> Iterable[Component]:
    queries = v.state_queries
    yield Component(
        "graph",
        Kind.GRAPH,
        "Firestore",
        (
            Use("gcp.firestore.writes", v.twin_updates),
            Use("gcp.firestore.reads", queries * _entities_per_answer(v)),
            Use("gcp.firestore.storage", v.entities * v.assumptions.entity_bytes),
        ),
    )
    yield function(v, "twin-state", Role.READ, queries, read_ms(v, queries))


MANAGEMENT = (
    Offer(
        id="gcp.own-graph",
        slot=Slot.MANAGEMENT,
        provider=Provider.GCP,
        service="Own twin graph",
        variant="Firestore",
        summary="our serverless twin graph on Firestore and Cloud Run functions",
        features=frozenset({"serverless", "twin-graph"}),
        components=_own_graph,
    ),
)
