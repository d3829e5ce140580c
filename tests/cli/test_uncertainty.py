"""`uncertainty` and `breakeven` as a person types them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.cli.conftest import call

_FILE = """\
workload:
  devices: {low: 200, mode: 400, high: 4000}
  message_interval_s: 30
  message_size_bytes: 120
  viewers: {values: [5, 50]}
"""


def test_an_uncertain_file(tmp_path: Path) -> None:
    file, samples = tmp_path / "uncertain.yaml", tmp_path / "samples.csv"
    file.write_text(_FILE)
    result = call("uncertainty", str(file), "--samples", "60", "--csv", str(samples))
    assert result.code == 0, result.err
    assert "60 workloads drawn, each optimized exactly" in result.out
    for title in ("USD per month", "Placements", "One number at a time", "What drives the optimum's cost"):
        assert title in result.out
    rows = list(csv.DictReader(samples.read_text().splitlines()))
    assert len(rows) == 60
    assert set(rows[0]) == {"devices", "viewers", "usd_per_month", "placement"}
    asked = ("uncertainty", str(file), "--samples", "60", "--json")
    found = json.loads(call(*asked).out)
    costs = sorted(float(row["usd_per_month"]) for row in rows)
    assert costs[0] <= found["optimum"]["p5"]["usd"] <= costs[-1]
    assert found == json.loads(call(*asked).out)
    assert found["optimum"] != json.loads(call(*asked, "--seed", "2").out)["optimum"]


def test_ranges_on_the_command_line_and_a_deployed_placement(tmp_path: Path) -> None:
    deployed = tmp_path / "deployed.json"
    deployed.write_text(call("optimize", "smart-home", "--json").out)
    result = call(
        "uncertainty", "smart-home", "--vary", "devices=20%", "--samples", "100", "--placement", str(deployed), "--json"
    )
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert any("deployed" in candidate["roles"] for candidate in found["candidates"])
    assert list(found["uncertain"]["spreads"]) == ["devices"]


def test_what_cannot_be_understood_says_what_can() -> None:
    result = call("uncertainty", "smart-home")
    assert result.code == 2
    assert "--vary devices=500..2000" in result.err
    result = call("uncertainty", "smart-home", "--vary", "device=1..2")
    assert result.code == 2
    assert "devices" in result.err
    result = call("uncertainty", "smart-home", "--vary", "devices=9..2")
    assert result.code == 4
    assert "less than low" in result.err
    result = call("uncertainty", "smart-home", "--vary", "devices=many")
    assert result.code == 2
    result = call("breakeven", "smart-home", "--along", "devices", "--from", "9", "--to", "2")
    assert result.code == 2


def test_where_the_optimum_changes() -> None:
    asked = ("breakeven", "smart-building", "--along", "devices", "--from", "1600", "--to", "1700")
    result = call(*asked)
    assert result.code == 0, result.err
    assert "101 values optimized exactly" in result.out
    assert "Every value of the range was examined." in result.out
    found = json.loads(call(*asked, "--json").out)
    for change in found["breakevens"]:
        assert f"{change['above']:,.0f}" in result.out
        assert change["changes"]
