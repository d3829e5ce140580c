"""Newer wins: what a batch of updates changes in one twin, given the event times of the values it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twin2multicloud.runtime.ports import Update

Changes = dict[str, tuple[Any, str]]
"""New values by property, each with its event time."""


def by_entity(updates: Iterable[Update]) -> dict[str, Changes]:
    """Of each property of each twin the value with the latest time; of several with one time, the first."""
    found: dict[str, Changes] = {}
    for update in updates:
        changes = found.setdefault(update.entity, {})
        for name, value in update.values.items():
            if name not in changes or update.time > changes[name][1]:
                changes[name] = (value, update.time)
    return found


def newer(changes: Changes, times: Mapping[str, str]) -> Changes:
    """Those of the changes that are later than what is there; a value without a time gives way to any."""
    return {name: change for name, change in changes.items() if change[1] > times.get(name, "")}
