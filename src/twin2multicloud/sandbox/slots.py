"""What each slot adds to a simulated cloud: the handlers of its functions, wired to its stores and channels."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from twin2multicloud.blueprint.plan import PlannedComponent
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import FunctionAction, WebhookAction
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.adapters.local.hot import LocalHotStore
from twin2multicloud.runtime.adapters.local.objects import LocalObjectStore
from twin2multicloud.runtime.adapters.local.rule_states import LocalRuleStates
from twin2multicloud.runtime.envelope import Event, RawMessage
from twin2multicloud.runtime.handlers.act import Act
from twin2multicloud.runtime.handlers.archive import Shelf, WholeShelf
from twin2multicloud.runtime.handlers.handover import Hand, Handover, into_graph, into_hot, outbox, to_devices
from twin2multicloud.runtime.handlers.move import CoolToArchive, HotToCool, LinkTarget, Moved, Target
from twin2multicloud.runtime.handlers.process import Process
from twin2multicloud.runtime.handlers.read import ReadHistory, ReadState
from twin2multicloud.runtime.handlers.rules import Rules
from twin2multicloud.runtime.handlers.send import Send
from twin2multicloud.runtime.ports import DeadLetters, EntityState, Relation, RuleStates
from twin2multicloud.runtime.user_code import UserCode
from twin2multicloud.sandbox.building import CloudParts
from twin2multicloud.sandbox.channels import Channel, items_of, letter_of
from twin2multicloud.sandbox.devices import CommandDesk
from twin2multicloud.sandbox.host import QueueFunction, ScheduledFunction
from twin2multicloud.sandbox.lifecycle import Lifecycle
from twin2multicloud.sandbox.metered import (
    MeteredDeadLetters,
    MeteredObjects,
    MeteredRuleStates,
)
from twin2multicloud.sandbox.metering.hooks import (
    COMMANDS,
    GRAPH,
    LINK,
    MOVE,
    PERSIST,
    POST,
    PROCESS,
    QUERY,
    RULES,
    TWIN_UPDATES,
    WRITE,
    FunctionMeter,
)

SENDERS: Final = 4
"""Batches that one sender posts at the same time: a slow peer holds up few."""
PUSHED_AT_ONCE: Final = 50
"""Messages handled together where the real host pushes them one by one; the meters count them one by one."""


def build(parts: CloudParts) -> None:
    """Build every slot that is placed in this cloud, in the order in which they need each other."""
    builders: Mapping[Slot, Callable[[CloudParts], None]] = {
        Slot.ARCHIVE: _archive,
        Slot.COOL: _cool,
        Slot.HOT: _hot,
        Slot.MANAGEMENT: _management,
        Slot.ACQUISITION: _acquisition,
        Slot.PROCESSING: _processing,
    }
    for slot, builder in builders.items():
        if parts.here(slot):
            builder(parts)


# ── Functions and their meters ──────────────────────────────────────────────────────────────────────────────
def _meter(parts: CloudParts, slot: Slot, name: str) -> FunctionMeter | None:
    id = f"{slot.value}/{name}"
    return parts.meters.function(id) if id in parts.meters else None


def _component(parts: CloudParts, slot: Slot, name: str) -> PlannedComponent | None:
    return parts.blueprint.component(slot, name)


def _consume(
    parts: CloudParts,
    slot: Slot,
    name: str,
    role: str,
    channel: Channel,
    invoke: Callable[[list[Any]], None],
    *,
    concurrency: int = 1,
) -> None:
    component = _component(parts, slot, name)
    gathers = max(component.gathers, 1) if component is not None else 1
    window_s = parts.config.batch_window_s
    if channel.packed:
        gathers, window_s = 1, 0.0
    elif gathers == 1:
        gathers, window_s = PUSHED_AT_ONCE, 0.0
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
            concurrency=concurrency,
        )
    )


def _sender(parts: CloudParts, edge: str, slot: Slot, channel: Channel) -> None:
    name = f"{edge}-sender"
    send = Send(
        edge,
        parts.spec,
        client=parts.client,
        dead_letters=parts.dead_letters,
        reporter=parts.journal,
        component=name,
    )
    function, link = _meter(parts, slot, name), parts.meters.link(edge)

    def invoke(items: list[Event | RawMessage]) -> None:
        parts.journal.passed(name, (item.id for item in items if isinstance(item, Event)))
        sent = send(items, link.sent)
        if function is not None:
            function.invoked(sent.messages, {POST: sent.posts, LINK: sent.messages})

    _consume(parts, slot, name, "send", channel, invoke, concurrency=SENDERS)


def _received(parts: CloudParts, edge: str, slot: Slot, unit: str | None, hand: Hand) -> Hand:
    """A hand of a receiver, with its function's counters and meter."""
    name = f"{edge}-receiver"
    stats = parts.receiver_stats[edge] = parts.function_stats(name, "receive", slot)
    meter = _meter(parts, slot, name)

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


