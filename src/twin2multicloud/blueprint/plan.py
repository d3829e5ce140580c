"""A blueprint: every component and link of one twin at one placement, with the month's usage of each on meters.

Plain data (floats and text, JSON both ways) that needs neither numpy nor pydantic to be read: the sandbox's processes
and the deployer build from it what the optimizer priced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import msgspec

from twin2multicloud.blueprint.kinds import Kind, Relation, Role
from twin2multicloud.model.slots import Provider, Slot

if TYPE_CHECKING:
    from twin2multicloud.model.assumptions import Assumptions
    from twin2multicloud.model.placement import Placement
    from twin2multicloud.model.workload import Workload

_K = TypeVar("_K")

InUnits = Callable[[str, float, float | None], float]
"""Billing units of (meter, amount, bytes of each item): the price book's counting rule."""


class Usage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A month's usage on one meter in base quantities: counts, bytes, byte-months, byte-seconds, hours.

    With `each_bytes`, `amount` counts items of that size, to which the meter's own rule (chunks, minimum) applies.
    `edge` is the edge that brings it about, "" where the slot's offer does by itself.
    """

    meter: str
    amount: float
    each_bytes: float | None = None
    edge: str = ""


class PlannedComponent(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that is deployed. `id` is `<slot>/<name>`, unique in the blueprint; `name` is unique in its slot.

    `edge` is set where the whole component exists for one edge (a sender, a receiver, its traffic). `gathers` is how
    many messages one run of a processing or sending function takes at most (0 for all others).
    """

    id: str
    name: str
    slot: Slot
    provider: Provider
    region: str
    offer: str
    kind: Kind
    service: str
    usage: tuple[Usage, ...]
    role: Role | None = None
    edge: str = ""
    gathers: int = 0


class PlannedLink(msgspec.Struct, frozen=True, omit_defaults=True):
    """An edge of the data flow between two placed slots, and its traffic in a month.

    `messages` are handed over in `batches` (POSTs or requests); `raw_bytes` before compression (for objects: as
    stored), `wire_bytes` compressed with protocol overhead. What `relation` "same" carries crosses no wire.
    """

    edge: str
    source: Slot
    target: Slot
    relation: Relation
    push: bool
    messages: float
    batches: float
    raw_bytes: float
    wire_bytes: float

    @property
    def apart(self) -> bool:
        """Whether the ends lie in different clouds or regions, so that sender and receiver stand between them."""
        return self.relation is not Relation.SAME


class Place(msgspec.Struct, frozen=True):
    """Where a slot is: an offer in a region."""

    provider: Provider
    offer: str
    region: str


class Blueprint(msgspec.Struct, frozen=True, dict=True):
    """What one twin consists of at one placement; `workload` and `assumptions` are those it was planned for."""

    places: dict[Slot, Place]
    components: tuple[PlannedComponent, ...]
    links: tuple[PlannedLink, ...]
    workload: dict[str, float]
    assumptions: dict[str, float]

    @cached_property
    def by_id(self) -> dict[str, PlannedComponent]:
        """Components by id."""
        return {component.id: component for component in self.components}

    @cached_property
    def by_edge(self) -> dict[str, PlannedLink]:
        """Links by edge."""
        return {link.edge: link for link in self.links}

    def of(self, slot: Slot) -> tuple[PlannedComponent, ...]:
        """The components of a slot, in their order."""
        return tuple(component for component in self.components if component.slot is slot)

    def component(self, slot: Slot, name: str) -> PlannedComponent | None:
        """A slot's component of that name, None if there is none."""
        return self.by_id.get(f"{slot.value}/{name}")

    @property
    def providers(self) -> tuple[Provider, ...]:
        """The clouds in use, in the usual order."""
        used = {place.provider for place in self.places.values()}
        return tuple(provider for provider in Provider if provider in used)


def blueprint_of(workload: Workload, placement: Placement, assumptions: Assumptions | None = None) -> Blueprint:
    """The blueprint of a workload's twin at a placement. Pure; an unknown offer is a `UsageError`."""
    # Only who plans needs the formulas and their numpy; who reads a plan does not pay for them.
    from twin2multicloud.blueprint.planning import plan

    return plan(workload, placement, assumptions)


def blueprint_json(blueprint: Blueprint) -> bytes:
    """The document that processes and stacks are built from."""
    return msgspec.json.encode(blueprint)


def read_blueprint(content: bytes | str) -> Blueprint:
    """The blueprint in a document that `blueprint_json` wrote; `msgspec.ValidationError` otherwise."""
    return msgspec.json.decode(content, type=Blueprint)


def usage_by_meter(blueprint: Blueprint, in_units: InUnits | None = None) -> dict[str, float]:
    """The month's usage on each meter, of all components together.

    In billing units with the price book's rule (`in_units`); without it in base quantities, where sized items count
    once each whatever their size.
    """
    return _added((use.meter, quantity) for _, use, quantity in _quantities(blueprint, in_units))


def usage_by_region(blueprint: Blueprint, in_units: InUnits | None = None) -> dict[tuple[str, str], float]:
    """The same by (meter, region), as bills have lines."""
    rows = _quantities(blueprint, in_units)
    return _added(((use.meter, component.region), quantity) for component, use, quantity in rows)


def usage_by_component(blueprint: Blueprint, in_units: InUnits | None = None) -> dict[tuple[str, str], float]:
    """The same by (meter, component id), as the sandbox meters it."""
    rows = _quantities(blueprint, in_units)
    return _added(((use.meter, component.id), quantity) for component, use, quantity in rows)


def _quantities(blueprint: Blueprint, in_units: InUnits | None) -> Iterator[tuple[PlannedComponent, Usage, float]]:
    for component in blueprint.components:
        for use in component.usage:
            quantity = use.amount if in_units is None else in_units(use.meter, use.amount, use.each_bytes)
            yield component, use, quantity


def _added(rows: Iterator[tuple[_K, float]]) -> dict[_K, float]:
    total: dict[_K, float] = {}
    for key, quantity in rows:
        total[key] = total.get(key, 0.0) + quantity
    return total
