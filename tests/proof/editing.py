"""Breaking an applied world: what somebody does in a console, or a module that has a mistake."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.deployer.applied.applying import Applied
from twin2multicloud.deployer.proof import Finding, Resource, Rule, World, prove

Change = Callable[[Applied], Applied]
Attributes = dict[str, Any]


@dataclass(frozen=True)
class Mutant:
    """A world broken in one way. `rules` are those that it breaks, once for each finding; `at` is in each address."""

    name: str
    world: str
    change: Change
    rules: tuple[Rule, ...]
    at: str = ""

    def findings(self, applied: Applied) -> tuple[Finding, ...]:
        """What the checker says of it."""
        broken = self.change(applied)
        return prove(broken.deployment, broken.world, broken.documents, broken.packages)


def drop(kind: str, at: str = "") -> Change:
    """Without the resources of a type whose address contains `at`."""

    def change(applied: Applied) -> Applied:
        gone = _matching(applied.world, kind, at)
        kept = tuple(each for each in applied.world.resources if each not in gone)
        return replace(applied, world=replace(applied.world, resources=kept))

    return change


def edit(kind: str, at: str, edits: Callable[[Attributes], object]) -> Change:
    """With one resource changed: the first of a type whose address contains `at`."""

    def change(applied: Applied) -> Applied:
        first = _matching(applied.world, kind, at)[0]
        attributes = copy.deepcopy(dict(first.attributes))
        edits(attributes)
        assert attributes != first.attributes, f"{first.address}: the edit changes nothing"
        edited = replace(first, attributes=attributes)
        resources = tuple(edited if each is first else each for each in applied.world.resources)
        return replace(applied, world=replace(applied.world, resources=resources))

    return change


def put(kind: str, at: str, **values: Any) -> Change:
    """With attributes of one resource set. `__` in a name goes into the first of a nested block."""

    def edits(attributes: Attributes) -> None:
        for name, value in values.items():
            *path, end = name.split("__")
            target: Any = attributes
            for step in path:
                target = target[step]
                target = target[0] if isinstance(target, list) else target
            target[end] = value

    return edit(kind, at, edits)


def add(stack: str, address: str, kind: str, **attributes: Any) -> Change:
    """With one resource more."""

    def change(applied: Applied) -> Applied:
        more = Resource(stack, address, kind, attributes)
        return replace(applied, world=replace(applied.world, resources=(*applied.world.resources, more)))

    return change


def clone(kind: str, at: str, address: str, **values: Any) -> Change:
    """With a resource once more at another address, some of its attributes changed."""

    def change(applied: Applied) -> Applied:
        first = _matching(applied.world, kind, at)[0]
        more = replace(first, address=address, attributes={**first.attributes, **values})
        return replace(applied, world=replace(applied.world, resources=(*applied.world.resources, more)))

    return change


def document(kind: str, at: str, attribute: str, edits: Callable[[Any], object]) -> Change:
    """With a JSON text of a resource changed."""

    def inside(attributes: Attributes) -> None:
        found = json.loads(attributes[attribute])
        edits(found)
        attributes[attribute] = json.dumps(found)

    return edit(kind, at, inside)


def several(*changes: Change) -> Change:
    """One change after the other."""

    def change(applied: Applied) -> Applied:
        for each in changes:
            applied = each(applied)
        return applied

    return change


def _matching(world: World, kind: str, at: str) -> list[Resource]:
    found = [each for each in world.of(kind) if at in f"{each.stack}: {each.address}"]
    assert found, f"no {kind} at {at}; there are {[each.address for each in world.of(kind)]}"
    return found
