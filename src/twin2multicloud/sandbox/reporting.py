"""A simulated cloud's status document, from its parts."""

from __future__ import annotations

import os
import resource
import sys
import time
from typing import TYPE_CHECKING

from twin2multicloud.model.slots import Slot
from twin2multicloud.runtime.times import to_epoch
from twin2multicloud.sandbox.status import (
    ClassStatus,
    ClockStatus,
    CloudState,
    CloudStatus,
    FaultStatus,
    FunctionStatus,
    GatewayStatus,
    GraphStatus,
    LinkStatus,
    MeterStatus,
    StoreStatus,
)

if TYPE_CHECKING:
    from twin2multicloud.sandbox.building import CloudParts
    from twin2multicloud.sandbox.cloud import CloudServer


def memory_bytes() -> int:
    """Resident memory of this process."""
    try:
        with open("/proc/self/statm") as stream:  # noqa: PTH123  a pseudo file, read once a second
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def cloud_status(server: CloudServer) -> CloudStatus:
    """The document as of now."""
    parts = server.parts
    faults = parts.faults.active()
    links = _links(parts)
    wrong = bool(faults) or parts.wall.offset_s != 0
    state: CloudState = "degraded" if wrong or any(link.failing for link in links) else "up"
    if parts.faults.outage:
        state = "outage"
    return CloudStatus(
        cloud=parts.provider.value,
        state=state,
        at=time.time(),
        twin=parts.spec.name,
        regions=tuple(sorted({parts.blueprint.places[slot].region for slot in parts.slots})),
        slots=tuple(slot.value for slot in parts.slots),
        missing=tuple(slot.value for slot in parts.missing),
        uptime_s=time.monotonic() - server.started,
        pid=os.getpid(),
        memory_bytes=memory_bytes(),
        clock=ClockStatus(parts.clock.now(), parts.clock.setting.speed),
        functions=_functions(parts),
        queues=tuple(channel.status for channel in parts.channels.values()),
        stores=_stores(parts),
        graph=_graph(parts),
        links=links,
        gateway=_gateway(server),
        meters=_meters(parts),
        faults=(*(fault.status for fault in faults), *_wrong_clock(parts)),
        errors=tuple(parts.journal.latest(50)),
        dead_letters=parts.dead_letters.count(),
        peers={name: cloud.url for name, cloud in parts.config.clouds.items() if name != parts.provider.value},
        dashboard_url=server.dashboard_url,
    )


def _wrong_clock(parts: CloudParts) -> tuple[FaultStatus, ...]:
    offset = parts.wall.offset_s
    return (FaultStatus("clock-jump", "", f"{offset:+,g} s"),) if offset else ()


def _functions(parts: CloudParts) -> tuple[FunctionStatus, ...]:
    order = {slot.value: number for number, slot in enumerate(Slot)}
    return tuple(sorted((stats.status for stats in parts.stats), key=lambda f: order[f.slot]))


def _stores(parts: CloudParts) -> tuple[StoreStatus, ...]:
    found = []
    if parts.hot is not None:
        count = parts.hot.count()
        newest = parts.hot.newest()
        oldest = parts.hot.oldest_time() if count else None
        found.append(
            StoreStatus(
                "hot",
                "hot",
                (ClassStatus("hot", count, round(parts.hot_bytes(parts.hot))),),
                oldest=to_epoch(oldest) if oldest else None,
                newest=to_epoch(newest.time) if newest is not None else None,
            )
        )
    for slot, bucket in parts.buckets.items():
        usage = bucket.usage()
        classes = tuple(ClassStatus(name, used.records, used.size, used.objects) for name, used in usage.items())
        tier = "cool" if slot is Slot.COOL else "archive"
        found.append(StoreStatus(tier, "cool" if slot is Slot.COOL else "archive", classes))
    return tuple(found)


def _graph(parts: CloudParts) -> GraphStatus | None:
    if parts.graph is None:
        return None
    counts = parts.graph.count_by_model()
    receiver = parts.receiver_stats.get("twin-updates")
    process = next((stats for stats in parts.stats if stats.name == "process"), None)
    updates = receiver.messages if receiver else process.messages if process else 0
    return GraphStatus(
        entities=sum(counts.values()),
        relationships=parts.graph.count_relations(),
        models=len(counts),
        updates=updates,
    )


def _links(parts: CloudParts) -> tuple[LinkStatus, ...]:
    document = parts.links.document()
    names = {cloud.url: name for name, cloud in parts.config.clouds.items()}
    now = time.time()
    found = []
    for edge, peer in sorted(document.out.items()):
        stats = next((s for s in parts.stats if s.name in (f"{edge}-sender", f"{edge}-mover")), None)
        counted = parts.client.stats(edge)
        found.append(
            LinkStatus(
                edge=edge,
                peer=names.get(peer.url, peer.url),
                direction="out",
                batches=counted.posts,
                messages=stats.messages if stats else counted.posts,
                bytes=counted.wire_bytes,
                retries=counted.retries,
                key_ids=tuple(key.id for key in peer.keys),
                key_age_s=now - peer.keys[0].created,
                last_success=counted.last_success,
                last_error=counted.last_error,
                last_error_at=counted.last_error_at,
                failing=counted.failing,
            )
        )
    for edge, keys in sorted(document.into.items()):
        stats = parts.receiver_stats.get(edge)
        link = parts.blueprint.by_edge[edge]
        source = link.source if link.push else link.target
        found.append(
            LinkStatus(
                edge=edge,
                peer=parts.blueprint.places[source].provider.value,
                direction="in",
                batches=stats.invocations if stats else 0,
                messages=stats.messages if stats else 0,
                key_ids=tuple(key.id for key in keys),
                key_age_s=now - keys[0].created,
                last_success=stats.last_run if stats else None,
            )
        )
    return tuple(found)


def _gateway(server: CloudServer) -> GatewayStatus | None:
    counters, mqtt = server.gateway.counters, server.gateway.mqtt
    if counters is None:
        return None
    return GatewayStatus(
        address=server.gateway.address,
        connections=mqtt.connections if mqtt is not None else 0,
        messages=counters.messages,
        messages_per_s=server.message_rate,
        commands=counters.commands,
        refused=counters.refused,
    )


def _meters(parts: CloudParts) -> tuple[MeterStatus, ...]:
    prefix = f"{parts.provider.value}."
    amounts: dict[str, float] = {}
    for (name, _), amount in parts.book.amounts().items():
        if name.startswith(prefix):
            amounts[name] = amounts.get(name, 0.0) + amount
    return tuple(MeterStatus(name, amount) for name, amount in sorted(amounts.items()))
