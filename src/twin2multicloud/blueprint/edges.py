"""The twin's data flow: eight edges between the seven slots, and what travels on them in a month."""

from __future__ import annotations

import numpy as np

from twin2multicloud.blueprint.parts import Edge, Flow
from twin2multicloud.blueprint.volumes import FloatArray, Volumes
from twin2multicloud.model.slots import Slot


def _batched(v: Volumes, messages: FloatArray, size: FloatArray) -> Flow:
    """Messages of `size` bytes each in signed POSTs, batched as they arrive."""
    a = v.assumptions
    fits = np.floor(a.link_max_bytes / size)
    most = np.maximum(np.minimum(v.link_batch_messages, fits), 1.0)
    batches = messages / v.batch(most, v.per_message(messages))
    raw = messages * size
    wire = raw * a.link_compression + batches * a.link_overhead_bytes
    return Flow(messages=messages, batches=batches, raw_bytes=raw, wire_bytes=wire)


def _telemetry(v: Volumes) -> Flow:
    return _batched(v, v.messages, v.envelope_size)


def _twin_updates(v: Volumes) -> Flow:
    return _batched(v, v.twin_updates, v.envelope_size)


def _commands(v: Volumes) -> Flow:
    return _batched(v, v.commands, v.constant(v.assumptions.command_bytes + v.assumptions.envelope_bytes))


def _moved(v: Volumes, records: FloatArray) -> Flow:
    """Objects travel as they are stored: compressed already, one POST each."""
    objects = v.objects_of(records)
    size = v.object_bytes_of(records)
    wire = size + objects * (v.assumptions.link_overhead_bytes + v.assumptions.object_overhead_bytes)
    return Flow(messages=records, batches=objects, raw_bytes=size, wire_bytes=wire)


def _to_cool(v: Volumes) -> Flow:
    return _moved(v, v.leaves_hot)


def _to_archive(v: Volumes) -> Flow:
    return _moved(v, v.enters_archive)


def _answers(v: Volumes, queries: FloatArray) -> Flow:
    raw = queries * v.assumptions.query_response_bytes
    wire = raw * v.assumptions.link_compression + queries * v.assumptions.link_overhead_bytes
    return Flow(messages=queries, batches=queries, raw_bytes=raw, wire_bytes=wire)


def _history(v: Volumes) -> Flow:
    return _answers(v, v.history_queries)


def _state(v: Volumes) -> Flow:
    return _answers(v, v.state_queries)


TELEMETRY = Edge("telemetry", Slot.ACQUISITION, Slot.PROCESSING, True, _telemetry, "device messages")
COMMANDS = Edge("commands", Slot.PROCESSING, Slot.ACQUISITION, True, _commands, "commands to devices")
PERSIST = Edge("persist", Slot.PROCESSING, Slot.HOT, True, _telemetry, "processed records")
TWIN_UPDATES = Edge("twin-updates", Slot.PROCESSING, Slot.MANAGEMENT, True, _twin_updates, "twin updates")
TO_COOL = Edge("to-cool", Slot.HOT, Slot.COOL, True, _to_cool, "records that turn cool")
TO_ARCHIVE = Edge("to-archive", Slot.COOL, Slot.ARCHIVE, True, _to_archive, "records that turn old")
HISTORY = Edge("history", Slot.HOT, Slot.VISUALIZATION, False, _history, "history queries")
STATE = Edge("state", Slot.MANAGEMENT, Slot.VISUALIZATION, False, _state, "twin state queries")

EDGES: tuple[Edge, ...] = (
    TELEMETRY,
    COMMANDS,
    PERSIST,
    TWIN_UPDATES,
    TO_COOL,
    TO_ARCHIVE,
    HISTORY,
    STATE,
)
