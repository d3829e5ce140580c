"""Usage terms: every `Use` of every offer, flat, with what part of the placement brings it about.

Which terms there are depends on the offers only; how much each amounts to depends on the workload. So the terms
are listed once, and their quantities are one array of the meters' billing units each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from twin2multicloud.blueprint.catalog import CLOUDS
from twin2multicloud.blueprint.edges import EDGES
from twin2multicloud.blueprint.parts import Component, Edge, End, Flow, Kind, Offer, Relation, Use
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.pricing.book import PriceBook
from twin2multicloud.optimizer.pricing.meters import quantity_in_units
from twin2multicloud.optimizer.pricing.tariffs import FloatArray

RELATIONS: tuple[Relation, ...] = (Relation.SAME, Relation.REGION, Relation.CLOUD)

OWN = 0
"""Table 0 holds what an offer uses by itself; table 1 + 3·edge + relation what it uses as an end of an edge."""

TABLES = 1 + len(EDGES) * len(RELATIONS)


def table_of(edge: int, relation: int) -> int:
    """Number of the table of an edge's ends in a relation (an index of `RELATIONS`)."""
    return 1 + edge * len(RELATIONS) + relation


@dataclass(frozen=True)
class Term:
    """One use of one component: `table` says when it applies, `policy` whether it is traffic between clouds."""

    offer: int
    table: int
    component: str
    kind: Kind
    service: str
    meter: str
    between_clouds: bool = False

    @property
    def edge(self) -> Edge | None:
        """The edge it belongs to, if any."""
        return None if self.table == OWN else EDGES[(self.table - 1) // len(RELATIONS)]

    @property
    def relation(self) -> Relation | None:
        """How the edge's ends lie, if it belongs to an edge."""
        return None if self.table == OWN else RELATIONS[(self.table - 1) % len(RELATIONS)]


def edge_flows(volumes: Volumes) -> list[Flow]:
    """The traffic on each of `EDGES`."""
    return [edge.flow(volumes) for edge in EDGES]


def list_terms(offers: Sequence[Offer]) -> list[Term]:
    """The terms of some offers, in the order `term_units` has."""
    return [term for term, _ in _terms(offers, sample_volumes())]


def term_units(offers: Sequence[Offer], volumes: Volumes, book: PriceBook) -> list[FloatArray]:
    """Billing units of every term of `offers` (arrays that broadcast to (workloads,)), in the order of `list_terms`."""
    return [quantity_in_units(book.meter(use.meter), use.amount, use.each_bytes) for _, use in _terms(offers, volumes)]


def sample_volumes() -> Volumes:
    """Any valid workload: good for listing what offers consist of."""
    sample = Workload(devices=1000, message_interval_s=60.0, message_size_bytes=500)
    return Volumes.of([sample])


def _terms(offers: Sequence[Offer], volumes: Volumes) -> Iterator[tuple[Term, Use]]:
    flows = edge_flows(volumes)
    for number, offer in enumerate(offers):
        yield from _uses(number, OWN, offer.components(volumes))
        cloud = CLOUDS[offer.provider]
        for index, edge in enumerate(EDGES):
            for end in _ends_of(offer, edge):
                for kind, relation in enumerate(RELATIONS):
                    table = table_of(index, kind)
                    parts = cloud.end_parts(offer, edge, end)(volumes, flows[index], relation)
                    yield from _uses(number, table, parts)
                    if end is End.SOURCE and relation is Relation.CLOUD:
                        wire = Use(cloud.egress_meter, flows[index].wire_bytes)
                        yield _term(number, table, _egress(edge), wire, between_clouds=True), wire


def _egress(edge: Edge) -> Component:
    return Component(f"{edge.id}-traffic", Kind.EGRESS, "Data transfer")


def _ends_of(offer: Offer, edge: Edge) -> Iterator[End]:
    if edge.source is offer.slot:
        yield End.SOURCE
    if edge.target is offer.slot:
        yield End.TARGET


def _uses(offer: int, table: int, components: Iterable[Component]) -> Iterator[tuple[Term, Use]]:
    for component in components:
        for use in component.uses:
            yield _term(offer, table, component, use), use


def _term(offer: int, table: int, component: Component, use: Use, between_clouds: bool = False) -> Term:
    return Term(offer, table, component.name, component.kind, component.service, use.meter, between_clouds)