# ── L1 ──────────────────────────────────────────────────────────────────────────────────────────────────────
def _acquisition(parts: CloudParts) -> None:
    meter = parts.meters.gateway
    desk = CommandDesk(
        parts.directory / "commands.db",
        delivered=lambda command: meter.command(len(command.name) + len(str(command.payload)) + 60),
    )
    parts.desk = desk
    parts.closers.append(desk.close)
    if parts.apart("commands"):
        hand = to_devices(desk, parts.journal, "commands-receiver")
        parts.hands["commands"] = _received(parts, "commands", Slot.ACQUISITION, WRITE, hand)
    if parts.apart("telemetry"):
        # An SQS queue, a hub's own stream, or the topic that devices publish to: whatever the offer has.
        kept_in = ("telemetry-outbox", "telemetry-checkpoints", "telemetry-deliveries")
        channel = parts.channel(Slot.ACQUISITION, "telemetry-outbox", *kept_in)
        _sender(parts, "telemetry", Slot.ACQUISITION, channel)
        parts.intake = channel
    else:
        parts.intake = parts.channel(Slot.PROCESSING, "intake", "intake", "intake-checkpoints")


# ── L2 ──────────────────────────────────────────────────────────────────────────────────────────────────────
def _processing(parts: CloudParts) -> None:
    intake = parts.channel(Slot.PROCESSING, "intake", "intake", "intake-checkpoints")
    if parts.apart("telemetry"):

        def hand(events: Sequence[Event]) -> None:
            intake.put(events)

        parts.hands["telemetry"] = _received(parts, "telemetry", Slot.PROCESSING, None, hand)
    states: RuleStates
    states = parts.rule_states = LocalRuleStates(parts.directory / "rule-states.db")
    letters: DeadLetters = parts.dead_letters
    if "L2/rule-state" in parts.meters:
        states = MeteredRuleStates(states, parts.meters.store("L2/rule-state"))
    if "L2/dead-letters" in parts.meters:
        letters = MeteredDeadLetters(letters, parts.meters.store("L2/dead-letters"))
    process = Process(
        parts.spec,
        handover=_handover(parts),
        publisher=parts.topics,
        dead_letters=letters,
        reporter=parts.journal,
        rules=Rules(
            parts.spec,
            states,
            now=time.time,
            refresh_s=parts.blueprint.assumptions.get("rule_state_refresh_s", 300.0),
            alone=True,
        ),
        user_code=UserCode(parts.layout.sources()),
    )
    meter = _meter(parts, Slot.PROCESSING, "process")
    local = {edge: not parts.apart(edge) for edge in ("persist", "twin-updates", "commands")}

    def invoke(items: list[Event | RawMessage]) -> None:
        done = process(items)
        parts.journal.passed("process", (event.id for event in done.kept))
        if meter is not None:
            # Which of these hand-overs takes the function's own time is the meter's to know.
            work = {
                PROCESS: done.messages,
                RULES: done.rules,
                PERSIST: len(done.kept),
                TWIN_UPDATES: done.updates,
                COMMANDS: done.commands,
            }
            meter.invoked(done.messages, work)

    _consume(parts, Slot.PROCESSING, "process", "process", intake, invoke)
    for edge in ("persist", "twin-updates", "commands"):
        if not local[edge]:
            _sender(parts, edge, Slot.PROCESSING, parts.channel(Slot.PROCESSING, f"{edge}-outbox"))
    alerts = parts.channel(Slot.PROCESSING, "alerts")
    _consume(parts, Slot.PROCESSING, "alerts", "report", alerts, parts.journal.alert)
    if any(isinstance(a, WebhookAction | FunctionAction) for rule in parts.spec.rules for a in rule.actions):
        act = Act(parts.spec, UserCode(parts.layout.sources()), parts.secrets, parts.journal)
        _consume(parts, Slot.PROCESSING, "actions", "rules", parts.channel(Slot.PROCESSING, "actions"), act)


