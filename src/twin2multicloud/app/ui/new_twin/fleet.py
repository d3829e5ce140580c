"""How many devices a definition has, and having more or fewer of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def count_of(group: Any) -> int:
    """The devices of a raw device group; 0 where it is not well formed."""
    if not isinstance(group, dict):
        return 0
    names, count = group.get("names"), group.get("count")
    if isinstance(names, list):
        return len(names)
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 0


def counts(groups: Sequence[Any]) -> list[int]:
    """The devices of each group."""
    return [count_of(each) for each in groups]


def total(groups: Sequence[Any]) -> int:
    """All devices."""
    return sum(counts(groups))


def counted(groups: Sequence[Any]) -> list[int]:
    """The indexes of the groups that are counted, not listed by name: those that can be scaled."""
    return [index for index, each in enumerate(groups) if count_of(each) and "names" not in each]


def scaled(groups: Sequence[Any], wanted: int) -> dict[int, int]:
    """New counts, by index, with which there are `wanted` devices: counted groups in proportion, each at least one.

    Devices listed by name stay, so fewer than those and one of each group there cannot be.
    """
    indexes = counted(groups)
    if not indexes:
        return {}
    now = {index: count_of(groups[index]) for index in indexes}
    left = max(len(indexes), wanted - (total(groups) - sum(now.values())))
    whole = sum(now.values())
    exact = {index: max(1.0, left * count / whole) for index, count in now.items()}
    found = {index: int(count) for index, count in exact.items()}
    by_remainder = sorted(indexes, key=lambda index: found[index] - exact[index])
    missing = left - sum(found.values())
    for index in by_remainder[: max(0, missing)]:
        found[index] += 1
    for index in sorted(indexes, key=lambda index: -found[index]):
        spare = min(found[index] - 1, max(0, -missing))
        found[index] -= spare
        missing += spare
    return found
