"""The proposal for people: adds up to the cent, readable when narrow, without colour, and honest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome, cached, call

AMOUNT = r"−?[\d,]+\.\d\d"


def number(text: str) -> int:
    """An amount in cents."""
    return int(text.replace(",", "").replace(".", "").replace("−", "-"))


def headline(outcome: Outcome) -> int:
    found = re.search(rf"^\$({AMOUNT}) / month", outcome.out, re.MULTILINE)
    assert found
    return number(found.group(1))


def placement_amounts(outcome: Outcome) -> list[int]:
    """The $/month column between the header and the total."""
    lines = outcome.out.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("slot "))
    end = next(n for n, line in enumerate(lines) if line.startswith("total"))
    edge = lines[start].index("$/month") + len("$/month")
    amounts = [found for line in lines[start:end] if (found := re.search(rf"({AMOUNT})$", line[:edge]))]
    total = re.search(rf"({AMOUNT})", lines[end])
    assert total
    assert number(total.group(1)) == headline(outcome)
    return [number(found.group(1)) for found in amounts]


@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize(
    "arguments",
    [
        ("smart-home",),
        ("industrial-facility", "--providers", "aws,azure"),
        ("smart-building", "--model", "edt25"),
        ("smart-home", "--region", "aws=us-east-1,eu-central-1", "--providers", "aws", "--pin", "L3.hot=aws@us-east-1"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_amounts_sum_to_the_total_at_every_width(arguments: tuple[str, ...], width: int) -> None:
    outcome = cached("optimize", *arguments, width=width)
    assert outcome.code == 0
    amounts = placement_amounts(outcome)
    assert len(amounts) >= 7
    assert sum(amounts) == headline(outcome)
    assert max(map(len, outcome.out.splitlines())) <= width
    assert "…" not in outcome.out


def test_every_slot_offer_and_cloud_is_named() -> None:
    outcome = cached("optimize", "smart-home")
    result = cached("optimize", "smart-home", "--json", "--top", "3").json
    for slot, choice in result["placement"].items():
        line = next(line for line in outcome.out.splitlines() if line.startswith(f"{slot} "))
        assert choice["region"] in line
        assert {"aws": "AWS", "azure": "Azure", "gcp": "GCP"}[choice["provider"]] in line
        cheapest = result["alternatives"][slot][0]
        assert f"+{cheapest['extra_usd']:,.2f}" in line
    assert f"{result['price_book']['version']} of {result['price_book']['date']}" in outcome.out
    assert result["price_book"]["hash"][:12] in outcome.out
    assert "proven optimal" in outcome.out


def test_percentage_saved_against_each_cloud() -> None:
    outcome = cached("optimize", "smart-building", "--model", "edt25")
    assert re.search(r"AWS only .* 60,156\.43 +the mix saves 21\.9 %", outcome.out)
    assert re.search(r"Azure only .* 59,995\.54 +the mix saves 21\.7 %", outcome.out)


@pytest.mark.parametrize("scenario", ["smart-home", "smart-building"])
def test_the_headline_and_the_bars_give_the_same_share(scenario: str) -> None:
    outcome = cached("optimize", scenario)
    headline = re.search(r"([\d.]+) % less than the best single cloud, (\w+)", outcome.out)
    assert headline is not None
    share, cloud = headline.groups()
    assert re.search(rf"{cloud} only .* the mix saves {share} %", outcome.out)


def test_a_cloud_that_cannot_do_it_alone_has_no_figure() -> None:
    outcome = cached("optimize", "smart-home", "--deny", "gcp")
    assert re.search(r"GCP only +– +no placement on this cloud alone", outcome.out)


def test_bars_are_as_long_as_the_amounts_say() -> None:
    bars = {
        name: (bar.count("█"), number(usd))
        for name, bar, usd in re.findall(
            rf"^(mix|\w+ only) +([█▏▎▍▌▋▊▉]+) +({AMOUNT})", cached("optimize", "smart-home").out, re.MULTILINE
        )
    }
    assert len(bars) >= 2
    longest, most = max(bars.values(), key=lambda pair: pair[1])
    for length, usd in bars.values():
        assert length == pytest.approx(longest * usd / most, abs=1)


def test_explanation_shows_every_line_and_sums_per_cloud() -> None:
    arguments = ("optimize", "smart-home", "--explain")
    outcome = cached(*arguments)
    bill = cached("optimize", "smart-home", "--json", "--top", "3").json["bill"]
    explained = outcome.out[outcome.out.index("Every bill line") : outcome.out.index("Why each offer")]
    for line in bill:
        assert line["meter"] in explained
        assert line["date"] in explained
    clouds = [number(usd) for usd in re.findall(rf"^(?:AWS|Azure|GCP) +({AMOUNT})$", explained, re.MULTILINE)]
    lines = [number(usd) for usd in re.findall(rf"^  \S.* ({AMOUNT})$", explained, re.MULTILINE)]
    assert len(lines) >= len(bill)
    assert sum(lines) == sum(clouds) == headline(outcome)
    tiers = re.findall(rf"= ({AMOUNT})$", explained, re.MULTILINE)
    assert tiers


def test_explanation_gives_alternatives_with_their_extra_cost() -> None:
    outcome = cached("optimize", "smart-home", "--explain")
    why = outcome.out[outcome.out.index("Why each offer") :]
    result = cached("optimize", "smart-home", "--json", "--top", "3").json
    for alternatives in result["alternatives"].values():
        for alternative in alternatives[:4]:
            assert f"+{alternative['extra_usd']:,.2f}" in why


def test_ranking_starts_with_the_placement_and_ascends() -> None:
    outcome = cached("optimize", "smart-home", "--top", "4")
    rows = re.findall(rf"^ +([1-4]) +({AMOUNT})", outcome.out, re.MULTILINE)
    assert [rank for rank, _ in rows] == ["1", "2", "3", "4"]
    usd = [number(amount) for _, amount in rows]
    assert usd == sorted(usd)
    assert usd[0] == headline(outcome)
    assert "The cheapest placements" not in cached("optimize", "smart-home").out


def test_a_pin_against_the_optimum_warns_with_the_extra_cost() -> None:
    best = headline(cached("optimize", "smart-home"))
    outcome = cached("optimize", "smart-home", "--pin", "L1=azure", "--pin", "L5=azure")
    extra = headline(outcome) - best
    assert extra > 0
    warned = re.search(rf"▲ pinning .* adds \$({AMOUNT})", outcome.out)
    assert warned
    assert abs(number(warned.group(1)) - extra) <= 1


def test_no_colour_unless_a_terminal_or_asked_for() -> None:
    assert "\x1b" not in cached("optimize", "smart-home").out
    arguments = ("optimize", "smart-home", "--model", "edt25")
    coloured = call(*arguments, env={"FORCE_COLOR": "1", "TERM": "xterm-256color"})
    assert "\x1b[38;5;208mAWS" in coloured.out
    plain = call(*arguments, env={"FORCE_COLOR": "1", "TERM": "xterm-256color", "NO_COLOR": "1"})
    assert "38;5" not in plain.out
    assert re.sub(r" +$", "", re.sub(r"\x1b\[[\d;]*m", "", coloured.out), flags=re.MULTILINE) == cached(*arguments).out


def test_a_poor_encoding_gets_plain_characters() -> None:
    outcome = call("optimize", "smart-home", "--model", "edt25", encoding="ascii")
    assert outcome.code == 0
    assert re.search(r"AWS only +#+ ", outcome.out)


def test_nothing_in_a_name_commands_the_terminal(here: Path) -> None:
    name = "[red]twin\x1b[2J\u202e.yaml"
    (here / name).write_text("devices: 5\nmessage_interval_s: 60\nmessage_size_bytes: 100\n")
    outcome = call("optimize", name, "--model", "edt25")
    assert outcome.code == 0
    first = outcome.out.splitlines()[0]
    assert first == "Workload [red]twin\\x1b[2J\\u202e.yaml"
    missing = call("optimize", "no\x1b[2J\n.yaml")
    assert missing.code == 4
    assert "\x1b" not in missing.err
    assert "\\x1b" in missing.err


def test_the_report_is_written(here: Path) -> None:
    outcome = call("optimize", "smart-home", "--deny", "gcp", "--report", "r.html")
    assert outcome.code == 0
    page = (here / "r.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "2026-12-01" in page or "1 December 2026" in page
    assert "r.html" in outcome.err
    assert call("optimize", "smart-home", "--deny", "gcp", "--report", "missing/r.html").code == 2
