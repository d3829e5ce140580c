"""L4 on Azure: Digital Twins, or our own twin graph on Cosmos DB."""

from __future__ import annotations

from collections.abc import Iterable

from twin2multicloud.blueprint.azure.cosmos import read_ru, serverless_limits, write_ru
from twin2multicloud.blueprint.azure.glue import function
from twin2multicloud.blueprint.parts import Component, Kind, Offer, Role, Use
from twin2multicloud.blueprint.volumes import FloatArray, Volumes
from twin2multicloud.blueprint.work import read_ms
from twin2multicloud.model.slots import Provider, Slot


def _reader(v: Volumes) -> Component:
    queries = v.state_queries
    return function(v, "twin-state", Role.READ, queries, read_ms(v, queries))


def _digital_twins(v: Volumes) -> Iterable[Component]:
    """Every request is an operation per started KB, of an answer too; queries take query units besides.

    Metering as Microsoft's "Monitor Azure Digital Twins" describes the billing metrics.
    """
    a = v.assumptions
    queries = v.state_queries
    yield Component(
        "graph",
        Kind.GRAPH,
        "Digital Twins",
        (
            # A patch carries a message's values; the twin it is for stands in the address.
            Use("azure.digital-twins.operations", v.twin_updates, each_bytes=v.message_size_bytes),
            Use("azure.digital-twins.operations", queries, each_bytes=v.constant(a.query_response_bytes)),
            Use("azure.digital-twins.query-units", queries * a.query_units_per_query),
        ),
    )
    yield _reader(v)


def _graph_ru(v: Volumes) -> FloatArray:
    answer = v.constant(v.assumptions.query_response_bytes)
    return write_ru(v, v.twin_updates, v.record_bytes) + read_ru(v, v.state_queries, answer)


def _graph_bytes(v: Volumes) -> FloatArray:
    return v.entities * v.assumptions.entity_bytes


def _own_graph(v: Volumes) -> Iterable[Component]:
    uses = (Use("azure.cosmos.serverless-ru", _graph_ru(v)), Use("azure.cosmos.storage", _graph_bytes(v)))
    yield Component("graph", Kind.GRAPH, "Cosmos DB", uses)
    yield _reader(v)


MANAGEMENT = (
    Offer(
        id="azure.digital-twins",
        slot=Slot.MANAGEMENT,
        provider=Provider.AZURE,
        service="Digital Twins",
        variant="",
        summary="managed twin graph with a query language, no 3D scenes",
        features=frozenset({"managed", "twin-graph", "twin-queries"}),
        components=_digital_twins,
    ),
    Offer(
        id="azure.own-graph",
        slot=Slot.MANAGEMENT,
        provider=Provider.AZURE,
        service="Own twin graph",
        variant="Cosmos DB",
        summary="our serverless twin graph on Cosmos DB and Functions",
        features=frozenset({"serverless", "twin-graph"}),
        components=_own_graph,
        limits=serverless_limits(_graph_ru, _graph_bytes),
    ),
)
