"""Reading workload files: the three formats, sections, and findings with field, line and remedy."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin2multicloud.model.documents import WorkloadDocument, parse_workload, read_workload_file
from twin2multicloud.model.errors import Finding, InvalidInputError
from twin2multicloud.model.fields import number_fields
from twin2multicloud.model.formats import Format
from twin2multicloud.model.jsonl import read_batch
from twin2multicloud.model.scenarios import SCENARIOS, Scenario
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.model.template import field_table, workload_template
from twin2multicloud.model.workload import Workload

ROOT = Path(__file__).parents[2]
BARE = "devices: 5\nmessage_interval_s: 60\nmessage_size_bytes: 100\n"


def findings(content: str | bytes, form: Format = "yaml") -> dict[str, Finding]:
    with pytest.raises(InvalidInputError) as error:
        parse_workload(content, "w", form)
    assert error.value.exit_code == 4
    assert all(line.startswith("w: ") for line in str(error.value).splitlines())
    return {finding.field: finding for finding in error.value.findings}


@pytest.mark.parametrize("suffix", ["yaml", "json", "toml"])
def test_the_examples_are_read_by_suffix_from_standard_input_and_by_content(suffix: str, tmp_path: Path) -> None:
    path = ROOT / "examples" / f"workload.{suffix}"
    document = read_workload_file(path)
    assert document.workload.devices > 0
    with path.open("rb") as stream:
        assert read_workload_file("-", stdin=stream).workload == document.workload
    nameless = tmp_path / "workload"
    nameless.write_bytes(path.read_bytes())
    assert read_workload_file(nameless).constraints == document.constraints


def test_the_example_batch_is_good() -> None:
    with (ROOT / "examples" / "batch.jsonl").open("rb") as stream:
        items = list(read_batch(stream, "batch"))
    assert [item.line for item in items if item.document] == [1, 2, 3, 4]


def test_sections() -> None:
    document = parse_workload(
        "workload: {devices: 5, message_interval_s: 60, message_size_bytes: 1e3}\n"
        "constraints:\n  pins: {l3.HOT: AWS}\n  residency: NO\nassumptions: {planning_month: 6}\n",
        "w",
    )
    assert document.workload.message_size_bytes == 1000
    assert document.constraints is not None
    assert document.constraints.pins[Slot.HOT].provider is Provider.AWS
    assert document.constraints.residency == ("NO",)
    assert document.assumptions is not None
    assert document.assumptions.planning_month == 6
    assert parse_workload(BARE, "w").constraints is None


def test_a_byte_order_mark_and_crlf_are_accepted() -> None:
    assert parse_workload(b"\xef\xbb\xbf" + BARE.replace("\n", "\r\n").encode(), "w").workload.devices == 5


@given(data=st.data())
@settings(deadline=None)
def test_every_format_reads_back_what_was_written(data: st.DataObject) -> None:
    values: dict[str, float] = {}
    for field in number_fields(Workload).values():
        low, high = field.low or 0, field.high or 0
        if field.name.endswith("_months"):
            continue
        if field.name == "message_interval_s":
            low = 1  # no fleet then sends too many messages
        numbers = st.integers(int(low), int(high)) if field.whole else st.floats(low, high)
        values[field.name] = data.draw(numbers, label=field.name)
    ages = sorted(data.draw(st.lists(st.floats(0.001, 1200), min_size=3, max_size=3)))
    values |= dict(zip(("hot_months", "cool_months", "archive_months"), ages, strict=True))
    workload = Workload(**values)  # type: ignore[arg-type]
    lines: dict[Format, str] = {"yaml": "{}: {!r}", "toml": "{} = {!r}"}
    texts: dict[Format, str] = {
        form: "\n".join(line.format(*pair) for pair in values.items()) for form, line in lines.items()
    }
    texts["json"] = json.dumps(values)
    for form, text in texts.items():
        assert parse_workload(text, "w", form).workload == workload
        assert parse_workload(text, "w").workload == workload
    (item,) = read_batch(io.BytesIO(texts["json"].encode()), "b")
    assert item.document == WorkloadDocument("b", workload)
    # The template is YAML of any workload, to the last bit.
    assert parse_workload(workload_template(Scenario("x", "", "", workload)), "w").workload == workload


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("1_0", "1_0 is text, not a number"),
        ("1:30", "1:30 is text"),
        ("0o17", "0o17 is text"),
        ("0x1F", "0x1F is text"),
        ("010", "010 is text"),
        ("5,000", "5,000 is text"),
        ("5 months", "5 months is text"),
        ("2024-01-01", "2024-01-01 is text"),
        ("'5'", "'5' is text"),
        ("yes", "yes is text"),
        ("true", "true is not a number"),
        ("", "has no value"),
        ("~", "has no value"),
        (".nan", ".nan is not a finite number"),
        ("-.inf", "-.inf is not a finite number"),
        ("1e400", "1e400 is not a finite number"),
        ("-3", "-3 is out of range"),
        ("9" * 5000, "is not a finite number"),
        ("[1]", "a list is not a number"),
    ],
)
def test_a_yaml_value_that_is_no_number_is_named_with_its_line_and_the_allowed_range(raw: str, says: str) -> None:
    finding = findings(f"{BARE}\nhot_months: {raw}\n")["hot_months"]
    assert says in finding.problem
    assert "write a number above 0 and at most 1200 (months)" in finding.problem
    assert (finding.line, finding.column) == (5, 1)


@pytest.mark.parametrize(
    "raw", ["NaN", "Infinity", "-Infinity", '"5"', "true", "null", "-1", "1e999", "1" * 6000, "[]"]
)
def test_a_bad_json_value_is_named_with_its_line(raw: str) -> None:
    text = '{"message_interval_s": 60,\n "message_size_bytes": 1,\n  "devices": ' + raw + "}"
    finding = findings(text, "json")["devices"]
    assert (finding.line, finding.column) == (3, 3)
    assert "write a whole number from 1 to 100,000,000 (devices)" in finding.problem


@pytest.mark.parametrize("raw", ["nan", "-inf", '"5"', "true", "2024-01-01", "07:30:00", "5.5", "[1]", "{a = 1}"])
def test_a_bad_toml_value_is_named_with_its_line(raw: str) -> None:
    text = f"[workload]\nmessage_interval_s = 60\nmessage_size_bytes = 1\n\n  devices = {raw} # so many\n"
    finding = findings(text, "toml")["workload.devices"]
    assert (finding.line, finding.column) == (5, 3)
    assert "write a whole number" in finding.problem


def test_all_problems_are_reported_at_once_in_the_files_order() -> None:
    found = findings("device: 5\nmessage_interval_s: 0\nmessage_size_bytes: 9e9\nhot_months: 5\nviewers: -1\nzzz: 1\n")
    assert list(found) == [
        "device",
        "message_interval_s",
        "message_size_bytes",
        "viewers",
        "zzz",
        "cool_months",  # 3 by default, less than hot: in no line of the file
    ]
    assert found["device"].problem == "unknown field; did you mean 'devices'?"
    assert found["zzz"].problem == "unknown field; remove it"
    assert "set cool_months to 5 or more" in found["cool_months"].problem
    assert [found[name].line for name in ("device", "viewers", "cool_months")] == [1, 5, None]
    assert found["message_size_bytes"].value == "9e9"


def test_missing_fields_are_named_with_their_range_unless_a_typo_explains_them() -> None:
    found = findings("devices: 5\nmessage_intervall_s: 60\n")
    assert found["message_size_bytes"].problem == "is required; write a whole number from 1 to 262,144 (bytes)"
    assert "did you mean 'message_interval_s'?" in found["message_intervall_s"].problem
    assert "message_interval_s" not in found
    assert "'devices' is given as well" in findings(BARE + "device: 6\n")["device"].problem


def test_too_many_messages_are_explained() -> None:
    found = findings("devices: 1e8\nmessage_interval_s: 0.001\nmessage_size_bytes: 1\n")
    assert "100,000,000 devices with message_interval_s 0.001 send 2.6e+17 messages" in found["devices"].problem
    assert found["devices"].line == 1


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("yaml", BARE + "devices: 6\n"),
        ("json", '{"devices": 5, "message_interval_s": 60,\n"message_size_bytes": 1,\n\n"devices": 5}'),
    ],
)
def test_a_repeated_key_is_refused(form: Format, text: str) -> None:
    finding = findings(text, form)["devices"]
    assert finding.problem == "given twice, first in line 1; keep one"
    assert finding.line == 4


def test_a_repeated_toml_key_is_refused_in_its_line() -> None:
    assert findings("devices = 5\ndevices = 6\n", "toml")[""].line == 2


def test_constraints_and_assumptions_in_a_file_are_checked_too() -> None:
    found = findings(
        "workload: {devices: 0, message_interval_s: 1, message_size_bytes: 1}\n"
        "constraints:\n"
        "  pins:\n"
        "    L3.hott: aws\n"
        "    L1: 5\n"
        "  providers: [aws, ibm]\n"
        "  max_clouds: 4\n"
        "  managed_only: yes\n"
        "  egress_policy: free\n"
        "  regions: {aws: []}\n"
        "  max_cloud: 2\n"
        "assumptions:\n"
        "  planing_month: 6\n"
    )
    assert {name: finding.line for name, finding in found.items()} == {
        "workload.devices": 1,
        "constraints.pins.L3.hott": 4,
        "constraints.pins.L1": 5,
        "constraints.providers[1]": 6,
        "constraints.max_clouds": 7,
        "constraints.managed_only": 8,
        "constraints.egress_policy": 9,
        "constraints.regions.aws": 10,
        "constraints.max_cloud": 11,
        "assumptions.planing_month": 13,
    }
    assert "did you mean 'L3.hot'?" in found["constraints.pins.L3.hott"].problem
    assert "from 1 to 3" in found["constraints.max_clouds"].problem
    assert "write true or false" in found["constraints.managed_only"].problem
    assert "did you mean 'planning_month'?" in found["assumptions.planing_month"].problem


def test_toml_places_inside_sections_with_quoted_keys() -> None:
    workload = "[workload]\ndevices = 5\nmessage_interval_s=60\nmessage_size_bytes=1\n"
    text = workload + '[constraints.pins]\n"L3.hot" = "ibm"\n'
    assert findings(text, "toml")["constraints.pins.L3.hot"].line == 6


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        (BARE + "constraints: {}\n", "devices", "move it under 'workload'"),
        ("workloads: {devices: 5}\n", "workloads", "did you mean 'workload'?"),
        ("constraints: {}\n", "workload", "is required"),
        ("workload: 5\n", "workload", "5 is not a mapping"),
        ("workload:\n", "workload.devices", "is required"),
    ],
)
def test_misplaced_sections_are_explained(text: str, field: str, says: str) -> None:
    assert says in findings(text)[field].problem


@pytest.mark.parametrize("chosen", [None, *SCENARIOS], ids=lambda s: s.name if s else "default")
def test_the_template_names_every_field_and_reads_back(chosen: Scenario | None) -> None:
    text = workload_template(chosen)
    document = parse_workload(text, "template")
    assert document.workload == (chosen or SCENARIOS[1]).workload
    for field in number_fields(Workload).values():
        assert field.allowed in text
        assert f"\n  {field.name}: " in text
    assert max(map(len, text.splitlines())) <= 110


def test_the_templates_commented_constraints_are_valid_once_uncommented() -> None:
    head, comment, tail = workload_template().partition("# constraints:")
    text = head + "constraints:" + "\n".join(line.removeprefix("#") for line in tail.splitlines())
    constraints = parse_workload(text.replace("deny_providers: [gcp]", "deny_providers: []"), "t").constraints
    assert comment
    assert constraints is not None
    assert constraints.residency == ("EU",)


def test_the_documented_table_is_the_models() -> None:
    assert field_table() in (ROOT / "docs" / "workload.md").read_text(encoding="utf-8")
