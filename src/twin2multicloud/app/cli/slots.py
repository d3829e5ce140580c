"""Slots as options name them."""

from __future__ import annotations

from collections.abc import Sequence

from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.names import parse_slot
from twin2multicloud.model.slots import Slot


def chosen_slots(names: Sequence[str]) -> tuple[Slot, ...]:
    """Slots from options such as `--slot L2 --slot L3.hot` or `--slot L2,L3.hot`; `L3` means its three tiers."""
    found: list[Slot] = []
    for name in (part.strip() for each in names for part in each.split(",")):
        tiers = [slot for slot in Slot if slot.layer == name.upper()]
        try:
            found += tiers or [parse_slot(name)]
        except ValueError as error:
            raise UsageError(f"--slot: {error}") from error
    return tuple(dict.fromkeys(found))
