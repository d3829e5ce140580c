"""The commands `login`, `logout` and `profiles`: options and help. What they do is imported when they run."""

from __future__ import annotations

from typing import Annotated

import typer

from twin2multicloud.app.cli.failures import Session, finish
from twin2multicloud.app.cli.groups import plain_group
from twin2multicloud.app.cli.options import JsonOption

profiles = plain_group("profiles")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="A profile's name, as `profiles list` shows them.")]


def login(
    context: typer.Context,
    server: Annotated[str | None, typer.Option(metavar="URL", help="The server to sign in to.")] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="What to call it here; left out: the server's host.")
    ] = None,
    key: Annotated[
        bool, typer.Option("--key", help="Read an API key from standard input instead of asking in a browser.")
    ] = False,
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="SCOPE", help="read, write, run, admin; left out: the first three. Repeatable."),
    ] = None,
    days: Annotated[int, typer.Option(metavar="N", min=1, max=366, help="How long it holds.")] = 90,
    open_browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser, too.")] = True,
    json_output: JsonOption = False,
) -> None:
    """Sign in to a server, and use it from now on.

    A code is shown; whoever agrees to it in a browser, on this machine or any other, gives this one a key. Pipelines
    pass a key on standard input instead, or set T2M_SERVER and T2M_API_KEY and need no login.

    \b
    Examples:
      twin2multicloud login --server https://twins.example.org
      twin2multicloud login --server https://twins.example.org --profile work --scope read
      vault read -field=key secret/twins | twin2multicloud login --server https://twins.example.org --key
    """
    from twin2multicloud.app.cli import login as commands

    session = Session.of(context)
    request = commands.LoginRequest(
        server or session.server, profile or session.profile, key, tuple(scope or ()), days, open_browser, json_output
    )
    finish(context, json_output, lambda: commands.login(request))


def logout(
    context: typer.Context,
    profile: Annotated[str | None, typer.Option(metavar="NAME", help="Left out: the one in use.")] = None,
    json_output: JsonOption = False,
) -> None:
    """Revoke the key that `login` was given, and forget the profile.

    \b
    Examples:
      twin2multicloud logout
      twin2multicloud logout --profile work
    """
    from twin2multicloud.app.cli import login as commands

    name = profile or Session.of(context).profile
    finish(context, json_output, lambda: commands.logout(name, json_output))


@profiles.command("list")
def list_profiles(context: typer.Context, json_output: JsonOption = False) -> None:
    """List profiles; the one in use is marked.

    \b
    Examples:
      twin2multicloud profiles list
    """
    from twin2multicloud.app.cli import login as commands

    finish(context, json_output, lambda: commands.list_profiles(json_output))


@profiles.command("use")
def use(context: typer.Context, name: NameArgument) -> None:
    """Use another one from now on; `local` is no server.

    \b
    Examples:
      twin2multicloud profiles use work
      twin2multicloud profiles use local
    """
    from twin2multicloud.app.cli import login as commands

    finish(context, False, lambda: commands.use(name))


@profiles.command("remove")
def remove(context: typer.Context, name: NameArgument) -> None:
    """Forget a profile and its key here. `logout` revokes the key as well.

    \b
    Examples:
      twin2multicloud profiles remove work
    """
    from twin2multicloud.app.cli import login as commands

    finish(context, False, lambda: commands.remove(name))


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(login)
    app.command()(logout)
