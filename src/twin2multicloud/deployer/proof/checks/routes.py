"""What is published arrives where it is read: queues between functions, and from devices to the first function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin2multicloud.deployer.functions import FunctionPlan, Starts
from twin2multicloud.deployer.proof.findings import Finding, Rule, Where
from twin2multicloud.deployer.proof.site import Seen
from twin2multicloud.deployer.proof.view import FunctionView
from twin2multicloud.model.slots import Slot
from twin2multicloud.model.spec import CommandAction

_FROM_DEVICES: Final = "telemetry"
"""The topic that a gateway of ours publishes on."""


def flows(seen: Seen) -> Iterator[Finding]:
    """Findings about what lies between whoever publishes and whoever reads."""
    for planned, function in seen.pairs:
        sources = {trigger.source for trigger in seen.triggers(function) if trigger.source is not None}
        if not sources:
            continue  # a finding of its own
        for publisher, target in _published(seen, planned.plan):
            if target not in sources:
                what = f"it publishes for {planned.plan.component}, which listens elsewhere"
                yield Finding(publisher, Rule.TRIGGER_SOURCE, what, "let both name the same queue")
    yield from _routes(seen)


def _published(seen: Seen, plan: FunctionPlan) -> Iterator[tuple[Where, Where]]:
    """Who publishes what shall start a function, and where to."""
    name = f"topics.{plan.source}" if plan.source else f"topics.{_FROM_DEVICES}"
    if plan.starts is Starts.HTTP:
        return
    for planned, function in seen.pairs:
        if planned.plan.slot is plan.slot or plan.starts is Starts.DEVICES:
            for reference in function.references:
                if reference.field == name and reference.target is not None:
                    yield function.where, reference.target


def _routes(seen: Seen) -> Iterator[Finding]:
    for route in seen.view.routes:
        if route.target is None:
            what = f"it takes {route.carries} to {route.says}, which nothing of this deployment is"
            yield Finding(route.where, Rule.ROUTES, what, "point it at the queue that is read")
        if route.lacks:
            yield Finding(route.where, Rule.ROUTES, f"it may not {route.lacks}", "grant it that")
    if Slot.ACQUISITION not in seen.deployment.slots_at(seen.site):
        return
    for first in _first(seen):
        sources = {trigger.source for trigger in seen.triggers(first) if trigger.source is not None}
        if not sources:
            continue  # a finding of its own
        there = {route.carries for route in seen.view.routes if route.target in sources}
        for route in seen.view.routes:
            if route.target is not None and route.target not in sources:
                what = f"it takes {route.carries} elsewhere than to what {first.component} reads"
                yield Finding(route.where, Rule.ROUTES, what, "point it at that queue")
        for kind in _kinds(seen) if seen.view.routes else ():
            if kind not in there and not any(route.carries == kind for route in seen.view.routes):
                what = f"what devices send as {kind} arrives nowhere"
                yield Finding(Where(first.where.stack), Rule.ROUTES, what, f"route it to what {first.component} reads")


def _first(seen: Seen) -> list[FunctionView]:
    """Where devices' messages are first handled at the site of L1."""
    apart = seen.deployment.blueprint.by_edge["telemetry"].apart
    slot, package = (Slot.ACQUISITION, ("send",)) if apart else (Slot.PROCESSING, ("process", "worker"))
    return [
        function for planned, function in seen.pairs if planned.plan.slot is slot and planned.plan.package in package
    ]


def _kinds(seen: Seen) -> Iterator[str]:
    yield "telemetry"
    rules = seen.deployment.spec.rules
    if any(isinstance(action, CommandAction) for rule in rules for action in rule.actions):
        yield "results"
