"""Batches: a result a line, in order, whatever the lines say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import cached, call
from twin2multicloud.app.cli.terminal import Progress

LINE: dict[str, Any] = {"devices": 100, "message_interval_s": 120, "message_size_bytes": 250}
COMPACT = ["model", "price_book", "placement", "usd_per_month", "baselines", "slots", "links", "warnings"]


def write(path: Path, *lines: Any) -> None:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))


@pytest.mark.parametrize("model", ["bill", "edt25"])
def test_results_in_order_with_errors_in_place(here: Path, model: str) -> None:
    pinned = {"workload": LINE, "constraints": {"providers": ["aws"]}}
    write(
        here / "b.jsonl",
        LINE,
        "{",
        {**LINE, "devices": 300},
        "",
        pinned,
        {**LINE, "devices": -1},
        {"workload": {**LINE, "entities_3d": 5}, "constraints": {"providers": ["azure"], "pins": {"L4": "azure"}}},
        {**LINE, "devices": 200},
    )
    outcome = call("optimize", "b.jsonl", "--model", model, "--providers", "aws,azure")
    assert outcome.code == 4
    first, broken, second, only, negative, infeasible, last = outcome.lines
    for result in (first, second, only, last):
        assert list(result) == COMPACT + (["artifact"] if model == "edt25" else [])
    for bad, line in ((broken, 2), (negative, 6)):
        assert list(bad) == ["line", "error"]
        assert bad["line"] == line
        assert bad["error"]["kind"] == "invalid-input"
        assert bad["error"]["findings"][0]["line"] == line
    assert infeasible["line"] == 7
    assert infeasible["error"]["kind"] == "infeasible"
    assert infeasible["error"]["conflict"]
    alone = [
        call("optimize", "-", "--json", "--model", model, "--providers", "aws,azure", stdin=json.dumps(line).encode())
        for line in (LINE, {**LINE, "devices": 300}, pinned, {**LINE, "devices": 200})
    ]
    for result, single in zip((first, second, only, last), alone, strict=True):
        assert result["usd_per_month"] == pytest.approx(single.json["usd_per_month"], rel=1e-9)
        assert result["placement"] == single.json["placement"]


def test_options_replace_a_lines_constraints(here: Path) -> None:
    write(here / "b.jsonl", {"workload": LINE, "constraints": {"providers": ["aws"]}}, LINE)
    for result in call("optimize", "b.jsonl", "--model", "edt25", "--providers", "azure").lines:
        assert {choice["provider"] for choice in result["placement"].values()} == {"azure"}


def test_only_infeasible_lines(here: Path) -> None:
    line = {"workload": LINE, "constraints": {"providers": ["gcp"]}}
    write(here / "b.jsonl", line, LINE, line)
    outcome = call("optimize", "b.jsonl", "--model", "edt25")
    assert outcome.code == 3
    assert ["error" in result for result in outcome.lines] == [True, False, True]
    write(here / "b.jsonl", LINE)
    assert call("optimize", "b.jsonl", "--model", "edt25").code == 0


def test_infeasible_lines_do_not_end_the_bills(here: Path) -> None:
    scene = {**LINE, "entities_3d": 5}
    write(here / "b.jsonl", *[LINE, scene, scene, {**LINE, "devices": 7}, scene, LINE])
    outcome = call("optimize", "b.jsonl", "--providers", "azure")
    assert outcome.code == 3
    assert ["error" in result for result in outcome.lines] == [False, True, True, False, True, False]
    assert outcome.lines[0] == outcome.lines[-1] != outcome.lines[3]


def test_a_line_the_model_cannot_obey_is_an_error_of_that_line(here: Path) -> None:
    write(here / "b.jsonl", {"workload": LINE, "constraints": {"residency": ["EU"]}}, LINE)
    outcome = call("optimize", "b.jsonl", "--model", "edt25")
    assert outcome.code == 4
    assert outcome.lines[0]["error"]["kind"] == "usage"
    assert outcome.lines[1]["usd_per_month"] > 0
    write(here / "b.jsonl", {"workload": LINE, "constraints": {"regions": {"aws": ["nowhere-1"]}}})
    outcome = call("optimize", "b.jsonl")
    assert outcome.code == 4
    assert "nowhere-1" in outcome.lines[0]["error"]["message"]


def test_assumptions_of_a_line(here: Path) -> None:
    heavy = {"workload": LINE, "assumptions": {"envelope_bytes": 100_000.0}}
    write(here / "b.jsonl", LINE, heavy)
    plain, changed = call("optimize", "b.jsonl", "--providers", "aws").lines
    assert changed["usd_per_month"] > plain["usd_per_month"]
    plain, changed = call("optimize", "b.jsonl", "--model", "edt25").lines
    assert changed["usd_per_month"] == plain["usd_per_month"]
    assert any("assumptions" in warning for warning in changed["warnings"])


def test_a_mistake_in_the_options_is_one_error(here: Path) -> None:
    write(here / "b.jsonl", LINE, LINE)
    for option, code in ((("--region", "aws=nowhere-1"), 2), (("--max-clouds", "9"), 4), (("--top", "3"), 2)):
        outcome = call("optimize", "b.jsonl", *option)
        assert outcome.code == code
        assert outcome.out == ""
        assert outcome.err.count("error: ") == 1
        assert option[0] in outcome.err or "nowhere-1" in outcome.err


def test_empty_batches_and_directories(here: Path) -> None:
    (here / "e.jsonl").write_text("\n\n")
    (here / "d.jsonl").mkdir()
    for name in ("e.jsonl", "d.jsonl"):
        outcome = call("optimize", name)
        assert outcome.code == 4
        assert name in outcome.err


def test_thousands_of_lines(here: Path) -> None:
    write(here / "b.jsonl", *[{**LINE, "devices": n + 1} for n in range(5000)])
    outcome = call("optimize", "b.jsonl", "--model", "edt25")
    assert outcome.code == 0
    usd = [result["usd_per_month"] for result in outcome.lines]
    assert len(usd) == 5000
    assert usd == sorted(usd)


def test_a_batch_agrees_with_the_scenario(here: Path) -> None:
    single = cached("optimize", "smart-home", "--model", "edt25", "--json").json
    write(here / "b.jsonl", single["workload"])
    (result,) = call("optimize", "b.jsonl", "--model", "edt25").lines
    assert {key: single[key] for key in result} == {**result, "warnings": single["warnings"]}


class Stream:
    """A terminal that remembers what was written to it."""

    def __init__(self, terminal: bool) -> None:
        self.terminal = terminal
        self.text = ""

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None: ...


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_waits_a_second_and_needs_a_terminal(terminal: bool) -> None:
    times = iter([0.0, 0.9, 1.1, 1.2])
    stream = Stream(terminal)
    progress = Progress("workloads", clock=lambda: next(times), stream=stream)
    progress.at(10)
    assert stream.text == ""
    progress.at(2000)
    assert stream.text == ("\r2,000 workloads" if terminal else "")
    progress.at(2001)
    progress.done()
    assert stream.text.endswith("\r\x1b[K" if terminal else "")
    assert "2,001" not in stream.text
