"""L2 on AWS: Lambda on x86 or arm64, fed by an SQS queue or a Kinesis stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twin2multicloud.blueprint.aws.glue import (
    ARM64,
    X86,
    function,
    in_requests,
    outbox_and_sender,
    queue,
    receiver,
    store,
)
from twin2multicloud.blueprint.edges import COMMANDS, PERSIST, TELEMETRY, TWIN_UPDATES
from twin2multicloud.blueprint.parts import (
    Component,
    End,
    EndParts,
    Flow,
    Kind,
    Offer,
    Relation,
    Role,
    Use,
)
from twin2multicloud.blueprint.volumes import HOURS_PER_MONTH, FloatArray, Volumes
from twin2multicloud.blueprint.work import message_bytes, process_ms
from twin2multicloud.model.slots import Provider, Slot


def _function(cpu: str, batches: Callable[[Volumes], FloatArray]) -> Callable[[Volumes], Iterable[Component]]:
    def components(v: Volumes) -> Iterable[Component]:
        invocations = batches(v)
        yield function(v, "process", Role.PROCESS, invocations, process_ms(v, invocations), cpu)
        event = v.constant(v.assumptions.event_bytes)
        yield Component("alerts", Kind.TOPIC, "SNS", (Use("aws.sns.publishes", v.alerts, each_bytes=event),))
        yield Component(
            "errors",
            Kind.TOPIC,
            "SNS",
            (
                Use("aws.sns.publishes", v.errors, each_bytes=event),
                # Delivery to the queue that the management backend pulls from: send, receive, delete.
                Use("aws.sqs.requests", v.errors * 3, each_bytes=event),
            ),
        )
        state = v.constant(v.assumptions.state_bytes)
        yield store("rule-state", v.rule_state_writes, state, v.rule_state_reads)
        yield store("dead-letters", v.errors, v.envelope_size)

    return components


def _queued(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
    per_send = v.constant(1)
    if relation is not Relation.SAME:
        yield from receiver(TELEMETRY, v, flow)
        per_send = in_requests(flow.messages / flow.batches)
    yield queue(v, "intake", flow.messages, message_bytes(flow), per_send, v.assumptions.queue_batch_messages)


def _streamed(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
    if relation is not Relation.SAME:
        yield from receiver(TELEMETRY, v, flow)
    yield Component(
        "intake",
        Kind.STREAM,
        "Kinesis",
        (
            Use("aws.kinesis.stream-hours", v.constant(HOURS_PER_MONTH)),
            Use("aws.kinesis.ingest", flow.messages, each_bytes=message_bytes(flow)),
            Use("aws.kinesis.retrieval", flow.raw_bytes),
        ),
    )


def _offer(cpu: str, intake: str, title: str, batches: Callable[[Volumes], FloatArray], arrive: EndParts) -> Offer:
    def run(v: Volumes) -> FloatArray:
        return v.messages / batches(v)

    return Offer(
        id=f"aws.lambda-{cpu}-{intake}",
        slot=Slot.PROCESSING,
        provider=Provider.AWS,
        service="Lambda",
        variant=f"{cpu}, {title}",
        summary=f"functions on {cpu}, fed by {title}",
        features=frozenset({"managed", "serverless", "user-code", cpu, intake}),
        components=_function(cpu, batches),
        ends={
            (TELEMETRY.id, End.TARGET): arrive,
            **{(edge.id, End.SOURCE): outbox_and_sender(edge, cpu, run) for edge in (PERSIST, TWIN_UPDATES, COMMANDS)},
        },
    )


def _queue_batches(v: Volumes) -> FloatArray:
    return v.queue_batches


def _stream_batches(v: Volumes) -> FloatArray:
    return v.stream_batches


PROCESSING = tuple(
    _offer(cpu, intake, title, batches, arrive)
    for intake, title, batches, arrive in (
        ("sqs", "SQS", _queue_batches, _queued),
        ("kinesis", "Kinesis", _stream_batches, _streamed),
    )
    for cpu in (X86, ARM64)
)
