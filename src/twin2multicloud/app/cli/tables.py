"""The proposal as a person reads it: placement, links, total, comparison with each single cloud, proof, warnings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from twin2multicloud.app.cli.terminal import STYLES, bar, cloud_text, draws_blocks, printable
from twin2multicloud.app.report.figures import MINUS, quantity, scientific, volume
from twin2multicloud.app.report.view import View
from twin2multicloud.blueprint.parts import Relation
from twin2multicloud.model.placement import Placement
from twin2multicloud.model.slots import SLOTS, Provider, Slot
from twin2multicloud.model.workload import Workload
from twin2multicloud.optimizer.bill.cents import cents
from twin2multicloud.optimizer.bill.result import Alternative, BillResult, Ranked

BAR_WIDTH: Final = 32
ALTERNATIVE_SLACK: Final = 18
"""Columns by which the alternatives may be squeezed before they move below their slots."""
_SHORTEST_BAR: Final = 8
_INDENT: Final = 4


def money(amount: int) -> str:
    """Cents as 1,234.56."""
    sign = MINUS if amount < 0 else ""
    whole, part = divmod(abs(amount), 100)
    return f"{sign}{whole:,}.{part:02d}"


def extra_money(usd: float) -> str:
    """A difference as +1,234.56 or −1,234.56."""
    amount = cents(usd)
    return money(amount) if amount < 0 else f"+{money(amount)}"


def slot_name(slot: Slot) -> str:
    """`L3.hot Storage`: the slot as options spell it, and its layer's name."""
    return f"{slot.value} {slot.label.split(' · ')[0]}"


def workload_line(workload: Workload) -> str:
    """What the workload asks for, in one line."""
    ages = f"{workload.hot_months:g}/{workload.cool_months:g}/{workload.archive_months:g}"
    users = workload.editors + workload.viewers
    parts = [
        f"{workload.devices:,} device{'s' if workload.devices != 1 else ''}",
        f"{workload.message_size_bytes:,} B every {workload.message_interval_s:,g} s",
        f"hot/cool/archive {ages} months",
        f"{users:,} user{'s' if users != 1 else ''}",
    ]
    if workload.entities_3d:
        parts.append(f"{workload.entities_3d:,} 3D entities")
    return " · ".join(parts)


def print_proposal(console: Console, view: View, title: str, *, top: bool) -> None:
    """Print the proposal of `view`'s result, with the table of runners-up if `top`; `print_footer` ends it."""
    console.print(Text(printable(title), "bold"))
    console.print(Text(workload_line(view.result.workload), "dim"))
    console.print(headline(view), "", placement_table(console, view), "", sep="\n")
    console.print(comparison(console, view))
    if top:
        console.print("", Text("The cheapest placements", "bold"), ranking_table(view), sep="\n")


def headline(view: View) -> Text:
    """The total, and what it saves against the best single cloud."""
    text = Text.assemble((f"${money(view.total)} / month", "bold"), " (estimate)")
    best = view.result.best_baseline
    if best is not None and view.saving_cents:
        share = view.saving_cents / cents(best[1].usd_per_month)
        text.append(f", {share:.1%} less than the best single cloud, ".replace("%", " %"))
        text.append_text(cloud_text(best[0]))
    return text


def placement_table(console: Console, view: View) -> RenderableType:
    """Slots and links with what each costs; the amounts add up to the total.

    Where the terminal is too narrow for the column of alternatives, each stands below its slot.
    """
    wide = _placement_table(view, beside=True)
    # The alternatives may wrap, but into two lines at most.
    unlimited = console.options.update(max_width=10_000)
    wanted = Measurement.get(console, unlimited, wide).maximum - ALTERNATIVE_SLACK
    return wide if wanted <= console.width else _placement_table(view, beside=False)


def _placement_table(view: View, *, beside: bool) -> Table:
    result = view.result
    table = plain_table()
    table.add_column("slot", no_wrap=True)
    table.add_column("offer", no_wrap=beside)
    table.add_column("region", no_wrap=True)
    table.add_column("$/month", justify="right", no_wrap=True)
    if beside:
        table.add_column("cheapest alternative")

    def row(*cells: RenderableType, end: RenderableType = "", last: bool = False) -> None:
        table.add_row(*cells, *([end] if beside else []), end_section=last)

    shown = [row for row in view.links if row.cents or row.link.gb_per_month]
    for slot, choice in result.placement.items():
        offer = cloud_text(choice.provider, view.offer_title(choice.offer))
        end = _cheapest(view, slot)
        label = "next " if view.result.alternatives.get(slot) else ""
        what = offer if beside else Group(offer, Text.assemble((label, "dim"), end))
        row(slot_name(slot), what, choice.region, money(view.slots[slot]), end=end, last=slot is SLOTS[-1])
    for number, link in enumerate(shown, start=1):
        source, target = (result.placement[s] for s in (link.link.source, link.link.target))
        across = link.link.relation is Relation.CLOUD
        ends = (
            Text.assemble(cloud_text(source.provider), " → ", cloud_text(target.provider))
            if across
            else Text(f"{source.region} → {target.region}")
        )
        carried = f"{volume(link.link.gb_per_month)}/month"
        title = Text.assemble(f"{link.link.title}, ", ends)
        row(link.name, title, carried, money(link.cents), last=number == len(shown))
    row(Text("total", "bold"), "", "", Text(money(view.total), "bold"))
    return table


