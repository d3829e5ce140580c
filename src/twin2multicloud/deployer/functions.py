"""The functions of each slot, the same for every cloud: what runs, what starts it, and what it may do.

A cloud's modules turn a plan into a Lambda function, a function of an app or a Cloud Run service. `grants` are all
rights that a function's handler needs, in words of ours; a cloud knows which of its permissions each word is. Nothing
else is granted, which the checker of the applied world holds the modules to.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from twin2multicloud.blueprint.kinds import Role
from twin2multicloud.blueprint.plan import Blueprint, PlannedComponent
from twin2multicloud.deployer.planned import package_role
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import CommandAction, FunctionAction, TwinSpec, WebhookAction

TIMEOUT_S: Final = 60
MOVER_TIMEOUT_S: Final = 540
"""Within what all three clouds let a scheduled function run (Lambda 900 s, Consumption 600 s, Cloud Run 3,600 s)."""
SHARD_BYTES: Final = 64 * 2**20
"""What a mover reads of one window at a time; more devices are moved in several shards."""


class Starts(StrEnum):
    """What starts a function."""

    QUEUE = "queue"  # a queue, stream or topic of the own slot: `source` is its component
    DEVICES = "devices"  # where devices' messages arrive in L1, next door
    HTTP = "http"  # whoever knows its URL and can sign
    SCHEDULE = "schedule"  # the time
    SERVICE = "service"  # the twin service of the cloud, which asks it for values
    ALWAYS = "always"  # nothing: it pulls `source`


@dataclass(frozen=True)
class FunctionPlan:
    """A function to deploy. `component` is its name in the blueprint's slot, `package` the role of its package.

    `edge`, `local`, `receives` and `shards` are what `runtime.entry.roles.FunctionConfig` is told. `batch` messages
    start it at once at most, gathered for at most `window_s`.
    """

    component: str
    slot: Slot
    package: str
    starts: Starts
    grants: tuple[str, ...]
    source: str = ""
    batch: int = 1
    window_s: float = 0.0
    edge: str = ""
    local: tuple[str, ...] = ()
    receives: tuple[str, ...] = ()
    shards: int = 1
    memory_mib: int = 256
    timeout_s: int = TIMEOUT_S
    runs_per_day: int = 0

    @property
    def public(self) -> bool:
        """Whether it has a URL that anybody may call: it accepts signed requests only."""
        return self.starts is Starts.HTTP


# Rights, by what is handed over at an edge's target.
_AT_TARGET: Final = {
    "telemetry": ("publish:intake",),
    "persist": ("hot.write",),
    "twin-updates": ("graph.update",),
    "commands": ("commands",),
    "to-cool": ("cool.write", "cool.read"),
    "to-archive": ("archive.write", "archive.read"),
    "history": ("hot.read",),
    "state": ("graph.read",),
}
_HANDED_OVER: Final = ("persist", "twin-updates", "commands")


def functions_of(blueprint: Blueprint, spec: TwinSpec, slot: Slot) -> tuple[FunctionPlan, ...]:
    """A slot's functions, in the blueprint's order. What a twin never needs (commands of a twin without any, movers
    without a later tier) is not deployed.
    """
    return tuple(_functions(blueprint, spec, slot))


def acts(spec: TwinSpec) -> bool:
    """Whether rules call webhooks or user functions, which a function of their own does, fed by the queue `actions`."""
    return any(isinstance(action, WebhookAction | FunctionAction) for rule in spec.rules for action in rule.actions)


def webhook_secrets(spec: TwinSpec) -> tuple[str, ...]:
    """The secrets that the twin's webhooks are signed with, each once, in the order of its rules."""
    actions = (action for rule in spec.rules for action in rule.actions)
    return tuple(dict.fromkeys(a.secret for a in actions if isinstance(a, WebhookAction) and a.secret))


def used_edges(blueprint: Blueprint, spec: TwinSpec) -> frozenset[str]:
    """Edges on which anything travels in this twin, be it only when a rule fires."""
    used = {link.edge for link in blueprint.links if link.messages > 0}
    if any(isinstance(action, CommandAction) for rule in spec.rules for action in rule.actions):
        used.add("commands")
    return frozenset(used)


def shards_of(blueprint: Blueprint) -> int:
    """Device shards of movers, so that one shard's window fits `SHARD_BYTES`. Fixed once a twin has been deployed,
    for the number is part of the objects' names.
    """
    workload, assumptions = blueprint.workload, blueprint.assumptions
    windows = 30.42 * assumptions["mover_runs_per_day"]
    messages = blueprint.by_edge["persist"].messages
    each = workload["message_size_bytes"] + assumptions["envelope_bytes"]
    return max(1, math.ceil(messages * each / windows / SHARD_BYTES))


def _functions(blueprint: Blueprint, spec: TwinSpec, slot: Slot) -> Iterator[FunctionPlan]:
    used = used_edges(blueprint, spec)
    for component in blueprint.of(slot):
        if component.role is None or (component.edge in _OPTIONAL and component.edge not in used):
            continue
        plan = _plan(blueprint, spec, component)
        if plan is not None:
            yield plan
    if slot is Slot.PROCESSING and acts(spec):
        memory = _memory(blueprint)
        grants = ("consume:actions", "secret:webhooks", "dead-letters", "errors")
        yield FunctionPlan("actions", slot, "actions", Starts.QUEUE, grants, "actions", 1, memory_mib=memory)


