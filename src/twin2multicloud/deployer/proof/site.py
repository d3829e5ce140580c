"""A site's plan and its view side by side: what every rule is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.functions import functions_of
from twin2multicloud.deployer.proof.findings import Where
from twin2multicloud.deployer.proof.view import FunctionView, Planned, Trigger, View
from twin2multicloud.deployer.proof.world import World
from twin2multicloud.deployer.stacks import foundation_name, slot_name


def stacks_at(deployment: Deployment, site: Site) -> tuple[str, ...]:
    """The names of a site's stacks."""
    slots = (slot_name(slot, deployment.generation(slot)) for slot in deployment.slots_at(site))
    return (foundation_name(site), *slots)


def planned_at(deployment: Deployment, site: Site) -> tuple[Planned, ...]:
    """The functions that shall be at a site."""
    return tuple(
        Planned(slot_name(slot, deployment.generation(slot)), plan)
        for slot in deployment.slots_at(site)
        for plan in functions_of(deployment.blueprint, deployment.spec, slot)
    )


@dataclass(frozen=True)
class Seen:
    """A site: what shall be there, what is there, and the hashes of packages by role."""

    deployment: Deployment
    site: Site
    world: World
    planned: tuple[Planned, ...]
    view: View
    packages: Mapping[str, str]

    @cached_property
    def by_where(self) -> dict[Where, FunctionView]:
        """Functions by resource."""
        return {function.where: function for function in self.view.functions}

    def found(self, planned: Planned) -> list[FunctionView]:
        """The functions that a plan became, which should be one."""
        wanted = (planned.stack, planned.plan.component)
        return [each for each in self.view.functions if (each.where.stack, each.component) == wanted]

    @cached_property
    def pairs(self) -> tuple[tuple[Planned, FunctionView], ...]:
        """Each plan with each function that it became."""
        return tuple((planned, function) for planned in self.planned for function in self.found(planned))

    def triggers(self, function: FunctionView) -> Iterator[Trigger]:
        """What starts a function."""
        return (trigger for trigger in self.view.triggers if trigger.function == function.where)

    def named(self, functions: Iterable[FunctionView], field: str) -> set[Where]:
        """What functions mean by a field of their configuration."""
        return {
            reference.target
            for function in functions
            for reference in function.references
            if reference.field == field and reference.target is not None
        }
