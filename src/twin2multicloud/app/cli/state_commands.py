"""The command group `states`: the versions of a deployment's states, and the locks on them."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from twin2multicloud.app.cli.deploy_options import DEFAULT_DIRECTORY, OfflineOption
from twin2multicloud.app.cli.failures import finish, say
from twin2multicloud.app.cli.groups import QuickGroup
from twin2multicloud.app.cli.options import JsonOption
from twin2multicloud.app.cli.terminal import output, print_json
from twin2multicloud.model.errors import UsageError

states = typer.Typer(
    name="states",
    cls=QuickGroup,
    help="Look into the states of a deployment's stacks: versions, rollback, locks.",
    rich_markup_mode=None,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

_StackArgument = Annotated[str, typer.Argument(metavar="STACK", help="A stack's name, as `status` lists them.")]
_DirectoryOption = Annotated[
    Path, typer.Option("--dir", metavar="DIR", help="Where the deployment is kept.", show_default=True)
]


@states.command("history")
def history(
    context: typer.Context,
    stack: _StackArgument,
    directory: _DirectoryOption = Path(DEFAULT_DIRECTORY),
    offline: OfflineOption = False,
    json_output: JsonOption = False,
) -> None:
    """List every version of a stack's state, the newest first.

    \b
    Examples:
      twin2multicloud states history L3-hot
    """
    finish(context, json_output, lambda: _history(stack, directory, offline, json_output))


@states.command("rollback")
def rollback(
    context: typer.Context,
    stack: _StackArgument,
    number: Annotated[int, typer.Argument(metavar="VERSION", help="A version's number, as `history` lists them.")],
    directory: _DirectoryOption = Path(DEFAULT_DIRECTORY),
    offline: OfflineOption = False,
    json_output: JsonOption = False,
) -> None:
    """Take an earlier version of a stack's state up again, as a new one. Nothing in any cloud changes by that.

    \b
    Examples:
      twin2multicloud states rollback L3-hot 4
    """
    finish(context, json_output, lambda: _rollback(stack, number, directory, offline, json_output))


@states.command("unlock")
def unlock(
    context: typer.Context,
    stack: _StackArgument,
    lock: Annotated[str, typer.Argument(metavar="LOCK", help="The lock's id, as `status` tells it.")],
    directory: _DirectoryOption = Path(DEFAULT_DIRECTORY),
    offline: OfflineOption = False,
    json_output: JsonOption = False,
) -> None:
    """Break a lock whose holder is gone. Whoever held it can save nothing any more.

    \b
    Examples:
      twin2multicloud states unlock L3-hot 6f2c1a4e-0000-0000-0000-000000000000
    """
    finish(context, json_output, lambda: _unlock(stack, lock, directory, offline, json_output))


def _history(stack: str, directory: Path, offline: bool, json_output: bool) -> int:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from twin2multicloud.app.deploying.session import home_of

    with home_of(directory.absolute(), offline=offline).store() as store:
        versions = store.history(stack)
    if not versions:
        raise UsageError(f"there is no state of a stack '{stack}'; `twin2multicloud status` lists the stacks")
    if json_output:
        import msgspec

        print_json(msgspec.to_builtins(versions))
        return 0
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in ("Version", "Saved", "Resources", "Bytes", "Run"):
        table.add_column(name, justify="right" if name in ("Version", "Resources", "Bytes") else "left")
    for version in versions:
        saved = datetime.fromtimestamp(version.created, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        note = f" (version {version.restored} again)" if version.restored else ""
        what = f"{version.resources:,}" if version.size else "deleted"
        table.add_row(str(version.number), saved, what, f"{version.size:,}", f"{version.run_id}{note}")
    with output() as console:
        console.print(table)
    return 0


def _rollback(stack: str, number: int, directory: Path, offline: bool, json_output: bool) -> int:
    from twin2multicloud.app.deploying.session import home_of
    from twin2multicloud.deployer.state.records import Holder

    home = home_of(directory.absolute(), offline=offline)
    with home.changing(), home.store() as store:
        version = store.roll_back(stack, number, Holder("rollback", socket.gethostname(), os.getpid()))
    if json_output:
        import msgspec

        print_json(msgspec.to_builtins(version))
    else:
        say(
            f"{stack}: version {number} is the state again, as version {version.number}; "
            "`twin2multicloud drift` shows where the clouds differ from it"
        )
    return 0


def _unlock(stack: str, lock: str, directory: Path, offline: bool, json_output: bool) -> int:
    from twin2multicloud.app.deploying.session import home_of

    with home_of(directory.absolute(), offline=offline).store() as store:
        held = store.lock_of(stack)
        if held is None or held.request.id != lock:
            now = "it is not locked" if held is None else held.describe()
            raise UsageError(f"{stack}: {lock} is not its lock: {now}")
        store.break_lock(stack)
    if json_output:
        print_json({"stack": stack, "broken": lock})
    else:
        say(f"{stack} is no longer locked")
    return 0
