"""What the deployer knows of a cloud: how its stacks are rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from twin2multicloud.deployer.deployment import Deployment, Site
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.slots import Slot


@dataclass(frozen=True)
class Cloud:
    """A cloud's stacks. `foundation` gives what the slots of a site share, `slot` the stack of one slot.

    `provider_versions` are the versions that root modules pin, by Terraform's provider; modules accept a range.
    `carriers` are the types of resources at which a plan shows what a component costs. `complete` adds to a stack's
    packages what comes from a package index (wheels of libraries), right before the stack is applied: a plan needs
    their hashes only. It keeps in a directory what it has fetched, and raises `UsageError` where it cannot.
    """

    foundation: Callable[[Deployment, Site], Stack]
    slot: Callable[[Deployment, Slot], Stack]
    provider_versions: Mapping[str, str]
    carriers: frozenset[str] = frozenset()
    complete: Callable[[Stack, Path, Path], None] = lambda _stack, _packages, _cache: None
