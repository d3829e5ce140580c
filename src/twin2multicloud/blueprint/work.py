"""Handler time that belongs to an edge rather than to a cloud."""

from __future__ import annotations

import numpy as np

from twin2multicloud.blueprint.edges import COMMANDS, PERSIST, TWIN_UPDATES
from twin2multicloud.blueprint.parts import Edge, Flow
from twin2multicloud.blueprint.volumes import DAYS_PER_MONTH, FloatArray, Volumes


def handling_ms(edge: Edge, v: Volumes, flow: Flow) -> FloatArray:
    """Milliseconds per month to put what an edge carries where it belongs (a store, the graph, a device).

    When the ends sit together the source's function does it; across a link the receiver does.
    """
    per_message = {
        PERSIST.id: v.assumptions.write_ms_per_message,
        TWIN_UPDATES.id: v.assumptions.graph_ms_per_update,
        COMMANDS.id: v.assumptions.write_ms_per_message,
    }.get(edge.id, 0.0)
    return flow.messages * per_message


def message_bytes(flow: Flow) -> FloatArray:
    """Average raw bytes of what an edge carries."""
    return np.divide(flow.raw_bytes, flow.messages, out=np.ones_like(flow.messages), where=flow.messages > 0)


def send_ms(v: Volumes, flow: Flow) -> FloatArray:
    """Milliseconds per month of a sender: sign, post, wait for the answer."""
    a = v.assumptions
    return flow.batches * (a.invocation_ms + a.send_ms_per_batch) + flow.messages * a.link_ms_per_message


def receive_ms(edge: Edge, v: Volumes, flow: Flow) -> FloatArray:
    """Milliseconds per month of a receiver: check the signature, decode, put away."""
    a = v.assumptions
    decode = flow.batches * a.invocation_ms + flow.messages * a.link_ms_per_message
    return decode + handling_ms(edge, v, flow)


def process_ms(v: Volumes, invocations: FloatArray) -> FloatArray:
    """Milliseconds per month of the processing handler: user code and rules on every message."""
    a = v.assumptions
    return invocations * a.invocation_ms + v.messages * (a.process_ms_per_message + v.rules_per_message * a.rule_ms)


def read_ms(v: Volumes, queries: FloatArray) -> FloatArray:
    """Milliseconds per month of a read handler, a run for each query."""
    return queries * (v.assumptions.invocation_ms + v.assumptions.read_ms_per_query)


def mover_runs(v: Volumes, records: FloatArray) -> FloatArray:
    """Runs per month of a mover (none if nothing moves)."""
    return np.where(records > 0, v.assumptions.mover_runs_per_day * DAYS_PER_MONTH, 0.0)


def mover_ms(v: Volumes, records: FloatArray) -> FloatArray:
    """Milliseconds per month of a mover: read, pack, verify, delete."""
    a = v.assumptions
    return mover_runs(v, records) * a.invocation_ms + records * a.move_ms_per_record
