"""The same changes made to plain values: what a changed text has to read as."""

from __future__ import annotations

import math
from typing import Any

from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.parsing import Path, field_name


class NowhereError(UsageError):
    """A path leads nowhere, or where something else is already."""


def value_at(value: Any, path: Path) -> Any:
    """What is at a path; `NowhereError` if nothing is."""
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[part]
            continue
        if not (isinstance(value, list) and isinstance(part, int) and 0 <= part < len(value)):
            raise NowhereError(f"there is nothing at {field_name(path)}; name what is there")
        value = value[part]
    return value


def same(one: Any, other: Any) -> bool:
    """Whether two values read alike: true is no 1, and what is no number is itself."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(each, other[name]) for name, each in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def plain(value: Any) -> Any:
    """A value with tuples as lists, copied to its depth."""
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def changed(value: Any, path: Path, wanted: Any) -> Any:
    """A value with another one at a path, where something is."""
    if not path:
        return wanted
    first, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {name: changed(each, rest, wanted) if name == first else each for name, each in value.items()}
    return [changed(each, rest, wanted) if index == first else each for index, each in enumerate(value)]
