"""`sandbox meters`: what a run used, scaled to a month, beside what the blueprint predicts for it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from twin2multicloud.app.cli.books import NEWEST_BOOK
from twin2multicloud.app.cli.terminal import cloud_text, output, print_json
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import SLOTS, Slot
from twin2multicloud.sandbox.metering.pace import pace_note
from twin2multicloud.sandbox.metering.window import Window

if TYPE_CHECKING:
    from rich.console import Console

    from twin2multicloud.blueprint.plan import Blueprint
    from twin2multicloud.sandbox.client import SandboxClient
    from twin2multicloud.sandbox.metering.compare import Comparison, MeterRow

_MARKS = {"agrees": "✓", "deviates": "≠", "not exercised": "·", "unexpected": "+"}
_STYLES = {"agrees": "green", "deviates": "yellow", "not exercised": "dim", "unexpected": "yellow"}

_SHORT_S = 60
"""What waits in a batch at either end of a shorter run is some percent of it."""


def meters(client: SandboxClient, all_meters: bool, json_output: bool) -> int:
    """Print the comparison of the sandbox's whole life so far."""
    comparison = compare_run(client.blueprint, Window.until_now(client.meters()), client.built)
    if json_output:
        print_json(comparison_json(comparison))
        return 0
    with output() as console:
        print_comparison(console, comparison, all_meters=all_meters)
    return 0


def compare_run(blueprint: Blueprint, window: Window, slots: Collection[Slot] = SLOTS) -> Comparison:
    """What was counted against a blueprint's month, of these slots."""
    from twin2multicloud.sandbox.metering.compare import compare

    if window.elapsed_s <= 0:
        raise UsageError("nothing has been counted yet: let the twin run for a few seconds")
    return compare(blueprint, window.book, window.elapsed_s, NEWEST_BOOK.read(), slots=slots)


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain JSON values."""
    return {
        "elapsed_s": comparison.elapsed_s,
        "messages": comparison.messages,
        "note": pace_note(comparison.hurried_share),
        "usd_per_month": {"predicted": comparison.usd.predicted, "metered": comparison.usd.metered},
        "meters": [_row_json(row) for row in comparison.rows],
    }


def _row_json(row: MeterRow) -> dict[str, Any]:
    return {
        "meter": row.meter,
        "provider": row.provider.value,
        "region": row.region,
        "service": row.service,
        "dimension": row.dimension,
        "unit": row.unit,
        "predicted": row.usage.predicted,
        "metered": row.usage.metered,
        "ratio": row.usage.ratio,
        "usd_predicted": row.usd.predicted,
        "usd_metered": row.usd.metered,
        "verdict": row.verdict,
        "projected": row.projected,
        "planned": row.planned,
    }


def print_comparison(console: Console, comparison: Comparison, *, all_meters: bool) -> None:
    """A line per meter: those that cost most first; without `all_meters` twelve and any that is off."""
    from rich.table import Table
    from rich.text import Text

    rows = sorted(comparison.rows, key=lambda row: -max(row.usd.predicted, row.usd.metered))
    twelve = [row for row in rows if row.usage.metered > 0][:12]
    shown = rows if all_meters else [row for row in rows if row in twelve or row in comparison.deviating]
    narrow = console.width < 100
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("")
    table.add_column("meter", overflow="fold")
    if not narrow:
        table.add_column("unit", overflow="ellipsis", no_wrap=True, max_width=18)
    for name in ("predicted", "metered", "ratio", "USD", "metered"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in shown:
        usage = [quantity(row.usage.predicted), quantity(row.usage.metered)]
        ratio = "–" if row.usage.ratio is None else f"{row.usage.ratio:.3f}"
        star = "*" if row.projected else "°" if row.planned else ""
        cells: list[Text | str] = [
            Text(_MARKS[row.verdict], _STYLES[row.verdict]),
            cloud_text(row.provider, row.meter.partition(".")[2]),
            *([] if narrow else [row.unit]),
            *usage,
            f"{ratio}{star}",
            f"{row.usd.predicted:,.2f}",
            f"{row.usd.metered:,.2f}",
        ]
        table.add_row(*cells)
    console.print(table)
    hidden = len(rows) - len(shown)
    agree, deviate = len(comparison.agreeing), len(comparison.deviating)
    notes = [f"{agree} meters agree within 2 %, {deviate} do not, {len(comparison.not_exercised)} not exercised"]
    if hidden:
        notes.append(f"{hidden} more: sandbox meters --all")
    if any(row.projected for row in shown):
        notes.append("* projected from what was written")
    if any(row.planned for row in shown):
        notes.append("° capacity is planned for the rate")
    idle = {part.component for row in comparison.deviating for part in row.components if part.idle}
    if idle:
        notes.append(f"no occasion yet for {', '.join(sorted(idle))}")
    if note := pace_note(comparison.hurried_share):
        notes.append(note)
    if comparison.deviating and comparison.elapsed_s < _SHORT_S:
        notes.append(f"a run under {_SHORT_S} s cuts off what is still on its way")
    usd = comparison.usd
    console.print(
        f"a month at this rate: {usd.predicted:,.2f} USD predicted, {usd.metered:,.2f} USD metered", style="bold"
    )
    console.print("; ".join(notes), style="dim")


def quantity(value: float) -> str:
    """A quantity with four digits that matter."""
    if value == 0:
        return "0"
    for size, suffix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            return f"{value / (1e3 if suffix == 'k' else size):,.4g} {suffix}"
    return f"{value:,.4g}"