def _cheapest(view: View, slot: Slot) -> Text:
    alternatives = view.result.alternatives.get(slot, ())
    if not alternatives:
        return Text("no other offer qualifies", "dim")
    return alternative_text(view, alternatives[0])


def alternative_text(view: View, alternative: Alternative) -> Text:
    """`+310.20 Azure IoT Hub (S1)`."""
    offer = cloud_text(alternative.provider, view.offer_title(alternative.offer))
    return Text.assemble(f"{extra_money(alternative.extra_usd)} ", offer)


def comparison(console: Console, view: View) -> Table:
    """The mix against each single cloud, with bars."""
    mix = " + ".join(provider.label for provider in view.result.placement.providers)
    alone = {p: None if ranked is None else ranked.usd_per_month for p, ranked in view.result.baselines.items()}
    return bars(console, view.result.usd_per_month, mix, alone)


def bars(console: Console, usd_per_month: float, mix: str, alone: Mapping[Provider, float | None]) -> Table:
    """A bar for the mix of that name and cost, and one for each single cloud that can do it alone."""
    table = Table.grid(padding=(0, 2, 0, 0))
    justify: Literal["left", "right"]
    for justify in ("left", "left", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    largest = max([usd_per_month, *(usd for usd in alone.values() if usd is not None)])
    total = cents(usd_per_month)
    rows: list[tuple[Text, float, Text, Text]] = [
        (Text("mix", "bold"), usd_per_month, Text(money(total), "bold"), Text(mix))
    ]
    for provider, usd in alone.items():
        name = cloud_text(provider, "only")
        if usd is None:
            rows.append((name, 0.0, Text("–"), Text("no placement on this cloud alone", "dim")))
            continue
        # Of the cents that are printed, like the headline: the same share reads the same everywhere.
        saved = cents(usd) - total
        says = f"the mix saves {100 * saved / cents(usd):.1f} %" if saved > 0 else "the same"
        rows.append((name, usd, Text(money(cents(usd))), Text(says)))
    names, _, amounts, texts = zip(*rows, strict=True)
    taken = sum(max(text.cell_len for text in column) for column in (names, amounts, texts)) + 6
    width = max(_SHORTEST_BAR, min(BAR_WIDTH, console.width - taken))
    blocks = draws_blocks(console.file)
    colours = ["", *(STYLES[provider] for provider in alone)]
    for (name, value, amount, text), colour in zip(rows, colours, strict=True):
        drawn = bar(value, largest, width) if blocks else "#" * round(width * value / largest if largest else 0)
        table.add_row(name, Text(drawn, colour), amount, text)
    return table


def ranking_table(view: View) -> RenderableType:
    """The cheapest placements, each with its difference to the best one and where it differs."""
    result = view.result
    table = plain_table()
    table.add_column("rank", justify="right")
    table.add_column("$/month", justify="right", no_wrap=True)
    table.add_column("extra", justify="right", no_wrap=True)
    table.add_column("differs in")
    for rank, ranked in enumerate(result.ranking, start=1):
        differs = changes(view, ranked, result.placement) if rank > 1 else Text("the placement above")
        extra = extra_money(ranked.usd_per_month - result.usd_per_month) if rank > 1 else ""
        table.add_row(str(rank), money(cents(ranked.usd_per_month)), extra, differs)
    return table


def changes(view: View, ranked: Ranked | Alternative, base: Placement, *, besides: Slot | None = None) -> Text:
    """In which slots a placement differs from `base`, and what it has there.

    `besides` is left out, and so is its region where others share it.
    """
    known = None if besides is None else ranked.placement[besides].region
    parts = []
    moved: dict[str, list[str]] = {}
    for slot, choice in ranked.placement.items():
        if choice == base[slot] or slot is besides:
            continue
        if choice.offer == base[slot].offer:
            moved.setdefault(choice.region, []).append(slot.value)
            continue
        where = "" if choice.region == known else f", {choice.region}"
        offer = cloud_text(choice.provider, view.offer_title(choice.offer) + where)
        parts.append(Text.assemble(f"{slot.value} ", offer))
    parts += [Text(f"{' '.join(slots)} in {region}") for region, slots in moved.items()]
    return Text("; ").join(parts)


def print_footer(console: Console, result: BillResult) -> None:
    """Print proof, price book and warnings."""
    console.print("")
    for line in _footer(result):
        console.print(line)


def _footer(result: BillResult) -> Iterator[RenderableType]:
    proof, book = result.proof, result.price_book
    verdict = "proven optimal" if proof.proven else "best found, not proven"
    yield Text(
        f"{verdict}: {_count(proof.placements)} placements of {proof.options:,} options, "
        f"lower bound ${money(cents(proof.lower_bound_usd))}"
    )
    yield Text(f"price book {book.version} of {book.date}, {book.content_hash[:12]}")
    for warning in result.warnings:
        yield warning_line(warning)


def warning_line(warning: str) -> RenderableType:
    """A warning with its mark, its further lines indented."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_row(Text("▲", "yellow"), Text(printable(warning)))
    return table


def _count(number: float) -> str:
    return scientific(number) if number >= 1e9 else quantity(math.floor(number))


def plain_table() -> Table:
    """A table with nothing but a rule below its header and between sections."""
    return Table(box=SIMPLE_HEAD, show_edge=False, header_style="", pad_edge=False, padding=(0, 1, 0, 0))


def indented(renderable: RenderableType, by: int = _INDENT) -> Padding:
    """Something moved to the right."""
    return Padding(renderable, (0, 0, 0, by))
