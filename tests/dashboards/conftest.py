"""A twin with everything that a dashboard may meet."""

from __future__ import annotations

import json
from typing import Any

import pytest

from twin2multicloud.dashboards.source import ReadSource
from twin2multicloud.model.spec import DeviceGroup, DeviceType, Field, Retention, Rule, TwinSpec

SOURCE = ReadSource("https://hot.example/read", "https://graph.example/read")


def spec_with(*dashboards: dict[str, Any], rooms: int = 12, rules: tuple[Rule, ...] | None = None) -> TwinSpec:
    room = DeviceType(
        "room sensor",
        "dtmi:example:room;1",
        (
            Field("temperature", "double", "°C", -40, 85),
            Field("people", "integer", "people"),
            Field("open", "boolean"),
            Field("mode", "string"),
            Field("raw", "object", required=False),
        ),
    )
    pump = DeviceType(
        "pump",
        "dtmi:example:pump;1",
        (Field("flow", "double", "l/min"), Field("power", "double", "W")),
        twin_fields=("power",),
    )
    if rules is None:
        rules = (
            Rule("warm", "room sensor", "temperature > 26"),
            Rule("hot", "room sensor", "temperature >= 30 and people > 0", severity="critical"),
            Rule("cold", "room sensor", "12.5 > temperature", severity="error"),
            Rule("north", "room sensor", "temperature > 20", devices=("room-02",), severity="info"),
        )
    return TwinSpec(
        "My twin",
        (room, pump),
        (
            DeviceGroup("room sensor", prefix="room-", width=2, count=rooms),
            DeviceGroup("pump", names=("pump-a", "pump-b")),
        ),
        Retention(1.0, 2.0, 3.0),
        rules=rules,
        dashboards=dashboards,
    )


@pytest.fixture
def spec() -> TwinSpec:
    return spec_with()


def all_panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries(panel: dict[str, Any], **variables: str) -> list[dict[str, Any]]:
    """What a panel asks, with its variables filled in as Grafana and the live page do."""
    found = []
    for target in panel["targets"]:
        text = target["url_options"]["data"]
        for name, value in variables.items():
            text = text.replace(f"${{{name}:doublequote}}", json.dumps(value))
        text = text.replace("${__from:date:iso}", "2026-11-25T00:00:00Z").replace(
            "${__to:date:iso}", "2026-11-26T00:00:00Z"
        )
        found.append(json.loads(text))
    return found
