"""The command group `runs`: options and help. What the commands do is imported when they run."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from twin2multicloud.app.cli.connect import needs_backend, with_client
from twin2multicloud.app.cli.groups import plain_group
from twin2multicloud.app.cli.options import JsonOption, complete_slot

runs = plain_group("runs")

KindName = Literal["plan", "deploy", "redeploy", "destroy", "move", "drift", "verify", "rotate-keys"]
TargetName = Literal["sandbox", "clouds", "rehearsal"]
RunArgument = Annotated[
    str, typer.Argument(metavar="RUN", help="A run's id, TWIN/NUMBER such as greenhouse/3, or TWIN for its newest.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Agree beforehand; nothing is asked.")]


@runs.command("list")
@needs_backend
def list_runs(
    context: typer.Context,
    twin: Annotated[str | None, typer.Option(metavar="TWIN", help="Only of this twin.")] = None,
    status: Annotated[
        list[str] | None, typer.Option(metavar="STATUS", help="Such as awaiting-approval or failed. Repeatable.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(metavar="KIND", help="Such as deploy or move. Repeatable.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="At most so many.")] = 50,
    json_output: JsonOption = False,
) -> None:
    """List runs, the newest first.

    \b
    Examples:
      twin2multicloud runs list
      twin2multicloud runs list --twin greenhouse --status awaiting-approval
    """
    from twin2multicloud.app.cli import runs as commands

    with_client(
        context,
        json_output,
        lambda client: commands.list_all(client, twin, status or (), kind or (), limit, json_output),
    )


@runs.command("show")
@needs_backend
def show(context: typer.Context, run: RunArgument, json_output: JsonOption = False) -> None:
    """Show a run: what was asked, its plan, its stages, and what it came to.

    \b
    Examples:
      twin2multicloud runs show greenhouse
      twin2multicloud runs show greenhouse/3 --json
    """
    from twin2multicloud.app.cli import runs as commands

    with_client(context, json_output, lambda client: commands.show(client, run, json_output))


@runs.command("start")
@needs_backend
def start(
    context: typer.Context,
    kind: Annotated[KindName, typer.Argument(help="What to do.")],
    twin: Annotated[str, typer.Argument(metavar="TWIN", help="A twin's name or id.")],
    target: Annotated[
        TargetName, typer.Option(help="Where; a rehearsal is clouds that are only pretended.")
    ] = "sandbox",
    version: Annotated[int | None, typer.Option(metavar="N", min=1, help="Of the twin; left out: the newest.")] = None,
    slot: Annotated[
        list[str] | None,
        typer.Option("--slot", metavar="SLOT", help="Only this slot. Repeatable.", autocompletion=complete_slot),
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="WHERE", help="move: a cloud or an offer of one, either with /region.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="move: go on with the one that was begun.")] = False,
    abort: Annotated[bool, typer.Option("--abort", help="move: go back.")] = False,
    discard_data: Annotated[
        bool, typer.Option("--discard-data", help="destroy: stores go with what they hold.")
    ] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Look at stacks that did not change, too.")] = False,
    at_once: Annotated[bool, typer.Option("--at-once", help="rotate-keys: refuse the old keys immediately.")] = False,
    owner: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="Who gets budget warnings and alarms.", envvar="T2M_OWNER")
    ] = None,
    speed: Annotated[float | None, typer.Option(metavar="X", min=0.0, help="sandbox: of the twin's clock.")] = None,
    devices: Annotated[int | None, typer.Option(metavar="N", min=1, help="sandbox: only so many of them.")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Only ask for it; `watch` shows it later.")] = False,
    yes: YesOption = False,
    json_output: JsonOption = False,
) -> None:
    """Have something done to a twin, and watch it: its plan is shown and agreed to first.

    Ctrl-C stops watching. With a server the run goes on there; without one it is interrupted in order, and goes on
    when somebody carries out runs next.

    \b
    Examples:
      twin2multicloud runs start deploy greenhouse
      twin2multicloud runs start deploy greenhouse --target clouds --yes
      twin2multicloud runs start move greenhouse --slot L3.hot --to azure
    """
    from twin2multicloud.app.cli import runs as commands
    from twin2multicloud.app.cli.run_request import StartRequest

    request = StartRequest(
        kind,
        twin,
        target,
        version,
        tuple(slot or ()),
        to,
        resume,
        abort,
        discard_data,
        refresh,
        at_once,
        owner,
        speed=speed,
        devices=devices,
        detach=detach,
        yes=yes,
        json_output=json_output,
    )
    with_client(context, json_output, lambda client: commands.start(client, request), runs=not detach)


@runs.command("watch")
@needs_backend
def watch(context: typer.Context, run: RunArgument, json_output: JsonOption = False) -> None:
    """Show how a run goes, from its beginning, until it ends.

    \b
    Examples:
      twin2multicloud runs watch greenhouse
      twin2multicloud runs watch run_4qz0m8k2v1x7c9b3n5d6 --json
    """
    from twin2multicloud.app.cli import runs as commands

    with_client(context, json_output, lambda client: commands.watch(client, run, json_output), runs=True)


@runs.command("log")
@needs_backend
def log(
    context: typer.Context,
    run: RunArgument,
    severity: Annotated[
        Literal["debug", "info", "warning", "error"], typer.Option(metavar="LEVEL", help="The least that is told.")
    ] = "debug",
    stack: Annotated[str | None, typer.Option(metavar="STACK", help="Only what is told of it, as L3-hot.")] = None,
    json_output: JsonOption = False,
) -> None:
    """Write all that a run has told until now, however long that is. With --json each event is a line of JSON.

    \b
    Examples:
      twin2multicloud runs log greenhouse > run.log
      twin2multicloud runs log greenhouse/3 --severity warning
    """
    from twin2multicloud.app.cli import runs as commands

    with_client(context, json_output, lambda client: commands.log(client, run, severity, stack, json_output))


@runs.command("approve")
@needs_backend
def approve(
    context: typer.Context,
    run: RunArgument,
    detach: Annotated[bool, typer.Option("--detach", help="Do not watch it then.")] = False,
    yes: YesOption = False,
    json_output: JsonOption = False,
) -> None:
    """Show a run's plan, agree to it, and watch it being carried out.

    \b
    Examples:
      twin2multicloud runs approve greenhouse
      twin2multicloud runs approve greenhouse/3 --yes --detach
    """
    from twin2multicloud.app.cli import runs as commands

    with_client(
        context, json_output, lambda client: commands.approve(client, run, detach, yes, json_output), runs=not detach
    )


@runs.command("decline")
@needs_backend
def decline(context: typer.Context, run: RunArgument, json_output: JsonOption = False) -> None:
    """Decline a run's plan: nothing is done.

    \b
    Examples:
      twin2multicloud runs decline greenhouse
    """
    from twin2multicloud.app.cli import runs as commands

    with_client(context, json_output, lambda client: commands.decline(client, run, json_output))


@runs.command("cancel")
@needs_backend
def cancel(context: typer.Context, run: RunArgument, json_output: JsonOption = False) -> None:
    """Call a run off: what is under way is ended in order, what was done stays.

    \b
    Examples:
      twin2multicloud runs cancel greenhouse
    """
    from twin2multicloud.app.cli import runs as commands

    with_client(context, json_output, lambda client: commands.cancel(client, run, json_output))


@runs.command("retry")
@needs_backend
def retry(
    context: typer.Context,
    run: RunArgument,
    detach: Annotated[bool, typer.Option("--detach", help="Do not watch it.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Ask for the same again, after it failed or was cancelled.

    \b
    Examples:
      twin2multicloud runs retry greenhouse
    """
    from twin2multicloud.app.cli import runs as commands

    with_client(context, json_output, lambda client: commands.retry(client, run, detach, json_output), runs=not detach)
