"""The command groups `users`, `workspaces` and `keys`: options and help. What they do is imported when they run."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from twin2multicloud.app.cli.connect import needs_backend, with_client
from twin2multicloud.app.cli.groups import plain_group
from twin2multicloud.app.cli.options import JsonOption

users = plain_group("users")
workspaces = plain_group("workspaces")
keys = plain_group("keys")
PersonArgument = Annotated[str, typer.Argument(metavar="WHO", help="An e-mail address, an id, or @me.")]
WorkspaceArgument = Annotated[str, typer.Argument(metavar="WORKSPACE", help="A workspace's name or id.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Agree beforehand; nothing is asked.")]


# ── Users ───────────────────────────────────────────────────────────────────────────────────────────────────
@users.command("list")
@needs_backend
def list_users(
    context: typer.Context,
    search: Annotated[str | None, typer.Option(metavar="TEXT", help="Part of a name or address.")] = None,
    json_output: JsonOption = False,
) -> None:
    """List people: as an admin all, otherwise those who work with you.

    \b
    Examples:
      twin2multicloud users list --search example.org
    """
    from twin2multicloud.app.cli import people as commands

    with_client(context, json_output, lambda client: commands.list_users(client, search, json_output))


@users.command("change")
@needs_backend
def change_user(
    context: typer.Context,
    who: PersonArgument,
    admin: Annotated[
        bool | None, typer.Option("--admin/--no-admin", help="Whether they look after this installation.")
    ] = None,
    disabled: Annotated[
        bool | None, typer.Option("--disable/--enable", help="Shut them out: sessions and keys hold no more.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Make somebody an admin or not, shut them out or let them in again.

    \b
    Examples:
      twin2multicloud users change ada@example.org --disable
      twin2multicloud users change ada@example.org --admin
    """
    from twin2multicloud.app.cli import people as commands

    with_client(context, json_output, lambda client: commands.change_user(client, who, admin, disabled, json_output))


@users.command("delete")
@needs_backend
def delete_user(
    context: typer.Context, who: PersonArgument, yes: YesOption = False, json_output: JsonOption = False
) -> None:
    """Forget who somebody is, with their roles, keys and sessions. What they made stays.

    \b
    Examples:
      twin2multicloud users delete ada@example.org
    """
    from twin2multicloud.app.cli import people as commands

    with_client(context, json_output, lambda client: commands.delete_user(client, who, yes, json_output))


# ── Workspaces ──────────────────────────────────────────────────────────────────────────────────────────────
@workspaces.command("list")
@needs_backend
def list_workspaces(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="As an admin: all of the installation.")] = False,
    json_output: JsonOption = False,
) -> None:
    """List the workspaces that you are in.

    \b
    Examples:
      twin2multicloud workspaces list
    """
    from twin2multicloud.app.cli import people as commands

    with_client(context, json_output, lambda client: commands.list_workspaces(client, everything, json_output))


@workspaces.command("create")
@needs_backend
def create_workspace(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it.")],
    owner: Annotated[str | None, typer.Option(metavar="WHO", help="Left out: you.")] = None,
    json_output: JsonOption = False,
) -> None:
    """Make a workspace, as an admin.

    \b
    Examples:
      twin2multicloud workspaces create berlin --owner ada@example.org
    """
    from twin2multicloud.app.cli import people as commands

    with_client(context, json_output, lambda client: commands.create_workspace(client, name, owner, json_output))


@workspaces.command("rename")
@needs_backend
def rename_workspace(
    context: typer.Context,
    workspace: WorkspaceArgument,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What to call it from now on.")],
    json_output: JsonOption = False,
) -> None:
    """Give a workspace another name.

    \b
    Examples:
      twin2multicloud workspaces rename berlin munich
    """
    from twin2multicloud.app.cli import people as commands

    with_client(context, json_output, lambda client: commands.rename_workspace(client, workspace, name, json_output))


