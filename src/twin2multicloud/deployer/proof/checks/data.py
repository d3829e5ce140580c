"""Objects' ages: they change to an archive's class and go when the twin says so."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from twin2multicloud.deployer.proof.findings import Finding, Rule, Where
from twin2multicloud.deployer.proof.site import Seen
from twin2multicloud.deployer.stacks import slot_name
from twin2multicloud.model.slots import Slot

_DAY_S: Final = 86_400
_SLACK_DAYS: Final = 1.0
"""Clouds count whole days."""


def tiers(seen: Seen) -> Iterator[Finding]:
    """Findings about lifecycle rules."""
    for slot, tier in ((Slot.COOL, "cool"), (Slot.ARCHIVE, "archive")):
        # While a slot is held nothing need change or go.
        if slot in seen.deployment.slots_at(seen.site) and slot not in seen.deployment.held:
            yield from _tier(seen, slot, tier)


def _tier(seen: Seen, slot: Slot, tier: str) -> Iterator[Finding]:
    archived, deleted = planned_ages(seen, tier)
    if archived is None and deleted is None:
        return
    found = [ages for ages in seen.view.ages if ages.tier == tier]
    if not found:
        stack = Where(slot_name(slot, seen.deployment.generation(slot)))
        yield Finding(stack, Rule.TIERS, f"nothing ends objects of {slot.value}", "give its bucket a lifecycle rule")
    for ages in found:
        for does, wanted, has in (
            ("change class", archived, ages.archived_days),
            ("are deleted", deleted, ages.deleted_days),
        ):
            if not _same(wanted, has):
                what = f"objects of {slot.value} {does} {_after(has)}; {_after(wanted)} was planned"
                yield Finding(ages.where, Rule.TIERS, what, "set its lifecycle rules")


def planned_ages(seen: Seen, tier: str) -> tuple[float | None, float | None]:
    """Days after which a tier's objects change class, and are deleted, counted from when they were written there: a
    record leaves its tier for the next at the age that the twin says, which is when its object there is made.

    None: never, or not by a rule (a mover takes them away). Where hot and cool tier end at once, objects are made in
    the archive's class and need not change it (0).
    """
    retention = seen.deployment.spec.retention
    apart = seen.deployment.blueprint.by_edge["to-archive"].apart
    archives = retention.archive_s > retention.cool_s
    if tier == "archive":
        return None, (retention.archive_s - retention.cool_s) / _DAY_S if apart and archives else None
    if retention.archive_s <= retention.hot_s:
        return None, None
    archived = (retention.cool_s - retention.hot_s) / _DAY_S if archives and not apart else None
    return archived, None if apart and archives else (retention.archive_s - retention.hot_s) / _DAY_S


def _same(wanted: float | None, has: float | None) -> bool:
    if has is None:
        return wanted is None or wanted == 0  # made in the class that it should change to
    if wanted is None:
        return False
    return math.isclose(wanted, has, abs_tol=_SLACK_DAYS)


def _after(days: float | None) -> str:
    return "never" if days is None else f"after {days:g} days"
