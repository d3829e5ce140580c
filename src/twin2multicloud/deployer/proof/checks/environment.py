"""What functions are told: readable, what was planned, of names that exist, and neither less nor more than they use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin2multicloud.deployer.deployment import Deployment
from twin2multicloud.deployer.functions import FunctionPlan, Starts
from twin2multicloud.deployer.proof.findings import Finding, Rule, Severity
from twin2multicloud.deployer.proof.site import Seen
from twin2multicloud.deployer.proof.view import FunctionView
from twin2multicloud.runtime.entry.roles import FunctionConfig

_AGAIN: Final = "deploy the slot again"


def environment(seen: Seen) -> Iterator[Finding]:
    """Findings about functions' environments."""
    for function in seen.view.functions:
        for why in function.broken:
            yield Finding(function.where, Rule.ENVIRONMENT, why, _AGAIN)
        for reference in function.references:
            if reference.target is None:
                what = f"its {reference.field} is {reference.value}, which nothing of this deployment is"
                yield Finding(function.where, Rule.NAMES, what, "correct the name, or deploy what has it")
    for planned, function in seen.pairs:
        if function.told is not None:
            yield from _told(seen.deployment, planned.plan, function, function.told)
        if not function.broken:
            yield from _fields(function)


def expected(deployment: Deployment, plan: FunctionPlan) -> FunctionConfig:
    """What a function shall be told. Shards stay what they were at the first deployment."""
    shards = deployment.settings.shards if plan.starts is Starts.SCHEDULE else 1
    return FunctionConfig(plan.component, plan.edge, plan.local, plan.receives, shards)  # type: ignore[arg-type]


def _told(
    deployment: Deployment, plan: FunctionPlan, function: FunctionView, told: FunctionConfig
) -> Iterator[Finding]:
    wanted = expected(deployment, plan)
    for field in FunctionConfig.__struct_fields__:
        found, right = getattr(told, field), getattr(wanted, field)
        if isinstance(right, tuple):
            found, right = tuple(sorted(found)), tuple(sorted(right))
        if found != right:
            what = f"it is told {field} = {found!r}; {right!r} was planned"
            yield Finding(function.where, Rule.ENVIRONMENT, what, _AGAIN)


def _fields(function: FunctionView) -> Iterator[Finding]:
    for field in sorted(function.needed - function.fields):
        what = f"its configuration lacks {field}, which its rights are for"
        yield Finding(function.where, Rule.LACKING, what, _AGAIN)
    for field in sorted(function.fields - function.needed):
        what = f"its configuration has {field}, for which it has no use"
        yield Finding(function.where, Rule.SUPERFLUOUS, what, "leave it out", Severity.WARNING)
    for variable in function.others:
        what = f"its environment has {variable}, which nothing reads"
        yield Finding(function.where, Rule.SUPERFLUOUS, what, "leave it out", Severity.WARNING)
