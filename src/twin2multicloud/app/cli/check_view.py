"""A comparison of two revisions in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from twin2multicloud.app.cli.tables import indented, plain_table, slot_name
from twin2multicloud.app.cli.terminal import STYLES, cloud_text, printable
from twin2multicloud.app.report.figures import cents_of, extra
from twin2multicloud.app.revisions.comparing import Comparison
from twin2multicloud.app.revisions.policy import Verdict
from twin2multicloud.app.revisions.telling import (
    emissions,
    folded,
    headline,
    other_answer,
    quantities,
    unit_prices,
    usd_text,
    was_and_is,
)
from twin2multicloud.model.placement import SlotChoice
from twin2multicloud.model.slots import SLOTS, Provider
from twin2multicloud.optimizer.pricing.book import PriceBook


def print_comparison(
    console: Console, title: str, found: Comparison, verdicts: Sequence[Verdict], book: PriceBook
) -> None:
    """Headline, rules, slots that go elsewhere, lines that change, and what is folded."""
    console.print(Text.assemble((printable(title), "bold"), f"  {headline(found)}"))
    before, after = found.names
    if before is not None:
        console.print(Text(printable(f"{before} → {after}"), "dim"))
    for each in verdicts:
        mark, style = ("–", "dim") if each.open else ("✓", "green") if each.ok else ("✗", "red")
        console.print(indented(Text.assemble((f"{mark} ", style), printable(str(each))), 2))
    console.print()
    if found.before is None or found.moved:
        console.print(_slots(found))
        console.print()
    if found.changed and found.before is not None:
        console.print(_lines(found))
        console.print()
    for text in (folded(found) if found.before is not None else "", other_answer(found), emissions(found)):
        if text:
            console.print(Text(printable(text)))
    console.print(Text(f"Prices of {book.date}, list prices before tax; an estimate.", "dim"))


def _slots(found: Comparison) -> Table:
    table = plain_table()
    table.add_column("slot", no_wrap=True)
    if found.before is not None:
        table.add_column("before")
    table.add_column("after" if found.before is not None else "offer")
    for slot in found.moved if found.before is not None else SLOTS:
        cells = [_choice(found.after.placement[slot])]
        if found.before is not None:
            cells.insert(0, _choice(found.before.placement[slot]))
        table.add_row(slot_name(slot), *cells)
    return table


def _choice(choice: SlotChoice) -> Text:
    return Text.assemble(cloud_text(choice.provider), f" {choice.offer.partition('.')[2]} {choice.region}")


def _lines(found: Comparison) -> Table:
    table = plain_table()
    table.add_column("meter")
    table.add_column("region", no_wrap=True)
    table.add_column("quantity")
    table.add_column("unit price")
    table.add_column("USD/month", justify="right")
    table.add_column("change", justify="right", no_wrap=True)
    for line in found.changed:
        style = STYLES[Provider(line.provider)] if line.provider else ""
        meter = Text.assemble((line.service, style), f": {line.dimension}")
        amounts = was_and_is((usd_text(line.usd[0]), usd_text(line.usd[1])))
        change = extra(cents_of(line.change_usd))
        table.add_row(meter, line.region, quantities(line), unit_prices(line), amounts, change)
    return table