def _handover(parts: CloudParts) -> Handover:
    hands: dict[str, Hand] = {}
    for edge in ("persist", "twin-updates", "commands"):
        if parts.apart(edge):
            parts.channel(Slot.PROCESSING, f"{edge}-outbox")
            hands[edge] = outbox(parts.topics, edge, "process")
    if "persist" not in hands:
        hands["persist"] = into_hot(parts.metered_hot(), "process")
    if "twin-updates" not in hands:
        hands["twin-updates"] = into_graph(parts.metered_graph(), parts.journal, "process")
    if "commands" not in hands:
        assert parts.desk is not None
        hands["commands"] = to_devices(parts.desk, parts.journal, "process")
    return Handover(
        persist=hands["persist"],
        twin_updates=hands["twin-updates"],
        commands=hands["commands"],
        twin=parts.spec.name,
    )


# ── L3 ──────────────────────────────────────────────────────────────────────────────────────────────────────
def _hot(parts: CloudParts) -> None:
    store = parts.hot = LocalHotStore(parts.directory / "hot.db", gate=parts.faults.gate("hot"))
    hot = parts.metered_hot()
    if parts.apart("persist"):
        parts.hands["persist"] = _received(parts, "persist", Slot.HOT, WRITE, into_hot(hot, "persist-receiver"))
    _query(parts, "history", Slot.HOT, ReadHistory(parts.spec, hot, now=parts.clock.now))
    meter = _meter(parts, Slot.HOT, "to-cool-mover")
    move = HotToCool(
        parts.spec,
        hot,
        _target(parts, "to-cool", Slot.COOL),
        now=parts.clock.now,
        monotonic=time.monotonic,
        seconds=60.0,
    )

    def run() -> int:
        return _moved(meter, move(), linked=parts.apart("to-cool"))

    _schedule(parts, "to-cool-mover", "move", Slot.HOT, run)
    # Bytes as the wrapper counts a record, so that storage and writes agree.
    parts.accounts.append(lambda at: parts.meters.store("L3.hot/hot").holds(parts.hot_bytes(store), at))


def _cool(parts: CloudParts) -> None:
    objects = _bucket(parts, Slot.COOL)
    if parts.apart("to-cool"):
        parts.shelves["to-cool"] = _shelf(parts, "to-cool", Slot.COOL, Shelf(objects, "cool"))
    retention = parts.spec.retention
    if parts.apart("to-archive"):
        meter = _meter(parts, Slot.COOL, "to-archive-mover")
        move = CoolToArchive(
            parts.spec,
            objects,
            _target(parts, "to-archive", Slot.ARCHIVE),
            now=parts.clock.now,
            monotonic=time.monotonic,
            seconds=60.0,
        )

        def run() -> int:
            return _moved(meter, move(), linked=True)

        _schedule(parts, "to-archive-mover", "move", Slot.COOL, run)
    else:
        lifecycle = Lifecycle(objects, retention, archives=True, expires_s=retention.archive_s, now=parts.clock.now)
        _schedule(parts, "lifecycle", "lifecycle", Slot.COOL, lifecycle)


def _archive(parts: CloudParts) -> None:
    if not parts.apart("to-archive"):
        return  # the same bucket as the cool tier; its lifecycle rule does the rest
    objects = _bucket(parts, Slot.ARCHIVE)
    parts.shelves["to-archive"] = _shelf(parts, "to-archive", Slot.ARCHIVE, WholeShelf(objects, "archive"))
    retention = parts.spec.retention
    lifecycle = Lifecycle(objects, retention, archives=False, expires_s=retention.archive_s, now=parts.clock.now)
    _schedule(parts, "archive-lifecycle", "lifecycle", Slot.ARCHIVE, lifecycle)


def _bucket(parts: CloudParts, slot: Slot) -> MeteredObjects:
    name = "cool" if slot is Slot.COOL else "archive"
    # Without a link between them, both tiers are one bucket.
    tiers = (name, "archive") if slot is Slot.COOL and not parts.apart("to-archive") else (name,)
    store = parts.buckets[slot] = LocalObjectStore(
        parts.directory / name, clock=parts.clock, gate=parts.faults.gate(*tiers)
    )
    meters = {}
    for storage_class, id in (("cool", "L3.cool/cool"), ("archive", "L3.archive/archive")):
        if id in parts.meters and (slot is Slot.ARCHIVE) <= (storage_class == "archive"):
            meters[storage_class] = parts.meters.bucket(id)
    if slot is Slot.COOL and parts.apart("to-archive"):
        meters.pop("archive", None)

    def hold(at: float) -> None:
        usage = store.usage()
        for storage_class, meter in meters.items():
            found = usage.get(storage_class)
            meter.holds(found.objects if found else 0, found.size if found else 0, at)

    parts.accounts.append(hold)
    metered = MeteredObjects(store, meters)
    parts.tiers[slot] = metered
    return metered


