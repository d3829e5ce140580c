"""A plan as a person reads it: per stack what is added, changed and destroyed, and what it costs a month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

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
_VERBS: Final = {Action.ADD: "add", Action.CHANGE: "change", Action.REPLACE: "replace", Action.DESTROY: "destroy"}


def print_plan(console: Console, plans: Mapping[str, StackPlan], total_usd: float, *, brief: bool) -> None:
    """Print every stack's plan, and what all of it comes to."""
    for plan in plans.values():
        console.print(_heading(plan))
        if plan.pending:
            console.print(Text(f"    waits for other stacks to tell: {', '.join(plan.pending)}", "dim"))
        rows = [change for change in plan.changes if change.action is not Action.KEEP]
        if rows and not brief:
            console.print(_resources(rows, plan.more_usd))
    counts = {action: sum(plan.count(action) for plan in plans.values()) for action in _MARKS}
    console.print(
        Text.assemble(
            ("Plan: ", "bold"),
            ", ".join(f"{count} to {_VERBS[action]}" for action, count in counts.items() if count) or "nothing to do",
            f" · ${money(cents(total_usd))} a month predicted",
        )
    )


def _heading(plan: StackPlan) -> Text:
    provider = plan.stack.site.provider
    what = "foundation" if plan.stack.slot is None else plan.stack.slot.value
    text = Text.assemble((f"{what:<11}", "bold"), (provider.label, STYLES[provider]), f" {plan.stack.site.region}  ")
    if plan.untouched:
        text.append("unchanged", "dim")
    elif plan.empty:
        text.append("nothing to do", "dim")
    else:
        done = [f"{plan.count(action)} to {_VERBS[action]}" for action in _MARKS if plan.count(action)]
        text.append(", ".join(done))
    if plan.usd_per_month:
        text.append(f"  ${money(cents(plan.usd_per_month))}")
    return text


def _resources(rows: Iterable[ResourceChange], more: Mapping[str, float]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    table.add_column(justify="right", no_wrap=True)
    for change in sorted(rows, key=lambda each: (each.usd_per_month is None, each.address)):
        mark, style = _MARKS[change.action]
        name = Text(printable(change.name))
        if change.attributes and change.action in (Action.CHANGE, Action.REPLACE):
            name.append(f"  {', '.join(change.attributes)}", "dim")
        table.add_row(Text(f"    {mark}", style), name, _price(change.usd_per_month))
    for component, usd in sorted(more.items()):
        if usd:
            table.add_row("     ", Text(f"{component} (in what this site shares)", "dim"), _price(usd))
    return table


def _price(usd: float | None) -> Text:
    return Text("") if usd is None else Text(f"${money(cents(usd))}")


def plan_json(plans: Mapping[str, StackPlan], total_usd: float) -> dict[str, Any]:
    """A plan for programs."""
    return {
        "usd_per_month": total_usd,
        "stacks": [
            {
                "stack": plan.stack.name,
                "slot": None if plan.stack.slot is None else plan.stack.slot.value,
                "provider": plan.stack.site.provider.value,
                "region": plan.stack.site.region,
                "module": plan.stack.module,
                "untouched": plan.untouched,
                "pending": list(plan.pending),
                "usd_per_month": plan.usd_per_month,
                "other_components_usd_per_month": dict(plan.more_usd),
                **{_VERBS[action]: plan.count(action) for action in _MARKS},
                "resources": [
                    {
                        "address": change.address,
                        "type": change.type,
                        "action": change.action.value,
                        "component": change.component,
                        "attributes": list(change.attributes),
                        "usd_per_month": change.usd_per_month,
                    }
                    for change in plan.changes
                ],
            }
            for plan in plans.values()
        ],
    }
