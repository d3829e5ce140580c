"""L4 on AWS: IoT TwinMaker (standard or a bundle plan), or our own twin graph on DynamoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twin2multicloud.blueprint.aws.glue import function
from twin2multicloud.blueprint.parts import Component, Kind, Limit, Offer, Role, Use
from twin2multicloud.blueprint.volumes import FloatArray, Volumes
from twin2multicloud.blueprint.work import read_ms
from twin2multicloud.model.slots import Provider, Slot

_VALUES_PER_CALL = 10  # BatchPutPropertyValues takes at most ten entries
_BUNDLE_ENTITIES = {1: 1_000, 2: 5_000, 3: 10_000, 4: 20_000}


def _reader(v: Volumes) -> Component:
    queries = v.state_queries
    return function(v, "twin-state", Role.READ, queries, read_ms(v, queries))


def _scenes(v: Volumes) -> Component:
    stored = v.entities_3d * v.assumptions.scene_bytes_per_entity
    return Component("scenes", Kind.BUCKET, "S3", (Use("aws.s3.standard.storage", stored),))


def _calls(v: Volumes) -> FloatArray:
    """Writes of up to ten values a call, as they arrive."""
    return v.twin_updates / v.batch(_VALUES_PER_CALL)


def _data_access(v: Volumes) -> FloatArray:
    """Unified data access: writes, and a read of the values for every answer."""
    return _calls(v) + v.state_queries


def _connector(v: Volumes) -> Iterable[Component]:
    """TwinMaker keeps no values itself: it calls our function for each access, which keeps them in a table."""
    runs = _data_access(v)
    busy_ms = runs * v.assumptions.invocation_ms + v.twin_updates * v.assumptions.graph_ms_per_update
    yield function(v, "twin-connector", Role.GRAPH, runs, busy_ms)
    yield Component("twin-values", Kind.STORE, "DynamoDB", _table(v))


def _table(v: Volumes) -> tuple[Use, ...]:
    """Values of twins in a DynamoDB table."""
    answer = v.constant(v.assumptions.query_response_bytes)
    return (
        Use("aws.dynamodb.write-units", v.twin_updates, each_bytes=v.record_bytes),
        Use("aws.dynamodb.read-units", v.state_queries * 0.5, each_bytes=answer),
        Use("aws.dynamodb.storage", v.entities * v.assumptions.entity_bytes),
    )


def _twinmaker(v: Volumes) -> Iterable[Component]:
    yield Component(
        "graph",
        Kind.GRAPH,
        "IoT TwinMaker",
        (
            Use("aws.twinmaker.entities", v.entities),
            Use("aws.twinmaker.api-calls", _data_access(v)),
            Use("aws.twinmaker.queries", v.state_queries),
        ),
    )
    yield from _connector(v)
    yield _scenes(v)
    yield _reader(v)


def _bundle(plan: int) -> Callable[[Volumes], Iterable[Component]]:
    prefix = f"aws.twinmaker.bundle-{plan}"

    def components(v: Volumes) -> Iterable[Component]:
        uses = (
            Use(prefix, v.constant(1)),
            Use(f"{prefix}.api-calls", _data_access(v)),
            Use(f"{prefix}.queries", v.state_queries),
        )
        yield Component("graph", Kind.GRAPH, "IoT TwinMaker", uses)
        yield from _connector(v)
        yield _scenes(v)
        yield _reader(v)

    return components


def _own_graph(v: Volumes) -> Iterable[Component]:
    yield Component("graph", Kind.GRAPH, "DynamoDB", _table(v))
    yield _reader(v)


def _bundle_offer(plan: int) -> Offer:
    most = _BUNDLE_ENTITIES[plan]
    return Offer(
        id=f"aws.twinmaker-bundle-{plan}",
        slot=Slot.MANAGEMENT,
        provider=Provider.AWS,
        service="IoT TwinMaker",
        variant=f"bundle {plan}",
        summary=f"monthly plan of the whole account, at most {most:,} entities",
        features=frozenset({"managed", "3d-scenes", "twin-graph", "twin-queries"}),
        components=_bundle(plan),
        limits=(Limit(f"the plan holds at most {most:,} entities", lambda v: v.entities <= most),),
        # The plan belongs to the account, other workspaces included; it is switched by hand.
        deployable=False,
    )


MANAGEMENT = (
    Offer(
        id="aws.twinmaker",
        slot=Slot.MANAGEMENT,
        provider=Provider.AWS,
        service="IoT TwinMaker",
        variant="standard",
        summary="managed twin graph with 3D scenes",
        features=frozenset({"managed", "3d-scenes", "twin-graph", "twin-queries"}),
        components=_twinmaker,
    ),
    *(_bundle_offer(plan) for plan in _BUNDLE_ENTITIES),
    Offer(
        id="aws.own-graph",
        slot=Slot.MANAGEMENT,
        provider=Provider.AWS,
        service="Own twin graph",
        variant="DynamoDB",
        summary="our serverless twin graph on DynamoDB and Lambda",
        features=frozenset({"serverless", "twin-graph"}),
        components=_own_graph,
    ),
)
