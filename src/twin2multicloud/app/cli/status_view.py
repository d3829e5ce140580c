"""Stacks and what others did to them, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from twin2multicloud.app.cli.terminal import STYLES, printable
from twin2multicloud.app.deploying.clouds import StackStatus
from twin2multicloud.deployer.deploying import Drift
from twin2multicloud.deployer.deployment import Settings
from twin2multicloud.model.slots import Provider

_IN_PART: Final = "in part"


def print_stacks(console: Console, settings: Settings, stacks: Sequence[StackStatus]) -> None:
    """A line for each stack, and below it what its users are told: addresses of devices and dashboards."""
    console.print(Text.assemble((printable(settings.twin), "bold"), f" · {settings.uid} · {settings.owner}"))
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("Stack", "State", "Since (UTC)"):
        table.add_column(name, no_wrap=True)
    table.add_column("Resources", justify="right", no_wrap=True)
    for stack in stacks:
        state, style = _state(stack)
        since = stack.applied.at[:16].replace("T", " ") if stack.applied is not None else ""
        table.add_row(_named(stack), Text(state, style), since, f"{stack.resources:,}")
    console.print(table)
    if any(_state(stack)[0] == _IN_PART for stack in stacks):
        console.print(Text(f"{_IN_PART}: `deploy` again finishes it, `destroy --slot` takes it away", "yellow"))
    for what in ("devices", "dashboards"):
        reached = [_reached(stack.outputs.get(what)) for stack in stacks]
        if any(reached):
            console.print(Text(f"\n{what.capitalize()}", "bold"))
            console.print(_told({name: value for each in reached for name, value in each.items()}))
    for stack in stacks:
        if stack.lock is not None:
            console.print(Text(printable(stack.lock.describe()), "yellow"))


def _named(stack: StackStatus) -> Text:
    """A stack's name as other commands take it, with its place unless a foundation's name has that already."""
    provider, _, region = stack.site.partition("/")
    cloud = Provider(provider)
    if not stack.slot:
        return Text(stack.name, STYLES[cloud])
    return Text.assemble(f"{stack.name:<11}", (f"{cloud.label:<5} ", STYLES[cloud]), region)


def _reached(outputs: object) -> dict[str, str]:
    """What a stack puts out as plain text: addresses, names, ways to sign in."""
    if not isinstance(outputs, dict):
        return {}
    return {str(name): value for name, value in outputs.items() if isinstance(value, str) and value}


def _told(values: Mapping[str, str]) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for name, value in values.items():
        grid.add_row(f"  {name.replace('_', ' ')}", Text(printable(value)))
    return grid


def _state(stack: StackStatus) -> tuple[str, str]:
    if stack.applied is None:
        return (_IN_PART, "red") if stack.resources else ("not there", "dim")
    return ("deployed", "green") if stack.applied.whole else (_IN_PART, "red")


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
