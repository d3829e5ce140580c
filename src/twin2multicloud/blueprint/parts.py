"""The vocabulary of blueprints: components, what they use on meters, edges between slots, offers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin2multicloud.blueprint.kinds import End as End
from twin2multicloud.blueprint.kinds import Kind as Kind
from twin2multicloud.blueprint.kinds import Relation as Relation
from twin2multicloud.blueprint.kinds import Role as Role
from twin2multicloud.blueprint.volumes import FloatArray, Volumes
from twin2multicloud.model.slots import Provider, Slot


@dataclass(frozen=True)
class Use:
    """A month's usage on one meter, in base quantities: counts, bytes, byte-months, byte-seconds, hours.

    With `each_bytes`, `amount` counts items of that size, and the meter's own rule (chunks of 5 KB, at least
    1,000 bytes, …) turns them into billed units. Arrays are (W,), one element per workload.
    """

    meter: str
    amount: FloatArray
    each_bytes: FloatArray | None = None


@dataclass(frozen=True)
class Component:
    """One thing that is deployed, and what it uses."""

    name: str
    kind: Kind
    service: str
    uses: tuple[Use, ...] = ()
    role: Role | None = None


@dataclass(frozen=True)
class Flow:
    """A month's traffic on an edge; arrays (W,).

    `messages` are what is handed over (messages, updates, objects or queries), `batches` the POSTs or requests
    they travel in, `wire_bytes` what leaves the source, compressed and with protocol overhead.
    """

    messages: FloatArray
    batches: FloatArray
    raw_bytes: FloatArray
    wire_bytes: FloatArray


@dataclass(frozen=True)
class Edge:
    """Data flowing between two slots. A `push` edge gains sender and receiver when its ends part; a `query` edge
    is answered by the source's read handler anyway and gains only the traffic.
    """

    id: str
    source: Slot
    target: Slot
    push: bool
    flow: Callable[[Volumes], Flow]
    title: str


EndParts = Callable[[Volumes, Flow, Relation], Iterable[Component]]
"""The components at one end of an edge, given its traffic and how the ends lie."""


@dataclass(frozen=True)
class Limit:
    """A capacity of the service: workloads beyond it cannot use the offer."""

    reason: str
    fits: Callable[[Volumes], NDArray[np.bool_]]


@dataclass(frozen=True)
class Offer:
    """One way to fill a slot.

    `components` gives what the offer deploys for itself; `ends` what it adds at an edge's end, by (edge id, end).
    Where `ends` says nothing, the cloud's usual glue applies (`Cloud.ends`).
    """

    id: str
    slot: Slot
    provider: Provider
    service: str
    variant: str
    summary: str
    features: frozenset[str]
    components: Callable[[Volumes], Iterable[Component]]
    ends: Mapping[tuple[str, End], EndParts] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    deployable: bool = True

    @property
    def title(self) -> str:
        """Service and variant as a person reads them."""
        return f"{self.service} ({self.variant})" if self.variant else self.service


@dataclass(frozen=True)
class Cloud:
    """One provider's offers and its usual glue at either end of an edge."""

    provider: Provider
    offers: tuple[Offer, ...]
    ends: Callable[[Edge, End], EndParts]
    egress_meter: str

    def end_parts(self, offer: Offer, edge: Edge, end: End) -> EndParts:
        """What `offer` adds at this end of `edge`."""
        return offer.ends.get((edge.id, end)) or self.ends(edge, end)


def nothing(_volumes: Volumes, _flow: Flow, _relation: Relation) -> Iterable[Component]:
    """An end that adds no component."""
    return ()
