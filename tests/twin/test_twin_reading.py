"""Reading a twin: sections, short forms, and every problem at once with its place and remedy."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twin.conftest import SMALL, findings, problem, put, read, small
from twin2multicloud.model.documents import parse_workload, read_workload_file
from twin2multicloud.model.errors import InvalidInputError
from twin2multicloud.model.parsing import Parsed, walk
from twin2multicloud.model.twin import parts
from twin2multicloud.model.twin.definition import TwinDefinition
from twin2multicloud.model.twin.files import Files
from twin2multicloud.model.twin.reader import parse_twin, read_twin_file, twin_of

TEXT = """\
name: vineyard
workload: {message_interval_s: 60, message_size_bytes: 60}
device_types:
  probe:
    fields:
      moisture: {type: double, unit: "%", min: 0, max: 100, simulate: {base: 40, noise: 1, spike_every: 2h}}
      wet: boolean
devices:
  - {type: probe, count: 40, name: "probe-{n:03}"}
rules:
  - name: dry
    on: probe
    devices: ["probe-00*", probe-040]
    when: moisture < 12.5 and not wet
    for: 1.5h
    clear: moisture > 20
    actions:
      - alert:
"""


def test_a_small_twin() -> None:
    twin = parse_twin(TEXT, "t")
    assert (twin.name, twin.device_count, twin.workload.devices) == ("vineyard", 40, 40)
    assert twin.device_types["probe"].fields["wet"].type == "boolean"
    assert twin.devices[0].all_names()[::39] == ["probe-001", "probe-040"]
    assert twin.rules[0].for_s == 5400
    assert twin.rules[0].actions[0].alert == ""
    waveform = twin.waveforms()["probe"]["moisture"]
    assert (waveform["base"], waveform["noise"], waveform["spike_every"]) == (40, 1, 7200)
    assert "wet" not in twin.waveforms()["probe"]


def test_the_three_formats(tmp_path: Path) -> None:
    as_json = tmp_path / "twin.json"
    as_json.write_text(json.dumps(SMALL))
    assert read_twin_file(as_json).device_count == 12
    with as_json.open("rb") as stream:
        assert read_twin_file("-", stdin=stream).device_count == 12
    toml = tmp_path / "twin.toml"
    toml.write_text(
        'name = "small"\n[workload]\nmessage_interval_s = 60\nmessage_size_bytes = 50\n'
        '[device_types.probe.fields]\nmoisture = "double"\n[[devices]]\ntype = "probe"\nnames = ["probe-1"]\n'
    )
    assert read_twin_file(toml).device_count == 1


def test_a_twin_is_a_workload_too(tmp_path: Path) -> None:
    assert parse_workload(TEXT, "t").workload == parse_twin(TEXT, "t").workload
    with_constraints = TEXT + "constraints: {residency: [EU]}\nassumptions: {planning_month: 3}\n"
    document = parse_workload(with_constraints, "t")
    assert document.constraints is not None
    assert document.constraints.residency == ("EU",)
    assert document.assumptions is not None
    assert document.workload.devices == 40
    file = tmp_path / "twin.yaml"
    file.write_text(TEXT)
    assert read_workload_file(file).workload.devices == 40
    twin = parse_twin(with_constraints, "t")
    assert (twin.constraints, twin.assumptions) == (document.constraints, document.assumptions)


def test_a_workload_of_a_twin_is_checked_like_any() -> None:
    with pytest.raises(InvalidInputError) as error:
        parse_workload(TEXT.replace("message_interval_s: 60", "message_intervall_s: 60"), "t")
    assert "did you mean 'message_interval_s'?" in str(error.value)
    with pytest.raises(InvalidInputError) as error:
        parse_workload(TEXT + "rulez: []\n", "t")
    assert "rulez: unknown section" in str(error.value)


def test_a_workload_is_no_twin() -> None:
    with pytest.raises(InvalidInputError, match="is a workload, not a twin"):
        parse_twin("devices: 5\nmessage_interval_s: 60\nmessage_size_bytes: 100\n", "w")
    for text, says in (("", "is empty"), ("- 1\n", "is a list, not a mapping")):
        with pytest.raises(InvalidInputError, match=says):
            parse_twin(text, "w")


def test_all_problems_at_once_with_lines() -> None:
    text = TEXT.replace("type: double", "type: dubble").replace("on: probe", "on: prob").replace("1.5h", "1.5 hours")
    text = text.replace("name: vineyard", "name: Vineyard") + "dashboard: []\n"
    with pytest.raises(InvalidInputError) as error:
        parse_twin(text, "t")
    found = {finding.field: (finding.line, finding.problem) for finding in error.value.findings}
    assert {field: line for field, (line, _) in found.items()} == {
        "name": 1,
        "device_types.probe.fields.moisture.type": 6,
        "rules[0].on": 12,
        "rules[0].for": 15,
        "dashboard": 19,
    }
    assert "did you mean 'probe'?" in found["rules[0].on"][1]
    assert "write a number of seconds or text such as 30s" in found["rules[0].for"][1]
    assert found["dashboard"][1] == "unknown section; did you mean 'dashboards'?"
    assert "write 'double', 'integer'" in found["device_types.probe.fields.moisture.type"][1]


def test_a_bad_part_does_not_make_others_look_wrong() -> None:
    def change(document: dict[str, Any]) -> None:
        document["device_types"]["sensor"]["fields"]["temperature"] = {"type": "double", "maximum": 3}
        document["devices"][1]["names"] = [5]

    # Neither "unknown field temperature" in the rule nor an unknown device or a wrong number of devices.
    document = {
        **small(change),
        "rules": [{"name": "r", "on": "valve", "devices": ["valve-a"], "when": "opening > 1"}, *SMALL["rules"]],
    }
    with pytest.raises(InvalidInputError) as error:
        twin_of(Parsed(document), "t", Files(None))
    assert {finding.field for finding in error.value.findings} == {
        "device_types.sensor.fields.temperature.maximum",
        "devices[1].names[0]",
    }


def test_a_misspelled_key_does_not_hide_the_rest_of_its_part() -> None:
    found = findings(put("rules", 0, value={"name": "r", "on": "sensor", "when": "temprature > 1", "fro": 3}))
    assert found["rules[0].fro"].problem == "unknown field; did you mean 'for'?"
    assert "did you mean 'temperature'?" in found["rules[0].when"].problem


@pytest.mark.parametrize(
    ("path", "value", "field", "says"),
    [
        (("devices",), [], "devices", "name at least one device"),
        (("device_types",), {}, "device_types", "name at least one type"),
        (("devices", 0), 5, "devices[0]", "5 is not a mapping"),
        (("rules",), {"a": 1}, "rules", "a mapping is not a list"),
        (("graph",), [5], "graph", "a list is not a mapping"),
        (("device_types",), [5], "device_types", "a list is not a mapping"),
        (("graph", "modles"), {}, "graph.modles", "unknown section"),
        (("name",), 5, "name", "5 is not text"),
        (
            ("workload", "devices"),
            13,
            "workload.devices",
            "is 13, and the devices section has 12; remove it, or write 12",
        ),
        (("devices", 0, "type"), "senso", "devices[0].type", "did you mean 'sensor'?"),
        (("devices", 0, "count"), 0, "devices[0].count", "out of range"),
        (("devices", 0, "count"), "10", "devices[0].count", "write a whole number"),
        (("devices", 0, "name"), "sensor", "devices[0]", "write one {n}"),
        (("devices", 0, "name"), "s{n}-{n}", "devices[0]", "write one {n}"),
        (("devices", 0, "name"), "s-{n:x}", "devices[0]", "write one {n}"),
        (("devices", 0, "names"), ["a1"], "devices[0]", "write either names"),
        (("devices", 1, "first"), 3, "devices[1]", "first belong to a count"),
        (("device_types", "valve"), {"processor": "a.py"}, "device_types.valve", "has neither fields nor dtdl"),
        (
            ("device_types", "valve", "fields", "opening"),
            {"type": "string", "min": 1},
            None,
            "min and max bound numbers",
        ),
        (("device_types", "valve", "fields", "opening"), {"type": "double", "min": 2, "max": 1}, None, "exchange them"),
        (
            ("device_types", "valve", "fields", "opening"),
            {"type": "double", "allowed": ["a"]},
            None,
            "allowed lists texts",
        ),
        (
            ("device_types", "valve", "fields", "opening"),
            {"type": "double", "items": "double"},
            None,
            "array's elements",
        ),
        (
            ("device_types", "valve", "fields", "opening"),
            {"type": "double", "simulate": {"values": ["a"]}},
            None,
            "type double",
        ),
        (
            ("device_types", "valve", "fields", "opening"),
            {"type": "double", "min": 5, "simulate": {"base": 1}},
            None,
            "below min 5",
        ),
        (
            ("device_types", "valve", "fields", "opening"),
            {"type": "string", "simulate": {"base": 1}},
            None,
            "values: [...] only",
        ),
        (("device_types", "valve", "fields", "opening"), {"type": "array"}, "device_types.valve", "a twin can keep"),
        (
            ("device_types", "valve", "twin_fields"),
            ["openin"],
            "device_types.valve.twin_fields[0]",
            "did you mean 'opening'?",
        ),
        (
            ("device_types", "sensor", "twin_fields"),
            ["position"],
            "device_types.sensor.twin_fields[0]",
            "single values only",
        ),
        (("rules", 0, "for"), -1, "rules[0].for", "out of range"),
        (("rules", 0, "for"), True, "rules[0].for", "not a duration"),
        (("rules", 0, "trigger"), "once", "rules[0].trigger", "write 'edge' or 'each'"),
        (("dashboards", 0, "panels"), [], "dashboards[0].panels", "name at least one"),
        (("dashboards", 0, "panels", 0), {"kind": "stat"}, "dashboards[0].panels[0]", "write on: TYPE"),
        (("dashboards", 0, "panels", 0, "fields"), ["temp"], "dashboards[0].panels[0].fields[0]", "no field 'temp'"),
        (
            ("dashboards", 0, "panels", 0, "fields"),
            ["state"],
            "dashboards[0].panels[0].fields[0]",
            "a timeseries cannot show",
        ),
        (
            ("dashboards", 0, "panels", 0, "devices"),
            ["valve-a"],
            "dashboards[0].panels[0].devices[0]",
            "is of type valve",
        ),
        (("dashboards", 0, "panels", 0, "kind"), "alarms", "dashboards[0].panels[0]", "shows no fields"),
        (("dashboards", 0, "panels", 0, "kind"), "text", "dashboards[0].panels[0]", "shows no fields"),
    ],
)
def test_one_mistake(path: tuple[str | int, ...], value: Any, field: str | None, says: str) -> None:
    found, text = _first(path, value) if value in ([], {}) else problem(put(*path, value=value))
    assert says in text
    assert found == (field or "device_types.valve.fields.opening")


def _first(path: tuple[str | int, ...], value: Any) -> tuple[str, str]:
    """Emptying a section breaks what refers to it, too; its own finding is the one that counts."""
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    return name, findings(put(*path, value=value))[name].problem


def test_large_and_deep_twins_are_bounded() -> None:
    assert "split the twin" in findings(put("devices", 0, "count", value=1_000_000))["devices"].problem
    many = io.BytesIO(b"name: x\ndevices: [" + b"1," * 600_000 + b"1]")
    with pytest.raises(InvalidInputError, match="larger than 1 MiB"):
        read_twin_file("-", stdin=many)


def test_a_small_file_cannot_mean_endless_work(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = [{"type": "valve", "count": 1_000_000, "name": f"g{n}-{{n}}"} for n in range(3000)]
    assert "3,000,000,000 devices" in findings(put("devices", value=groups))["devices"].problem
    rooms = [{"id": f"r{n}-{{n}}", "model": "Room", "count": 1_000_000} for n in range(3000)]
    assert "3,000,000,000 entities" in findings(put("graph", "entities", value=rooms))["graph.entities"].problem

    def patterns(document: dict[str, Any]) -> None:
        document["devices"] = [{"type": "sensor", "count": 1000, "name": "s-{n}"}]
        document["rules"][0]["devices"] = [f"s-{n}*" for n in range(1, 900)]
        document["dashboards"] = []

    monkeypatch.setattr(parts, "MAX_SCANNED", 800_000)

    assert "use fewer patterns" in findings(patterns)[""].problem


def test_five_thousand_devices_may_be_listed() -> None:
    names = [f"device-{n}" for n in range(5000)]
    assert read(put("devices", 1, "names", value=names)).device_count == 5010
    text = TEXT.replace('count: 40, name: "probe-{n:03}"', f"names: [{', '.join(names)}, probe-001, probe-040]")
    assert parse_twin(text, "t").device_count == 5002


_anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 10**7), st.floats(allow_nan=False), st.text(max_size=12)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["type", "name", "on", "x", "dtdl"]), inner, max_size=3),
    ),
    max_leaves=5,
)
_PATHS = [path for path in walk(SMALL) if path]


@pytest.mark.parametrize(
    "path",
    [
        ("devices", 1, "within"),
        ("rules", 0, "on"),
        ("graph", "entities", 1, "model"),
        ("graph", "entities", 1, "within"),
    ],
)
def test_what_is_no_text_for_a_terminal_is_shown_escaped(path: tuple[str | int, ...]) -> None:
    document = small()
    inner: Any = document
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = "\x1f"
    with pytest.raises(InvalidInputError) as caught:
        twin_of(Parsed(document), "t", Files(None))
    assert all(str(finding).isprintable() for finding in caught.value.findings)
    assert any("\\x1f" in finding.problem for finding in caught.value.findings)


@given(path=st.sampled_from(_PATHS), value=_anything, remove=st.booleans())
@settings(max_examples=400, deadline=None)
def test_any_change_is_read_or_explained(path: tuple[str | int, ...], value: Any, remove: bool) -> None:
    document = small()
    inner: Any = document
    for part in path[:-1]:
        inner = inner[part]
    if remove:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    try:
        twin: TwinDefinition | None = twin_of(Parsed(document), "t", Files(None))
        found: tuple[Any, ...] = ()
    except InvalidInputError as error:
        twin, found = None, error.findings
    assert twin is not None or found
    for finding in found:
        assert finding.problem
        assert str(finding).isprintable()
