"""Stacks and what others did to them, as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from twin2multicloud.app.cli.terminal import printable
from twin2multicloud.app.deploying.clouds import StackStatus
from twin2multicloud.deployer.deploying import Drift
from twin2multicloud.deployer.deployment import Settings


def print_stacks(console: Console, settings: Settings, stacks: Sequence[StackStatus]) -> None:
    """A line for each stack, and below it what its users are told: addresses of devices and dashboards."""
    console.print(Text.assemble((printable(settings.twin), "bold"), f" · {settings.uid} · {settings.owner}"))
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("Stack", "Place", "State", "Since"):
        table.add_column(name, no_wrap=name != "State")
    table.add_column("Resources", justify="right")
    for stack in stacks:
        state, style = _state(stack)
        since = stack.applied.at if stack.applied is not None else ""
        table.add_row(stack.name, stack.site, Text(state, style), since, f"{stack.resources:,}")
    console.print(table)
    for stack in stacks:
        for what in ("devices", "dashboards"):
            found = stack.outputs.get(what)
            if isinstance(found, dict):
                for name, value in found.items():
                    if isinstance(value, str) and value:
                        console.print(Text(printable(f"{what} · {name}: {value}")))
        if stack.lock is not None:
            console.print(Text(printable(stack.lock.describe()), "yellow"))


def _state(stack: StackStatus) -> tuple[str, str]:
    if stack.applied is None:
        return ("in part", "red") if stack.resources else ("not there", "dim")
    return ("deployed", "green") if stack.applied.whole else ("in part: deploy again, or destroy it", "red")


def print_drift(console: Console, found: Sequence[Drift]) -> None:
    """What was changed or deleted by others, stack by stack."""
    for each in found:
        if each.error:
            console.print(Text(printable(f"{each.stack}: cannot be told: {each.error}"), "red"))
        for change in each.changes:
            verb = "was deleted" if change.action == "delete" else "was changed"
            console.print(Text(printable(f"{each.stack:<14} {change.resource.removeprefix('module.slot.')} {verb}")))
    if any(each.changes for each in found):
        console.print(Text("`deploy --refresh` brings it back to what was planned", "dim"))
