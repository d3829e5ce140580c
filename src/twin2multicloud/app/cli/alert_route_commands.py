"""The command groups `alerts routes`, `alerts mutes` and `alerts policy`: options and help."""

from __future__ import annotations

from typing import Annotated

import typer

from twin2multicloud.app.cli.connect import needs_backend, with_client
from twin2multicloud.app.cli.groups import plain_group
from twin2multicloud.app.cli.options import JsonOption

routes = plain_group("routes")
mutes = plain_group("mutes")
policy = plain_group("policy")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")]
RouteArgument = Annotated[str, typer.Argument(metavar="ROUTE", help="A route's name or id.")]
WorkspaceOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Needed by those who are in several workspaces.")
]
SeverityOption = Annotated[
    str | None, typer.Option("--from", metavar="SEVERITY", help="From this one on: info, warning, error or critical.")
]
TwinsOption = Annotated[list[str] | None, typer.Option("--twin", metavar="TWIN", help="Only of this twin. Repeatable.")]
LayersOption = Annotated[
    list[str] | None, typer.Option("--layer", metavar="LAYER", help="Only of this layer, as L2 or L3.hot. Repeatable.")
]
LaterOption = Annotated[bool, typer.Option("--only-escalated", help="Only what escalation brings.")]


@routes.command("list")
@needs_backend
def list_routes(context: typer.Context, workspace: WorkspaceOption = None, json_output: JsonOption = False) -> None:
    """List by which ways alerts are told.

    \b
    Examples:
      twin2multicloud alerts routes list
    """
    from twin2multicloud.app.cli import alert_routes as commands

    with_client(context, json_output, lambda client: commands.list_all(client, workspace, json_output))


@routes.command("add-webhook")
@needs_backend
def add_webhook(
    context: typer.Context,
    name: NameArgument,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where its address is; - is standard input.")],
    severity: SeverityOption = None,
    twin: TwinsOption = None,
    layer: LayersOption = None,
    only_escalated: LaterOption = False,
    workspace: WorkspaceOption = None,
    json_output: JsonOption = False,
) -> None:
    """Have alerts posted to a webhook. What they are signed with is shown this once.

    \b
    Examples:
      twin2multicloud alerts routes add-webhook on-call - --from error < address.txt
    """
    from twin2multicloud.app.cli import alert_routes as commands

    wanted = commands.Wanted(severity, tuple(twin or ()), tuple(layer or ()), only_escalated)
    with_client(
        context, json_output, lambda client: commands.add_webhook(client, workspace, name, file, wanted, json_output)
    )


@routes.command("add-email")
@needs_backend
def add_email(
    context: typer.Context,
    name: NameArgument,
    to: Annotated[list[str], typer.Argument(metavar="ADDRESS…", help="Who is told.")],
    severity: SeverityOption = None,
    twin: TwinsOption = None,
    layer: LayersOption = None,
    only_escalated: LaterOption = False,
    workspace: WorkspaceOption = None,
    json_output: JsonOption = False,
) -> None:
    """Have people told by e-mail.

    \b
    Examples:
      twin2multicloud alerts routes add-email team ada@example.org bo@example.org --layer L3
    """
    from twin2multicloud.app.cli import alert_routes as commands

    wanted = commands.Wanted(severity, tuple(twin or ()), tuple(layer or ()), only_escalated)
    with_client(
        context, json_output, lambda client: commands.add_email(client, workspace, name, to, wanted, json_output)
    )


@routes.command("change")
@needs_backend
def change(
    context: typer.Context,
    route: RouteArgument,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="What to call it from now on.")] = None,
    severity: SeverityOption = None,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Whether anything is told by it.")] = None,
    workspace: WorkspaceOption = None,
    json_output: JsonOption = False,
) -> None:
    """Rename a route, switch it off or on, or choose from which severity on it is told.

    \b
    Examples:
      twin2multicloud alerts routes change on-call --off
    """
    from twin2multicloud.app.cli import alert_routes as commands

    changes = commands.Changes(name, severity, enabled)
    with_client(context, json_output, lambda client: commands.change(client, workspace, route, changes, json_output))


@routes.command("test")
@needs_backend
def try_out(
    context: typer.Context, route: RouteArgument, workspace: WorkspaceOption = None, json_output: JsonOption = False
) -> None:
    """Tell something by a route right now that says it is a test; exit code 6 if it could not be told.

    \b
    Examples:
      twin2multicloud alerts routes test on-call
    """
    from twin2multicloud.app.cli import alert_routes as commands

    with_client(context, json_output, lambda client: commands.try_out(client, workspace, route, json_output))


@routes.command("secret")
@needs_backend
def secret(
    context: typer.Context, route: RouteArgument, workspace: WorkspaceOption = None, json_output: JsonOption = False
) -> None:
    """Sign a webhook with a new secret, which is shown this once.

    \b
    Examples:
      twin2multicloud alerts routes secret on-call
    """
    from twin2multicloud.app.cli import alert_routes as commands

    with_client(context, json_output, lambda client: commands.secret(client, workspace, route, json_output))


