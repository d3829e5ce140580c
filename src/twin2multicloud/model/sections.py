"""The sections of a document, and the number of devices that a twin's own section says."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

WORKLOAD_SECTIONS: Final = ("workload", "constraints", "assumptions")
"""What prices a twin; a document with only these is a workload."""

TWIN_SECTIONS: Final = ("name", "description", "device_types", "devices", "graph", "rules", "dashboards")
"""What describes a twin besides."""


def is_twin(document: Mapping[str, Any]) -> bool:
    """Whether a document describes a twin, and not only its workload."""
    # `devices` alone may be a workload's number gone wrong.
    if isinstance(document.get("devices"), list) and isinstance(document.get("workload"), dict):
        return True
    return any(isinstance(document.get(name), dict | list) for name in ("device_types", "graph", "rules", "dashboards"))


def with_device_count(workload: object, devices: object) -> object:
    """A twin's raw workload with the number of its raw devices, where it does not say one itself.

    Left as it is where the devices are not well formed: reading the twin says what is wrong with them.
    """
    if not isinstance(workload, dict) or "devices" in workload or not isinstance(devices, list):
        return workload
    total = 0
    for group in devices:
        if not isinstance(group, dict):
            return workload
        names, count = group.get("names"), group.get("count")
        if isinstance(names, list):
            total += len(names)
        elif isinstance(count, int | float) and not isinstance(count, bool) and math.isfinite(count):
            total += int(count)
        else:
            return workload
    return workload | {"devices": total} if total > 0 else workload
