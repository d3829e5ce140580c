"""The commands `serve`, `doctor` and `db`: options and help. What they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from twin2multicloud.app.cli.failures import finish
from twin2multicloud.app.cli.groups import QuickGroup

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="Where the backend keeps its data: .twin2multicloud/server.", envvar="T2M_DATA"
    ),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings in TOML.", envvar="T2M_CONFIG")
]

db = typer.Typer(
    name="db",
    cls=QuickGroup,
    help="Look after the backend's database: upgrade, back up, restore.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where to listen: 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=65_535, help="8080; 0 is any that is free.")
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=64, help="Processes that serve; more than one needs PostgreSQL.")
    ] = 1,
    only: Annotated[
        Literal["optimizer", "deployer"] | None, typer.Option(help="Serve only this part of the API.")
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open a browser, signed in.")] = False,
) -> None:
    """Serve the API and the front end from this process, until Ctrl-C.

    The database is the embedded one in the data directory, or the one that T2M_DATABASE_URL or the file of settings
    names. A password in its URL belongs there, not on the command line.

    \b
    Examples:
      twin2multicloud serve
      twin2multicloud serve --port 0 --data /var/lib/twin2multicloud --open
      twin2multicloud serve --config /etc/twin2multicloud.toml --workers 4
    """
    from twin2multicloud.app.cli import server as commands

    request = commands.ServeRequest(host, port, data, config, workers, only, open_browser)
    finish(context, False, lambda: commands.serve(request))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(serve)
    app.add_typer(db)
