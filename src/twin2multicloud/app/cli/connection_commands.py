"""The command group `connections`: options and help. What the commands do is imported when they run."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from twin2multicloud.app.cli.connect import needs_backend, with_client
from twin2multicloud.app.cli.failures import finish
from twin2multicloud.app.cli.groups import plain_group
from twin2multicloud.app.cli.options import JsonOption, complete_provider

connections = plain_group("connections")
CloudName = Literal["aws", "azure", "gcp"]
NameArgument = Annotated[str, typer.Argument(metavar="CONNECTION", help="A connection's name or id.")]
FileArgument = Annotated[
    str, typer.Argument(metavar="FILE", help="The account as YAML, JSON or TOML; - is standard input.")
]
WorkspaceOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Needed by those who are in several workspaces.")
]


@connections.command("list")
@needs_backend
def list_connections(
    context: typer.Context,
    workspace: WorkspaceOption = None,
    provider: Annotated[
        str | None, typer.Option(metavar="CLOUD", help="Only of this cloud.", autocompletion=complete_provider)
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """List the accounts of a workspace.

    \b
    Examples:
      twin2multicloud connections list
    """
    from twin2multicloud.app.cli import connections as commands

    with_client(context, json_output, lambda client: commands.list_all(client, workspace, provider, json_output))


@connections.command("show")
@needs_backend
def show(
    context: typer.Context, connection: NameArgument, workspace: WorkspaceOption = None, json_output: JsonOption = False
) -> None:
    """Show an account, without its credentials, and what its last check found.

    \b
    Examples:
      twin2multicloud connections show production
    """
    from twin2multicloud.app.cli import connections as commands

    with_client(context, json_output, lambda client: commands.show(client, connection, workspace, json_output))


@connections.command("example")
def example(context: typer.Context, cloud: Annotated[CloudName, typer.Argument(help="Which cloud.")]) -> None:
    """Print what `create` takes for a cloud, to fill in.

    \b
    Examples:
      twin2multicloud connections example aws > account.yaml
    """
    from twin2multicloud.app.cli import connections as commands

    finish(context, False, lambda: commands.example(cloud))


@connections.command("create")
@needs_backend
def create(
    context: typer.Context, file: FileArgument, workspace: WorkspaceOption = None, json_output: JsonOption = False
) -> None:
    """Keep an account. Credentials come from a file or standard input, never from the command line.

    \b
    Examples:
      vault read -format=json secret/aws | twin2multicloud connections create -
      twin2multicloud connections create account.yaml && rm account.yaml
    """
    from twin2multicloud.app.cli import connections as commands

    with_client(context, json_output, lambda client: commands.create(client, file, workspace, json_output))


@connections.command("replace")
@needs_backend
def replace(
    context: typer.Context,
    connection: NameArgument,
    file: FileArgument,
    workspace: WorkspaceOption = None,
    json_output: JsonOption = False,
) -> None:
    """Replace all of an account, credentials too, as after they were renewed.

    \b
    Examples:
      twin2multicloud connections replace production account.yaml
    """
    from twin2multicloud.app.cli import connections as commands

    with_client(context, json_output, lambda client: commands.replace(client, connection, file, workspace, json_output))


@connections.command("rename")
@needs_backend
def rename(
    context: typer.Context,
    connection: NameArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it from now on.")],
    workspace: WorkspaceOption = None,
    json_output: JsonOption = False,
) -> None:
    """Give an account another name.

    \b
    Examples:
      twin2multicloud connections rename aws production
    """
    from twin2multicloud.app.cli import connections as commands

    with_client(context, json_output, lambda client: commands.rename(client, connection, name, workspace, json_output))


@connections.command("choose")
@needs_backend
def choose(
    context: typer.Context,
    twin: Annotated[str, typer.Argument(metavar="TWIN", help="A twin's name or id.")],
    connection: Annotated[
        list[str] | None, typer.Argument(metavar="[CONNECTION]…", help="At most one for each cloud; left out: show.")
    ] = None,
    none: Annotated[
        bool, typer.Option("--none", help="Choose none: the workspace's only one of each cloud is used.")
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Choose the accounts that a twin is deployed with, or show which were chosen.

    \b
    Examples:
      twin2multicloud connections choose greenhouse
      twin2multicloud connections choose greenhouse production-aws production-azure
    """
    from twin2multicloud.app.cli import connections as commands

    with_client(
        context, json_output, lambda client: commands.choose(client, twin, tuple(connection or ()), none, json_output)
    )


@connections.command("delete")
@needs_backend
def delete(
    context: typer.Context,
    connection: NameArgument,
    workspace: WorkspaceOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree beforehand; nothing is asked.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Forget an account that no deployed twin uses.

    \b
    Examples:
      twin2multicloud connections delete old-aws
    """
    from twin2multicloud.app.cli import connections as commands

    with_client(context, json_output, lambda client: commands.delete(client, connection, workspace, yes, json_output))
