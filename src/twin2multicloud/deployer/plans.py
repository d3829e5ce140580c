"""What a plan would do, resource by resource, with what each costs a month."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from twin2multicloud.deployer.resources import component_of, costs_of_resources
from twin2multicloud.deployer.stacks import Stack


class Action(StrEnum):
    """What happens to a resource."""

    ADD = "add"
    CHANGE = "change"
    REPLACE = "replace"
    DESTROY = "destroy"
    KEEP = "keep"


_ACTIONS: Final = {
    ("create",): Action.ADD,
    ("update",): Action.CHANGE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("delete",): Action.DESTROY,
    ("no-op",): Action.KEEP,
}


@dataclass(frozen=True)
class ResourceChange:
    """What happens to one resource. `attributes` are the top-level ones that change (of changes and replacements);
    `usd_per_month` what its component is predicted to cost, None where nothing is charged for it by itself.
    """

    address: str
    type: str
    action: Action
    component: str = ""
    attributes: tuple[str, ...] = ()
    usd_per_month: float | None = None

    @property
    def name(self) -> str:
        """The address within the stack's module."""
        return self.address.removeprefix("module.slot.")


@dataclass(frozen=True)
class StackPlan:
    """What is planned for one stack. `untouched`: its inputs are those it was made from, so nothing was asked of any
    cloud. `pending` are inputs that other stacks put out when they are applied; `more_usd` components whose cost no
    resource of this stack carries, such as a table that a site's functions share.
    """

    stack: Stack
    changes: tuple[ResourceChange, ...] = ()
    more_usd: Mapping[str, float] = field(default_factory=dict)
    pending: tuple[str, ...] = ()
    untouched: bool = False
    fingerprint: str = ""
    outputs_change: bool = False

    def count(self, action: Action) -> int:
        """How many resources meet that."""
        return sum(change.action is action for change in self.changes)

    @property
    def empty(self) -> bool:
        """Whether nothing is to be done."""
        return all(change.action is Action.KEEP for change in self.changes)

    @property
    def nothing(self) -> bool:
        """Whether applying it would do nothing at all, not even to what the stack puts out."""
        return self.untouched or (self.empty and not self.outputs_change)

    @property
    def usd_per_month(self) -> float:
        """What the stack is predicted to cost once this is done."""
        kept = (c.usd_per_month or 0.0 for c in self.changes if c.action is not Action.DESTROY)
        return sum(kept) + sum(self.more_usd.values())

    @property
    def deeds(self) -> frozenset[tuple[str, Action]]:
        """What is done to which resource: a plan that was agreed to must not do anything else when it is applied."""
        return frozenset((c.address, c.action) for c in self.changes if c.action is not Action.KEEP)


def stack_plan(
    stack: Stack,
    shown: Mapping[str, Any],
    components_usd: Mapping[str, float],
    carriers: Collection[str],
    *,
    pending: tuple[str, ...] = (),
    fingerprint: str = "",
) -> StackPlan:
    """A stack's plan from what `show -json` says of it. `components_usd` are the slot's components with their cost."""
    changes = list(_changes(shown.get("resource_changes", ()), components_usd))
    alive = (change.address for change in changes if change.action is not Action.DESTROY)
    costs, left = costs_of_resources(alive, components_usd, carriers)
    priced = tuple(
        ResourceChange(c.address, c.type, c.action, c.component, c.attributes, costs.get(c.address)) for c in changes
    )
    outputs = any(list(each["actions"]) != ["no-op"] for each in shown.get("output_changes", {}).values())
    return StackPlan(stack, priced, left, pending, fingerprint=fingerprint, outputs_change=outputs)


def _changes(found: Iterable[Mapping[str, Any]], components: Collection[str]) -> Iterable[ResourceChange]:
    for each in found:
        if each.get("mode") == "data":
            continue
        change = each["change"]
        action = _ACTIONS.get(tuple(change["actions"]))
        if action is None:
            continue  # a read
        attributes = _changed(change) if action in (Action.CHANGE, Action.REPLACE) else ()
        yield ResourceChange(
            each["address"], each["type"], action, component_of(each["address"], components), attributes
        )


def _changed(change: Mapping[str, Any]) -> tuple[str, ...]:
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = {name for name, value in (change.get("after_unknown") or {}).items() if value}
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return tuple(sorted(names | unknown))