class _MeteredShelf(Shelf):
    """A shelf at the end of a link, with its receiver's counters and meter."""

    def __init__(self, parts: CloudParts, edge: str, slot: Slot, shelf: Shelf) -> None:
        super().__init__(shelf.store, shelf.storage_class)
        self._shelf = shelf
        self._stats = parts.receiver_stats[edge] = parts.function_stats(f"{edge}-receiver", "receive", slot)
        self._meter = _meter(parts, slot, f"{edge}-receiver")

    def put_away(self, post: Any, body: bytes) -> dict[str, Any]:
        """As the shelf's."""
        began, cpu = time.perf_counter(), time.thread_time()
        failed = True
        try:
            answer = self._shelf.put_away(post, body)
            failed = False
        finally:
            self._stats.ran(
                post.count, time.perf_counter() - began, time.thread_time() - cpu, time.time(), failed=failed
            )
        if self._meter is not None:
            self._meter.invoked(post.count, {LINK: post.count})
        return answer


def _shelf(parts: CloudParts, edge: str, slot: Slot, shelf: Shelf) -> Shelf:
    return _MeteredShelf(parts, edge, slot, shelf)


def _target(parts: CloudParts, edge: str, slot: Slot) -> Target | None:
    retention = parts.spec.retention
    if edge == "to-cool" and retention.archive_s <= retention.hot_s:
        return None
    if edge == "to-archive" and retention.archive_s <= retention.cool_s:
        return None
    if parts.apart(edge):
        link = parts.meters.link(edge)

        def sent(count: int, size: int, wire: int) -> None:
            link.sent(wire, count, size, size)

        return LinkTarget(edge, parts.client, f"{edge}-mover", sent)
    return Shelf(parts.tiers[slot], "cool")


def _moved(meter: FunctionMeter | None, moved: Moved, *, linked: bool) -> int:
    if meter is not None:
        meter.invoked(moved.records, {MOVE: moved.records, POST: moved.objects if linked else 0})
    return moved.records


def _schedule(parts: CloudParts, name: str, role: str, slot: Slot, run: Callable[[], int]) -> None:
    parts.schedules.append(
        ScheduledFunction(
            parts.function_stats(name, role, slot),
            run,
            every_s=86_400 / parts.spec.batching.mover_runs_per_day,
            clock=parts.clock.now,
            reporter=parts.journal,
        )
    )


# ── L4, and what dashboards ask ─────────────────────────────────────────────────────────────────────────────
def _management(parts: CloudParts) -> None:
    graph = parts.graph = LocalTwinGraph(parts.directory / "graph.db", gate=parts.faults.gate("graph"))
    metered = parts.metered_graph()
    if parts.apart("twin-updates"):
        hand = into_graph(metered, parts.journal, "twin-updates-receiver")
        parts.hands["twin-updates"] = _received(parts, "twin-updates", Slot.MANAGEMENT, GRAPH, hand)
    _query(parts, "state", Slot.MANAGEMENT, ReadState(metered))
    seed(graph, parts)
    meter = parts.meters.graph
    entities = len(parts.spec.device_names) + len(parts.spec.entities)
    per_entity = parts.blueprint.assumptions["entity_bytes"]
    parts.accounts.append(lambda at: meter.holds(entities, entities * per_entity, at))


def seed(graph: LocalTwinGraph, parts: CloudParts) -> None:
    """Put the definition's twins and relationships into the graph; what is there already stays as it is."""
    spec = parts.spec
    graph.define(list(spec.models))
    devices = [EntityState(name, spec.types[group.type].model, {}, {}) for group in spec.devices for name in group]
    others = [EntityState(e.id, e.model, dict(e.properties), {}) for e in spec.entities]
    graph.put_entities([*others, *devices])
    graph.relate([Relation(r.source, r.name, r.target) for r in spec.relationships])


def _query(parts: CloudParts, edge: str, slot: Slot, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer a query edge, with the read function's counters and meter."""
    name = "history" if edge == "history" else "twin-state"
    stats = parts.function_stats(name, "read", slot)
    meter = _meter(parts, slot, name)

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
