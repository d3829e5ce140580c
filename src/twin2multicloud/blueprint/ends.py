"""Which glue an edge's two ends get, the same in every cloud; what the glue consists of is each cloud's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twin2multicloud.blueprint.edges import TO_COOL
from twin2multicloud.blueprint.parts import Component, Edge, End, EndParts, Flow, Relation, nothing
from twin2multicloud.blueprint.volumes import FloatArray, Volumes


def usual_ends(
    *,
    outbox: Callable[[Edge], EndParts],
    posting_mover: EndParts,
    receiver: Callable[[Edge, Volumes, Flow], Iterable[Component]],
    nonces: Callable[[Volumes, FloatArray], Component],
) -> Callable[[Edge, End], EndParts]:
    """`Cloud.ends` from a cloud's building blocks.

    A query edge is answered at its source by the read handler, which remembers the `nonces` of signed queries from
    elsewhere. A push edge has a `receiver` at its target when the ends part; at its source the hot store's mover posts
    itself (`posting_mover`), everything else goes through an `outbox`.
    """

    def ends(edge: Edge, end: End) -> EndParts:
        def received(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
            return () if relation is Relation.SAME else receiver(edge, v, flow)

        def answered(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
            return () if relation is Relation.SAME else (nonces(v, flow.batches),)

        if not edge.push:
            return answered if end is End.SOURCE else nothing
        if end is End.TARGET:
            return received
        return posting_mover if edge == TO_COOL else outbox(edge)

    return ends
