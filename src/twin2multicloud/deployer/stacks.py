"""Stacks: a root module and a state per slot, and one per site for what its slots share.

A stack's module gets plain JSON `arguments`, made of names that are known before anything exists, so that all stacks
can be planned at once. What only the cloud can tell (`upstream`) comes from the outputs of stacks applied before; a
plan that is made earlier shows the placeholder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.model.slots import Slot

FOUNDATION: Final = "foundation"
ORDER: Final = (
    Slot.ARCHIVE,
    Slot.COOL,
    Slot.HOT,
    Slot.MANAGEMENT,
    Slot.PROCESSING,
    Slot.ACQUISITION,
    Slot.VISUALIZATION,
)
"""The order in which slots are deployed, after their sites' foundations; they are destroyed in reverse."""


@dataclass(frozen=True)
class Upstream:
    """An output of another stack that a module needs: of `stack`, at `path` (keys) in its output `slot`.

    `placeholder` has the form of the real value and stands for it in a plan that is made before that stack exists.
    """

    stack: str
    path: tuple[str, ...]
    placeholder: Any


@dataclass(frozen=True)
class Stack:
    """What one root module is rendered from.

    `name` is its directory's and its state's; `module` its module's directory below `deployer/terraform`; `packages`
    the roles whose packages its functions run. `providers` are the blocks of its root module: provider → arguments.
    """

    name: str
    site: Site
    slot: Slot | None
    module: str
    arguments: Mapping[str, Any]
    providers: Mapping[str, Mapping[str, Any]]
    upstream: Mapping[str, Upstream] = field(default_factory=dict)
    packages: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What a person calls it."""
        return f"{FOUNDATION} of {self.site}" if self.slot is None else f"{self.slot.value} at {self.site}"


def foundation_name(site: Site) -> str:
    """The name of a site's foundation."""
    return f"{FOUNDATION}-{site.provider.value}-{site.region}"


def slot_name(slot: Slot, generation: int = 1) -> str:
    """The name of a slot's stack."""
    name = slot.value.replace(".", "-")
    return name if generation == 1 else f"{name}-{generation}"


def stacks_of(deployment: Deployment) -> tuple[Stack, ...]:
    """Every stack of a deployment, in the order of deploying."""
    from twin2multicloud.deployer.clouds import CLOUDS

    foundations = (CLOUDS[site.provider].foundation(deployment, site) for site in deployment.sites)
    slots = (CLOUDS[deployment.site(slot).provider].slot(deployment, slot) for slot in ORDER)
    return _sorted((*foundations, *slots))


def _sorted(stacks: tuple[Stack, ...]) -> tuple[Stack, ...]:
    """The usual order, but no stack before one whose outputs it takes."""
    waiting, placed = list(stacks), dict[str, Stack]()
    names = {stack.name for stack in stacks}
    while waiting:
        for stack in waiting:
            if all(up.stack in placed or up.stack not in names for up in stack.upstream.values()):
                break
        else:
            raise ValueError(f"stacks need each other in a circle: {', '.join(stack.name for stack in waiting)}")
        placed[stack.name] = stack
        waiting.remove(stack)
    return tuple(placed.values())


def needs(stacks: tuple[Stack, ...]) -> dict[str, frozenset[str]]:
    """Which stacks must be there before a stack is applied, by name: its site's foundation, slots that come earlier
    at the same site (its functions may reach into their stores and queues), and those whose outputs it takes.

    Slots at different sites meet over links alone, so that they are built at the same time.
    """
    found: dict[str, frozenset[str]] = {}
    for number, stack in enumerate(stacks):
        before = {other.name for other in stacks[:number] if other.site == stack.site}
        found[stack.name] = frozenset(before | {up.stack for up in stack.upstream.values()})
    return found
