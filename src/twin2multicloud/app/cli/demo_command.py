"""The command `demo`: options and help. What it does is imported when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from twin2multicloud.app.cli.failures import finish
from twin2multicloud.app.cli.options import complete_workload


def demo(
    context: typer.Context,
    twin: Annotated[
        str,
        typer.Argument(
            metavar="[TWIN]", help="A twin's file or a built-in scenario.", autocompletion=complete_workload
        ),
    ] = "smart-building",
    devices: Annotated[int, typer.Option(metavar="N", min=1, help="Only so many of its devices send.")] = 300,
    rate: Annotated[float, typer.Option(metavar="R", min=0.1, help="Messages per second of all of them.")] = 300.0,
    seconds: Annotated[float, typer.Option(metavar="S", min=5, help="For how long they send.")] = 25.0,
    keep: Annotated[str | None, typer.Option(metavar="DIR", help="Keep its data in this directory.")] = None,
) -> None:
    """Show a twin's whole way on this machine: optimize, bring up, stream, survive an outage, verify, meter, age.

    Exit code 6 if anything did not hold on the way.

    \b
    Examples:
      twin2multicloud demo
      twin2multicloud demo smart-home --devices 100 --rate 50
    """
    from pathlib import Path

    from twin2multicloud.app.cli import demo as commands

    request = commands.DemoRequest(twin, devices, rate, seconds, None if keep is None else Path(keep))
    finish(context, False, lambda: commands.demo(request))
