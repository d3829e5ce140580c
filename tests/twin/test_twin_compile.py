"""A definition compiled to the document that the running parts carry, and the built-in twins."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from tests.twin.conftest import Change, put, read
from twin2multicloud.dashboards.build import grafana_dashboards
from twin2multicloud.dashboards.source import ReadSource
from twin2multicloud.model.documents import read_workload_file
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.expressions import compile_expression
from twin2multicloud.model.scenarios import SCENARIOS, scenario, scenario_names
from twin2multicloud.model.spec import SECONDS_PER_MONTH, DeviceGroup, TwinSpec, read_spec, spec_json
from twin2multicloud.model.template import EXAMPLES
from twin2multicloud.model.twin.compile import compile_twin, processor_sources
from twin2multicloud.model.twin.definition import TwinDefinition
from twin2multicloud.model.twin.dtdl import by_id, set_problems
from twin2multicloud.model.twin.dtdl_check import interface_problems
from twin2multicloud.model.twin.reader import twin_of_scenario
from twin2multicloud.model.twin.size import mean_message_bytes, message_bytes
from twin2multicloud.model.twin.warnings import rules_per_message, twin_warnings
from twin2multicloud.model.twin.waveform import fits
from twin2multicloud.runtime.handlers.validate import problems


@pytest.fixture(scope="module")
def twins() -> dict[str, tuple[TwinDefinition, TwinSpec]]:
    """The built-in twins, read and compiled."""
    definitions = [twin_of_scenario(name) for name in scenario_names()]
    return {definition.name: (definition, compile_twin(definition)) for definition in definitions}


def test_a_small_twin_compiled() -> None:
    spec = compile_twin(read())
    assert spec.types["sensor"].twin_fields == ("temperature", "state", "count")
    assert spec.types["sensor"].model == "dtmi:twin:small_twin:sensor;1"
    temperature = spec.types["sensor"].fields[0]
    assert (temperature.unit, temperature.minimum, temperature.maximum) == ("°C", -40, 120)
    assert spec.devices[0] == DeviceGroup("sensor", prefix="sensor-", width=2, first=1, count=10)
    assert spec.device_names[-3:] == ("sensor-10", "valve-a", "valve-b")
    assert spec.dashboards[0]["panels"][0] == {
        "type": "timeseries",
        "device_type": "sensor",
        "fields": ["temperature"],
    }
    assert read_spec(spec_json(spec)) == spec


def test_retention_and_batches_are_those_of_the_bill() -> None:
    def change(document: dict[str, Any]) -> None:
        document["workload"] |= {"hot_months": 0.5, "cool_months": 2, "archive_months": 7, "link_batch_messages": 50}
        document["assumptions"] = {"batch_window_s": 2.5, "queue_batch_messages": 5, "mover_runs_per_day": 6}

    spec = compile_twin(read(change))
    assert spec.retention.hot_s == 0.5 * SECONDS_PER_MONTH
    assert (spec.retention.cool_s, spec.retention.archive_s) == (2 * 730 * 3600, 7 * 730 * 3600)
    batching = spec.batching
    assert (batching.window_s, batching.queue_messages, batching.link_messages) == (2.5, 5, 50)
    assert (batching.mover_runs_per_day, batching.stream_messages) == (6, 100)


@pytest.mark.parametrize(
    "name", ["sensor-1", "sensor-011", "sensor-00", "sensor-11", "sensor-1x", "xsensor-01", "valve"]
)
def test_only_the_devices_named_are_the_twins(name: str) -> None:
    spec = compile_twin(read())
    assert spec.type_of(name) is None
    assert all(spec.type_of(device) is not None for device in spec.device_names)


@pytest.mark.parametrize("version", [1, 7])
def test_a_types_version_is_its_models(version: int) -> None:
    spec = compile_twin(read(put("device_types", "valve", "version", value=version)))
    assert spec.types["valve"].model == f"dtmi:twin:small_twin:valve;{version}"


def test_dashboards_keep_what_was_said() -> None:
    panels = [
        {"kind": "row", "title": "Top"},
        {"kind": "text", "text": "**hi**", "width": 6},
        {"kind": "stat", "on": "sensor", "devices": ["sensor-0*"], "fields": ["state"], "unit": "x", "height": 3},
        {"kind": "alarms", "on": "valve"},
        {"kind": "rates"},
    ]
    spec = compile_twin(read(put("dashboards", value=[{"title": "T", "range": "1h", "panels": panels}])))
    (dashboard,) = spec.dashboards
    assert (dashboard["title"], dashboard["range"], dashboard["refresh"]) == ("T", "1h", "5s")
    assert [panel["type"] for panel in dashboard["panels"]] == ["row", "text", "stat", "alarms", "rates"]
    assert dashboard["panels"][2]["devices"] == [f"sensor-{n:02}" for n in range(1, 10)]
    assert dashboard["panels"][2]["height"] == 3
    assert grafana_dashboards(spec, ReadSource("https://h/", "https://s/"))


@pytest.mark.parametrize(
    ("change", "field", "says"),
    [
        (put("workload", "message_size_bytes", value=900), "workload.message_size_bytes", "too high: write"),
        (put("workload", "message_size_bytes", value=20), "workload.message_size_bytes", "too low: write"),
        (put("workload", "rules_per_message", value=0.1), "workload.rules_per_message", "too low: write 0.83"),
        (put("devices", 1, value={"type": "sensor", "names": ["s1"]}), "device_types.valve", "has no devices"),
        (put("graph", "models", "Attic", value={}), "graph.models.Attic", "has no entities"),
    ],
)
def test_warnings(change: Change, field: str, says: str) -> None:
    found = {finding.field: finding.problem for finding in twin_warnings(read(change))}
    assert says in found[field]


@pytest.mark.parametrize("name", scenario_names())
def test_a_built_in_twin_is_its_scenario(name: str, twins: dict[str, tuple[TwinDefinition, TwinSpec]]) -> None:
    definition, spec = twins[name]
    wanted = scenario(name).workload
    assert definition.workload == wanted
    assert definition.device_count == wanted.devices == len(spec.device_names)
    assert twin_warnings(definition) == []
    assert mean_message_bytes(definition) == pytest.approx(wanted.message_size_bytes, rel=0.2)
    assert rules_per_message(definition) == pytest.approx(wanted.rules_per_message, rel=0.5)
    assert read_workload_file(EXAMPLES / name / "twin.yaml").workload == wanted
    if wanted.entities_3d:
        assert len(spec.entities) == wanted.entities_3d
    assert read_spec(spec_json(spec)) == spec


@pytest.mark.parametrize("name", scenario_names())
def test_a_built_in_twins_models_are_dtdl(name: str, twins: dict[str, tuple[TwinDefinition, TwinSpec]]) -> None:
    _, spec = twins[name]
    for model in spec.models:
        assert interface_problems(model) == []
    assert set_problems(by_id(spec.models)) == []
    ids = {model["@id"] for model in spec.models}
    assert {kind.model for kind in spec.device_types} | {entity.model for entity in spec.entities} == ids
    kept = {model["@id"]: {c["name"] for c in model["contents"] if c["@type"] == "Property"} for model in spec.models}
    for kind in spec.device_types:
        assert set(kind.twin_fields) == kept[kind.model]


@pytest.mark.parametrize("name", scenario_names())
def test_a_built_in_twins_code_does_what_it_says(
    name: str, twins: dict[str, tuple[TwinDefinition, TwinSpec]], capsys: pytest.CaptureFixture[str]
) -> None:
    definition, spec = twins[name]
    used = set()
    for kind in spec.device_types:
        reading = _reading(definition, kind.name)
        if kind.processor is not None:
            used.add(kind.processor)
            device = SimpleNamespace(name="x-1", type=kind.name, time="2026-01-01T00:00:00.000000Z")
            result = _module(name, kind.processor).process(dict(reading), device)
            assert result.keys() >= reading.keys()
            for field in kind.fields:
                if field.required or field.name in result:
                    assert fits(result[field.name], field.type), field.name
            assert {field.name for field in kind.fields} == set(result)
    for rule in spec.rules:
        for action in rule.actions:
            if type(action).__name__ == "FunctionAction":
                used.add(action.name)  # type: ignore[union-attr]
                _module(name, action.name).act({"device": "x-1", "message": "m"})  # type: ignore[union-attr]
                assert "x-1" in capsys.readouterr().out
    assert used == set(processor_sources(definition))


@pytest.mark.parametrize("name", scenario_names())
def test_the_estimated_size_is_that_of_a_message(name: str, twins: dict[str, tuple[TwinDefinition, TwinSpec]]) -> None:
    definition, _ = twins[name]
    for kind, its in definition.device_types.items():
        message = {"time": "2026-11-25T12:00:00.000000Z", **_reading(definition, kind)}
        size = len(json.dumps(message, separators=(",", ":"), ensure_ascii=False))
        assert message_bytes(its) == pytest.approx(size, rel=0.06)


@pytest.mark.parametrize("name", scenario_names())
def test_a_built_in_twins_usual_messages_are_valid_and_set_off_nothing(
    name: str, twins: dict[str, tuple[TwinDefinition, TwinSpec]]
) -> None:
    definition, spec = twins[name]
    readings = {kind.name: _reading(definition, kind.name) for kind in spec.device_types}
    for kind in spec.device_types:
        assert problems(readings[kind.name], kind) == []
    for rule in spec.rules:
        assert compile_expression(rule.when)(readings[rule.device_type], "x-1", rule.device_type) is False
        if rule.clear:
            assert compile_expression(rule.clear)(readings[rule.device_type], "x-1", rule.device_type) is True


def _reading(definition: TwinDefinition, kind: str) -> dict[str, Any]:
    """A plausible message: bases, and the first of values."""
    reading: dict[str, Any] = {}
    for name, waveform in definition.waveforms()[kind].items():
        if "values" in waveform:
            reading[name] = waveform["values"][0]
        else:
            base = round(waveform["base"] * 1.0123456, waveform["decimals"])
            reading[name] = int(base) if definition.device_types[kind].fields[name].type == "integer" else base
    return reading


def _module(twin: str, name: str) -> ModuleType:
    path = Path(EXAMPLES / twin / "processors" / f"{name}.py")
    found = importlib.util.spec_from_file_location(f"{twin}.{name}", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_an_unknown_built_in_twin() -> None:
    with pytest.raises(UsageError, match="did you mean 'smart-home'"):
        twin_of_scenario("smart-hom")
    assert {path.name for path in EXAMPLES.iterdir()} == {item.name for item in SCENARIOS}
