"""Azure building blocks: Functions on two plans, Storage Queues, and what an edge adds at its two ends.

Billing rules from Microsoft's documentation of the two plans ("Estimating consumption-based costs" and "Flex
Consumption plan hosting"): Consumption bills every execution for at least 100 ms in steps of 128 MB; Flex bills
the time an instance is active, each active period for at least 1,000 ms, at the instance's full memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np

from twin2multicloud.blueprint.azure.cosmos import write_ru
from twin2multicloud.blueprint.edges import TO_COOL
from twin2multicloud.blueprint.ends import usual_ends
from twin2multicloud.blueprint.parts import (
    Component,
    Edge,
    EndParts,
    Flow,
    Kind,
    Relation,
    Role,
    Use,
)
from twin2multicloud.blueprint.volumes import SECONDS_PER_MONTH, FloatArray, Volumes
from twin2multicloud.blueprint.work import message_bytes, mover_ms, mover_runs, receive_ms, send_ms

_MIB = 2**20
_CONSUMPTION_STEP_MIB = 128
_CONSUMPTION_MINIMUM_S = 0.1
_FLEX_SIZES_MIB = (512, 2048, 4096)
_FLEX_MINIMUM_S = 1.0

QUEUE_MESSAGE_BYTES = 64 * 1024
"""Largest message of a Storage Queue."""

_OPERATIONS_PER_QUEUE_MESSAGE = 3  # put, get, delete


@dataclass(frozen=True)
class Plan:
    """A hosting plan of Azure Functions: its meters, its memory sizes and the seconds it bills.

    `billed_s(busy_ms, executions)` gives the seconds billed in a month for `executions` that are busy for
    `busy_ms` together; it falls in neither argument. `memory_mib(m)` is what a handler of m MiB is billed at.
    """

    service: str
    meter: str
    most_memory_mib: float
    memory_mib: Callable[[float], float]
    billed_s: Callable[[FloatArray, FloatArray], FloatArray]

    def duration(self, v: Volumes, seconds: FloatArray) -> Use:
        """Billed seconds at the memory the plan gives a handler."""
        memory_bytes = self.memory_mib(v.assumptions.handler_memory_mib) * _MIB
        return Use(f"{self.meter}.duration", seconds * memory_bytes)


def _consumption_memory_mib(handler_mib: float) -> float:
    return float(np.ceil(handler_mib / _CONSUMPTION_STEP_MIB) * _CONSUMPTION_STEP_MIB)


def _consumption_s(busy_ms: FloatArray, executions: FloatArray) -> FloatArray:
    return np.maximum(busy_ms / 1000, _CONSUMPTION_MINIMUM_S * executions)


def _flex_memory_mib(handler_mib: float) -> float:
    return next((float(size) for size in _FLEX_SIZES_MIB if size >= handler_mib), handler_mib)


def _flex_s(busy_ms: FloatArray, executions: FloatArray) -> FloatArray:
    """An active instance takes the next execution too: short ones never bill more than the whole month."""
    return np.maximum(busy_ms / 1000, np.minimum(_FLEX_MINIMUM_S * executions, SECONDS_PER_MONTH))


CONSUMPTION = Plan("Functions", "azure.functions", 1536, _consumption_memory_mib, _consumption_s)
FLEX = Plan("Functions Flex", "azure.functions-flex", _FLEX_SIZES_MIB[-1], _flex_memory_mib, _flex_s)


def _function(v: Volumes, name: str, role: Role, plan: Plan, runs: FloatArray, seconds: FloatArray) -> Component:
    uses = (
        Use(f"{plan.meter}.executions", runs),
        plan.duration(v, seconds),
        Use("azure.monitor.log-ingestion", runs * v.assumptions.log_bytes_per_invocation),
    )
    return Component(name, Kind.FUNCTION, plan.service, uses, role)


def function(
    v: Volumes, name: str, role: Role, executions: FloatArray, busy_ms: FloatArray, plan: Plan = CONSUMPTION
) -> Component:
    """A function. `busy_ms` is the time of all its executions together, before the plan's minimum.

    Our own handlers run on the Consumption plan; only user code may choose another.
    """
    return _function(v, name, role, plan, executions, plan.billed_s(busy_ms, executions))


def longer_function(
    v: Volumes,
    name: str,
    role: Role,
    executions: FloatArray,
    before_ms: FloatArray,
    more_ms: FloatArray,
    plan: Plan = CONSUMPTION,
) -> Component:
    """`more_ms` in a function that runs anyway and is busy for `before_ms`: only time above its minimum costs."""
    longer = plan.billed_s(before_ms + more_ms, executions) - plan.billed_s(before_ms, executions)
    return Component(name, Kind.FUNCTION, plan.service, (plan.duration(v, longer),), role)


def more_runs(
    v: Volumes,
    name: str,
    role: Role,
    runs: tuple[FloatArray, FloatArray],
    busy_ms: Callable[[Volumes, FloatArray], FloatArray],
    plan: Plan = CONSUMPTION,
) -> Component:
    """What a function costs more that runs `runs[1]` times instead of `runs[0]` (never less)."""
    before, after = runs[0], np.maximum(*runs)
    seconds = plan.billed_s(busy_ms(v, after), after) - plan.billed_s(busy_ms(v, before), before)
    return _function(v, name, role, plan, after - before, seconds)


def handed_over_messages(v: Volumes, flow: Flow) -> FloatArray:
    """Queue messages for what runs of the processing function hand over: up to a link's batch of a run, and 64 KB."""
    size = message_bytes(flow)
    run = v.batch(v.assumptions.stream_batch_messages) * v.per_message(flow.messages)
    fits = np.floor(QUEUE_MESSAGE_BYTES / size + 1e-9)
    each = np.clip(run, 1.0, np.maximum(np.minimum(v.link_batch_messages, fits), 1.0))
    pieces = np.maximum(np.ceil(size / QUEUE_MESSAGE_BYTES - 1e-9), 1.0)
    return flow.messages / each * pieces


