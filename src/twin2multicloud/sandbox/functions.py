"""Functions of a simulated cloud, with their counters and meters: fed by a channel, a link, a schedule or queries."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from twin2multicloud.model.slots import Slot
from twin2multicloud.moving.driver import Hold
from twin2multicloud.runtime.envelope import Event, RawMessage, items_of
from twin2multicloud.runtime.handlers.handover import Hand
from twin2multicloud.runtime.handlers.send import Send
from twin2multicloud.sandbox.building import CloudParts
from twin2multicloud.sandbox.channels import Channel, letter_of
from twin2multicloud.sandbox.host import QueueFunction, ScheduledFunction
from twin2multicloud.sandbox.metering.hooks import (
    LINK,
    POST,
    QUERY,
    FunctionMeter,
)

SENDERS: Final = 4
"""Batches that one sender posts at the same time: a slow peer holds up few."""
PUSHED_AT_ONCE: Final = 50
"""Messages handled together where the real host pushes them one by one; the meters count them one by one."""


def function_meter(parts: CloudParts, slot: Slot, name: str) -> FunctionMeter | None:
    """The meter of a function, None where the blueprint has none of that name."""
    id = f"{slot.value}/{name}"
    return parts.meters.function(id) if id in parts.meters else None


def consume(
    parts: CloudParts,
    slot: Slot,
    name: str,
    role: str,
    channel: Channel,
    invoke: Callable[[list[Any]], None],
    *,
    concurrency: int = 1,
) -> None:
    """A function that a channel feeds: gathers as the blueprint says, up to `concurrency` batches at once."""
    component = parts.blueprint.component(slot, name)
    gathers = max(component.gathers, 1) if component is not None else 1
    window_s = parts.config.batch_window_s
    if channel.packed:
        gathers, window_s = 1, 0.0
    elif gathers == 1:
        gathers, window_s = PUSHED_AT_ONCE, 0.0
    if parts.held(name):
        return  # its messages wait
    if parts.transition is not None and Hold.WRITERS in parts.transition.held:
        window_s = 0.0  # others wait until this queue is empty
    parts.functions.append(
        QueueFunction(
            parts.function_stats(name, role, slot),
            channel,
            decode=items_of,
            invoke=invoke,
            letter=letter_of(name, channel.name, parts.clock.now),
            dead_letters=parts.dead_letters,
            reporter=parts.journal,
            most=gathers,
            window_s=window_s,
            speed=lambda: parts.clock.setting.speed,
            concurrency=concurrency,
        )
    )


def sender(parts: CloudParts, edge: str, slot: Slot, channel: Channel) -> None:
    """The sender of an edge. As long as nobody is at the other end, what it would send waits."""
    if not parts.joined(edge):
        return
    name = f"{edge}-sender"
    send = Send(
        edge,
        parts.spec,
        client=parts.client,
        dead_letters=parts.dead_letters,
        reporter=parts.journal,
        component=name,
    )
    function, link = function_meter(parts, slot, name), parts.meters.link(edge)

    def invoke(items: list[Event | RawMessage]) -> None:
        parts.journal.passed(name, (item.id for item in items if isinstance(item, Event)))
        sent = send(items, link.sent)
        if function is not None:
            function.invoked(sent.messages, {POST: sent.posts, LINK: sent.messages})

    consume(parts, slot, name, "send", channel, invoke, concurrency=SENDERS)


def received(parts: CloudParts, edge: str, slot: Slot, unit: str | None, hand: Hand) -> Hand:
    """A hand of a receiver, with its function's counters and meter."""
    name = f"{edge}-receiver"
    stats = parts.receiver_stats[edge] = parts.function_stats(name, "receive", slot)
    meter = function_meter(parts, slot, name)

    def take(events: Sequence[Event]) -> None:
        began, cpu = time.perf_counter(), time.thread_time()
        failed = True
        try:
            hand(events)
            failed = False
        finally:
            stats.ran(
                len(events),
                time.perf_counter() - began,
                time.thread_time() - cpu,
                time.time(),
                failed=failed,
            )
        parts.journal.passed(name, (event.id for event in events))
        if meter is not None:
            work = {LINK: len(events)} | ({unit: len(events)} if unit else {})
            meter.invoked(len(events), work)

    return take


def answered(parts: CloudParts, edge: str, slot: Slot, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer a query edge, with the read function's counters and meter."""
    name = "history" if edge == "history" else "twin-state"
    stats = parts.function_stats(name, "read", slot)
    meter = function_meter(parts, slot, name)

    def ask(query: dict[str, Any]) -> dict[str, Any]:
        began, cpu, failed = time.perf_counter(), time.thread_time(), True
        try:
            value = answer(query)
            failed = False
        finally:
            stats.ran(1, time.perf_counter() - began, time.thread_time() - cpu, time.time(), failed=failed)
        if meter is not None:
            meter.invoked(1, {QUERY: 1})
        return value

    parts.queries[edge] = ask


def scheduled(parts: CloudParts, name: str, role: str, slot: Slot, run: Callable[[], int]) -> None:
    """A function that runs as often as movers do."""
    if parts.held(name):
        return
    parts.schedules.append(
        ScheduledFunction(
            parts.function_stats(name, role, slot),
            run,
            every_s=86_400 / parts.spec.batching.mover_runs_per_day,
            clock=parts.clock.now,
            reporter=parts.journal,
        )
    )
