"""The commands `events`, `errors` and `audit`: options and help. What they do is imported when they run."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from twin2multicloud.app.cli.connect import needs_backend, with_client
from twin2multicloud.app.cli.options import JsonOption

TwinArgument = Annotated[str | None, typer.Argument(metavar="[TWIN]", help="Only of this twin.")]
TwinOption = Annotated[str | None, typer.Option("--twin", metavar="TWIN", help="The same.")]
RunOption = Annotated[str | None, typer.Option(metavar="RUN", help="Only of this run: an id, or TWIN/NUMBER.")]
LinesOption = Annotated[int, typer.Option("--lines", "-n", metavar="N", min=0, help="So many of the newest.")]
FollowOption = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens, until Ctrl-C.")]
AfterOption = Annotated[
    int | None, typer.Option(metavar="ID", min=0, help="Instead of the newest all after this event.")
]


@needs_backend
def events(
    context: typer.Context,
    about: TwinArgument = None,
    twin: TwinOption = None,
    run: RunOption = None,
    kind: Annotated[str, typer.Option(metavar="TEXT", help="Only kinds that begin so, such as run.")] = "",
    severity: Annotated[Literal["debug", "info", "warning", "error"], typer.Option(help="The least.")] = "info",
    lines: LinesOption = 20,
    after: AfterOption = None,
    follow: FollowOption = False,
    json_output: JsonOption = False,
) -> None:
    """Show what happened, the newest last; with -f go on with what happens, over connections that break.

    With --json each event is a line, whose id `--after` takes to go on there.

    \b
    Examples:
      twin2multicloud events -f
      twin2multicloud events greenhouse --kind run. --json
    """
    from twin2multicloud.app.cli import events as commands

    request = commands.EventsRequest(_one(about, twin), run, kind, severity, lines, after, follow, json_output)
    with_client(context, json_output, lambda client: commands.events(client, request))


@needs_backend
def errors(
    context: typer.Context,
    about: TwinArgument = None,
    twin: TwinOption = None,
    run: RunOption = None,
    lines: LinesOption = 20,
    after: AfterOption = None,
    follow: FollowOption = False,
    json_output: JsonOption = False,
) -> None:
    """Show what went wrong, as `events --severity error` does.

    \b
    Examples:
      twin2multicloud errors -f
      twin2multicloud errors greenhouse -n 100
    """
    from twin2multicloud.app.cli import events as commands

    request = commands.EventsRequest(_one(about, twin), run, "", "error", lines, after, follow, json_output)
    with_client(context, json_output, lambda client: commands.events(client, request))


@needs_backend
def audit(
    context: typer.Context,
    workspace: Annotated[str | None, typer.Option(metavar="NAME", help="Only of this workspace.")] = None,
    action: Annotated[str | None, typer.Option(metavar="TEXT", help="Only actions that begin so: twin., key.")] = None,
    subject: Annotated[str | None, typer.Option(metavar="ID", help="Only what was done to this.")] = None,
    actor: Annotated[str | None, typer.Option(metavar="WHO", help="A person's id or address, or a key's id.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="From then on: 2026-12-01T00:00:00Z.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="At most so many.")] = 50,
    json_output: JsonOption = False,
) -> None:
    """Show who did what to what, the newest first: as an admin all of it, otherwise in workspaces that you own.

    \b
    Examples:
      twin2multicloud audit
      twin2multicloud audit --action key. --since 2026-12-01T00:00:00Z --json
    """
    from twin2multicloud.app.cli import events as commands

    request = commands.AuditRequest(workspace, action, subject, actor, since, until, limit, json_output)
    with_client(context, json_output, lambda client: commands.audit(client, request))


def _one(argument: str | None, option: str | None) -> str | None:
    """The twin that is named, as an argument or by `--twin`."""
    if argument is not None and option is not None and argument != option:
        raise typer.BadParameter(f"{argument} and {option}: name one twin", param_hint="--twin")
    return argument or option


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (events, errors, audit):
        app.command()(command)
