"""`frontier`: cost against carbon or latency, as a table and a small chart."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rich.console import Console
from rich.text import Text

from twin2multicloud.app.cli.books import BookChoice
from twin2multicloud.app.cli.optimize import read_workload
from twin2multicloud.app.cli.tables import plain_table
from twin2multicloud.app.cli.terminal import draws_blocks, output, print_json, printable
from twin2multicloud.app.cli.uncertainty_view import described
from twin2multicloud.app.optimizing.frontiers import place_of
from twin2multicloud.app.report.figures import cents_of, dollars, extra, grams_text, share
from twin2multicloud.model.errors import InfeasibleError
from twin2multicloud.model.options import constraints_from_options
from twin2multicloud.model.slots import SLOTS
from twin2multicloud.optimizer.bill.as_json import placement_json
from twin2multicloud.optimizer.bill.optimize import BillOptimizer
from twin2multicloud.optimizer.frontiers import FrontierPoint, FrontierResult, frontier_of

WIDTH: Final = 64
HEIGHT: Final = 12
_SHOWN: Final = 30
"""Points in the terminal's table; all of them are in the chart and in the JSON."""


@dataclass(frozen=True)
class FrontierRequest:
    """What was asked for."""

    workload: str
    against: Literal["carbon", "latency"]
    at_most: float | None
    devices_at: str | None
    options: Mapping[str, Any]
    book: BookChoice
    json_output: bool


def frontier(request: FrontierRequest) -> int:
    """Find the frontier and show it; `InfeasibleError` where nothing is within the bound."""
    document, title = read_workload(request.workload)
    devices = None if request.devices_at is None else place_of(request.devices_at, "--devices-at", "command line")
    constraints = constraints_from_options(base=document.constraints, **request.options)
    optimizer = BillOptimizer(request.book.read(), constraints, document.assumptions)
    found = frontier_of(optimizer, document.workload, request.against, devices=devices)
    chosen = None if request.at_most is None else found.at_most(request.at_most)
    if request.at_most is not None and chosen is None:
        least = _worded(found, found.points[-1])
        raise InfeasibleError(f"--at-most {request.at_most:g}: no placement is within; the least is {least}")
    if request.json_output:
        print_json(
            {
                "against": found.against,
                "points": [_json(point) for point in found.points],
                "chosen": None if chosen is None else _json(chosen),
                "left_out": list(found.left_out),
                "assumed": list(found.assumed),
            }
        )
        return 0
    with output() as console:
        _print(console, title, found, chosen)
    return 0


def _json(point: FrontierPoint) -> dict[str, Any]:
    return {
        "usd_per_month": point.usd_per_month,
        "gco2e_per_month": point.gco2e_per_month,
        "not_modelled_share": point.not_modelled_share,
        "latency_ms": point.latency_ms,
        "placement": placement_json(point.placement),
    }


def _value(found: FrontierResult, point: FrontierPoint) -> float:
    value = point.gco2e_per_month if found.against == "carbon" else point.latency_ms
    assert value is not None  # whoever has none is left out
    return value


def _worded(found: FrontierResult, point: FrontierPoint) -> str:
    value = _value(found, point)
    return grams_text(value) if found.against == "carbon" else f"{value:,.0f} ms"


def _print(console: Console, title: str, found: FrontierResult, chosen: FrontierPoint | None) -> None:
    count = len(found.points)
    console.print(Text(printable(title), "bold"))
    points = f"{count} placements are" if count > 1 else "1 placement is"
    console.print(Text(f"{points} not beaten in both, cost and {found.against}"))
    console.print()
    values = [_value(found, point) for point in found.points]
    for line in chart([point.usd_per_month for point in found.points], values, draws_blocks(sys.stdout)):
        console.print(Text(line))
    other = "carbon" if found.against == "carbon" else "latency"
    low, high = (dollars(cents_of(found.points[at].usd_per_month)) for at in (0, -1))
    console.print(
        Text(f"  across: {low} to {high} a month; up: {other}, {_worded(found, found.points[0])} at most", "dim")
    )
    console.print()
    console.print(_table(found, chosen))
    if count > _SHOWN:
        console.print(Text(f"and {count - _SHOWN} more, all of them with --json", "dim"))
    console.print()
    if found.left_out:
        console.print(Text(f"left out, since nobody says their figure: {', '.join(found.left_out)}"))
    for sentence in found.assumed:
        console.print(Text(f"assumed: {sentence}", "dim"))


def _table(found: FrontierResult, chosen: FrontierPoint | None) -> Any:
    table = plain_table()
    table.add_column("")
    table.add_column("$/month", justify="right", no_wrap=True)
    table.add_column("more", justify="right", no_wrap=True)
    table.add_column(found.against, justify="right", no_wrap=True)
    if found.against == "carbon":
        table.add_column("not modelled", justify="right")
    table.add_column("what differs from the point before")
    before: FrontierPoint | None = None
    for point in found.points[:_SHOWN]:
        cells = [
            "→" if point is chosen else "",
            dollars(cents_of(point.usd_per_month)),
            "" if before is None else extra(cents_of(point.usd_per_month - found.points[0].usd_per_month)),
            _worded(found, point),
        ]
        if found.against == "carbon":
            cells.append(share(point.not_modelled_share, 1.0))
        slots = SLOTS if before is None else before.placement.differing(point.placement)
        cells.append(described(point.placement, slots))
        table.add_row(*cells)
        before = point
    return table


def chart(across: Sequence[float], up: Sequence[float], blocks: bool) -> list[str]:
    """Points on a grid of characters, the axes from the least to the largest of either; `*` where `●` is not had."""
    dot, rise, run, corner = ("●", "│", "─", "└") if blocks else ("*", "|", "-", "+")
    rows = [[" "] * WIDTH for _ in range(HEIGHT)]
    for x, y in zip(across, up, strict=True):
        rows[HEIGHT - 1 - _cell(y, up, HEIGHT)][_cell(x, across, WIDTH)] = dot
    return [f"  {rise}{''.join(row).rstrip()}" for row in rows] + [f"  {corner}{run * WIDTH}"]


def _cell(value: float, values: Sequence[float], cells: int) -> int:
    low, high = min(values), max(values)
    return 0 if high <= low else min(int((value - low) / (high - low) * cells), cells - 1)
