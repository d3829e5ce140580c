"""L2 on Google Cloud: Cloud Run functions that Pub/Sub pushes to, or an always-on worker that pulls.

Handing over (records, twin updates, commands) is part of the processing handler's time whether it writes them
where they belong or publishes them for a sender: both take about as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from twin2multicloud.blueprint.edges import COMMANDS, PERSIST, TELEMETRY, TWIN_UPDATES
from twin2multicloud.blueprint.gcp.glue import (
    THROUGHPUT,
    batch_topic,
    batched_outbox,
    gathering_outbox,
    in_pubsub,
    receiver,
    store,
    topic,
)
from twin2multicloud.blueprint.gcp.run import MOST_MEMORY_MIB, function, more_of_function, worker
from twin2multicloud.blueprint.parts import (
    Component,
    Edge,
    End,
    EndParts,
    Flow,
    Kind,
    Limit,
    Offer,
    Relation,
    Role,
    Use,
)
from twin2multicloud.blueprint.volumes import FloatArray, Volumes
from twin2multicloud.blueprint.work import handling_ms, process_ms
from twin2multicloud.model.slots import Provider, Slot

_HANDED_OVER = (PERSIST, TWIN_UPDATES, COMMANDS)


def _work(v: Volumes, invocations: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(invocations, ms together) of the processing handler, handing over included."""
    busy = process_ms(v, invocations)
    for edge in _HANDED_OVER:
        busy = busy + handling_ms(edge, v, edge.flow(v))
    return invocations, busy


def _topics_and_stores(v: Volumes) -> Iterable[Component]:
    """Alerts for whoever subscribes, errors for the management backend; what rules remember, what could not be done."""
    yield topic(v, "alerts", v.alerts, v.assumptions.event_bytes)
    yield topic(v, "errors", v.errors, v.assumptions.event_bytes)
    yield store("rule-state", v.rule_state_writes, v.rule_state_reads)
    yield store("dead-letters", v.errors)


def _intake(name: str, requests: FloatArray, each_bytes: FloatArray) -> Component:
    delivered = Use(THROUGHPUT, requests, each_bytes=each_bytes)
    return Component(name, Kind.TOPIC, "Pub/Sub", (delivered,))


def _posted(v: Volumes, flow: Flow) -> Iterable[Component]:
    """Telemetry from elsewhere: every batch is received, and put into a topic as one message."""
    yield from receiver(TELEMETRY, v, flow)
    yield batch_topic(v, "intake", flow)


# ── Functions ───────────────────────────────────────────────────────────────────────────────────────────────
def _functions(v: Volumes) -> Iterable[Component]:
    """Invoked at least as often as telemetry would come in batches; `_pushed` adds what local telemetry adds."""
    yield function(v, "process", Role.PROCESS, *_work(v, TELEMETRY.flow(v).batches))
    yield from _topics_and_stores(v)


def _pushed(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
    """Local telemetry is pushed message by message, each an invocation; batches of a link stay together."""
    if relation is not Relation.SAME:
        yield from _posted(v, flow)
        return
    yield _intake("intake", flow.messages, in_pubsub(v, v.message_size_bytes))
    yield more_of_function(v, "process", Role.PROCESS, _work(v, flow.batches), _work(v, flow.messages))


# ── Worker ──────────────────────────────────────────────────────────────────────────────────────────────────
def _worker(v: Volumes) -> Iterable[Component]:
    batches, busy = _work(v, v.stream_batches)
    yield worker(v, "process", Role.PROCESS, busy, batches)
    yield from _topics_and_stores(v)


def _pulled(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
    """A streaming pull delivers the messages that wait, many in one response."""
    if relation is not Relation.SAME:
        yield from _posted(v, flow)
        return
    counted = v.messages * in_pubsub(v, v.message_size_bytes)
    yield _intake("intake", v.stream_batches, counted / v.stream_batches)


def _fits_memory(v: Volumes) -> NDArray[np.bool_]:
    return v.constant(v.assumptions.handler_memory_mib) <= MOST_MEMORY_MIB


def _offer(
    offer_id: str,
    variant: str,
    summary: str,
    components: Callable[[Volumes], Iterable[Component]],
    arrive: EndParts,
    outbox: Callable[[Edge], EndParts],
    *features: str,
) -> Offer:
    handed_over: Mapping[tuple[str, End], EndParts] = {(edge.id, End.SOURCE): outbox(edge) for edge in _HANDED_OVER}
    return Offer(
        id=offer_id,
        slot=Slot.PROCESSING,
        provider=Provider.GCP,
        service="Cloud Run",
        variant=variant,
        summary=summary,
        features=frozenset({"managed", "user-code", *features}),
        components=components,
        ends={(TELEMETRY.id, End.TARGET): arrive, **handed_over},
        limits=(Limit(f"an instance has at most {MOST_MEMORY_MIB:,} MiB of memory", _fits_memory),),
    )


PROCESSING = (
    _offer(
        "gcp.run-functions",
        "functions",
        "functions that Pub/Sub pushes each message to, billed per request",
        _functions,
        _pushed,
        # Functions see one message at a time, so batches form in the sender.
        gathering_outbox,
        "serverless",
    ),
    _offer(
        "gcp.run-worker",
        "worker",
        "always-on instances that pull messages in batches, no charge per request",
        _worker,
        _pulled,
        batched_outbox,
    ),
)
