"""From a workload and a placement to its blueprint: the offers' own parts, and at both ends of every edge the glue."""

from __future__ import annotations

from collections.abc import Iterable

from twin2multicloud.blueprint.catalog import CLOUDS, offer_by_id
from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.blueprint.parts import Component, Edge, End, Flow, Kind, Offer, Relation, Role, Use
from twin2multicloud.blueprint.plan import Blueprint, Place, PlannedComponent, PlannedLink, Usage
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.assumptions import Assumptions
from twin2multicloud.model.placement import Placement, SlotChoice
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.workload import Workload


def plan(workload: Workload, placement: Placement, assumptions: Assumptions | None = None) -> Blueprint:
    """See `blueprint.plan.blueprint_of`."""
    a = assumptions or Assumptions()
    v = Volumes.of([workload], a)
    parts = _Parts()
    offers = {slot: offer_by_id(choice.offer) for slot, choice in placement.items()}
    for slot, offer in offers.items():
        parts.add(slot, "", offer.components(v))
    links = []
    for edge in EDGES:
        flow, relation = edge.flow(v), relation_of(placement[edge.source], placement[edge.target])
        for end, slot in ((End.SOURCE, edge.source), (End.TARGET, edge.target)):
            cloud = CLOUDS[offers[slot].provider]
            parts.add(slot, edge.id, cloud.end_parts(offers[slot], edge, end)(v, flow, relation))
            if end is End.SOURCE and relation is Relation.CLOUD:
                parts.add(slot, edge.id, (_egress(edge, flow, cloud.egress_meter),))
        links.append(_link(edge, flow, relation))
    telemetry = links[0].relation
    return Blueprint(
        places={s: Place(c.provider, c.offer, c.region) for s, c in placement.items()},
        components=tuple(
            _component(slot, placement[slot], offers[slot], found, uses, workload, a, telemetry)
            for (slot, _), (found, uses) in parts.found.items()
        ),
        links=tuple(links),
        workload={name: float(value) for name, value in workload.model_dump().items()},
        assumptions={name: float(value) for name, value in a.model_dump().items()},
    )


def relation_of(a: SlotChoice, b: SlotChoice) -> Relation:
    """How two placed slots lie to each other."""
    if a.provider is not b.provider:
        return Relation.CLOUD
    return Relation.SAME if a.region == b.region else Relation.REGION


class _Parts:
    """Components as they come, those of the same slot and name merged."""

    def __init__(self) -> None:
        self.found: dict[tuple[Slot, str], tuple[Component, list[Usage]]] = {}

    def add(self, slot: Slot, edge: str, components: Iterable[Component]) -> None:
        for component in components:
            first, uses = self.found.setdefault((slot, component.name), (component, []))
            if (first.kind, first.role) != (component.kind, component.role):
                raise ValueError(f"{slot.value} has two components named {component.name}: a defect of its offer")
            uses.extend(_usage(use, edge) for use in component.uses)


def _usage(use: Use, edge: str) -> Usage:
    each = None if use.each_bytes is None else float(use.each_bytes.reshape(-1)[0])
    return Usage(use.meter, float(use.amount.reshape(-1)[0]), each, edge)


def _egress(edge: Edge, flow: Flow, meter: str) -> Component:
    return Component(f"{edge.id}-traffic", Kind.EGRESS, "Data transfer", (Use(meter, flow.wire_bytes),))


def _link(edge: Edge, flow: Flow, relation: Relation) -> PlannedLink:
    return PlannedLink(
        edge=edge.id,
        source=edge.source,
        target=edge.target,
        relation=relation,
        push=edge.push,
        messages=float(flow.messages[0]),
        batches=float(flow.batches[0]),
        raw_bytes=float(flow.raw_bytes[0]),
        wire_bytes=float(flow.wire_bytes[0]),
    )


def _component(
    slot: Slot,
    choice: SlotChoice,
    offer: Offer,
    found: Component,
    uses: list[Usage],
    workload: Workload,
    a: Assumptions,
    telemetry: Relation,
) -> PlannedComponent:
    edges = {use.edge for use in uses}
    return PlannedComponent(
        id=f"{slot.value}/{found.name}",
        name=found.name,
        slot=slot,
        provider=choice.provider,
        region=choice.region,
        offer=choice.offer,
        kind=found.kind,
        service=found.service,
        usage=tuple(uses),
        role=found.role,
        edge=edges.pop() if len(edges) == 1 else "",
        gathers=_gathers(offer, found.role, workload, a, telemetry),
    )


def _gathers(offer: Offer, role: Role | None, workload: Workload, a: Assumptions, telemetry: Relation) -> int:
    """Messages that one run of a function takes at most: what its queue or stream hands over at once."""
    if role is Role.SEND:
        return workload.link_batch_messages
    if role is not Role.PROCESS:
        return 0
    if offer.provider is Provider.AWS:
        return a.stream_batch_messages if "kinesis" in offer.features else a.queue_batch_messages
    if offer.provider is Provider.GCP and "serverless" not in offer.features:
        return a.stream_batch_messages  # a worker pulls what there is
    if telemetry is not Relation.SAME:
        return workload.link_batch_messages  # a queued message is a batch of the link
    # Pub/Sub pushes a function one message at a time; a hub's reader takes many.
    return 1 if offer.provider is Provider.GCP else a.stream_batch_messages
