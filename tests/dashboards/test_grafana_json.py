"""Grafana's JSON: complete, consistent, the same every time, and asking what the read handlers answer."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from hypothesis import given
from hypothesis import strategies as st

from tests.dashboards.conftest import SOURCE, all_panels, queries, spec_with
from twin2multicloud.dashboards.build import grafana_dashboards
from twin2multicloud.dashboards.layout import COLUMNS, Size, flow
from twin2multicloud.dashboards.units import unit_suffixes
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.spec import DeviceGroup, DeviceType, Field, Retention, Rule, TwinSpec
from twin2multicloud.model.twin.compile import compile_twin
from twin2multicloud.model.twin.reader import read_twin_file
from twin2multicloud.runtime.handlers.read import HistoryQuery, StateQuery

EVERY_PANEL = {
    "title": "Operations",
    "refresh": "2s",
    "range": "1h",
    "panels": [
        {"type": "row", "title": "Rooms"},
        {"type": "timeseries", "device_type": "room sensor", "fields": ["temperature", "people", "open"]},
        {
            "type": "timeseries",
            "title": "Both pumps",
            "device_type": "pump",
            "fields": ["flow"],
            "devices": ["pump-a", "pump-b"],
        },
        {"type": "stat", "device_type": "pump", "fields": ["flow", "power"], "devices": ["pump-a"]},
        {"type": "gauge", "title": "Now", "device_type": "room sensor", "fields": ["temperature"], "unit": "°F"},
        {"type": "table", "device_type": "room sensor"},
        {"type": "table", "device_type": "pump", "devices": ["pump-a", "pump-b"], "fields": ["power"]},
        {"type": "alarms", "device_type": "pump"},
        {"type": "rates"},
        {"type": "text", "title": "Note", "text": "# Call 112\nwhen it burns", "width": 24, "height": 3},
    ],
}


def boards() -> list[dict[str, Any]]:
    generated = grafana_dashboards(spec_with(), SOURCE)
    return generated + grafana_dashboards(spec_with(EVERY_PANEL), SOURCE)


def test_the_same_twin_gives_the_same_bytes() -> None:
    first, second = (json.dumps(grafana_dashboards(spec_with(EVERY_PANEL), SOURCE)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("board", boards(), ids=["generated", "defined"])
def test_the_sdk_reads_the_json_back_and_every_panel_is_whole(board: dict[str, Any]) -> None:
    again = json.loads(json.dumps(Dashboard.from_json(json.loads(json.dumps(board))), cls=JSONEncoder, sort_keys=True))
    assert {key: again[key] for key in board if key != "panels"} == {
        key: board[key] for key in board if key != "panels"
    }
    assert board["schemaVersion"] >= 36
    assert re.fullmatch(r"[a-z0-9-]{1,40}", board["uid"])
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    assert board["refresh"]
    assert board["time"]["from"].startswith("now-")
    for panel in all_panels(board):
        if panel["type"] == "text":
            assert panel["options"]["content"]
            continue
        assert panel["title"]
        assert panel["targets"], panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
        for target in panel["targets"]:
            assert (
                target["datasource"]
                == panel["datasource"]
                == {"type": "yesoreyeram-infinity-datasource", "uid": SOURCE.uid}
            )
            assert target["url"] in (SOURCE.history_url, SOURCE.state_url)
            assert target["columns"]
            assert target["root_selector"]


@pytest.mark.parametrize("board", boards(), ids=["generated", "defined"])
def test_no_panel_overlaps_another_or_leaves_the_grid(board: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in board["panels"]]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
    for a, b in combinations(places, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, (a, b)


@given(st.lists(st.builds(Size, st.integers(-3, 40), st.integers(-3, 12), st.booleans()), max_size=25))
def test_any_sizes_are_laid_out_without_overlap(sizes: list[Size]) -> None:
    places = flow(sizes)
    cells = [(x, y) for p in places for x in range(p.x, p.x + p.width) for y in range(p.y, p.y + p.height)]
    assert len(places) == len(sizes)
    assert len(cells) == len(set(cells))
    assert all(0 <= x < COLUMNS for x, _ in cells)
    for size, place in zip(sizes, places, strict=True):
        if size.fixed:
            assert (place.width, place.height) == (min(max(size.width, 1), COLUMNS), max(size.height, 1))
        assert place.width <= max(2 * size.width, 2)


@pytest.mark.parametrize("board", boards(), ids=["generated", "defined"])
def test_the_read_handlers_accept_every_query_and_its_fields_exist(board: dict[str, Any]) -> None:
    spec = spec_with()
    variables = {variable["name"]: variable["current"]["value"] for variable in board["templating"]["list"]}
    kinds = set()
    for panel in all_panels(board):
        for query in queries(panel, **variables) if panel["type"] != "text" else ():
            kinds.add(query["kind"])
            if query["kind"] == "history":
                asked = msgspec.convert(query, HistoryQuery)
                kind = spec.type_of(asked.device)
                assert kind is not None, asked.device
                assert set(asked.fields) <= {field.name for field in kind.fields}
            elif query["kind"] == "state":
                state = msgspec.convert(query, StateQuery)
                assert (
                    spec.type_of(state.entity) is not None
                    if state.entity
                    else state.model in ("dtmi:example:room;1", "dtmi:example:pump;1")
                )
    assert {"history", "state", "alerts", "rates"} <= kinds


def test_what_a_generated_dashboard_has() -> None:
    [board] = grafana_dashboards(spec_with(), SOURCE)
    panels = all_panels(board)
    charts = [panel["title"] for panel in panels if panel["type"] == "timeseries"]
    assert charts == [
        "Messages and errors per second",
        "temperature · ${device_room_sensor}",
        "people · ${device_room_sensor}",
        "flow",
        "power",
    ]
    assert [panel["title"] for panel in panels if panel["type"] == "gauge"] == ["temperature · ${device_room_sensor}"]
    assert [panel["title"] for panel in panels if panel["type"] == "table"] == [
        "Alarms",
        "room sensor: last values",
        "pump: last values",
    ]
    assert [panel["title"] for panel in board["panels"] if panel["type"] == "row"] == [
        "Overview",
        "room sensor",
        "pump",
    ]


def test_many_values_get_the_room_they_need() -> None:
    rooms = [f"room-{i:02d}" for i in range(1, 13)]
    sizes = []
    for devices in (rooms[:1], rooms[:2], rooms):
        panel = {"type": "gauge", "devices": devices, "fields": ["temperature"]}
        other = {"type": "text", "text": "beside", "width": 24}
        [board] = grafana_dashboards(spec_with({"panels": [panel, other]}), SOURCE)
        sizes.append((board["panels"][0]["gridPos"]["w"], board["panels"][0]["gridPos"]["h"]))
    assert sizes == [(12, 6), (24, 6), (24, 12)]


def test_a_gauge_has_its_range_unit_and_the_thresholds_of_the_rules() -> None:
    [board] = grafana_dashboards(spec_with(), SOURCE)
    gauge = next(panel for panel in all_panels(board) if panel["type"] == "gauge")
    [override] = gauge["fieldConfig"]["overrides"]
    settings = {one["id"]: one["value"] for one in override["properties"]}
    assert (settings["min"], settings["max"], settings["unit"]) == (-40, 85, "celsius")
    steps = [(step["value"], step["color"]) for step in settings["thresholds"]["steps"]]
    assert steps == [(None, "red"), (12.5, "green"), (26.0, "orange"), (30.0, "dark-red")]


@pytest.mark.parametrize(
    ("when", "steps"),
    [
        ("t > 1.5", [(None, "green"), (1.5, "orange")]),
        ("t < -3", [(None, "orange"), (-3.0, "green")]),
        ("1e2 <= t", [(None, "green"), (100.0, "orange")]),
        ("t > 5 or other > 9", [(None, "green"), (5.0, "orange")]),
        ("t > 2 and t < 4", [(None, "green"), (2.0, "orange"), (4.0, "green")]),
        ("t < 2 or t > 4", [(None, "orange"), (2.0, "green"), (4.0, "orange")]),
        ("t > 4 and t < 2", [(None, "green")]),
        ("not (t > 5)", [(None, "green")]),
        ("t == 5", [(None, "green")]),
        ("t > limit", [(None, "green")]),
        ("t > 5 * 2", [(None, "green")]),
        ("t * 2 > 5", [(None, "green")]),
        ("3 + t > 5", [(None, "green")]),
        ("at > 5", [(None, "green")]),
        ("name == 't > 5'", [(None, "green")]),
    ],
)
def test_thresholds_are_read_from_plain_comparisons_only(when: str, steps: list[tuple[float | None, str]]) -> None:
    spec = TwinSpec(
        "t",
        (DeviceType("d", "dtmi:e:d;1", (Field("t", "double"),)),),
        (DeviceGroup("d", names=("x",)),),
        Retention(1, 2, 3),
        rules=(Rule("r", "d", when),),
        dashboards=({"panels": [{"type": "stat"}]},),
    )
    [panel] = all_panels(grafana_dashboards(spec, SOURCE)[0])
    assert [(step["value"], step["color"]) for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]] == steps


def test_a_rule_for_one_device_counts_only_where_no_other_is_shown() -> None:
    one, other = ({"type": "stat", "devices": [device], "fields": ["temperature"]} for device in ("room-02", "room-03"))
    [board] = grafana_dashboards(spec_with({"panels": [one, other]}), SOURCE)
    steps = [
        {step["color"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]} for panel in board["panels"]
    ]
    assert "blue" in steps[0]
    assert "blue" not in steps[1]


def test_devices_are_chosen_from_a_list_or_typed_if_there_are_very_many() -> None:
    [few] = grafana_dashboards(spec_with(rooms=12), SOURCE)
    variable = few["templating"]["list"][0]
    assert (variable["name"], variable["type"], variable["label"]) == ("device_room_sensor", "custom", "room sensor")
    assert [option["value"] for option in variable["options"]] == [f"room-{i:02d}" for i in range(1, 13)]
    [many] = grafana_dashboards(spec_with(rooms=100_000), SOURCE)
    typed = many["templating"]["list"][0]
    assert (typed["type"], typed["current"]["value"]) == ("textbox", "room-01")
    assert "100000 devices" in typed["description"]


def test_fields_the_graph_does_not_keep_come_from_the_hot_store() -> None:
    [board] = grafana_dashboards(spec_with({"panels": [{"type": "stat", "devices": ["pump-a"]}]}), SOURCE)
    [panel] = board["panels"]
    assert [(query["kind"], query.get("fields")) for query in queries(panel)] == [
        ("state", None),
        ("history", ["flow"]),
    ]


def test_the_spelling_of_a_compiled_definition_is_understood() -> None:
    panels = [
        {
            "title": "",
            "kind": "timeseries",
            "device_type": "pump",
            "devices": [],
            "fields": ["flow"],
            "units": {"flow": "l/min"},
        },
        {"title": "Alarms", "kind": "alarms", "device_type": "", "devices": [], "fields": [], "units": {}},
        {"kind": "timeseries", "on": "room sensor", "devices": None, "fields": ["mode", "temperature"]},
    ]
    [board] = grafana_dashboards(spec_with({"title": "D", "panels": panels}), SOURCE)
    first, alarms, rooms = board["panels"]
    assert [query["device"] for query in queries(first)] == ["pump-a", "pump-b"]
    assert first["fieldConfig"]["defaults"]["unit"] == "flowlpm"
    assert "rules" not in queries(alarms)[0]
    assert queries(rooms, device_room_sensor="room-01")[0]["fields"] == ["temperature"]  # texts are not drawn


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        ({"type": "pie"}, r"dashboards\.0\.panels\.0\.type: 'pie' is not a panel type"),
        ({"type": "stat"}, r"dashboards\.0\.panels\.0\.device_type: name one of room sensor, pump"),
        ({"type": "stat", "device_type": "room"}, r"device_type: 'room' is not a device type"),
        (
            {"type": "stat", "device_type": "pump", "fields": ["flaw"]},
            r"fields: 'flaw' is not a field of pump; did you mean 'flow'",
        ),
        (
            {"type": "gauge", "device_type": "room sensor", "fields": ["mode"]},
            r"fields: nothing of 'mode' can be shown by a gauge",
        ),
        (
            {"type": "stat", "device_type": "pump", "devices": ["room-01"]},
            r"devices: 'room-01' is of type room sensor, not of pump",
        ),
        (
            {"type": "stat", "device_type": "pump", "devices": ["pump-z"]},
            r"devices: 'pump-z' is not a device of the twin",
        ),
        ({"type": "text", "width": 25}, r"width: '25' is not a whole number from 1 to 24"),
        ("stat", r"panels\.0: a panel is a mapping"),
    ],
)
def test_what_does_not_exist_is_named(panel: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        grafana_dashboards(spec_with({"panels": [panel]}), SOURCE)


def test_odd_periods_are_refused() -> None:
    with pytest.raises(UsageError, match=r"dashboards\.0\.refresh: '5 seconds' is no period"):
        grafana_dashboards(spec_with({"refresh": "5 seconds", "panels": []}), SOURCE)


def test_names_never_break_out_of_a_query() -> None:
    name = 'a"}, "kind": "state\\'
    spec = TwinSpec(
        "t",
        (DeviceType(name, f"dtmi:{name}", (Field(name, "double"),)),),
        (DeviceGroup(name, names=(name, "b,c")),),
        Retention(1, 2, 3),
    )
    [board] = grafana_dashboards(spec, SOURCE)
    asked = [
        query
        for panel in all_panels(board)
        for query in queries(panel, **{v["name"]: name for v in board["templating"]["list"]})
    ]
    assert {query["device"] for query in asked if query["kind"] == "history"} == {name, "b,c"}
    assert all(query["fields"] == [name] for query in asked if query["kind"] == "history")
    assert [v["query"] for v in board["templating"]["list"]] == [name.replace(",", "\\,") + ",b\\,c"]


def test_every_unit_that_is_not_written_out_has_a_suffix_for_the_page() -> None:
    units = ("%", "°C", "kWh", "l/min", "µg/m³", "μg/m³", "widgets", "")
    fields = tuple(Field(f"f{i}", "double", unit) for i, unit in enumerate(units))
    spec = TwinSpec(
        "t", (DeviceType("d", "dtmi:e:d;1", fields),), (DeviceGroup("d", names=("x",)),), Retention(1, 2, 3)
    )
    found = set(
        re.findall(r'"unit", "value": "([^"]*)"', json.dumps(grafana_dashboards(spec, SOURCE), ensure_ascii=False))
    )
    found |= {
        panel["fieldConfig"]["defaults"].get("unit", "none")
        for panel in all_panels(grafana_dashboards(spec, SOURCE)[0])
    }
    assert "suffix: widgets" in found
    assert {unit for unit in found if not unit.startswith("suffix:")} - {"none"} <= set(unit_suffixes())


ANSWERS: dict[str, Any] = {
    "history": {
        "device": "room-01",
        "fields": ["other", "temperature", "people", "open"],
        "points": [[1000, 9, 20.5, 3, True], [2000, 9, None, 4, False]],
    },
    "state": {
        "entities": [
            {
                "id": "room-01",
                "model": "m",
                "values": {"temperature": 20.5, "mode": "auto"},
                "times": {"temperature": "2026-11-25T00:00:00.000000Z", "mode": "2026-11-25T00:00:01.000000Z"},
            },
            {"id": "room-02", "model": "m", "values": {}, "times": {}},
        ]
    },
    "alerts": [
        {
            "id": "1",
            "rule": "warm",
            "device": "room-01",
            "severity": "warning",
            "message": "26 °C",
            "time": "2026-11-25T00:00:00.000000Z",
            "active": True,
        }
    ],
    "rates": {"fields": ["errors", "messages"], "points": [[1000, 0.5, 100.0]]},
}


def test_jq_makes_rows_of_the_answers() -> None:
    """What Grafana's plug-in would compute, by the real jq."""
    if shutil.which("jq") is None:
        pytest.skip("stand-in missing: jq, which runs the selectors as Grafana's plug-in does")

    def rows(panel: dict[str, Any]) -> Any:
        answer = ANSWERS[queries(panel, device_room_sensor="room-01")[0]["kind"]]
        command = ["jq", "-c", panel["targets"][0]["root_selector"]]
        return json.loads(
            subprocess.run(command, input=json.dumps(answer).encode(), check=True, capture_output=True).stdout
        )

    [board] = grafana_dashboards(spec_with(EVERY_PANEL), SOURCE)
    chart, _, _, gauge, table, _, alarms, rates, _ = all_panels(board)
    assert rows(chart) == [{"time": 1000, "v0": 20.5, "v1": 3, "v2": 1}, {"time": 2000, "v0": None, "v1": 4, "v2": 0}]
    assert rows(gauge)[0] == {"v0": 20.5}
    first, second = rows(table)
    assert first == {
        "id": "room-01",
        "v0": 20.5,
        "v1": None,
        "v2": None,
        "v3": "auto",
        "time": "2026-11-25T00:00:01.000000Z",
    }
    assert (second["id"], second["time"]) == ("room-02", None)
    assert rows(alarms) == [
        {
            "severity": "warning",
            "state": "active",
            "message": "26 °C",
            "device": "room-01",
            "rule": "warm",
            "time": "2026-11-25T00:00:00.000000Z",
        }
    ]
    assert rows(rates) == [{"time": 1000, "messages": 100.0, "errors": 0.5}]


@pytest.mark.parametrize("name", ["smart-home", "industrial-facility", "smart-building"])
def test_every_twin_that_ships_has_its_dashboards(name: str) -> None:
    spec = compile_twin(
        read_twin_file(Path(str(files("twin2multicloud.model.twin") / "examples" / name / "twin.yaml")))
    )
    built = grafana_dashboards(spec, SOURCE)
    assert [board["title"] for board in built] == [entry["title"] for entry in spec.dashboards]
    for board, entry in zip(built, spec.dashboards, strict=True):
        assert len(board["panels"]) == len(entry["panels"]) > 0
        chosen = {variable["name"]: variable["current"]["value"] for variable in board["templating"]["list"]}
        for panel in board["panels"]:
            for query in queries(panel, **chosen):
                asked = {"history": query.get("device"), "state": query.get("entity")}.get(query["kind"])
                assert asked is None or spec.type_of(asked) is not None
