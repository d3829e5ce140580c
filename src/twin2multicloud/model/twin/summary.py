"""What a twin describes, in numbers: what `check` says of one that is sound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin2multicloud.model.errors import Finding
from twin2multicloud.model.twin.definition import TwinDefinition
from twin2multicloud.model.twin.graph import all_relationships
from twin2multicloud.model.twin.size import mean_message_bytes, message_bytes
from twin2multicloud.model.twin.warnings import rules_per_message


def twin_summary(definition: TwinDefinition, warnings: Sequence[Finding]) -> dict[str, Any]:
    """What a twin describes, as plain JSON values."""
    counts = definition.devices_by_type
    return {
        "name": definition.name,
        "ok": True,
        "devices": definition.device_count,
        "device_types": [
            {
                "name": name,
                "devices": counts[name],
                "fields": len(kind.fields),
                "commands": sorted(kind.commands),
                "message_bytes": round(message_bytes(kind)),
                "processor": kind.processor,
            }
            for name, kind in definition.device_types.items()
        ],
        "entities": {
            model: sum(entity.count or 1 for entity in definition.graph.entities if entity.model == model)
            for model in definition.graph.models
        },
        "relationships": sum(1 for _ in all_relationships(definition)),
        "rules": [{"name": rule.name, "on": rule.on, "severity": rule.severity} for rule in definition.rules],
        "rules_per_message": rules_per_message(definition),
        "dashboards": [
            {"title": dashboard.title, "panels": len(dashboard.panels)} for dashboard in definition.dashboards
        ],
        "modules": sorted(definition.modules),
        "message_bytes": {
            "estimated": round(mean_message_bytes(definition)),
            "workload": definition.workload.message_size_bytes,
        },
        "warnings": [{"field": warning.field, "problem": warning.problem} for warning in warnings],
    }
