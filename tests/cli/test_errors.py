"""Every way to fail: the documented exit code, a message with a remedy, and JSON where asked for."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Outcome, call
from twin2multicloud.app.cli import catalogue

GOOD = "devices: 5\nmessage_interval_s: 60\nmessage_size_bytes: 100\n"


def error(outcome: Outcome) -> Any:
    assert list(outcome.json) == ["error"]
    return outcome.json["error"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "Usage"),
        (("optimise", "smart-home"), 2, "optimize"),
        (("optimize",), 2, "WORKLOAD"),
        (("optimize", "smart-home", "--modle", "bill"), 2, "--model"),
        (("optimize", "smart-home", "--model", "bil"), 2, "edt25"),
        (("optimize", "smart-home", "--top", "0"), 2, "--top"),
        (("optimize", "smart-bulding"), 2, "did you mean 'smart-building'"),
        (("optimize", "mytwin"), 2, "./mytwin"),
        (("optimize", "missing.yaml"), 4, "no such file"),
        (("optimize", "./missing"), 4, "no such file"),
        (("optimize", "missing.jsonl"), 4, "no such file"),
        (("optimize", "smart-home", "--pin", "L3.hot=aws.dynamo"), 2, "did you mean 'aws.dynamodb"),
        (("optimize", "smart-home", "--pin", "L3.hott=aws"), 4, "--pin"),
        (("optimize", "smart-home", "--region", "aws=eu-centrl-1"), 2, "did you mean 'eu-central-1'"),
        (("optimize", "smart-home", "--residency", "XX"), 4, "--residency"),
        (("optimize", "smart-home", "--max-clouds", "7"), 4, "from 1 to 3"),
        (("optimize", "smart-home", "--prices", "missing"), 4, "missing holds no price book"),
        (("optimize", "smart-home", "--model", "edt25", "--region", "aws=us-east-1"), 2, "--region"),
        (("optimize", "smart-home", "--model", "edt25", "--egress", "list"), 2, "--egress"),
        (("optimize", "smart-home", "--model", "edt25", "--residency", "EU"), 2, "--residency"),
        (("optimize", "smart-home", "--model", "edt25", "--pin", "L1=aws.iot-core"), 2, "L1=aws"),
        (("optimize", "smart-home", "--model", "edt25", "--providers", "gcp"), 3, "aws and azure"),
        (("scenarios", "--slot", "L1"), 2, "--slot"),
        (("offers", "--slot", "L9"), 2, "L1"),
        (("offers", "--region", "westeurop"), 2, "westeurope"),
        (("offers", "--region", "westeurope", "--provider", "aws"), 2, "Azure"),
        (("prices", "explain", "aws.egres"), 2, "aws.egress"),
        (("prices", "validate", "missing"), 4, "missing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_exit_code_and_remedy(here: Path, arguments: tuple[str, ...], code: int, says: str) -> None:
    outcome = call(*arguments)
    assert outcome.code == code
    assert says in outcome.err + (outcome.out if "validate" in arguments else "")
    assert "Traceback" not in outcome.err


def test_conflicting_constraints() -> None:
    arguments = ("optimize", "smart-building", "--providers", "azure")
    outcome = call(*arguments)
    assert outcome.code == 3
    assert outcome.out == ""
    assert "cannot hold together" in outcome.err
    found = error(call(*arguments, "--json"))
    assert found["kind"] == "infeasible"
    assert found["conflict"] == ["providers azure", "3D scenes (entities_3d > 0)"]
    relaxed = {item["constraint"]: item["usd_per_month"] for item in found["relaxations"]}
    assert set(relaxed) == set(found["conflict"])
    assert all(usd > 0 for usd in relaxed.values())


def test_conflicting_constraints_under_the_published_model() -> None:
    arguments = ("optimize", "smart-building", "--model", "edt25", "--pin", "L4=azure", "--pin", "L1=aws", "--json")
    outcome = call(*arguments)
    assert outcome.code == 3
    found = error(outcome)
    assert found["conflict"] == ["pin L4=azure"]
    usd = {item["constraint"]: item["usd_per_month"] for item in found["relaxations"]}
    assert usd["pin L1=aws"] is None
    assert usd["pin L4=azure"] > 46988.93
    alone = call("optimize", "smart-building", "--model", "edt25", "--pin", "L2=aws", "--pin", "L3.hot=azure", "--json")
    assert error(alone)["conflict"] == ["pin L2=aws", "pin L3.hot=azure"]
    clouds = call(
        "optimize", "smart-home", "--model", "edt25", "--max-clouds", "1", "--pin", "L1=aws", "--pin", "L4=azure"
    )
    assert clouds.code == 3
    assert "at most 1 cloud" in clouds.err


def test_findings_have_field_value_problem_and_line(here: Path) -> None:
    (here / "bad.yaml").write_text(GOOD.replace("devices: 5", "devices: -5") + "hot_month: 3\n")
    outcome = call("optimize", "bad.yaml", "--json")
    assert outcome.code == 4
    found = error(outcome)
    assert found["kind"] == "invalid-input"
    negative, unknown = found["findings"]
    assert negative["field"] == "devices"
    assert negative["value"] == "-5"
    assert negative["line"] == 1
    assert "1 to 100,000,000" in negative["problem"]
    assert unknown["line"] == 4
    assert "hot_months" in unknown["problem"]
    text = call("optimize", "bad.yaml")
    assert [line.split(": ")[:2] for line in text.err.splitlines()] == [["error", "bad.yaml"]] * 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.yaml", b""),
        ("binary.yaml", bytes(range(256))),
        ("nan.json", b'{"devices": NaN, "message_interval_s": 60, "message_size_bytes": 100}'),
        ("inf.yaml", b"devices: .inf\nmessage_interval_s: 60\nmessage_size_bytes: 100\n"),
        ("bomb.yaml", b"a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n"),
        ("list.json", b"[1, 2]"),
        ("broken.toml", b"devices = = 3"),
        ("large.yaml", b"# padding\n" * 200_000),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_files(here: Path, name: str, content: bytes) -> None:
    (here / name).write_bytes(content)
    outcome = call("optimize", name)
    assert outcome.code == 4
    assert outcome.err.startswith(f"error: {name}: ")
    again = call("optimize", "-", stdin=content)
    assert again.code == 4
    assert "standard input" in again.err


def test_standard_input_and_all_formats(here: Path) -> None:
    assert call("optimize", "-", "--model", "edt25", stdin=GOOD.encode()).code == 0
    contents = {
        "t.yaml": GOOD,
        "t.yml": GOOD,
        "t.toml": GOOD.replace(":", " ="),
        "t.json": '{"devices": 5, "message_interval_s": 60, "message_size_bytes": 100}',
    }
    outputs = set()
    for name, content in contents.items():
        (here / name).write_text(content)
        outputs.add(call("optimize", name, "--model", "edt25", "--json").out)
    assert len(outputs) == 1


def test_a_file_wins_over_a_scenario_only_as_a_path(here: Path) -> None:
    (here / "smart-home").write_text(GOOD)
    assert call("optimize", "smart-home", "--model", "edt25", "--json").json["workload"]["devices"] == 100
    assert call("optimize", "./smart-home", "--model", "edt25", "--json").json["workload"]["devices"] == 5


def test_constraints_of_a_file_and_options_on_top(here: Path) -> None:
    body = "workload:\n  " + GOOD.replace("\n", "\n  ").rstrip() + "\n"
    (here / "t.yaml").write_text(body + "constraints:\n  providers: [aws]\n")
    placed = call("optimize", "t.yaml", "--model", "edt25", "--json").json["placement"]
    assert {choice["provider"] for choice in placed.values()} == {"aws"}
    placed = call("optimize", "t.yaml", "--model", "edt25", "--providers", "azure", "--json").json["placement"]
    assert {choice["provider"] for choice in placed.values()} == {"azure"}
    (here / "t.yaml").write_text(body + "constraints:\n  residency: [EU]\n")
    refused = call("optimize", "t.yaml", "--model", "edt25")
    assert refused.code == 2
    assert "residency" in refused.err
    (here / "t.yaml").write_text(body + "assumptions:\n  planning_month: 3\n")
    warned = call("optimize", "t.yaml", "--model", "edt25", "--json").json["warnings"]
    assert any("assumptions" in warning for warning in warned)


def test_the_age_of_prices() -> None:
    arguments = ("optimize", "smart-home", "--providers", "aws", "--max-price-age", "30")
    fresh = call(*arguments, today=lambda: date(2026, 12, 1))
    assert fresh.code == 0
    stale = call(*arguments, "--json", today=lambda: date(2031, 1, 1))
    assert stale.code == 5
    assert error(stale)["kind"] == "price"
    assert re.search(r"\d{4} days old.*--prices DIR", error(stale)["message"])


def test_usage_errors_of_ours_as_json() -> None:
    found = error(call("optimize", "smart-hom", "--json"))
    assert found["kind"] == "usage"
    assert "smart-home" in found["message"]


def test_a_defect_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_json_output: bool) -> int:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(catalogue, "scenarios", broken)
    outcome = call("scenarios")
    assert outcome.code == 70
    assert len(outcome.err.splitlines()) == 1
    assert "RuntimeError: two lines" in outcome.err
    assert "this is a defect" in outcome.err
    assert "--debug" in outcome.err
    for debugged in (call("--debug", "scenarios"), call("scenarios", env={"TWIN2MULTICLOUD_DEBUG": "1"})):
        assert debugged.code == 70
        assert "Traceback" in debugged.err


def test_interruption(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_json_output: bool) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(catalogue, "scenarios", interrupted)
    assert call("scenarios").code == 130
