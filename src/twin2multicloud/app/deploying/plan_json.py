"""A plan as JSON, and back: what programs read, what a run keeps, what the command line shows of a server's plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twin2multicloud.deployer.deployment import Site
from twin2multicloud.deployer.plans import Action, ResourceChange, StackPlan
from twin2multicloud.deployer.stacks import Stack
from twin2multicloud.model.slots import Provider, Slot

_COUNTED: Final = (Action.ADD, Action.CHANGE, Action.REPLACE, Action.DESTROY)


def plan_json(plans: Mapping[str, StackPlan], total_usd: float) -> dict[str, Any]:
    """A plan for programs."""
    return {
        "usd_per_month": total_usd,
        "stacks": [
            {
                "stack": plan.stack.name,
                "slot": None if plan.stack.slot is None else plan.stack.slot.value,
                "provider": plan.stack.site.provider.value,
                "region": plan.stack.site.region,
                "module": plan.stack.module,
                "untouched": plan.untouched,
                "pending": list(plan.pending),
                "usd_per_month": plan.usd_per_month,
                "other_components_usd_per_month": dict(plan.more_usd),
                **{action.value: plan.count(action) for action in _COUNTED},
                "resources": [
                    {
                        "address": change.address,
                        "type": change.type,
                        "action": change.action.value,
                        "component": change.component,
                        "attributes": list(change.attributes),
                        "usd_per_month": change.usd_per_month,
                    }
                    for change in plan.changes
                ],
            }
            for plan in plans.values()
        ],
    }


def plans_in(document: Mapping[str, Any]) -> dict[str, StackPlan]:
    """The plans that a document tells of, as far as they are shown."""
    return {each["stack"]: _plan(each) for each in document["stacks"]}


def _plan(each: Mapping[str, Any]) -> StackPlan:
    slot = None if each["slot"] is None else Slot(each["slot"])
    stack = Stack(each["stack"], Site(Provider(each["provider"]), each["region"]), slot, each["module"], {}, {})
    changes = tuple(
        ResourceChange(
            change["address"],
            change["type"],
            Action(change["action"]),
            change["component"],
            tuple(change["attributes"]),
            change["usd_per_month"],
        )
        for change in each["resources"]
    )
    return StackPlan(
        stack, changes, each["other_components_usd_per_month"], tuple(each["pending"]), untouched=each["untouched"]
    )
