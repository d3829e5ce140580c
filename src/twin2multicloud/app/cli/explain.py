"""`--explain`: every line of the bill to the cent, and why each offer won."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from twin2multicloud.app.cli.tables import changes, extra_money, indented, money, slot_name
from twin2multicloud.app.cli.terminal import cloud_text
from twin2multicloud.app.report.figures import quantity, unit_price, volume
from twin2multicloud.app.report.view import LineView, LinkView, View
from twin2multicloud.model.slots import PROVIDERS, SLOTS, Slot

_WIDEST: Final = 110  # amounts farther right than this are hard to follow
_ALTERNATIVES: Final = 4
_OWNERS: Final = 6


def print_explanation(console: Console, view: View) -> None:
    """Print the bill, grouped by cloud and dearest first, then each slot's alternatives."""
    width = min(console.width, _WIDEST)
    console.print()
    console.print(_headed(Text("Every bill line", "bold"), Text("$/month", "bold"), width))
    for provider in PROVIDERS:
        if provider not in view.providers:
            continue
        console.print()
        name = cloud_text(provider)
        name.stylize("bold")
        console.print(_headed(name, Text(money(view.providers[provider]), "bold"), width))
        lines = sorted((row for row in view.lines if row.line.provider is provider), key=lambda row: -row.line.usd)
        for row in lines:
            for part in _line(row, width):
                console.print(part)
        for link in view.links:
            if link.transit_cents and view.result.placement[link.link.source].provider is provider:
                for part in _transit(view, link, width):
                    console.print(part)
    console.print()
    console.print(_headed(Text("total", "bold"), Text(money(view.total), "bold"), width))
    console.print()
    console.print(Text("Why each offer", "bold"))
    for slot in SLOTS:
        for part in _why(view, slot):
            console.print(part)


def _headed(left: RenderableType, right: Text, width: int) -> Table:
    """A line with its amount at the right edge."""
    table = Table.grid(expand=False, padding=(0, 1, 0, 0))
    table.width = width
    table.add_column(ratio=1)
    table.add_column(justify="right", no_wrap=True)
    table.add_row(left, right)
    return table


def _line(row: LineView, width: int) -> Iterator[RenderableType]:
    line = row.line
    left = Text.assemble(f"{line.service}: {line.dimension}", (f"  {line.region}", "dim"))
    yield _headed(indented(left, 2), Text(money(row.cents)), width)
    tiers = _tiers(row)
    users = f"for {_owners(row)}"
    if len(tiers) == 1:
        yield indented(Text.assemble(tiers[0], (f", {users}", "dim")))
    else:
        yield indented(Text("\n".join(tiers)))
        yield indented(Text(users, "dim"))
    notes = []
    if line.pooled_with > line.quantity * (1 + 1e-9):
        notes.append(f"tiers count all {quantity(line.pooled_with)} {line.unit} of the account")
    if line.billed_quantity > line.quantity * (1 + 1e-9):
        notes.append(f"{quantity(line.quantity)} rounded up to {quantity(line.billed_quantity)} {line.unit}")
    confidence = Text(f"confidence {line.confidence}", "yellow" if line.confidence == "D" else "dim")
    mark = "▲ " if line.confidence == "D" else ""
    said = f"{line.meter} · {line.source} {line.date} · {mark}"
    about = Text.assemble((said, "dim"), confidence, ("".join(f" · {note}" for note in notes), "dim"))
    yield indented(about)


def _tiers(row: LineView) -> list[str]:
    """What was used at which price, a tier a line; the amount of each where there are several."""
    line = row.line
    if not line.tariff:
        return [f"{quantity(line.quantity)} {line.unit}"]
    counts = [quantity(part.quantity) for part in line.tariff]
    prices = [unit_price(part.usd_per_unit, line.unit) for part in line.tariff]
    if len(counts) == 1:
        return [f"{counts[0]} {line.unit} × {prices[0]}"]
    starts = [quantity(part.from_quantity) for part in line.tariff]
    wide, far = max(map(len, counts)), max(map(len, starts))
    return [
        f"from {start:>{far}}: {count:>{wide}} {line.unit} × {price} = {money(usd)}"
        for start, count, price, usd in zip(starts, counts, prices, row.tariff, strict=True)
    ]


def _owners(row: LineView) -> str:
    """The slots and links that used a meter, largest first, with their amounts where they share it."""
    portions = sorted(zip(row.line.portions, row.portions, strict=True), key=lambda pair: -pair[0].quantity)
    if len(portions) == 1:
        return f"{portions[0][0].owner} {portions[0][0].component}"
    named = [f"{portion.owner} {portion.component} {money(usd)}" for portion, usd in portions[:_OWNERS]]
    rest = portions[_OWNERS:]
    if rest:
        named.append(f"{len(rest)} more {money(sum(usd for _, usd in rest))}")
    return ", ".join(named)


def _transit(view: View, link: LinkView, width: int) -> Iterator[RenderableType]:
    source, target = (view.result.placement[slot] for slot in (link.link.source, link.link.target))
    left = Text.assemble("Transfer between regions", (f"  {source.region} → {target.region}", "dim"))
    yield _headed(indented(left, 2), Text(money(link.transit_cents)), width)
    yield indented(Text.assemble(volume(link.link.gb_per_month), (f"  for {link.name}", "dim")))


def _why(view: View, slot: Slot) -> Iterator[RenderableType]:
    result = view.result
    choice = result.placement[slot]
    offer = cloud_text(choice.provider, f"{view.offer_title(choice.offer)}, {choice.region}")
    yield Text.assemble(f"  {slot_name(slot)}: ", offer)
    alternatives = result.alternatives.get(slot, ())
    if not alternatives:
        yield indented(Text("no other offer qualifies", "dim"))
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column()
    for alternative in alternatives[:_ALTERNATIVES]:
        offer = cloud_text(alternative.provider, f"{view.offer_title(alternative.offer)}, {alternative.region}")
        others = changes(view, alternative, result.placement, besides=slot)
        offer.append_text(Text.assemble((", with ", "dim") if others else "", others))
        table.add_row(extra_money(alternative.extra_usd), offer)
    if alternatives:
        yield indented(table)
    rest = alternatives[_ALTERNATIVES:]
    if rest:
        yield indented(Text(f"and {len(rest)} more, up to {extra_money(rest[-1].extra_usd)}", "dim"))
