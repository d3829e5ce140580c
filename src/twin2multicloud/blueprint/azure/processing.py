"""L2 on Azure: Functions on the Consumption or the Flex Consumption plan, fed by IoT Hub itself or by a queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from twin2multicloud.blueprint.azure.cosmos import read_ru, write_ru
from twin2multicloud.blueprint.azure.glue import (
    CONSUMPTION,
    FLEX,
    Plan,
    checkpoints,
    function,
    longer_function,
    more_runs,
    outbox_and_sender,
    queue,
    queue_messages,
    receiver,
    store,
)
from twin2multicloud.blueprint.edges import COMMANDS, PERSIST, TELEMETRY, TWIN_UPDATES
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


def _topic(name: str, events: FloatArray, event_bytes: FloatArray) -> Component:
    """An Event Grid topic with one subscription: a publish and a delivery per event."""
    use = Use("azure.event-grid.operations", events * 2, each_bytes=event_bytes)
    return Component(name, Kind.TOPIC, "Event Grid", (use,))


def _components(plan: Plan) -> Callable[[Volumes], Iterable[Component]]:
    def components(v: Volumes) -> Iterable[Component]:
        runs = v.stream_batches
        event = v.constant(v.assumptions.event_bytes)
        yield function(v, "process", Role.PROCESS, runs, process_ms(v, runs), plan)
        yield _topic("alerts", v.alerts, event)
        yield _topic("errors", v.errors, event)
        # Errors are delivered to the queue that the management backend pulls from.
        yield queue("error-queue", v.errors)
        state = v.constant(v.assumptions.state_bytes)
        yield store("rule-state", write_ru(v, v.rule_state_writes, state) + read_ru(v, v.rule_state_reads, state))
        yield store("dead-letters", write_ru(v, v.errors, v.envelope_size))

    return components


def _intake(plan: Plan) -> EndParts:
    """Local telemetry is read from the hub's Event Hubs-compatible endpoint; what is posted waits in a queue."""

    def parts(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
        if relation is Relation.SAME:
            yield checkpoints(v, "intake-checkpoints", v.stream_batches)
            return
        messages = queue_messages(flow)
        yield from receiver(TELEMETRY, v, flow)
        yield queue("intake", messages)
        # Each queue message is one execution; links with small batches make more of them than the hub would.
        yield more_runs(v, "process", Role.PROCESS, (v.stream_batches, messages), process_ms, plan)

    return parts


def _before_ms(v: Volumes, edge: Edge) -> FloatArray:
    """Time the function is busy before it hands over on `edge`, all earlier hand-overs taken to be local.

    Where an earlier one is remote, some of the plan's minimum time is still unused and the bill a little high.
    """
    earlier = _HANDED_OVER[: _HANDED_OVER.index(edge)]
    local = sum((handling_ms(e, v, e.flow(v)) for e in earlier), start=np.zeros_like(v.messages))
    return process_ms(v, v.stream_batches) + local


def _hands_over(edge: Edge, plan: Plan) -> EndParts:
    """At the source: hand over within the own function, or through the outbox to a sender."""
    remote = outbox_and_sender(edge)

    def parts(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
        if relation is not Relation.SAME:
            yield from remote(v, flow, relation)
            return
        before, more = _before_ms(v, edge), handling_ms(edge, v, flow)
        yield longer_function(v, "process", Role.PROCESS, v.stream_batches, before, more, plan)

    return parts


def _fits_memory(plan: Plan) -> Limit:
    most = plan.most_memory_mib
    return Limit(
        f"a function of this plan has at most {most:,.0f} MiB of memory",
        lambda v: v.constant(v.assumptions.handler_memory_mib) <= most,
    )


def _offer(offer_id: str, variant: str, summary: str, plan: Plan, *features: str) -> Offer:
    return Offer(
        id=offer_id,
        slot=Slot.PROCESSING,
        provider=Provider.AZURE,
        service="Functions",
        variant=variant,
        summary=summary,
        features=frozenset({"managed", "serverless", "user-code", *features}),
        components=_components(plan),
        ends={
            (TELEMETRY.id, End.TARGET): _intake(plan),
            **{(edge.id, End.SOURCE): _hands_over(edge, plan) for edge in _HANDED_OVER},
        },
        limits=(_fits_memory(plan),),
    )


PROCESSING = (
    _offer(
        "azure.functions-consumption",
        "Consumption",
        "functions billed per execution, at least 100 ms each",
        CONSUMPTION,
    ),
    _offer(
        "azure.functions-flex",
        "Flex Consumption",
        "functions on instances of 512 MB and more, billed while active; can join a private network",
        FLEX,
        "private-network",
    ),
)