_OPTIONAL: Final = ("commands",)
"""Edges that a twin may do without; of all others even an unused one is built, so that it can be used later."""


def _plan(blueprint: Blueprint, spec: TwinSpec, component: PlannedComponent) -> FunctionPlan | None:
    makers = {
        Role.INGEST: _gateway,
        Role.PROCESS: _process,
        Role.SEND: _sender,
        Role.RECEIVE: _receiver,
        Role.MOVE: _mover,
        Role.READ: _reader,
        Role.GRAPH: _connector,
    }
    assert component.role is not None
    return makers[component.role](blueprint, spec, component)


def _gateway(blueprint: Blueprint, spec: TwinSpec, component: PlannedComponent) -> FunctionPlan:
    grants = ["publish:telemetry", "secret:device-keys", "errors"]
    if "commands" in used_edges(blueprint, spec):
        grants.append("pending-commands")
    return FunctionPlan(
        component.name, component.slot, "gateway", Starts.HTTP, tuple(grants), memory_mib=_memory(blueprint)
    )


def _process(blueprint: Blueprint, spec: TwinSpec, component: PlannedComponent) -> FunctionPlan:
    used = used_edges(blueprint, spec)
    local = tuple(edge for edge in _HANDED_OVER if not blueprint.by_edge[edge].apart)
    grants = ["dead-letters", "rule-states", "errors", "publish:alerts"]
    for edge in _HANDED_OVER:
        if edge in _OPTIONAL and edge not in used:
            continue
        grants += _AT_TARGET[edge] if edge in local else (f"publish:{edge}-outbox",)
    if acts(spec):
        grants.append("publish:actions")
    apart = blueprint.by_edge["telemetry"].apart
    source = "intake" if apart or blueprint.component(Slot.PROCESSING, "intake") is not None else ""
    starts = Starts.QUEUE if source else Starts.DEVICES
    package = package_role(component)
    if package == "worker":
        starts = Starts.ALWAYS
    grants.append(f"consume:{source}" if source else "consume:devices")
    return FunctionPlan(
        component.name,
        component.slot,
        package,
        starts,
        tuple(grants),
        source=source,
        batch=max(component.gathers, 1),
        window_s=spec.batching.window_s,
        local=tuple(edge for edge in local if edge not in _OPTIONAL or edge in used),
        memory_mib=_memory(blueprint),
    )


def _sender(blueprint: Blueprint, spec: TwinSpec, component: PlannedComponent) -> FunctionPlan:
    edge = component.edge or component.name.removesuffix("-sender")
    source = f"{edge}-outbox"
    own = blueprint.component(component.slot, source) is not None
    return FunctionPlan(
        component.name,
        component.slot,
        "send",
        Starts.QUEUE if own else Starts.DEVICES,
        ("secret:links", "dead-letters", "errors", f"consume:{source}" if own else "consume:devices"),
        source=source if own else "",
        batch=spec.batching.link_messages,
        window_s=spec.batching.window_s,
        edge=edge,
        memory_mib=_memory(blueprint),
    )


def _receiver(blueprint: Blueprint, _spec: TwinSpec, component: PlannedComponent) -> FunctionPlan:
    edge = component.edge or component.name.removesuffix("-receiver")
    return FunctionPlan(
        component.name,
        component.slot,
        "receive",
        Starts.HTTP,
        ("secret:links", "nonces", "errors", *_AT_TARGET[edge]),
        receives=(edge,),
        memory_mib=_memory(blueprint),
    )


def _mover(blueprint: Blueprint, spec: TwinSpec, component: PlannedComponent) -> FunctionPlan | None:
    edge = component.name.removesuffix("-mover")
    retention, apart = spec.retention, blueprint.by_edge[edge].apart
    if edge == "to-cool":
        if retention.archive_s <= retention.hot_s:
            return None  # records leave the hot store by their time to live
        grants = ["hot.read", "hot.delete", "errors"]
    else:
        if not apart or retention.archive_s <= retention.cool_s:
            return None  # objects change class by a lifecycle rule, or are deleted by one
        grants = ["cool.read", "cool.delete", "errors"]
    grants += ("secret:links",) if apart else _AT_TARGET[edge]
    return FunctionPlan(
        component.name,
        component.slot,
        "move",
        Starts.SCHEDULE,
        tuple(dict.fromkeys(grants)),
        edge=edge,
        local=() if apart else (edge,),
        shards=shards_of(blueprint),
        memory_mib=_memory(blueprint),
        timeout_s=MOVER_TIMEOUT_S,
        runs_per_day=spec.batching.mover_runs_per_day,
    )


def _reader(blueprint: Blueprint, _spec: TwinSpec, component: PlannedComponent) -> FunctionPlan:
    edge = "history" if component.slot is Slot.HOT else "state"
    return FunctionPlan(
        component.name,
        component.slot,
        "read",
        Starts.HTTP,
        ("secret:links", "secret:read-key", "nonces", "errors", *_AT_TARGET[edge]),
        receives=(edge,),
        memory_mib=_memory(blueprint),
    )


def _connector(blueprint: Blueprint, _spec: TwinSpec, component: PlannedComponent) -> FunctionPlan:
    return FunctionPlan(
        component.name, component.slot, "connector", Starts.SERVICE, ("values",), memory_mib=_memory(blueprint)
    )


def _memory(blueprint: Blueprint) -> int:
    return int(blueprint.assumptions["handler_memory_mib"])
