"""Google Cloud building blocks: Pub/Sub topics, scheduled movers, and what an edge adds at its two ends.

Pub/Sub counts what is published and each delivery alike, at least 1,000 bytes a request ("Pub/Sub pricing"). A
push subscription delivers one message per request; a streaming pull delivers many.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from twin2multicloud.blueprint.edges import TO_COOL
from twin2multicloud.blueprint.ends import usual_ends
from twin2multicloud.blueprint.gcp.run import function, gathering_service, more_of_function
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
from twin2multicloud.blueprint.work import (
    message_bytes,
    mover_ms,
    mover_runs,
    receive_ms,
    send_ms,
)

THROUGHPUT = "gcp.pubsub.throughput"


def in_pubsub(v: Volumes, payload_bytes: FloatArray | float) -> FloatArray:
    """Bytes that Pub/Sub counts for a message of that payload."""
    return v.constant(v.assumptions.pubsub_overhead_bytes) + payload_bytes


def topic(v: Volumes, name: str, messages: FloatArray, payload_bytes: FloatArray | float) -> Component:
    """A topic with one subscription: a publish and a delivery per message."""
    size = in_pubsub(v, payload_bytes)
    return Component(name, Kind.TOPIC, "Pub/Sub", (Use(THROUGHPUT, messages * 2, each_bytes=size),))


def batch_topic(v: Volumes, name: str, flow: Flow) -> Component:
    """A topic whose messages are an edge's batches."""
    size = np.divide(flow.raw_bytes, flow.batches, out=np.zeros_like(flow.batches), where=flow.batches > 0)
    return topic(v, name, flow.batches, size)


def batched_outbox(edge: Edge) -> EndParts:
    """At the source of a crossing: a topic of batches, as a run hands them over, and a function that posts each."""

    def parts(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
        if relation is not Relation.SAME:
            run = v.batch(v.assumptions.stream_batch_messages) * v.per_message(flow.messages)
            # Never less than the link's own batches, which are bounded by bytes, too.
            posted = replace(flow, batches=np.maximum(flow.messages / np.maximum(run, 1.0), flow.batches))
            yield batch_topic(v, f"{edge.id}-outbox", posted)
            yield function(v, f"{edge.id}-sender", Role.SEND, posted.batches, send_ms(v, posted))

    return parts


def gathering_outbox(edge: Edge) -> EndParts:
    """At the source of a crossing whose messages come one by one: a topic, and a sender that gathers them."""

    def parts(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
        if relation is not Relation.SAME:
            yield topic(v, f"{edge.id}-outbox", flow.messages, message_bytes(flow))
            yield gathering_sender(edge, v, flow)

    return parts


def gathering_sender(edge: Edge, v: Volumes, flow: Flow) -> Component:
    """What takes pushed messages at the same time, posts them as a batch and only then acknowledges.

    So every message is a request that lasts until its batch closes and is posted; the requests of a batch share the
    time. Where a link's batches hold one message, each is posted at once.
    """
    a = v.assumptions
    busy_ms = flow.messages * (a.invocation_ms + a.link_ms_per_message)
    open_ms = flow.batches * (a.batch_window_s * 1000 + a.send_ms_per_batch)
    return gathering_service(
        v, f"{edge.id}-sender", Role.SEND, flow.messages, flow.batches, send_ms(v, flow), open_ms, busy_ms
    )


def mover(v: Volumes, name: str, records: FloatArray, more_ms: FloatArray | float = 0.0) -> Iterable[Component]:
    """A scheduled function that moves records on, and its job of Cloud Scheduler."""
    job = Use("gcp.scheduler.jobs", np.where(records > 0, 1.0, 0.0))
    yield Component(f"{name}-schedule", Kind.SCHEDULE, "Cloud Scheduler", (job,))
    yield function(v, name, Role.MOVE, mover_runs(v, records), mover_ms(v, records) + more_ms)


def _posting_mover(v: Volumes, flow: Flow, relation: Relation) -> Iterable[Component]:
    """The hot store's mover posts its objects itself: its schedule is the retry."""
    if relation is not Relation.SAME:
        runs, busy = mover_runs(v, v.leaves_hot), mover_ms(v, v.leaves_hot)
        longer = busy + flow.batches * v.assumptions.send_ms_per_batch
        yield more_of_function(v, f"{TO_COOL.id}-mover", Role.MOVE, (runs, busy), (runs, longer))


def store(
    name: str, writes: FloatArray, reads: FloatArray | None = None, deletes: FloatArray | None = None
) -> Component:
    """A small Firestore collection of states, dead letters or nonces; what it holds is negligible."""
    amounts = {"writes": writes, "reads": reads, "deletes": deletes}
    uses = tuple(Use(f"gcp.firestore.{what}", amount) for what, amount in amounts.items() if amount is not None)
    return Component(name, Kind.STORE, "Firestore", uses)


def nonces(_v: Volumes, posts: FloatArray) -> Component:
    """What receivers remember of signed requests, so that none is accepted twice: a write and its expiry each."""
    return store("nonces", posts, deletes=posts)


def receiver(edge: Edge, v: Volumes, flow: Flow) -> Iterable[Component]:
    """The HTTPS function that checks signatures and puts batches away."""
    yield function(v, f"{edge.id}-receiver", Role.RECEIVE, flow.batches, receive_ms(edge, v, flow))
    yield nonces(v, flow.batches)


ends = usual_ends(outbox=batched_outbox, posting_mover=_posting_mover, receiver=receiver, nonces=nonces)
"""The usual glue at either end of an edge; offers override it where their service differs."""
