"""What a move will take and what it did, as a person reads it."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from twin2multicloud.app.cli.tables import money
from twin2multicloud.app.cli.terminal import STYLES
from twin2multicloud.app.report.figures import quantity
from twin2multicloud.moving.estimate import Estimate
from twin2multicloud.moving.steps import Report
from twin2multicloud.optimizer.bill.cents import cents


def print_estimate(console: Console, found: Estimate) -> None:
    """Steps with their times, the one-off cost line by line, and for how long writers wait."""
    console.print(Text(f"Moving {found.move}", "bold"))
    for name, content in found.contents.items():
        console.print(Text(f"{name}: {content.items:,.0f} items, {_size(content.bytes)}", "dim"))
    steps = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    steps.add_column("Step")
    steps.add_column("Takes", justify="right")
    steps.add_column("Which follows from", style="dim")
    for step in found.steps:
        steps.add_row(step.step.value, _time(step.seconds), step.basis)
    console.print(steps)
    held = f"of which writers wait {_time(found.held_s)}; devices' messages are accepted all the time"
    console.print(Text(f"{_time(found.seconds)} in all, {held}. {found.basis[:1].upper()}{found.basis[1:]}."))
    costs = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    costs.add_column("One-off cost")
    costs.add_column("Where", no_wrap=True)
    costs.add_column("Quantity", justify="right", no_wrap=True)
    costs.add_column("$", justify="right", no_wrap=True)
    for cost in found.costs:
        if cost.usd or cost.missing:
            amount = "no price" if cost.missing else _dollars(cost.usd)
            where = Text.assemble((cost.provider.label, STYLES[cost.provider]), f" {cost.region}")
            costs.add_row(cost.what, where, f"{_quantity(cost.units)} {cost.unit}", amount)
    if costs.row_count:
        console.print(costs)
    missing = f", and {len(found.missing)} lines without a price" if found.missing else ""
    console.print(Text.assemble(("Once: ", "bold"), f"{_dollars(found.usd)} USD{missing}"))


def print_report(console: Console, report: Report) -> None:
    """What was copied and compared, and for how long writers waited."""
    if report.aborted:
        console.print(Text.assemble((report.move.slot.value, "bold"), " is back where it was"))
    else:
        console.print(Text.assemble(("Moved ", "bold"), str(report.move)))
    for each in report.verified:
        late = f", {each.late:,} of them late" if each.late else ""
        unread = f"; {each.unread:,} archived ones by size only" if each.unread else ""
        console.print(f"  {each.name}: {each.items:,} items at both ends the same{late}{unread}")
    if report.carried:
        console.print(f"  {report.carried:,} things that waited were carried along")
    console.print(f"  {_time(report.seconds)} in all; writers waited {_time(report.held_s)}")


def _dollars(usd: float) -> str:
    """An amount in cents; what is less than one is not nothing."""
    return "< 0.01" if 0 < usd < 0.01 else money(cents(usd))


def _quantity(units: float) -> str:
    return "< 0.001" if 0 < units < 0.001 else quantity(units)


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.1f} h"


def _size(size: float) -> str:
    for unit, scale in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= scale:
            return f"{size / scale:,.1f} {unit}"
    return f"{size:,.0f} B"