@routes.command("notices")
@needs_backend
def notices(
    context: typer.Context,
    route: RouteArgument,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="At most so many.")] = 50,
    workspace: WorkspaceOption = None,
    json_output: JsonOption = False,
) -> None:
    """List what was told by a route or waits for it, the newest first.

    \b
    Examples:
      twin2multicloud alerts routes notices on-call
    """
    from twin2multicloud.app.cli import alert_routes as commands

    with_client(context, json_output, lambda client: commands.notices(client, workspace, route, limit, json_output))


@routes.command("delete")
@needs_backend
def delete(
    context: typer.Context,
    route: RouteArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    workspace: WorkspaceOption = None,
    json_output: JsonOption = False,
) -> None:
    """Forget a route, and what waits to be told by it.

    \b
    Examples:
      twin2multicloud alerts routes delete on-call
    """
    from twin2multicloud.app.cli import alert_routes as commands

    with_client(context, json_output, lambda client: commands.delete(client, workspace, route, yes, json_output))


@mutes.command("list")
@needs_backend
def list_mutes(context: typer.Context, workspace: WorkspaceOption = None, json_output: JsonOption = False) -> None:
    """List the rules that keep alerts quiet now.

    \b
    Examples:
      twin2multicloud alerts mutes list
    """
    from twin2multicloud.app.cli import alert_policy as commands

    with_client(context, json_output, lambda client: commands.list_mutes(client, workspace, json_output))


@mutes.command("add")
@needs_backend
def add_mute(
    context: typer.Context,
    minutes: Annotated[int, typer.Option(metavar="N", min=1, max=525_600, help="For so long.")] = 60,
    twin: Annotated[str | None, typer.Option(metavar="TWIN", help="Only of this twin.")] = None,
    layer: Annotated[str, typer.Option(metavar="PATTERN", help="Only of layers like this, as 'L3*'.")] = "*",
    kind: Annotated[str, typer.Option(metavar="PATTERN", help="Only of kinds like this, as 'link-*'.")] = "*",
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why.")] = "",
    workspace: WorkspaceOption = None,
    json_output: JsonOption = False,
) -> None:
    """Keep alerts quiet by twin, layer and kind: those that come, and those that wait already.

    \b
    Examples:
      twin2multicloud alerts mutes add --twin greenhouse --kind 'link-*' --minutes 240 --note 'azure is down'
    """
    from twin2multicloud.app.cli import alert_policy as commands

    wanted = commands.MuteRequest(minutes, twin, layer, kind, note)
    with_client(context, json_output, lambda client: commands.add_mute(client, workspace, wanted, json_output))


@mutes.command("end")
@needs_backend
def end_mute(
    context: typer.Context,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule's id.")],
    workspace: WorkspaceOption = None,
    json_output: JsonOption = False,
) -> None:
    """End a rule: what it kept quiet is told when it comes again.

    \b
    Examples:
      twin2multicloud alerts mutes end mut_4qz0m8k2v1x7c9b3n5d6
    """
    from twin2multicloud.app.cli import alert_policy as commands

    with_client(context, json_output, lambda client: commands.end_mute(client, workspace, rule, json_output))


@policy.command("show")
@needs_backend
def show_policy(context: typer.Context, workspace: WorkspaceOption = None, json_output: JsonOption = False) -> None:
    """Show how severe kinds of alerts count, and who is told what nobody looks after.

    \b
    Examples:
      twin2multicloud alerts policy show
    """
    from twin2multicloud.app.cli import alert_policy as commands

    with_client(context, json_output, lambda client: commands.show_policy(client, workspace, json_output))


@policy.command("set")
@needs_backend
def set_policy(
    context: typer.Context,
    severity: Annotated[
        list[str] | None, typer.Option(metavar="KIND=SEVERITY", help="How severe a kind counts. Repeatable.")
    ] = None,
    escalate_from: Annotated[
        str, typer.Option("--escalate-from", metavar="SEVERITY", help="What escalates: from this one on.")
    ] = "error",
    step: Annotated[
        list[str] | None,
        typer.Option(metavar="MINUTES:ROUTE", help="Tell a route what nobody looks after for so long. Repeatable."),
    ] = None,
    workspace: WorkspaceOption = None,
    json_output: JsonOption = False,
) -> None:
    """Set all of the policy: what is not given is not in it any more.

    \b
    Examples:
      twin2multicloud alerts policy set --severity quota=critical --step 15:on-call --step 60:boss
    """
    from twin2multicloud.app.cli import alert_policy as commands

    wanted = commands.PolicyRequest(tuple(severity or ()), escalate_from, tuple(step or ()))
    with_client(context, json_output, lambda client: commands.set_policy(client, workspace, wanted, json_output))
