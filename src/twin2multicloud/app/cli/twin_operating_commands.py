"""Commands of `twins` about what there is of a twin that a backend keeps: states, health, dead letters, faults.
Options and help.
"""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from twin2multicloud.app.cli.connect import needs_backend, with_client
from twin2multicloud.app.cli.groups import QuickGroup
from twin2multicloud.app.cli.options import JsonOption
from twin2multicloud.app.cli.sandbox_options import (
    DurationOption,
    FaultArgument,
    FaultTargetArgument,
    RateOption,
    SecondsOption,
)

dead_letters = typer.Typer(
    name="dead-letters",
    cls=QuickGroup,
    help="Messages that a twin could not handle, in its sandbox or in clouds: list, show, replay or drop them.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
TwinArgument = Annotated[str, typer.Argument(metavar="TWIN", help="A twin's name or id.")]
IdsArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID]…", help="Ids, or how they begin.")]
AllOption = Annotated[bool, typer.Option("--all", help="All of them.")]
TargetOption = Annotated[
    Literal["clouds", "rehearsal"], typer.Option("--target", help="Where it is deployed.", show_default=True)
]

LettersTargetOption = Annotated[
    Literal["sandbox", "clouds"], typer.Option("--target", help="Where it is deployed.", show_default=True)
]


@needs_backend
def states(
    context: typer.Context, twin: TwinArgument, target: TargetOption = "clouds", json_output: JsonOption = False
) -> None:
    """List the states of a twin's stacks, and who works on them.

    \b
    Examples:
      twin2multicloud twins states greenhouse
    """
    from twin2multicloud.app.cli import twin_operating as commands

    with_client(context, json_output, lambda client: commands.states(client, twin, target, json_output))


@needs_backend
def health(
    context: typer.Context,
    twin: TwinArgument,
    history: Annotated[bool, typer.Option("--history", help="Also what changed, the newest first.")] = False,
    subject: Annotated[
        str | None, typer.Option(metavar="CHECK", help="Only checks that begin so, as layer/ or link/persist.")
    ] = None,
    target: Annotated[
        Literal["sandbox", "clouds", "rehearsal"],
        typer.Option("--target", help="Where it is deployed.", show_default=True),
    ] = "sandbox",
    json_output: JsonOption = False,
) -> None:
    """Show what a twin's checks find, since when, and how available each was; exit code 6 if something is down.

    \b
    Examples:
      twin2multicloud twins health greenhouse --history
    """
    from twin2multicloud.app.cli import health as commands

    with_client(
        context, json_output, lambda client: commands.health(client, twin, target, subject, history, json_output)
    )


@dead_letters.command("list")
@needs_backend
def list_letters(
    context: typer.Context,
    twin: TwinArgument,
    cloud: Annotated[
        Literal["aws", "azure", "gcp"] | None, typer.Option(metavar="CLOUD", help="Only of this cloud.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=500, help="At most so many.")] = 200,
    target: LettersTargetOption = "sandbox",
    json_output: JsonOption = False,
) -> None:
    """List dead letters with their reasons.

    \b
    Examples:
      twin2multicloud twins dead-letters list greenhouse
      twin2multicloud twins dead-letters list greenhouse --target clouds --cloud aws
    """
    from twin2multicloud.app.cli import twin_operating as commands

    with_client(
        context, json_output, lambda client: commands.list_letters(client, twin, target, cloud, limit, json_output)
    )


@dead_letters.command("show")
@needs_backend
def show_letter(
    context: typer.Context,
    twin: TwinArgument,
    letter: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how that begins.")],
    target: LettersTargetOption = "sandbox",
    json_output: JsonOption = False,
) -> None:
    """Show one dead letter with the message as it came.

    \b
    Examples:
      twin2multicloud twins dead-letters show greenhouse 1f0c
    """
    from twin2multicloud.app.cli import twin_operating as commands

    with_client(context, json_output, lambda client: commands.show_letter(client, twin, target, letter, json_output))


@dead_letters.command("replay")
@needs_backend
def replay_letters(
    context: typer.Context,
    twin: TwinArgument,
    ids: IdsArgument = None,
    all_letters: AllOption = False,
    target: LettersTargetOption = "sandbox",
    json_output: JsonOption = False,
) -> None:
    """Put dead letters back where they got stuck, once the cause is removed.

    \b
    Examples:
      twin2multicloud twins dead-letters replay greenhouse --all
      twin2multicloud twins dead-letters replay greenhouse 1f0c 2b77 --target clouds
    """
    from twin2multicloud.app.cli import twin_operating as commands

    chosen = tuple(ids or ())
    with_client(
        context, json_output, lambda client: commands.replay(client, twin, target, chosen, all_letters, json_output)
    )


@dead_letters.command("drop")
@needs_backend
def drop_letters(
    context: typer.Context,
    twin: TwinArgument,
    ids: IdsArgument = None,
    all_letters: AllOption = False,
    target: LettersTargetOption = "sandbox",
    json_output: JsonOption = False,
) -> None:
    """Throw dead letters away for good.

    \b
    Examples:
      twin2multicloud twins dead-letters drop greenhouse 1f0c
    """
    from twin2multicloud.app.cli import twin_operating as commands

    chosen = tuple(ids or ())
    with_client(
        context, json_output, lambda client: commands.drop(client, twin, target, chosen, all_letters, json_output)
    )


@needs_backend
def inject(
    context: typer.Context,
    twin: TwinArgument,
    fault: FaultArgument,
    target: FaultTargetArgument = "",
    rate: RateOption = 1.0,
    seconds: SecondsOption = 2.0,
    duration: DurationOption = None,
    json_output: JsonOption = False,
) -> None:
    """Let something go wrong in a kept twin's sandbox, or end it all with `clear`.

    \b
    Examples:
      twin2multicloud twins inject greenhouse drop persist --rate 0.2
      twin2multicloud twins inject greenhouse disk-full hot --for 15
      twin2multicloud twins inject greenhouse clear
    """
    from twin2multicloud.app.cli import twin_operating as commands
    from twin2multicloud.app.cli.sandbox_faults import FaultRequest

    request = FaultRequest(fault, target, rate, seconds, duration)
    with_client(context, json_output, lambda client: commands.inject(client, twin, request, json_output))


def add_to(twins: typer.Typer) -> None:
    """Add these commands to the group `twins`."""
    twins.command()(states)
    twins.command()(health)
    twins.command()(inject)
    twins.add_typer(dead_letters)
