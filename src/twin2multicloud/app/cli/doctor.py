"""What `doctor` does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from twin2multicloud.app.cli.terminal import output, print_json, printable
from twin2multicloud.app.doctor import Sign, Surroundings, examine_here, examine_server

_MARKS: Final = {"ok": ("✓", "green"), "warning": ("▲", "yellow"), "wrong": ("✗", "red")}


def doctor(data: Path | None, server: str | None, key: str | None, json_output: bool) -> int:
    """Look at everything; 6 if something is wrong."""
    here = Surroundings()
    signs = list(examine_here(data, here))
    if server is not None:
        from twin2multicloud.app.client.client import Client
        from twin2multicloud.app.client.http import Http

        with Client(Http(server, key=key)) as client:
            signs += examine_server(client, here)
    return report(signs, json_output)


def report(signs: Iterable[Sign], json_output: bool) -> int:
    """A line for each, its remedy below it; the exit code."""
    from rich.table import Table
    from rich.text import Text

    found = list(signs)
    bad = sum(sign.verdict == "wrong" for sign in found)
    if json_output:
        print_json(
            {
                "ok": not bad,
                "checks": [
                    {"what": sign.what, "verdict": sign.verdict, "text": sign.text, "remedy": sign.remedy}
                    for sign in found
                ],
            }
        )
        return 6 if bad else 0
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for sign in found:
        mark, style = _MARKS[sign.verdict]
        text = Text(printable(sign.text))
        if sign.remedy and sign.verdict != "ok":
            text.append(f"\n→ {printable(sign.remedy)}", "bold")
        grid.add_row(Text(mark, style), Text(f"{sign.what:<9}"), text)
    with output() as console:
        console.print(grid)
        warned = sum(sign.verdict == "warning" for sign in found)
        console.print()
        console.print(Text(f"{bad} wrong, {warned} to look at" if bad or warned else "all is as it must be"))
    return 6 if bad else 0
