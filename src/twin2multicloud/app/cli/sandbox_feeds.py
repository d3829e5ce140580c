"""`sandbox errors`, `alerts` and `dead-letters`: what went wrong, live or at rest."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec

from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.sandbox_view import WIDE, error_line
from twin2multicloud.app.cli.terminal import cloud_text, make_console, output, print_json, printable
from twin2multicloud.model.errors import UsageError
from twin2multicloud.model.slots import Provider

if TYPE_CHECKING:
    from twin2multicloud.sandbox.client import SandboxClient

_POLL_S = 0.3


def errors(client: SandboxClient, follow: bool, json_output: bool) -> int:
    """Print errors; with `follow` those that come, too."""
    positions: dict[str, int] = {}
    console = make_console()
    while True:
        found, positions = client.errors(positions)
        for cloud, error in found:
            if json_output:
                sys.stdout.write(json.dumps({"cloud": cloud, **msgspec.to_builtins(error)}) + "\n")
            else:
                console.print(error_line(cloud, error), soft_wrap=True)
        sys.stdout.flush()
        if not follow:
            if not found and not json_output:
                say("no errors")
            return 0
        time.sleep(_POLL_S)


def alerts(client: SandboxClient, follow: bool, json_output: bool) -> int:
    """Print alerts; with `follow` those that come, too."""
    after: int | None = None
    while True:
        found = client.alerts(after)
        for alert in found:
            after = alert["seq"]
            if json_output:
                sys.stdout.write(json.dumps(alert) + "\n")
            else:
                state = "" if alert["active"] else "over  "
                line = f"{alert['time'][:19]}Z  {alert['severity']:<8}  {alert['device']}  {state}{alert['message']}"
                sys.stdout.write(printable(line) + "\n")
        sys.stdout.flush()
        if not follow:
            if not found and not json_output:
                say("no alerts")
            return 0
        time.sleep(_POLL_S)


def list_letters(client: SandboxClient, cloud: str, json_output: bool) -> int:
    """List dead letters."""
    found = list(client.dead_letters(cloud))
    if json_output:
        print_json([{"cloud": name, **letter} for name, letter in found])
        return 0
    if not found:
        say("no dead letters")
        return 0
    from rich.table import Table

    with output() as console:
        wide = console.width >= WIDE
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for name in ("id", "cloud", "device", *(("stuck at",) if wide else ()), "time"):
            table.add_column(name, no_wrap=True)
        table.add_column("reason", no_wrap=True, overflow="ellipsis")
        for name, letter in found:
            table.add_row(
                letter["id"][:12],
                cloud_text(Provider(name)),
                printable(letter["device"]),
                *((letter["component"],) if wide else ()),
                letter["at"][0 if wide else 11 : 19],
                printable(letter["reason"]),
            )
        console.print(table)
    return 0


def show_letter(client: SandboxClient, id: str, json_output: bool) -> int:
    """Show one dead letter."""
    cloud, letter = client.dead_letter(id)
    if json_output:
        print_json({"cloud": cloud, **letter})
        return 0
    for name in ("id", "device", "component", "topic", "at", "trace", "reason"):
        sys.stdout.write(f"{name:<10} {printable(str(letter[name]))}\n")
    sys.stdout.write(f"{'cloud':<10} {cloud}\n\n{printable(letter['body'])}\n")
    return 0


def replay(client: SandboxClient, ids: tuple[str, ...], all_letters: bool, json_output: bool) -> int:
    """Replay dead letters; exit code 6 if one could not be."""
    _check(ids, all_letters)
    done = client.replay(ids, all=all_letters)
    if json_output:
        print_json(done)
    else:
        for kept in done["kept"]:
            say(f"{kept['id'][:12]}: {kept['problem']}")
        say(f"{len(done['replayed'])} replayed")
    return 6 if done["kept"] else 0


def drop(client: SandboxClient, ids: tuple[str, ...], all_letters: bool, json_output: bool) -> int:
    """Drop dead letters."""
    _check(ids, all_letters)
    done: dict[str, Any] = client.drop(ids, all=all_letters)
    if json_output:
        print_json(done)
    else:
        say(f"{len(done['dropped'])} dropped")
    return 0


def _check(ids: tuple[str, ...], all_letters: bool) -> None:
    if bool(ids) == all_letters:
        raise UsageError("name dead letters by their ids, or all of them with --all")
