"""A plan as a person reads it: per stack what is added, changed and destroyed, and what it costs a month."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from twin2multicloud.app.cli.tables import money
from twin2multicloud.app.cli.terminal import STYLES, printable
from twin2multicloud.deployer.plans import Action, ResourceChange, StackPlan
from twin2multicloud.optimizer.bill.cents import cents

_MARKS: Final = {
    Action.ADD: ("+", "green"),
    Action.CHANGE: ("~", "yellow"),
    Action.REPLACE: ("±", "red"),
    Action.DESTROY: ("-", "red"),
}


def print_plan(console: Console, plans: Mapping[str, StackPlan], total_usd: float, *, brief: bool) -> None:
    """Print every stack's plan, and what all of it comes to."""
    widths = _widths(plans.values())
    for plan in plans.values():
        console.print(_heading(plan, widths))
        if plan.pending and not brief:
            told = ", ".join(plan.pending)
            console.print(Text(f"    known only once other stacks are there: {told}", "dim"))
        rows = [change for change in plan.changes if change.action is not Action.KEEP]
        if rows and not brief:
            console.print(_resources(rows, plan.more_usd, console.width))
    counts = {action: sum(plan.count(action) for plan in plans.values()) for action in _MARKS}
    console.print(
        Text.assemble(
            ("Plan: ", "bold"),
            ", ".join(f"{count} to {action.value}" for action, count in counts.items() if count) or "nothing to do",
            f" · ${money(cents(total_usd))} a month predicted for the whole twin" if total_usd else "",
        )
    )


class _Widths(NamedTuple):
    """Of the parts of headings, so that they stand below each other."""

    cloud: int
    region: int
    digits: int
    deeds: int
    price: int


def _widths(plans: Collection[StackPlan]) -> _Widths:
    digits = max((len(str(plan.count(action))) for plan in plans for action in _MARKS), default=0)
    return _Widths(
        max((len(plan.stack.site.provider.label) for plan in plans), default=0),
        max((len(plan.stack.site.region) for plan in plans), default=0),
        digits,
        max((len(_deeds(plan, digits)) for plan in plans), default=0),
        max((len(_dollars(plan)) for plan in plans), default=0),
    )


def _heading(plan: StackPlan, widths: _Widths) -> Text:
    site = plan.stack.site
    what = "foundation" if plan.stack.slot is None else plan.stack.slot.value
    text = Text.assemble(
        (f"{what:<11}", "bold"),
        (f"{site.provider.label:<{widths.cloud}}", STYLES[site.provider]),
        f" {site.region:<{widths.region}}  ",
    )
    text.append(f"{_deeds(plan, widths.digits):<{widths.deeds}}", "dim" if plan.empty else "")
    if plan.usd_per_month:
        text.append(f"  {_dollars(plan):>{widths.price}}")
    text.rstrip()
    return text


def _deeds(plan: StackPlan, digits: int) -> str:
    if plan.untouched:
        return "unchanged"
    if plan.empty:
        return "nothing to do"
    return ", ".join(f"{plan.count(action):>{digits}} to {action.value}" for action in _MARKS if plan.count(action))


def _dollars(plan: StackPlan) -> str:
    return f"${money(cents(plan.usd_per_month))}" if plan.usd_per_month else ""


def _resources(rows: Collection[ResourceChange], more: Mapping[str, float], width: int) -> Table:
    prices = [change.usd_per_month for change in rows] + list(more.values())
    room = width - len("    +") - max(_price(usd).cell_len for usd in prices) - 2 * len("  ")
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    table.add_column(justify="right", no_wrap=True)
    for change in sorted(rows, key=lambda each: (each.usd_per_month is None, each.address)):
        mark, style = _MARKS[change.action]
        name = Text("\n".join(_broken(printable(change.name), room)))
        if change.attributes and change.action in (Action.CHANGE, Action.REPLACE):
            name.append(f"  {', '.join(change.attributes)}", "dim")
        table.add_row(Text(f"    {mark}", style), name, _price(change.usd_per_month))
    for component, usd in sorted(more.items()):
        if usd:
            table.add_row("     ", Text(f"{component} (in what this site shares)", "dim"), _price(usd))
    return table


def _broken(address: str, room: int) -> Iterator[str]:
    """An address in lines that end where one of its parts does."""
    while len(address) > room > 0:
        at = max(address.rfind(end, 1, room) for end in (".", " "))
        at = room - 1 if at < 1 else at
        yield address[: at + 1]
        address = address[at + 1 :]
    yield address


def _price(usd: float | None) -> Text:
    return Text("") if usd is None else Text(f"${money(cents(usd))}")
