"""What starts functions: exists, may, gathers as planned, and is off where the slot is held and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin2multicloud.deployer.functions import FunctionPlan, Starts
from twin2multicloud.deployer.proof.findings import Finding, Rule, Severity
from twin2multicloud.deployer.proof.site import Seen
from twin2multicloud.deployer.proof.view import FunctionView, Trigger

_BY_SOURCE: Final = frozenset({Starts.QUEUE, Starts.DEVICES, Starts.ALWAYS})
_STARTED: Final[dict[Starts, frozenset[Starts]]] = {
    Starts.QUEUE: frozenset({Starts.QUEUE}),
    Starts.DEVICES: frozenset({Starts.DEVICES}),
    Starts.ALWAYS: frozenset({Starts.ALWAYS}),
    Starts.SCHEDULE: frozenset({Starts.SCHEDULE}),
    Starts.SERVICE: frozenset({Starts.SERVICE}),
    Starts.HTTP: frozenset(),  # by whoever knows its URL
}
_CALLED: Final = {
    Starts.QUEUE: "messages of its queue",
    Starts.DEVICES: "what devices send",
    Starts.ALWAYS: "a subscription that it pulls",
    Starts.SCHEDULE: "a schedule",
    Starts.SERVICE: "the twin service",
}
_SECOND_WINDOW: Final = 1.0
"""Clouds gather for whole seconds."""


def triggers(seen: Seen) -> Iterator[Finding]:
    """Findings about triggers."""
    for trigger in seen.view.triggers:
        if trigger.function is None or trigger.function not in seen.by_where:
            what = f"it starts {trigger.says}, which is no function of this deployment"
            yield Finding(trigger.where, Rule.TRIGGER_TARGET, what, "point it at its function, or destroy it")
        if trigger.starts in _BY_SOURCE and trigger.source is None:
            what = f"it listens to {trigger.says}, which nothing of this deployment is"
            yield Finding(trigger.where, Rule.TRIGGER_SOURCE, what, "point it at its queue, or destroy it")
        if trigger.lacks:
            yield Finding(trigger.where, Rule.TRIGGER_RIGHT, f"it may not {trigger.lacks}", "grant it that")
    for planned, function in seen.pairs:
        yield from _of(seen, planned.plan, function)


def _of(seen: Seen, plan: FunctionPlan, function: FunctionView) -> Iterator[Finding]:
    wanted = _STARTED[plan.starts]
    found = list(seen.triggers(function))
    for kind in wanted - {trigger.starts for trigger in found}:
        what = f"{_CALLED[kind]} should start it, but nothing does"
        yield Finding(function.where, Rule.TRIGGERS, what, "deploy the slot again")
    for trigger in found:
        if trigger.starts not in wanted:
            what = f"it starts {plan.component}, which nothing of this kind should"
            yield Finding(trigger.where, Rule.TRIGGERS, what, "destroy it")
        else:
            yield from _as_planned(seen, plan, trigger)


def _as_planned(seen: Seen, plan: FunctionPlan, trigger: Trigger) -> Iterator[Finding]:
    held = plan.slot in seen.deployment.held
    if trigger.enabled and held and _waits(plan):
        what = f"{plan.slot.value} is held, but {plan.component} is started all the same"
        yield Finding(trigger.where, Rule.HELD, what, "switch it off")
    if not trigger.enabled and not held:
        yield Finding(trigger.where, Rule.HELD, f"it is off, so that {plan.component} does nothing", "switch it on")
    if trigger.batch is not None and trigger.batch != plan.batch:
        what = f"it hands over {trigger.batch:g} messages at once; {plan.batch} were planned"
        yield Finding(trigger.where, Rule.BATCHING, what, "set its batch size", Severity.WARNING)
    if trigger.window_s is not None and not abs(trigger.window_s - plan.window_s) <= _SECOND_WINDOW:
        what = f"it gathers messages for {trigger.window_s:g} s; {plan.window_s:g} were planned"
        yield Finding(trigger.where, Rule.BATCHING, what, "set its window", Severity.WARNING)
    if trigger.partial is False:
        what = "one bad message makes its whole batch come again"
        yield Finding(trigger.where, Rule.BATCHING, what, "let the handler report the messages that failed")
    if trigger.runs_per_day is not None and trigger.runs_per_day != plan.runs_per_day:
        what = f"it runs {trigger.runs_per_day:g} times a day; {plan.runs_per_day} were planned"
        yield Finding(trigger.where, Rule.BATCHING, what, "set its schedule", Severity.WARNING)


def _waits(plan: FunctionPlan) -> bool:
    """What must stop while its slot is held: processing and movers. Outboxes of the slot may drain."""
    return plan.package in ("process", "worker", "move") or plan.starts is Starts.DEVICES
