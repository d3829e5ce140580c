"""The command group `alerts`: options and help. What the commands do is imported when they run."""

from __future__ import annotations

from typing import Annotated

import typer

from twin2multicloud.app.cli.connect import needs_backend, with_client
from twin2multicloud.app.cli.groups import lazy_group, plain_group
from twin2multicloud.app.cli.options import JsonOption

alerts = plain_group("alerts")

AlertArgument = Annotated[str, typer.Argument(metavar="ALERT", help="An alert's id, or how it begins.")]


@alerts.command("list")
@needs_backend
def list_alerts(
    context: typer.Context,
    twin: Annotated[str | None, typer.Option(metavar="TWIN", help="Only of this twin.")] = None,
    severity: Annotated[
        list[str] | None, typer.Option(metavar="SEVERITY", help="info, warning, error or critical. Repeatable.")
    ] = None,
    all_alerts: Annotated[bool, typer.Option("--all", help="Also those that are acknowledged or muted.")] = False,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="At most so many.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    json_output: JsonOption = False,
) -> None:
    """List alerts that nobody looks after, what came last first; with -f go on, over connections that break.

    \b
    Examples:
      twin2multicloud alerts list
      twin2multicloud alerts list --twin greenhouse -f
    """
    from twin2multicloud.app.cli import alerts as commands

    request = commands.AlertsRequest(twin, tuple(severity or ()), all_alerts, limit, follow, json_output)
    with_client(context, json_output, lambda client: commands.list_all(client, request))


@alerts.command("ack")
@needs_backend
def acknowledge(context: typer.Context, alert: AlertArgument, json_output: JsonOption = False) -> None:
    """Say that you look after an alert. When it comes again, it is told again.

    \b
    Examples:
      twin2multicloud alerts ack 2c5k
    """
    from twin2multicloud.app.cli import alerts as commands

    with_client(context, json_output, lambda client: commands.acknowledge(client, alert, json_output))


@alerts.command("mute")
@needs_backend
def mute(
    context: typer.Context,
    alert: AlertArgument,
    minutes: Annotated[
        int, typer.Option(metavar="N", min=0, max=525_600, help="For so long; 0 lets it be told again.")
    ] = 60,
    json_output: JsonOption = False,
) -> None:
    """Keep an alert quiet for a while, however often it comes.

    \b
    Examples:
      twin2multicloud alerts mute 2c5k --minutes 240
    """
    from twin2multicloud.app.cli import alerts as commands

    with_client(context, json_output, lambda client: commands.mute(client, alert, minutes, json_output))


_ROUTES = "twin2multicloud.app.cli.alert_route_commands"
alerts.add_typer(lazy_group("routes", f"{_ROUTES}:routes", "By which ways people are told: webhooks and e-mail."))
alerts.add_typer(lazy_group("mutes", f"{_ROUTES}:mutes", "Rules that keep alerts quiet by twin, layer and kind."))
alerts.add_typer(lazy_group("policy", f"{_ROUTES}:policy", "How severe alerts count, and who is told later."))
