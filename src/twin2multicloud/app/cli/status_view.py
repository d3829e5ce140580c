"""Stacks and what others did to them, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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
_STATES: Final = {"deployed": "green", _IN_PART: "red", "not there": "dim"}


@dataclass(frozen=True)
class StackRow:
    """A stack as it is shown, whoever knows of it: `since` in UTC to the minute, `resources` None where nobody counts
    them, `lock` who works on its state.
    """

    name: str
    slot: str
    site: str
    state: str
    since: str
    resources: int | None
    lock: str | None
    outputs: Mapping[str, Any]


def print_stacks(console: Console, settings: Settings, stacks: Sequence[StackStatus]) -> None:
    """A deployment's stacks, and whose they are."""
    console.print(Text.assemble((printable(settings.twin), "bold"), f" · {settings.uid} · {settings.owner}"))
    print_rows(console, [_row(stack) for stack in stacks])


def print_rows(console: Console, rows: Sequence[StackRow]) -> None:
    """A line for each stack, and below it what its users are told: addresses of devices and dashboards."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("Stack", "State", "Since (UTC)"):
        table.add_column(name, no_wrap=True)
    table.add_column("Resources", justify="right", no_wrap=True)
    for row in rows:
        count = "–" if row.resources is None else f"{row.resources:,}"
        table.add_row(_named(row), Text(row.state, _STATES[row.state]), row.since, count)
    console.print(table)
    if any(row.state == _IN_PART for row in rows):
        console.print(Text(f"{_IN_PART}: `deploy` again finishes it, `destroy --slot` takes it away", "yellow"))
    for what in ("devices", "dashboards"):
        reached = [_reached(row.outputs.get(what)) for row in rows]
        if any(reached):
            console.print(Text(f"\n{what.capitalize()}", "bold"))
            console.print(_told({name: value for each in reached for name, value in each.items()}))
    for row in rows:
        if row.lock is not None:
            console.print(Text(printable(row.lock), "yellow"))


def _row(stack: StackStatus) -> StackRow:
    return StackRow(
        stack.name,
        stack.slot,
        stack.site,
        state_of(
            applied=stack.applied is not None,
            whole=stack.applied is not None and stack.applied.whole,
            resources=stack.resources,
        ),
        stack.applied.at[:16].replace("T", " ") if stack.applied is not None else "",
        stack.resources,
        None if stack.lock is None else stack.lock.describe(),
        stack.outputs,
    )


def state_of(*, applied: bool, whole: bool, resources: int | None) -> str:
    """What is said of a stack: it may have been applied, be whole, have so many resources."""
    if not applied:
        return _IN_PART if resources else "not there"
    return "deployed" if whole else _IN_PART


def _named(stack: StackRow) -> Text:
    """A stack's name as other commands take it, with its place unless a foundation's name has that already."""
    provider, _, region = stack.site.partition("/")
    cloud = next((each for each in Provider if each.value == provider), None)
    if cloud is None:  # nothing is known of it but its name: an apply was interrupted at its very beginning
        return Text(printable(stack.name))
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
