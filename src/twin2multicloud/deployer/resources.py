"""From a resource's address to the component it belongs to.

Modules carry the blueprint's component in every address: as the key of a module or resource made for each
(`module.slot.module.function["persist-receiver"].aws_lambda_function.this`, `…aws_sqs_queue.queue["intake"]`), or as
the resource's own name (`module.slot.aws_dynamodb_table.hot`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Final

_KEY: Final = re.compile(r'\["((?:[^"\\]|\\.)*)"\]')
_STEP: Final = re.compile(r"\[[^\]]*\]")


def component_of(address: str, components: Collection[str]) -> str:
    """The component that a resource belongs to, "" if to none in particular (a policy that several share)."""
    for key in _KEY.findall(address):
        if key in components:
            return str(key)
    for step in reversed(_STEP.sub("", address).split(".")):
        name = step.replace("_", "-")
        if name in components:
            return name
    return ""


def type_of(address: str) -> str:
    """A resource's type: the last step but one of its address."""
    steps = _STEP.sub("", address).split(".")
    return steps[-2] if len(steps) > 1 else ""


def costs_of_resources(
    addresses: Iterable[str],
    components: Mapping[str, float],
    carriers: Collection[str],
) -> tuple[dict[str, float], dict[str, float]]:
    """What each resource costs, by address, and what is left by component.

    `components` are the slot's components with their dollars a month, `carriers` the types of resources that a
    component's cost is shown at. A component with several of them shows its cost at the first; one with none (a table
    that the foundation has for all slots) is left over.
    """
    shown: dict[str, float] = {}
    left = dict(components)
    for address in sorted(addresses, key=lambda each: (each.count("."), each)):
        component = component_of(address, components)
        if component in left and type_of(address) in carriers:
            shown[address] = left.pop(component)
    return shown, {component: usd for component, usd in left.items() if usd > 0}
