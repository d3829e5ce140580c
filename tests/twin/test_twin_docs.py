"""What the pages about twins and rules show is what is read and what happens."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.twin.conftest import put, read
from twin2multicloud.model.expressions import compile_expression, parse
from twin2multicloud.model.expressions.functions import FUNCTIONS
from twin2multicloud.model.formats import parse as parse_document
from twin2multicloud.model.spec import Rule
from twin2multicloud.model.twin.compile import compile_twin
from twin2multicloud.model.twin.dashboard_definition import PanelDefinition
from twin2multicloud.model.twin.reader import parse_twin
from twin2multicloud.runtime.envelope import TELEMETRY, Event
from twin2multicloud.runtime.handlers.rules import Rules
from twin2multicloud.runtime.ports import RuleState

DOCS = Path(__file__).parents[2] / "docs"
TWIN = (DOCS / "twin.md").read_text(encoding="utf-8")
RULES = (DOCS / "rules.md").read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def test_the_sections_shown_make_a_twin(tmp_path: Path) -> None:
    types, pump, *sections = blocks(TWIN, "yaml")
    assert pump.startswith("  pump:")
    (processor,) = blocks(TWIN, "python")
    for name, text in {
        "processors/climate.py": processor,
        "processors/call.py": "def act(alert): ...\n",
        "models/pump.json": json.dumps(
            {
                "@context": "dtmi:dtdl:context;3",
                "@id": "dtmi:com:example:Pump;1",
                "@type": "Interface",
                "contents": [
                    {"@type": "Property", "name": "flow", "schema": "double"},
                    {"@type": "Relationship", "name": "supplies"},
                ],
            }
        ),
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    head = "name: documented\nworkload: {message_interval_s: 60, message_size_bytes: 120, rules_per_message: 1}\n"
    twin = parse_twin(head + types + pump + "".join(sections), "docs/twin.md", directory=tmp_path)
    assert twin.device_count == 42
    assert {panel.kind for panel in twin.dashboards[0].panels} == {"timeseries", "gauge", "table", "alarms"}
    assert len(compile_twin(twin).rules[0].actions) == 4


def test_every_kind_of_panel_and_key_of_a_field_is_documented() -> None:
    for kind in (
        str(PanelDefinition.model_fields["kind"].annotation).split("[")[1].strip("]").replace("'", "").split(", ")
    ):
        assert f"`{kind}`" in TWIN
    for section in (
        "name",
        "description",
        "workload",
        "constraints",
        "assumptions",
        "device_types",
        "devices",
        "graph",
        "rules",
        "dashboards",
    ):
        assert f"`{section}`" in TWIN


def test_the_expressions_shown_are_read() -> None:
    (examples,) = blocks(RULES, "")[:1]
    lines = examples.strip().splitlines()
    assert len(lines) == 6
    for line in lines:
        parse(line)
    for name in FUNCTIONS:
        assert f"`{name}(" in RULES or f"{name}(" in RULES
    assert compile_expression("-7 % 4 == 1 and 7 % -4 == -1")({}, "", "") is True


class _States:
    """Rule states in memory."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], RuleState] = {}

    def load(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], RuleState]:
        return {key: self.states[key] for key in keys if key in self.states}

    def save(self, changes: Mapping[tuple[str, str], RuleState]) -> list[tuple[str, str]]:
        self.states |= changes
        return []


def test_the_timetable_shown_is_what_happens() -> None:
    shown: dict[str, Any]
    (shown,) = parse_document(blocks(RULES, "yaml")[0], "yaml", "docs/rules.md").value  # type: ignore[misc]
    table = re.findall(r"\| (\d\d:\d\d) \| (\d+) \| (.*?) \|", RULES)
    assert len(table) == 6
    shown = {**shown, "on": "sensor", "when": "count > 1400", "clear": "count < 1000"}
    spec = compile_twin(read(put("rules", value=[shown])))
    assert isinstance(spec.rules[0], Rule)
    rules = Rules(spec, _States(), now=lambda: 0.0)
    for time, value, what in table:
        event = Event(
            id=time,
            source="/x",
            type=TELEMETRY,
            subject="sensor-01",
            time=f"2026-01-01T{time}:00.000000Z",
            data={"count": int(value)},
        )
        fired = rules.evaluate([event])
        rules.commit(fired)
        assert [alert.data["active"] for alert in fired.alerts] == (
            [True] if "**fires**" in what else [False] if "**cleared**" in what else []
        ), time
