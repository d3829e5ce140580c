"""The argument `functions` of a slot's module: each function in plain JSON, by component."""

from __future__ import annotations

import math
from typing import Any, Final

from twin2multicloud.blueprint.kinds import Kind
from twin2multicloud.deployer.clouds.aws.config import environment_of
from twin2multicloud.deployer.clouds.aws.grants import statements_of
from twin2multicloud.deployer.clouds.aws.names import AwsNames
from twin2multicloud.deployer.functions import FunctionPlan, Starts, functions_of
from twin2multicloud.model.slots import Slot

ARM64: Final = "arm64"
X86_64: Final = "x86_64"
_MINUTES_PER_DAY: Final = 1440
_MOST_AT_ONCE: Final = 10
"""Messages that SQS hands over without a batching window; with a larger batch Lambda wants one."""


def plans_of(names: AwsNames, slot: Slot) -> tuple[FunctionPlan, ...]:
    """The functions of a slot."""
    return functions_of(names.deployment.blueprint, names.deployment.spec, slot)


def functions(names: AwsNames, slot: Slot) -> dict[str, dict[str, Any]]:
    """A slot's functions, as its module takes them."""
    return {plan.component: _function(plan, names) for plan in plans_of(names, slot)}


def architecture(names: AwsNames, plan: FunctionPlan) -> str:
    """Our own handlers run on arm64, the cheaper one; the offer says on which the user's code runs."""
    offer = names.deployment.blueprint.places[plan.slot].offer
    user_code = plan.slot is Slot.PROCESSING and plan.package in ("process", "actions")
    return X86_64 if user_code and "lambda-x86" in offer else ARM64


def architectures(names: AwsNames) -> tuple[str, ...]:
    """Those that functions of a site run on."""
    slots = names.deployment.slots_at(names.site)
    return tuple(sorted({architecture(names, plan) for slot in slots for plan in plans_of(names, slot)}))


def _function(plan: FunctionPlan, names: AwsNames) -> dict[str, Any]:
    mover = plan.starts is Starts.SCHEDULE
    return {
        "name": names.function(plan.slot, plan.component),
        "package": plan.package,
        "architecture": architecture(names, plan),
        "memory_mib": plan.memory_mib,
        "timeout_s": plan.timeout_s,
        # One run of a mover at a time: two would read, and be billed for, everything twice.
        "concurrency": 1 if mover else -1,
        "environment": environment_of(plan, names),
        "statements": statements_of(plan, names),
        "public": plan.public,
        "schedule": _schedule(plan, names) if mover else None,
        "source": _source(plan, names) if plan.starts is Starts.QUEUE else None,
    }


def _source(plan: FunctionPlan, names: AwsNames) -> dict[str, Any]:
    queue = names.source(plan.slot, plan.source) is Kind.QUEUE
    least = 1 if queue and plan.batch > _MOST_AT_ONCE else 0
    return {
        "component": plan.source,
        "kind": "queue" if queue else "stream",
        "batch": plan.batch,
        "window_s": max(least, min(math.ceil(plan.window_s), 300)),
    }


def _schedule(plan: FunctionPlan, names: AwsNames) -> dict[str, str]:
    minutes = max(1, _MINUTES_PER_DAY // plan.runs_per_day)
    every = "rate(1 minute)" if minutes == 1 else f"rate({minutes} minutes)"
    return {"expression": every, "role": names.function(plan.slot, f"{plan.component}-schedule")}
