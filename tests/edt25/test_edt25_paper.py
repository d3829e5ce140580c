"""`twin2multicloud paper`: every published figure is matched or explained, and a wrong one is noticed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from twin2multicloud.app.cli.paper import paper
from twin2multicloud.optimizer.edt25 import paper as comparison_module
from twin2multicloud.optimizer.edt25.paper import Status, compare
from twin2multicloud.optimizer.edt25.prices import PRICES


def test_every_published_figure_is_matched_or_explained() -> None:
    comparison = compare()
    assert comparison.all_ok
    assert [row.what for row in comparison.rows if row.status is Status.MISMATCH] == []
    explained = {row.what: (row.published, row.ours) for row in comparison.rows if row.status is Status.EXPLAINED}
    assert explained == {
        "M: hot retention, months": ("1", "3"),
        "L: mix, as printed": ("45,770.37", "46,770.27"),
        "L: mix, as printed, vs true cost": ("45,770.37", "46,988.94"),
        "M: AWS only, as printed": ("1,704.44", "1,704.45"),
        "M: mix, as printed, vs true cost": ("1,660.71", "1,664.71"),
    }
    assert all(row.note for row in comparison.rows if row.status is Status.EXPLAINED)


def test_the_tables_are_there() -> None:
    rows = compare().rows
    assert {row.table.split(" · ")[0] for row in rows} == {"Table I", "Workloads", "Table VII", "Table VIII"}
    shown = {row.what: row.ours for row in rows}
    assert shown["0.5 KB every 5 s: AWS IoT Core"] == "197.3"
    assert shown["12 KB every 2 min: Azure IoT Hub"] == "33.3"
    assert shown["M: mix, as printed"] == "1,660.71"
    assert shown["S: allocation L1 … L5 (az = Azure)"] == "aws aws aws az aws aws aws"


def test_the_command_prints_readable_tables(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert paper(json_output=False) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 100
    for part in ("Table I ", "Table VII ", "Table VIII ", "46,770.27", "explained", "misprint"):
        assert part in text
    assert "MISMATCH" not in text


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert paper(json_output=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["all_ok"] is True
    assert document["rows"][0] == {
        "table": "Table I · acquisition, USD per day, 10,000 devices",
        "what": "0.5 KB every 5 s: AWS IoT Core",
        "published": "197.3",
        "ours": "197.3",
        "status": "matched",
        "note": "",
    }


@pytest.mark.parametrize("json_output", [False, True])
def test_a_figure_that_should_match_and_does_not_fails_the_command(
    json_output: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dearer = replace(PRICES, grafana_aws_usd_per_viewer=5.01)
    wrong = compare(dearer)
    monkeypatch.setattr(comparison_module, "compare", lambda: wrong)
    assert paper(json_output=json_output) == 1
    assert "MISMATCH" in capsys.readouterr().out
    # Also an explained figure must be exactly what its explanation makes it.
    broken = {row.what for row in wrong.rows if row.status is Status.MISMATCH}
    assert {"L: L5 Visualization, AWS", "L: mix, as printed", "L: AWS only"} <= broken
