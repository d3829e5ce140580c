"""AWS building blocks: Lambda functions, SQS queues, and what an edge adds at its two ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from twin2multicloud.blueprint.edges import TELEMETRY, TO_COOL
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
from twin2multicloud.blueprint.volumes import FloatArray, Volumes
from twin2multicloud.blueprint.work import handling_ms, message_bytes, receive_ms, send_ms

ARM64 = "arm64"
X86 = "x86"


def duration(v: Volumes, busy_ms: FloatArray, cpu: str) -> Use:
    """Time in a function of the assumed memory."""
    memory_bytes = v.assumptions.handler_memory_mib * 2**20
    return Use(f"aws.lambda.duration-{cpu}", busy_ms / 1000 * memory_bytes)


def function(
    v: Volumes, name: str, role: Role, invocations: FloatArray, busy_ms: FloatArray, cpu: str = ARM64
) -> Component:
    """A Lambda function. `busy_ms` is the time of all its invocations together, billed by the millisecond.

    Our own handlers run on arm64, the cheaper of the two; only user code may need x86.
    """
    uses = (
        Use("aws.lambda.requests", invocations),
        duration(v, busy_ms, cpu),
        Use("aws.cloudwatch.log-ingestion", invocations * v.assumptions.log_bytes_per_invocation),
    )
    return Component(name, Kind.FUNCTION, "Lambda", uses, role)


def longer_function(v: Volumes, name: str, role: Role, busy_ms: FloatArray, cpu: str = ARM64) -> Component:
    """More time in a function that runs anyway: no further invocation."""
    return Component(name, Kind.FUNCTION, "Lambda", (duration(v, busy_ms, cpu),), role)


_MOST_PER_REQUEST = 10


def in_requests(together: FloatArray) -> FloatArray:
    """Messages per SQS request where so many are handed over at once: at least one, at most ten."""
    return np.clip(together, 1.0, _MOST_PER_REQUEST)


def queue(
    v: Volumes, name: str, messages: FloatArray, size: FloatArray, per_send: FloatArray, most: float | FloatArray
) -> Component:
    """An SQS queue: sends of `per_send` messages, receives and deletes, counted in 64 KB chunks.

    A run of the consumer takes at most `most` messages, a receive or a delete at most ten of them.
    """
    per_receive = v.batch(np.minimum(most, _MOST_PER_REQUEST), v.per_message(messages))
    receives = messages / per_receive
    uses = (
        Use("aws.sqs.requests", messages / per_send, each_bytes=per_send * size),
        Use("aws.sqs.requests", receives, each_bytes=per_receive * size),
        Use("aws.sqs.requests", receives),
    )
    return Component(name, Kind.QUEUE, "SQS", uses)


def store(name: str, writes: FloatArray, each_bytes: FloatArray, reads: FloatArray | None = None) -> Component:
    """A small DynamoDB table of states, dead letters or nonces, read consistently. What it holds is negligible and
    expires for free.
    """
    uses = [Use("aws.dynamodb.write-units", writes, each_bytes=each_bytes)]
    if reads is not None:
        uses.append(Use("aws.dynamodb.read-units", reads, each_bytes=each_bytes))
    return Component(name, Kind.STORE, "DynamoDB", tuple(uses))


def nonces(v: Volumes, posts: FloatArray) -> Component:
    """What receivers remember of signed requests, so that none is accepted twice: a write each."""
    return store("nonces", posts, v.constant(v.assumptions.state_bytes))


def _queue_run(v: Volumes) -> FloatArray:
    return v.batch(v.assumptions.queue_batch_messages)


def outbox_and_sender(edge: Edge, cpu: str = ARM64, run: Callable[[Volumes], FloatArray] = _queue_run) -> EndParts:
    """At the source: hand over within the own function, or queue for a function that signs and posts batches.

    `run` gives the messages of telemetry in one run of the source's function, which queues what it hands over.
    """

    def parts(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
        if relation is Relation.SAME:
            if edge == TELEMETRY:
                return  # an IoT rule's action puts it into the queue or stream
            yield longer_function(v, "process", Role.PROCESS, handling_ms(edge, v, flow), cpu)
            return
        # An IoT rule queues a device's messages one by one, our handlers what they hand over in up to tens.
        per_send = v.constant(1) if edge == TELEMETRY else in_requests(run(v) * v.per_message(flow.messages))
        yield queue(v, f"{edge.id}-outbox", flow.messages, message_bytes(flow), per_send, v.link_batch_messages)
        yield function(v, f"{edge.id}-sender", Role.SEND, flow.batches, send_ms(v, flow))

    return parts


def _posting_mover(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
    """The hot store's mover posts its objects itself: its schedule is the retry."""
    if relation is not Relation.SAME:
        busy = flow.batches * v.assumptions.send_ms_per_batch
        yield longer_function(v, f"{TO_COOL.id}-mover", Role.MOVE, busy)


def receiver(edge: Edge, v: Volumes, flow: Flow) -> Iterable[Component]:
    """The function behind a function URL that checks signatures and puts batches away."""
    yield function(v, f"{edge.id}-receiver", Role.RECEIVE, flow.batches, receive_ms(edge, v, flow))
    yield nonces(v, flow.batches)


ends = usual_ends(outbox=outbox_and_sender, posting_mover=_posting_mover, receiver=receiver, nonces=nonces)
"""The usual glue at either end of an edge; offers override it where their service differs."""
