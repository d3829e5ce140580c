"""How uncertain numbers are written, and stretches of one cheapest placement, without Flet."""

from __future__ import annotations

from typing import Any

import pytest

from twin2multicloud.app.schemas.uncertainty import BreakevenResult
from twin2multicloud.app.ui.proposal import course, varying
from twin2multicloud.app.ui.proposal.varying import Editing, Varied
from twin2multicloud.model.slots import SLOTS

WORKLOAD = {"devices": 1_000, "viewers": 0, "event_share": 0.8, "message_interval_s": 10.0}


@pytest.mark.parametrize("vary", ["devices=20%", "devices=1..9;viewers=0..5..10", "event_share=0.1..0.2"])
def test_what_is_uncertain_is_written_as_it_was_read(vary: str) -> None:
    assert varying.written(varying.read(vary)) == vary


@pytest.mark.parametrize("vary", ["", "device=20%", "devices", "devices=1", "devices=1..2..3..4"])
def test_what_says_nothing_is_left_out(vary: str) -> None:
    assert varying.read(vary) == []


@pytest.mark.parametrize(
    ("vary", "spread"),
    [
        ("devices=20%", {"low": 800.0, "high": 1_200.0}),
        ("event_share=50%", {"low": 0.4, "high": 1.0}),
        ("devices=1,000..2,000", {"low": 1_000.0, "high": 2_000.0}),
        ("viewers=0..3..9", {"low": 0.0, "mode": 3.0, "high": 9.0}),
    ],
)
def test_a_number_turns_out_as_it_is_written(vary: str, spread: dict[str, float]) -> None:
    (given,) = varying.read(vary)
    found, problem = varying.spread(given, WORKLOAD)
    assert found == pytest.approx(spread)
    assert problem is None


@pytest.mark.parametrize(
    ("vary", "problem"),
    [
        ("devices=x%", "write numbers"),
        ("devices=nan..5", "write numbers"),
        ("devices=0%", "per cent are above 0"),
        ("devices=101%", "per cent are above 0"),
        ("viewers=20%", "choose a range"),
        ("devices=5..5", "go up"),
        ("devices=1..9..5", "go up"),
    ],
)
def test_what_cannot_be_says_why(vary: str, problem: str) -> None:
    (given,) = varying.read(vary)
    assert problem in (varying.spread(given, WORKLOAD)[1] or "")


def test_written_otherwise_a_number_keeps_its_meaning() -> None:
    editing = Editing([varying.usual("devices")], "", WORKLOAD)
    editing.kind("devices", "triangle")
    assert editing.rows == [Varied("devices", "triangle", ("800", "1000", "1200"))]
    editing.kind("devices", "range")
    assert editing.rows == [Varied("devices", "range", ("800", "1200"))]
    editing.write("devices", 1, "700")
    assert not editing.check()
    assert list(editing.problems) == ["devices"]
    editing.remove("devices")
    assert editing.problems == {}
    assert not editing.check(), "there is nothing to ask"


@pytest.mark.parametrize(
    ("samples", "number"), [("", 10_000), ("x", 10_000), ("²", 10_000), ("1", 10), ("500", 500), ("99999", 20_000)]
)
def test_as_many_workloads_are_drawn_as_may_be(samples: str, number: int) -> None:
    assert varying.samples_of(samples) == number


def choice(offer: str) -> dict[str, str]:
    return {"provider": "aws", "offer": f"aws.{offer}", "region": "eu-central-1"}


def found(*stretches: tuple[float, float, str | None]) -> BreakevenResult:
    given: list[dict[str, Any]] = [
        {
            "from": start,
            "to": end,
            "usd": [start, end],
            "placement": offer and {slot.value: choice(offer) for slot in SLOTS},
        }
        for start, end, offer in stretches
    ]
    answer = {"along": "devices", "points": 9, "complete": False, "slack": 0.1, "stretches": given, "breakevens": []}
    return BreakevenResult.model_validate(answer)


def test_a_placement_that_comes_back_has_its_letter() -> None:
    shown = course.stretches(found((1, 10, "a"), (11, 99, "b"), (100, 999, "a"), (1_000, 10_000, None)))
    assert [each.letter for each in shown] == ["A", "B", "A", "C"]
    assert [len(each.differs) for each in shown] == [0, len(SLOTS), len(SLOTS), 0]
    assert shown[3].placement is None
    assert sum(each.share for each in shown) == pytest.approx(1)
    assert shown[3].share == pytest.approx(0.25), "by factor"


def test_a_short_range_is_shown_evenly() -> None:
    assert [each.share for each in course.stretches(found((100, 149, "a"), (150, 200, "b")))] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("field", "value", "between"),
    [("devices", 5, "1..50"), ("event_share", 0.5, "0.05..1"), ("message_interval_s", 10.0, "1..100")],
)
def test_a_range_goes_no_further_than_its_field(field: str, value: float, between: str) -> None:
    assert course.usual(field, {field: value}) == between


@pytest.mark.parametrize(
    ("first", "last", "most", "values"),
    [
        (400, 40_000, 9, [500, 1_000, 2_000, 5_000, 10_000, 20_000]),
        (400, 40_000, 5, [1_000, 10_000]),
        (100, 200, 9, [150]),
        (0, 10, 9, [5]),
    ],
)
def test_a_line_has_marks_at_round_values(first: float, last: float, most: int, values: list[float]) -> None:
    marks = course.marks(first, last, most=most)
    assert [value for _, value in marks] == pytest.approx(values)
    shares = [share for share, _ in marks]
    assert shares == sorted(shares)
    assert all(0 < share < 1 for share in shares)


def test_a_factor_takes_the_same_room_wherever_it_is() -> None:
    at = {value: share for share, value in course.marks(1, 10_000, most=9)}
    assert [at[10], at[100], at[1_000]] == pytest.approx([0.25, 0.5, 0.75])
