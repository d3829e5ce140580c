"""What is allowed in a twin but perhaps not meant: figures of the bill that the definition does not bear out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin2multicloud.model.errors import Finding
from twin2multicloud.model.fields import number_text
from twin2multicloud.model.twin.compile import named_devices
from twin2multicloud.model.twin.definition import TwinDefinition
from twin2multicloud.model.twin.size import mean_message_bytes

SIZE_TOLERANCE: Final = 0.25
_RULES_TOLERANCE: Final = 1.25


def twin_warnings(definition: TwinDefinition) -> list[Finding]:
    """Each with the field it is about. None of them keeps a twin from running."""
    return [Finding(field, problem) for field, problem in _warnings(definition)]


def rules_per_message(definition: TwinDefinition) -> float:
    """Rules evaluated for a message of the twin, on average over its devices."""
    counts = definition.devices_by_type
    looks = sum(len(named_devices(definition, rule.on, rule.devices)) or counts[rule.on] for rule in definition.rules)
    return looks / definition.device_count


def _warnings(definition: TwinDefinition) -> Iterator[tuple[str, str]]:
    stated = definition.workload.message_size_bytes
    estimated = mean_message_bytes(definition)
    if abs(estimated - stated) > SIZE_TOLERANCE * stated:
        yield (
            "workload.message_size_bytes",
            f"is {number_text(stated)}, but the device types' fields make messages of about {estimated:.0f} bytes; the "
            f"bill would be {'too low' if estimated > stated else 'too high'}: write {estimated:.0f}",
        )
    rules, priced = rules_per_message(definition), definition.workload.rules_per_message
    if rules > _RULES_TOLERANCE * priced:
        yield (
            "workload.rules_per_message",
            f"is {priced:g}, but {rules:.2g} rules look at a message on average; the bill would be too low: "
            f"write {rules:.2g}",
        )
    for name, count in definition.devices_by_type.items():
        if count == 0:
            yield f"device_types.{name}", "has no devices; add some, or remove the type"
    named = {entity.model for entity in definition.graph.entities}
    for name in definition.graph.models:
        if name not in named:
            yield f"graph.models.{name}", "has no entities; add some, or remove the model"
