"""The applied world: what the states of a deployment's stacks say there is, whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from twin2multicloud.deployer.proof.findings import Where
from twin2multicloud.deployer.state.document import address_of, decode
from twin2multicloud.deployer.state.errors import DocumentError
from twin2multicloud.deployer.state.store import StateStore


@dataclass(frozen=True)
class Resource:
    """A resource of a stack as its state has it. `attributes` are as the provider names them."""

    stack: str
    address: str
    type: str
    attributes: Mapping[str, Any] = field(repr=False, default_factory=dict)

    @property
    def where(self) -> Where:
        """Where it is."""
        return Where(self.stack, self.address)

    def text(self, name: str) -> str:
        """An attribute that is a text; "" where it is not set."""
        value = self.attributes.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> float | None:
        """An attribute that is a number; None where it is not set."""
        value = self.attributes.get(name)
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def flag(self, name: str) -> bool:
        """An attribute that is true."""
        return self.attributes.get(name) is True

    def blocks(self, name: str) -> list[Mapping[str, Any]]:
        """A nested block, of which there may be any number; a single one as a list of one."""
        value = self.attributes.get(name)
        if isinstance(value, Mapping):
            return [value]
        return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []

    def block(self, name: str) -> Mapping[str, Any]:
        """The first of a nested block; empty if there is none."""
        return next(iter(self.blocks(name)), _NOTHING)

    def at(self, *path: str) -> Any:
        """A value in nested blocks, each the first of its kind; None where any is missing."""
        value: Any = self.attributes
        for step in path:
            if isinstance(value, list):
                value = value[0] if value else None
            value = value.get(step) if isinstance(value, Mapping) else None
        return value


_NOTHING: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True)
class World:
    """Resources, in the order of their states. `stacks` are those with a state, be it an empty one.

    `data` is what the stacks looked up and did not make: whose account it is, who deploys.
    """

    resources: tuple[Resource, ...]
    stacks: tuple[str, ...]
    data: tuple[Resource, ...] = ()

    @cached_property
    def _by_type(self) -> dict[str, tuple[Resource, ...]]:
        found: dict[str, list[Resource]] = {}
        for resource in self.resources:
            found.setdefault(resource.type, []).append(resource)
        return {kind: tuple(each) for kind, each in found.items()}

    def of(self, *types: str) -> Iterator[Resource]:
        """The resources of some types."""
        for kind in types:
            yield from self._by_type.get(kind, ())

    def one(self, kind: str, **attributes: Any) -> Resource | None:
        """The first resource of a type with these attributes."""
        for resource in self.of(kind):
            if all(resource.attributes.get(name) == value for name, value in attributes.items()):
                return resource
        return None

    def at(self, *stacks: str) -> World:
        """What some stacks hold."""
        kept, data = (tuple(each for each in some if each.stack in stacks) for some in (self.resources, self.data))
        return World(kept, tuple(stack for stack in self.stacks if stack in stacks), data)


def read_world(states: Mapping[str, bytes]) -> World:
    """The world that states describe, by stack. `DocumentError` for what is no state of Terraform's format 4."""
    found: dict[str, list[Resource]] = {"managed": [], "data": []}
    for stack, content in states.items():
        try:
            state = decode(content)
        except DocumentError as error:
            raise DocumentError(f"stack {stack}: {error}") from error
        for entry in state.resources:
            if entry.mode in found:
                found[entry.mode] += (
                    Resource(stack, address_of(entry, each), entry.type, each.attributes)
                    for each in entry.instances
                    if each.deposed is None
                )
    return World(tuple(found["managed"]), tuple(states), tuple(found["data"]))


def world_in(store: StateStore, stacks: Iterable[str]) -> World:
    """The world that the newest states of some stacks describe. A stack without a state is not in it."""
    return read_world({stack: store.content(stack) for stack in stacks if store.current(stack) is not None})
