"""How long telemetry takes from a device to where it is kept and shown: by way of a placement, in milliseconds.

A message goes device → L1 → L2 → L3.hot, and from L2 to L4; the longer of both ways counts. Between regions it takes as
long as light in fibre along the great circle times a factor for detours; every hand-over takes a constant, and where a
batch is gathered it may wait until that closes. Distances bound the time from below; the constants are assumptions. No
provider publishes delays between all regions, so this ranks placements and is not a promise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from twin2multicloud.blueprint.edges import PERSIST, TELEMETRY, TWIN_UPDATES
from twin2multicloud.blueprint.parts import Edge, Flow
from twin2multicloud.blueprint.volumes import Volumes
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.optimizer.latency.coordinates import Point
from twin2multicloud.optimizer.pricing.tariffs import FloatArray
from twin2multicloud.optimizer.search.bounded import Paths

SECONDS_PER_MONTH: Final = 730.0 * 3600.0


@dataclass(frozen=True)
class Assumed:
    """What is assumed; milliseconds but for the factor and the speed."""

    fibre_km_per_ms: float = 200.0
    route_factor: float = 1.6
    hand_over_ms: float = 15.0
    link_ms: float = 30.0

    def travel_ms(self, km: float) -> float:
        """One way between two places."""
        return km * self.route_factor / self.fibre_km_per_ms

    def as_text(self) -> tuple[str, ...]:
        """Each of them in a sentence."""
        return (
            f"light goes {self.fibre_km_per_ms:g} km a millisecond in fibre, and cables are as long as great circles "
            f"times {self.route_factor:g}",
            f"a queue or an event starts a handler, which runs, in {self.hand_over_ms:g} ms",
            f"a link between two places adds {self.link_ms:g} ms: its sender and its receiver",
            "what gathers a batch keeps its first message until it closes",
        )


ASSUMED: Final = Assumed()


@dataclass(frozen=True)
class Waits:
    """For how long, in ms, the first message of a batch waits: at the intake of L2, and on a link along each edge."""

    intake: float
    links: Mapping[str, float]


def waits_of(volumes: Volumes) -> Waits:
    """Of the first workload."""
    batch = volumes.batch(volumes.assumptions.queue_batch_messages)
    links = {edge.id: _wait_ms(edge.flow(volumes)) for edge in (TELEMETRY, PERSIST, TWIN_UPDATES)}
    return Waits(float((batch[0] - 1) / volumes.messages_per_s[0] * 1000), links)


def _wait_ms(flow: Flow) -> float:
    """A batch of mean size n closes (n − 1) arrivals after its first message."""
    if not flow.messages[0] > 0:
        return 0.0
    mean = float(flow.messages[0] / flow.batches[0])
    return (mean - 1) / float(flow.messages[0] / SECONDS_PER_MONTH) * 1000


def paths(
    locations: Sequence[tuple[Provider, str]],
    coordinates: Mapping[tuple[Provider, str], Point],
    waits: Waits,
    devices: Point | None = None,
    assumed: Assumed = ASSUMED,
) -> Paths:
    """The ways of a message over some locations: milliseconds of every hop between two of them, infinite where nobody
    says where a region is. Without `devices` their way to L1 is not counted.
    """
    where = [coordinates.get(key) for key in locations]
    travel = np.array(
        [[np.inf if a is None or b is None else assumed.travel_ms(a.km_to(b)) for b in where] for a in where]
    ).reshape(len(where), len(where))
    apart = ~np.eye(len(where), dtype=bool)

    def hop(edge: Edge, more: float) -> FloatArray:
        link = assumed.link_ms + waits.links[edge.id]
        return np.asarray(more + np.where(apart, travel + link, np.where(np.isfinite(travel), 0.0, np.inf)))

    first = np.array(
        [np.inf if at is None else 0.0 if devices is None else assumed.travel_ms(devices.km_to(at)) for at in where]
    )
    return Paths(
        root=SLOTS.index(Slot.ACQUISITION),
        first=first + assumed.hand_over_ms,
        hops={
            SLOTS.index(Slot.PROCESSING): (
                SLOTS.index(Slot.ACQUISITION),
                hop(TELEMETRY, assumed.hand_over_ms + waits.intake),
            ),
            SLOTS.index(Slot.HOT): (SLOTS.index(Slot.PROCESSING), hop(PERSIST, 0.0)),
            SLOTS.index(Slot.MANAGEMENT): (SLOTS.index(Slot.PROCESSING), hop(TWIN_UPDATES, assumed.hand_over_ms)),
        },
    )
