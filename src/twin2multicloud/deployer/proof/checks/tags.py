"""Everything that can be labelled says what it belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from twin2multicloud.deployer.proof.findings import Finding, Rule, Severity
from twin2multicloud.deployer.proof.site import Seen
from twin2multicloud.deployer.proof.world import Resource
from twin2multicloud.deployer.stacks import slot_name
from twin2multicloud.model.slots import Provider

_ATTRIBUTES: Final[Mapping[Provider, tuple[str, ...]]] = {
    Provider.AWS: ("tags_all", "tags"),
    Provider.AZURE: ("tags",),
    Provider.GCP: ("effective_labels", "user_labels", "labels", "resource_labels"),
}
"""Where a provider keeps labels; the first that a resource has counts, others are what it was made of."""
_UNSAFE: Final = re.compile(r"[^a-z0-9_-]+")
_SHORTEST: Final = 63


def tags(seen: Seen) -> Iterator[Finding]:
    """Findings about labels."""
    names = _ATTRIBUTES[seen.site.provider]
    slots = {
        slot_name(slot, seen.deployment.generation(slot)): slot.value for slot in seen.deployment.slots_at(seen.site)
    }
    settings = seen.deployment.settings
    for resource in seen.world.resources:
        found = _labels(resource, names)
        if found is None:
            continue
        wanted = {
            "managed-by": "twin2multicloud",
            "twin": settings.twin,
            "run": settings.uid,
            "owner": settings.owner,
            "slot": slots.get(resource.stack, "foundation"),
        }
        wrong = [key for key, value in wanted.items() if not _says(found.get(key), value)]
        if wrong:
            what = f"its labels do not say its {', '.join(wrong)}"
            yield Finding(resource.where, Rule.TAGS, what, "label it as everything else", Severity.WARNING)


def _labels(resource: Resource, names: tuple[str, ...]) -> Mapping[str, object] | None:
    """A resource's labels; None if its type has none."""
    there = [name for name in names if name in resource.attributes]
    if not there:
        return None
    for name in there:
        value = resource.attributes[name]
        if isinstance(value, Mapping) and value:
            return value
    return {}


def _says(found: object, wanted: str) -> bool:
    """Whether a label is a value, perhaps written so that a cloud takes it."""
    return isinstance(found, str) and found != "" and _plain(found) == _plain(wanted)[: len(_plain(found))]


def _plain(text: str) -> str:
    return _UNSAFE.sub("-", text.lower()).strip("-")[:_SHORTEST]