def queue_messages(flow: Flow) -> FloatArray:
    """Queue messages that carry an edge's batches: one each, more where a batch exceeds 64 KB."""
    size = np.divide(flow.raw_bytes, flow.batches, out=np.zeros_like(flow.batches), where=flow.batches > 0)
    # A hair above a whole number of messages is rounding, not another message.
    return flow.batches * np.maximum(np.ceil(size / QUEUE_MESSAGE_BYTES - 1e-9), 1.0)


def queue(name: str, messages: FloatArray) -> Component:
    """A Storage Queue: put, get and delete per message."""
    uses = (Use("azure.storage-queue.operations", messages * _OPERATIONS_PER_QUEUE_MESSAGE),)
    return Component(name, Kind.QUEUE, "Storage Queue", uses)


def store(name: str, units: FloatArray) -> Component:
    """A small serverless container of states, dead letters or nonces; what it holds is negligible."""
    return Component(name, Kind.STORE, "Cosmos DB", (Use("azure.cosmos.serverless-ru", units),))


def nonces(v: Volumes, posts: FloatArray) -> Component:
    """What receivers remember of signed requests, so that none is accepted twice: a write and its expiry each."""
    return store("nonces", write_ru(v, posts * 2, v.constant(v.assumptions.state_bytes)))


def checkpoints(v: Volumes, name: str, batches: FloatArray) -> Component:
    """Where a reader of an event hub saves its position: a blob it rewrites every few batches."""
    writes = batches / v.assumptions.checkpoint_batches
    return Component(name, Kind.BUCKET, "Blob Storage", (Use("azure.blob.hot.write", writes),))


def outbox_and_sender(edge: Edge) -> EndParts:
    """At the source of a crossing: a queue of batches, and a function that signs and posts them."""

    def parts(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
        if relation is not Relation.SAME:
            messages = handed_over_messages(v, flow)
            yield queue(f"{edge.id}-outbox", messages)
            # A queue message is an execution and a POST of its own.
            busy = send_ms(v, replace(flow, batches=messages))
            yield function(v, f"{edge.id}-sender", Role.SEND, messages, busy)

    return parts


def _posting_mover(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
    """The hot store's mover posts its objects itself: its schedule is the retry."""
    if relation is not Relation.SAME:
        runs, before = mover_runs(v, v.leaves_hot), mover_ms(v, v.leaves_hot)
        more = flow.batches * v.assumptions.send_ms_per_batch
        yield longer_function(v, f"{TO_COOL.id}-mover", Role.MOVE, runs, before, more)


def receiver(edge: Edge, v: Volumes, flow: Flow) -> Iterable[Component]:
    """The HTTP-triggered function that checks signatures and puts batches away."""
    yield function(v, f"{edge.id}-receiver", Role.RECEIVE, flow.batches, receive_ms(edge, v, flow))
    yield nonces(v, flow.batches)


ends = usual_ends(outbox=outbox_and_sender, posting_mover=_posting_mover, receiver=receiver, nonces=nonces)
"""The usual glue at either end of an edge; offers override it where their service differs."""
