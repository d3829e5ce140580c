"""Device types and devices: references, counts, and fields that twins keep."""

from __future__ import annotations

from collections.abc import Iterator

from twin2multicloud.model.names import shown
from twin2multicloud.model.twin.device_types import SCALARS
from twin2multicloud.model.twin.part import MAX_DEVICES, MAX_ENTITIES
from twin2multicloud.model.twin.parts import Listed, Parts, Problem


def size_problems(parts: Parts) -> Iterator[Problem]:
    """Whether there are more devices or entities than can be; those are taken out, since nobody should count them."""
    devices = sum(len(group) for _, group in parts.devices.good)
    if devices > MAX_DEVICES:
        yield Problem(("devices",), f"has {devices:,} devices; an Azure IoT hub takes {MAX_DEVICES:,}: split the twin")
        parts.devices = Listed(complete=False)
    entities = sum(entity.count or 1 for _, entity in parts.entities.good)
    if entities > MAX_ENTITIES:
        message = f"has {entities:,} entities; Azure Digital Twins takes {MAX_ENTITIES:,} twins: make it smaller"
        yield Problem(("graph", "entities"), message)
        parts.entities = Listed(complete=False)


def device_problems(parts: Parts) -> Iterator[Problem]:
    """What is wrong with device types and devices."""
    if not parts.device_types.declared and parts.device_types.complete:
        yield Problem(("device_types",), "is empty; name at least one type with its fields")
    if not parts.devices.good and parts.devices.complete:
        yield Problem(("devices",), "is empty; name at least one device")
    for index, group in parts.devices.good:
        if parts.device_types.lacks(group.type):
            hint = parts.suggest(group.type, parts.device_types.declared)
            yield Problem(("devices", index, "type"), f"there is no device type {shown(group.type, 64)}{hint}")
    for name, kind in parts.device_types.good.items():
        for place, field in enumerate(kind.twin_fields or ()):
            path = ("device_types", name, "twin_fields", place)
            if field not in kind.fields:
                yield Problem(path, f"there is no field {shown(field, 64)}{parts.suggest(field, kind.fields)}")
            elif kind.fields[field].type not in SCALARS:
                yield Problem(path, f"{field} is of type {kind.fields[field].type}; twins keep single values only")
        if kind.twin_fields is None and not kind.kept_fields:
            yield Problem(("device_types", name), "has no field whose last value a twin can keep; add a single value")
    total = sum(len(group) for _, group in parts.devices.good)
    workload = parts.workload
    if workload is not None and parts.devices.complete and total and workload.devices != total:
        message = f"is {workload.devices:,}, and the devices section has {total:,}; remove it, or write {total}"
        yield Problem(("workload", "devices"), message)
