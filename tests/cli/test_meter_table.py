"""The table of metered against predicted usage shows what matters, and hides nothing that is off."""

from __future__ import annotations

import io

from rich.console import Console

from twin2multicloud.app.cli.sandbox_meters import print_comparison
from twin2multicloud.model.slots import Provider
from twin2multicloud.sandbox.metering.compare import Comparison, ComponentRow, MeterRow, Pair


def row(number: int, predicted: float, metered: float, *components: ComponentRow) -> MeterRow:
    """A meter that costs a dollar a unit."""
    usage = Pair(predicted, metered)
    name = f"aws.service.meter-{number:02}"
    return MeterRow(name, Provider.AWS, "us-east-1", "Service", "d", "units", usage, usage, usage.verdict(), components)


def printed(*rows: MeterRow, elapsed_s: float = 600.0, hurried_share: float = 0.0) -> str:
    """What a terminal shows of these meters."""
    file = io.StringIO()
    comparison = Comparison(rows, elapsed_s, 1.0, Pair(1.0, 1.0), hurried_share)
    print_comparison(Console(file=file, width=120), comparison, all_meters=False)
    return file.getvalue()


def test_a_cheap_meter_that_is_off_is_shown_below_the_twelve_that_cost_most() -> None:
    agreeing = [row(number, 100.0 - number, 100.0 - number) for number in range(14)]
    shown = printed(*agreeing, row(50, 1.0, 2.0), row(51, 0.0, 0.5))
    assert "meter-11" in shown
    assert "meter-12" not in shown
    assert "meter-50" in shown
    assert "meter-51" in shown
    assert "14 meters agree within 2 %, 2 do not" in shown
    assert "2 more: sandbox meters --all" in shown


def test_a_short_run_says_why_it_may_be_off() -> None:
    assert "still on its way" in printed(row(1, 1.0, 2.0), elapsed_s=9.0)
    assert "still on its way" not in printed(row(1, 1.0, 2.0), elapsed_s=90.0)
    assert "still on its way" not in printed(row(1, 1.0, 1.0), elapsed_s=9.0)


def test_a_part_without_an_occasion_is_named() -> None:
    parts = [ComponentRow(name, Pair(1.0, got), False, False) for name, got in (("L2/x", 1.0), ("L3.hot/nonces", 0.0))]
    assert "no occasion yet for L3.hot/nonces" in printed(row(1, 2.0, 1.0, *parts))
    assert "no occasion" not in printed(row(1, 2.0, 2.0, *parts[:1]))


def test_a_run_that_was_too_fast_says_so() -> None:
    assert "75% of what was counted ran at more than 10 times our pace" in " ".join(
        printed(row(1, 2.0, 1.0), hurried_share=0.75).split()
    )
    assert "our pace" not in printed(row(1, 2.0, 1.0), hurried_share=0.001)
