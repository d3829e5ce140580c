"""The command group `sandbox dead-letters`: options and help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from twin2multicloud.app.cli.groups import QuickGroup
from twin2multicloud.app.cli.options import JsonOption
from twin2multicloud.app.cli.sandbox_options import DEFAULT_DIRECTORY, CloudArgument, DirectoryOption, run

dead_letters = typer.Typer(
    name="dead-letters",
    cls=QuickGroup,
    help="Messages that could not be handled: list, show, replay or drop them.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@dead_letters.command("list")
def list_letters(
    context: typer.Context,
    cloud: CloudArgument = None,
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
) -> None:
    """List dead letters with their reasons.

    \b
    Examples:
      twin2multicloud sandbox dead-letters list
    """
    from twin2multicloud.app.cli import sandbox_feeds as commands

    run(context, directory, json_output, lambda client: commands.list_letters(client, cloud or "", json_output))


@dead_letters.command("show")
def show_letter(
    context: typer.Context,
    letter: Annotated[str, typer.Argument(metavar="ID", help="Its id, or how that begins.")],
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
) -> None:
    """Show one dead letter with the message as it came.

    \b
    Examples:
      twin2multicloud sandbox dead-letters show 1f0c
    """
    from twin2multicloud.app.cli import sandbox_feeds as commands

    run(context, directory, json_output, lambda client: commands.show_letter(client, letter, json_output))


LettersArgument = Annotated[list[str] | None, typer.Argument(metavar="[ID]…", help="Ids, or how they begin.")]
AllOption = Annotated[bool, typer.Option("--all", help="All of them.")]


@dead_letters.command("replay")
def replay_letters(
    context: typer.Context,
    ids: LettersArgument = None,
    all_letters: AllOption = False,
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
) -> None:
    """Put dead letters back where they got stuck, once the cause is removed.

    \b
    Examples:
      twin2multicloud sandbox dead-letters replay 1f0c 2b77
      twin2multicloud sandbox dead-letters replay --all
    """
    from twin2multicloud.app.cli import sandbox_feeds as commands

    chosen = tuple(ids or ())
    run(context, directory, json_output, lambda client: commands.replay(client, chosen, all_letters, json_output))


@dead_letters.command("drop")
def drop_letters(
    context: typer.Context,
    ids: LettersArgument = None,
    all_letters: AllOption = False,
    directory: DirectoryOption = Path(DEFAULT_DIRECTORY),
    json_output: JsonOption = False,
) -> None:
    """Throw dead letters away for good.

    \b
    Examples:
      twin2multicloud sandbox dead-letters drop 1f0c
    """
    from twin2multicloud.app.cli import sandbox_feeds as commands

    chosen = tuple(ids or ())
    run(context, directory, json_output, lambda client: commands.drop(client, chosen, all_letters, json_output))