@workspaces.command("delete")
@needs_backend
def delete_workspace(
    context: typer.Context, workspace: WorkspaceArgument, yes: YesOption = False, json_output: JsonOption = False
) -> None:
    """Delete a workspace that has neither twins nor connections any more.

    \b
    Examples:
      twin2multicloud workspaces delete berlin
    """
    from twin2multicloud.app.cli import people as commands

    with_client(context, json_output, lambda client: commands.delete_workspace(client, workspace, yes, json_output))


@workspaces.command("members")
@needs_backend
def members(context: typer.Context, workspace: WorkspaceArgument, json_output: JsonOption = False) -> None:
    """List everybody in a workspace.

    \b
    Examples:
      twin2multicloud workspaces members berlin
    """
    from twin2multicloud.app.cli import people as commands

    with_client(context, json_output, lambda client: commands.members(client, workspace, json_output))


@workspaces.command("let-in")
@needs_backend
def let_in(
    context: typer.Context,
    workspace: WorkspaceArgument,
    who: PersonArgument,
    role: Annotated[
        Literal["viewer", "operator", "owner"], typer.Option(help="What they may do; each what the ones before may.")
    ] = "viewer",
    json_output: JsonOption = False,
) -> None:
    """Let somebody into a workspace, or give them another role there.

    \b
    Examples:
      twin2multicloud workspaces let-in berlin ada@example.org --role operator
    """
    from twin2multicloud.app.cli import people as commands

    with_client(context, json_output, lambda client: commands.let_in(client, workspace, who, role, json_output))


@workspaces.command("take-out")
@needs_backend
def take_out(
    context: typer.Context, workspace: WorkspaceArgument, who: PersonArgument, json_output: JsonOption = False
) -> None:
    """Take somebody out of a workspace, or leave it (@me).

    \b
    Examples:
      twin2multicloud workspaces take-out berlin ada@example.org
    """
    from twin2multicloud.app.cli import people as commands

    with_client(context, json_output, lambda client: commands.take_out(client, workspace, who, json_output))


# ── Keys ────────────────────────────────────────────────────────────────────────────────────────────────────
@keys.command("list")
@needs_backend
def list_keys(
    context: typer.Context,
    everybody: Annotated[bool, typer.Option("--all", help="As an admin: everybody's.")] = False,
    holding: Annotated[bool, typer.Option("--holding", help="Without those that hold no more.")] = False,
    json_output: JsonOption = False,
) -> None:
    """List your keys, the newest first.

    \b
    Examples:
      twin2multicloud keys list --holding
    """
    from twin2multicloud.app.cli import people as commands

    with_client(context, json_output, lambda client: commands.list_keys(client, everybody, holding, json_output))


@keys.command("create")
@needs_backend
def create_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for.")],
    scope: Annotated[
        list[str] | None, typer.Option(metavar="SCOPE", help="read, write, run, admin; left out: read. Repeatable.")
    ] = None,
    workspace: Annotated[str | None, typer.Option(metavar="NAME", help="Only for this workspace.")] = None,
    days: Annotated[int, typer.Option(metavar="N", min=1, max=366, help="How long it holds.")] = 90,
    json_output: JsonOption = False,
) -> None:
    """Make a key. It is written to standard output, this once.

    \b
    Examples:
      twin2multicloud keys create pipeline --scope read --scope run --days 30
    """
    from twin2multicloud.app.cli import people as commands

    with_client(
        context,
        json_output,
        lambda client: commands.create_key(client, name, tuple(scope or ("read",)), workspace, days, json_output),
    )


@keys.command("revoke")
@needs_backend
def revoke_key(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id, as `keys list` shows it.")],
    json_output: JsonOption = False,
) -> None:
    """Have a key hold no more, and all that were made with it.

    \b
    Examples:
      twin2multicloud keys revoke key_4qz0m8k2v1x7c9b3n5d6
    """
    from twin2multicloud.app.cli import people as commands

    with_client(context, json_output, lambda client: commands.revoke_key(client, key, json_output))
