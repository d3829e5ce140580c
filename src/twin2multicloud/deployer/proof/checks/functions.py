"""Every planned function exists once, with its package and size, and nothing else runs code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin2multicloud.deployer.functions import Starts
from twin2multicloud.deployer.proof.findings import Finding, Rule, Where
from twin2multicloud.deployer.proof.site import Seen
from twin2multicloud.deployer.proof.view import FunctionView, Planned
from twin2multicloud.model.slots import Slot

_AGAIN: Final = "deploy the slot again"
_DASHBOARDS: Final = "dashboards"


def functions(seen: Seen) -> Iterator[Finding]:
    """Findings about which functions there are."""
    for planned in seen.planned:
        found = seen.found(planned)
        if not found:
            what = f"there is no function {planned.plan.component}, which {planned.plan.slot.value} has"
            yield Finding(Where(planned.stack), Rule.FUNCTIONS, what, _AGAIN)
        for more in found[1:]:
            what = f"there is a second function {planned.plan.component}, so that its work is done twice"
            yield Finding(more.where, Rule.FUNCTIONS, what, "destroy it")
    yield from _unplanned(seen)
    for planned, function in seen.pairs:
        yield from _package(seen, planned, function)
        yield from _size(planned, function)
        yield from _public(planned, function)


def _unplanned(seen: Seen) -> Iterator[Finding]:
    wanted = {(planned.stack, planned.plan.component) for planned in seen.planned}
    for function in seen.view.functions:
        if (function.where.stack, function.component) not in wanted:
            what = f"the function {function.name} runs, which is no part of the plan"
            yield Finding(function.where, Rule.CODE, what, "destroy it, or find out who made it")
    own = {_DASHBOARDS} if Slot.VISUALIZATION in seen.deployment.slots_at(seen.site) else set()
    for where, component in seen.view.code.items():
        if component not in own:
            what = "it runs code, but is no function of the plan and does not show the dashboards"
            yield Finding(where, Rule.CODE, what, "destroy it, or find out who made it")


def _package(seen: Seen, planned: Planned, function: FunctionView) -> Iterator[Finding]:
    package = seen.packages.get(planned.plan.package)
    if package is None:
        return
    wanted = seen.view.packaged_as(package)
    if not function.package or not wanted.startswith(function.package):
        found = f"{function.package[:12]}…" if function.package else "none that is told"
        what = f"{planned.plan.component} runs the package {found}, not that of its role {planned.plan.package}"
        yield Finding(function.where, Rule.PACKAGE, f"{what} ({wanted[:12]}…)", _AGAIN)


def _size(planned: Planned, function: FunctionView) -> Iterator[Finding]:
    plan = planned.plan
    if function.memory_mib is not None and function.memory_mib < plan.memory_mib:
        what = f"it has {function.memory_mib:g} MiB of memory; {plan.memory_mib} were planned"
        yield Finding(function.where, Rule.SIZE, what, _AGAIN)
    if function.timeout_s is not None and function.timeout_s < plan.timeout_s:
        what = f"it is ended after {function.timeout_s:g} s; {plan.timeout_s} were planned"
        yield Finding(function.where, Rule.SIZE, what, _AGAIN)
    if plan.starts is Starts.SCHEDULE and not function.alone:
        what = "two runs of this mover may overlap, and would move everything twice"
        yield Finding(function.where, Rule.SIZE, what, "let it run one at a time")


def _public(planned: Planned, function: FunctionView) -> Iterator[Finding]:
    if function.public and not planned.plan.public:
        what = "anybody may call it, though it checks no signature"
        yield Finding(function.where, Rule.PUBLIC, what, "take its public permission away")
    if planned.plan.public and not (function.public and function.url):
        what = "it has no URL that its peers may call"
        yield Finding(function.where, Rule.TRIGGERS, what, "give it a URL: its handler refuses what is not signed")
