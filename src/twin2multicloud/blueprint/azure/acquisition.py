"""L1 on Azure: one IoT Hub of a Standard or Basic edition, sized for the busiest day.

Quotas, the most units of a hub and its most devices: Microsoft's "IoT Hub quotas and throttling".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin2multicloud.blueprint.azure.glue import checkpoints, function
from twin2multicloud.blueprint.edges import TELEMETRY
from twin2multicloud.blueprint.parts import Component, End, Flow, Kind, Limit, Offer, Relation, Role, Use
from twin2multicloud.blueprint.volumes import DAYS_PER_MONTH, FloatArray, Volumes
from twin2multicloud.blueprint.work import send_ms
from twin2multicloud.model.slots import Provider, Slot

_QUOTA_CHUNK_BYTES = 4096
_MOST_DEVICES = 1_000_000


@dataclass(frozen=True)
class _Edition:
    """An edition of IoT Hub: messages a day per unit, and the most units one hub takes."""

    name: str
    messages_per_unit_day: float
    most_units: int
    two_way: bool

    @property
    def meter(self) -> str:
        return f"azure.iot-hub.{self.name}"


_EDITIONS = tuple(
    _Edition(f"{family}{size}", quota, units, family == "s")
    for family in ("s", "b")
    for size, quota, units in ((1, 400_000, 200), (2, 6_000_000, 200), (3, 300_000_000, 10))
)


def _peak_day_commands(v: Volumes) -> FloatArray:
    return v.commands / DAYS_PER_MONTH * v.peak_factor


def _components(edition: _Edition) -> Callable[[Volumes], Iterable[Component]]:
    def components(v: Volumes) -> Iterable[Component]:
        uses = [Use(edition.meter, v.peak_day_messages, each_bytes=v.message_size_bytes)]
        if edition.two_way:
            command = v.constant(v.assumptions.command_bytes)
            uses.append(Use(edition.meter, _peak_day_commands(v), each_bytes=command))
        yield Component("gateway", Kind.GATEWAY, "IoT Hub", tuple(uses))

    return components


def _sender(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
    """The hub's built-in endpoint keeps messages for days, so the sender reads it, a link's batch a run, and needs no
    queue.
    """
    if relation is not Relation.SAME:
        yield checkpoints(v, "telemetry-checkpoints", flow.batches)
        yield function(v, "telemetry-sender", Role.SEND, flow.batches, send_ms(v, flow))


def _chunks(each_bytes: FloatArray) -> FloatArray:
    return np.maximum(np.ceil(each_bytes / _QUOTA_CHUNK_BYTES), 1.0)


def _limits(edition: _Edition) -> Iterable[Limit]:
    most = edition.messages_per_unit_day * edition.most_units

    def within_quota(v: Volumes) -> NDArray[np.bool_]:
        command = v.constant(v.assumptions.command_bytes)
        counted = v.peak_day_messages * _chunks(v.message_size_bytes) + _peak_day_commands(v) * _chunks(command)
        return counted <= most * (1 + 1e-9)

    yield Limit(f"{edition.most_units} units take at most {most:,.0f} messages of 4 KB on a day", within_quota)
    yield Limit(f"a hub registers at most {_MOST_DEVICES:,} devices", lambda v: v.devices <= _MOST_DEVICES)
    if not edition.two_way:
        yield Limit("Basic editions send no commands to devices", lambda v: v.commands_per_device_per_day == 0)


_FEATURES = frozenset({"managed", "mqtt", "https", "device-identity"})


def _offer(edition: _Edition) -> Offer:
    label = edition.name.upper()
    direction = "telemetry and commands" if edition.two_way else "telemetry only"
    return Offer(
        id=f"azure.iot-hub-{edition.name}",
        slot=Slot.ACQUISITION,
        provider=Provider.AZURE,
        service="IoT Hub",
        variant=label,
        summary=f"{direction}; units of {edition.messages_per_unit_day:,.0f} messages a day",
        features=_FEATURES | {"commands"} if edition.two_way else _FEATURES,
        components=_components(edition),
        ends={(TELEMETRY.id, End.SOURCE): _sender},
        limits=tuple(_limits(edition)),
    )


ACQUISITION = tuple(_offer(edition) for edition in _EDITIONS)
