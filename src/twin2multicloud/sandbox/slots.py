"""What each slot adds to a simulated cloud: the handlers of its functions, wired to its stores and channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import FunctionAction, WebhookAction
from twin2multicloud.runtime.adapters.local.graph import LocalTwinGraph
from twin2multicloud.runtime.envelope import Event, RawMessage
from twin2multicloud.runtime.handlers.act import Act
from twin2multicloud.runtime.handlers.handover import Hand, Handover, into_graph, into_hot, outbox, to_devices
from twin2multicloud.runtime.handlers.process import Process
from twin2multicloud.runtime.handlers.read import ReadState
from twin2multicloud.runtime.handlers.rules import Rules
from twin2multicloud.runtime.ports import DeadLetters, EntityState, Relation, RuleStates
from twin2multicloud.runtime.user_code import UserCode
from twin2multicloud.sandbox.building import CloudParts
from twin2multicloud.sandbox.channels import Channel
from twin2multicloud.sandbox.functions import answered, consume, function_meter, received, sender
from twin2multicloud.sandbox.metered import (
    MeteredDeadLetters,
    MeteredRuleStates,
)
from twin2multicloud.sandbox.metering.hooks import (
    COMMANDS,
    GRAPH,
    PERSIST,
    PROCESS,
    RULES,
    TWIN_UPDATES,
    WRITE,
)
from twin2multicloud.sandbox.opening import open_both_ends, open_desk, open_graph, open_states
from twin2multicloud.sandbox.tiers import build_archive, build_cool, build_hot


def build(parts: CloudParts) -> None:
    """Build every slot that is deployed in this cloud, in the order in which they need each other."""
    builders: Mapping[Slot, Callable[[CloudParts], None]] = {
        Slot.ARCHIVE: build_archive,
        Slot.COOL: build_cool,
        Slot.HOT: build_hot,
        Slot.MANAGEMENT: _management,
        Slot.ACQUISITION: _acquisition,
        Slot.PROCESSING: _processing,
    }
    for slot, builder in builders.items():
        if parts.here(slot):
            builder(parts)
    open_both_ends(parts)


# ── L1 ──────────────────────────────────────────────────────────────────────────────────────────────────────
def _acquisition(parts: CloudParts) -> None:
    meter = parts.meters.gateway
    desk = parts.desk = parts.waiting_commands = open_desk(parts)
    desk.delivered = lambda command: meter.command(len(command.name) + len(str(command.payload)) + 60)
    if parts.apart("commands"):
        hand = to_devices(desk, parts.journal, "commands-receiver")
        parts.hands["commands"] = received(parts, "commands", Slot.ACQUISITION, WRITE, hand)
    if parts.apart("telemetry"):
        parts.intake = _telemetry_outbox(parts)
        sender(parts, "telemetry", Slot.ACQUISITION, parts.intake)
        return
    if not parts.joined("telemetry"):
        parts.intake = _telemetry_outbox(parts)
        return
    parts.intake = parts.channel(Slot.PROCESSING, "intake", "intake", "intake-checkpoints")
    if parts.transition is not None and parts.transition.diverted:
        parts.intake = _telemetry_outbox(parts)
    elif "telemetry-outbox" in parts.queues.depths():
        # What waited here until processing was deployed, or had moved in, next door.
        forward = parts.intake.put
        consume(parts, Slot.ACQUISITION, "telemetry-forwarder", "send", _telemetry_outbox(parts), forward)


def _telemetry_outbox(parts: CloudParts) -> Channel:
    # An SQS queue, a hub's own stream, or the topic that devices publish to: whatever the offer has.
    kept_in = ("telemetry-outbox", "telemetry-checkpoints", "telemetry-deliveries")
    return parts.channel(Slot.ACQUISITION, "telemetry-outbox", *kept_in)


# ── L2 ──────────────────────────────────────────────────────────────────────────────────────────────────────
def _processing(parts: CloudParts) -> None:
    intake = parts.channel(Slot.PROCESSING, "intake", "intake", "intake-checkpoints")
    if parts.apart("telemetry") or parts.transition is not None:
        # While L1 moves, devices send from both of its ends.

        def hand(events: Sequence[Event]) -> None:
            intake.put(events)

        parts.hands["telemetry"] = received(parts, "telemetry", Slot.PROCESSING, None, hand)
    states: RuleStates
    states = parts.rule_states = open_states(parts)
    letters: DeadLetters = parts.dead_letters
    if "L2/rule-state" in parts.meters:
        states = MeteredRuleStates(states, parts.meters.store("L2/rule-state"))
    if "L2/dead-letters" in parts.meters:
        letters = MeteredDeadLetters(letters, parts.meters.store("L2/dead-letters"))
    hands: dict[str, Hand] = {}
    process = Process(
        parts.spec,
        handover=_handover(parts, hands),
        publisher=parts.topics,
        dead_letters=letters,
        reporter=parts.journal,
        rules=Rules(
            parts.spec,
            states,
            now=parts.clock.now,
            refresh_s=parts.blueprint.assumptions.get("rule_state_refresh_s", 300.0),
            alone=True,
        ),
        user_code=UserCode(parts.layout.sources()),
    )
    meter = function_meter(parts, Slot.PROCESSING, "process")

    def invoke(items: list[Event | RawMessage]) -> None:
        done = process(items)
        parts.journal.passed("process", (event.id for event in (*done.kept, *done.probes)))
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

    consume(parts, Slot.PROCESSING, "process", "process", intake, invoke)
    for edge in ("persist", "twin-updates", "commands"):
        if parts.apart(edge):
            sender(parts, edge, Slot.PROCESSING, parts.channel(Slot.PROCESSING, f"{edge}-outbox"))
        elif parts.joined(edge) and f"{edge}-outbox" in parts.queues.depths():
            # What was on its way when the slot at the other end was deployed, or moved in, next door.
            left = parts.channel(Slot.PROCESSING, f"{edge}-outbox")
            consume(parts, Slot.PROCESSING, f"{edge}-forwarder", "send", left, hands[edge])
    alerts = parts.channel(Slot.PROCESSING, "alerts")
    consume(parts, Slot.PROCESSING, "alerts", "report", alerts, parts.journal.alert)
    if any(isinstance(a, WebhookAction | FunctionAction) for rule in parts.spec.rules for a in rule.actions):
        act = Act(parts.spec, UserCode(parts.layout.sources()), parts.secrets, parts.journal)
        consume(parts, Slot.PROCESSING, "actions", "rules", parts.channel(Slot.PROCESSING, "actions"), act)


def _handover(parts: CloudParts, hands: dict[str, Hand]) -> Handover:
    for edge in ("persist", "twin-updates", "commands"):
        if parts.apart(edge) or not parts.joined(edge):
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


# ── L4, and what dashboards ask ─────────────────────────────────────────────────────────────────────────────
def _management(parts: CloudParts) -> None:
    graph = parts.graph = open_graph(parts)
    metered = parts.metered_graph()
    if parts.apart("twin-updates"):
        hand = into_graph(metered, parts.journal, "twin-updates-receiver")
        parts.hands["twin-updates"] = received(parts, "twin-updates", Slot.MANAGEMENT, GRAPH, hand)
    answered(parts, "state", Slot.MANAGEMENT, ReadState(metered))
    if parts.base.seeded is not graph:
        seed(graph, parts)
        parts.base.seeded = graph
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
