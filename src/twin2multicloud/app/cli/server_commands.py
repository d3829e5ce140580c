"""The commands `serve`, `doctor` and `db`: options and help. What they do is imported when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from twin2multicloud.app.cli.connect import needs_backend, with_client
from twin2multicloud.app.cli.failures import Session, finish
from twin2multicloud.app.cli.groups import plain_group
from twin2multicloud.app.cli.options import JsonOption

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="Where the backend keeps its data: .twin2multicloud/server.", envvar="T2M_DATA"
    ),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings in TOML.", envvar="T2M_CONFIG")
]

db = plain_group("db")


def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Where to listen: 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(metavar="N", min=0, max=65_535, help="8080; 0 is any that is free.")
    ] = None,
    data: DataOption = None,
    config: ConfigOption = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=64, help="Processes that serve; more than one needs PostgreSQL.")
    ] = 1,
    only: Annotated[
        Literal["optimizer", "deployer"] | None,
        typer.Option(help="Serve the optimizer alone, which keeps nothing, or the deployer alone, for keys."),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open a browser, signed in.")] = False,
) -> None:
    """Serve the API and the front end from this process, until Ctrl-C.

    The database is the embedded one in the data directory, or the one that T2M_DATABASE_URL or the file of settings
    names. A password in its URL belongs there, not on the command line.

    \b
    Examples:
      twin2multicloud serve
      twin2multicloud serve --port 0 --data /var/lib/twin2multicloud --open
      twin2multicloud serve --config /etc/twin2multicloud.toml --workers 4
      twin2multicloud serve --only deployer --port 8081
    """
    from twin2multicloud.app.cli import server as commands

    request = commands.ServeRequest(host, port, data, config, workers, only, open_browser)
    finish(context, False, lambda: commands.serve(request))


PathArgument = Annotated[
    str | None, typer.Argument(metavar="[PATH]", help="What to open, such as /twins; left out: the first page.")
]


@needs_backend
def open_(
    context: typer.Context,
    path: PathArgument = None,
    only_print: Annotated[bool, typer.Option("--print", help="Only print the address.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Open the front end of the server on this machine, signed in.

    \b
    Examples:
      twin2multicloud open
      twin2multicloud open /alerts --print
    """
    from twin2multicloud.app.cli import server as commands

    with_client(
        context, json_output, lambda client: commands.open_browser(client, path, only_print, json_output), served=True
    )


@needs_backend
def ui(
    context: typer.Context,
    path: PathArgument = None,
    port: Annotated[
        int,
        typer.Option(metavar="N", min=0, max=65_535, help="Where to listen, on this machine; 0 is any that is free."),
    ] = 0,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open a browser.")] = True,
) -> None:
    """Show the front end in a browser, from this machine, for any server, by the key that `login` has kept.

    Only a browser that has the address with its one-time code is let in, and only on this machine. Without a server,
    and where nobody serves the data directory, the backend is served as well, until Ctrl-C; where somebody does, their
    front end is opened, as by `open`.

    \b
    Examples:
      twin2multicloud ui
      twin2multicloud ui /twins --server https://twins.example.org
      twin2multicloud ui --port 8090 --no-open
    """
    from twin2multicloud.app.cli import ui as commands

    request = commands.UiRequest(path, port, open_browser)
    finish(context, False, lambda: commands.ui(Session.of(context), request))


@needs_backend
def doctor(context: typer.Context, data: DataOption = None, json_output: JsonOption = False) -> None:
    """Look at everything this program stands on, and say what to do where something is wrong (exit code 6).

    Python, SQLite, Terraform, optional parts, settings, data, keys, database, disk, port; with a server also whether
    it answers, whether clocks agree, and how long the key holds.

    \b
    Examples:
      twin2multicloud doctor
      twin2multicloud doctor --server https://twins.example.org --json
    """

    def act() -> int:
        from twin2multicloud.app.cli import doctor as commands
        from twin2multicloud.app.cli.connect import chosen

        profile = chosen(Session.of(context))
        server, key = (None, None) if profile is None else (profile.server, profile.key)
        return commands.doctor(data, server, key, json_output)

    finish(context, json_output, act)


@db.command("status")
def status(
    context: typer.Context, data: DataOption = None, config: ConfigOption = None, json_output: JsonOption = False
) -> None:
    """Show where the database is and whether it is as this version needs it; exit code 6 if not.

    \b
    Examples:
      twin2multicloud db status
    """
    from twin2multicloud.app.cli.server import settings_of

    def act() -> int:
        from twin2multicloud.app.cli import database as commands

        return commands.status(settings_of(data, config), json_output)

    finish(context, json_output, act)


@db.command("upgrade")
def upgrade(
    context: typer.Context, data: DataOption = None, config: ConfigOption = None, json_output: JsonOption = False
) -> None:
    """Bring the database to what this version needs. Make a backup first.

    \b
    Examples:
      twin2multicloud db backup before-upgrade.zip && twin2multicloud db upgrade
    """
    from twin2multicloud.app.cli.server import settings_of

    def act() -> int:
        from twin2multicloud.app.cli import database as commands

        return commands.upgrade(settings_of(data, config), json_output)

    finish(context, json_output, act)


@db.command("backup")
def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; nothing is overwritten.")],
    with_keys: Annotated[
        bool,
        typer.Option(
            "--with-keys", help="Also the master keys, under a passphrase: asked for, or T2M_BACKUP_PASSPHRASE."
        ),
    ] = False,
    data: DataOption = None,
    config: ConfigOption = None,
    json_output: JsonOption = False,
) -> None:
    """Write all that the database holds to one file, as of one moment, while servers run.

    It can be restored into SQLite as well as PostgreSQL. Secrets in it stay sealed by the master keys in keys.json,
    which must be kept as well, apart from it; or come along under a passphrase.

    \b
    Examples:
      twin2multicloud db backup t2m-$(date +%F).zip
      twin2multicloud db backup whole.zip --with-keys
    """
    from twin2multicloud.app.cli.server import settings_of

    def act() -> int:
        from twin2multicloud.app.cli import database as commands

        return commands.backup(settings_of(data, config), file, with_keys, json_output)

    finish(context, json_output, act)


@db.command("restore")
def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `backup` wrote.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Forget what the database holds now; without it, it must be empty.")
    ] = False,
    resume_runs: Annotated[
        bool,
        typer.Option("--resume-runs", help="Go on with runs that were under way; left out: they are ended."),
    ] = False,
    data: DataOption = None,
    config: ConfigOption = None,
    json_output: JsonOption = False,
) -> None:
    """Bring a backup back, checked row by row, into an empty database. Nobody may serve it meanwhile.

    \b
    Examples:
      twin2multicloud db restore t2m-2026-12-01.zip --data /var/lib/twin2multicloud
      twin2multicloud db restore t2m-2026-12-01.zip --replace
    """
    from twin2multicloud.app.cli.server import settings_of

    def act() -> int:
        from twin2multicloud.app.cli import database as commands

        return commands.restored(settings_of(data, config), file, replace, resume_runs, json_output)

    finish(context, json_output, act)


@db.command("rotate-key")
def rotate_key(
    context: typer.Context, data: DataOption = None, config: ConfigOption = None, json_output: JsonOption = False
) -> None:
    """Seal all secrets with a new master key, while servers run, and drop the old one. It takes a minute or more.

    One that was interrupted is gone on with. Keep the new keys.json beside your backups then.

    \b
    Examples:
      twin2multicloud db rotate-key
    """
    from twin2multicloud.app.cli.server import settings_of

    def act() -> int:
        from twin2multicloud.app.cli import database as commands

        return commands.rotate_key(settings_of(data, config), json_output)

    finish(context, json_output, act)


@db.command("discard-sealed")
def discard_sealed(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree beforehand; nothing is asked.")] = False,
    data: DataOption = None,
    config: ConfigOption = None,
    json_output: JsonOption = False,
) -> None:
    """Go on without master keys that are lost: discard what only they open. Nobody may serve the database meanwhile.

    Says first what that is: credentials of connections, states of Terraform, what is known of deployments. Everything
    else is kept, and a backup is made before. What twins have at clouds goes on existing; alerts say where to look.

    \b
    Examples:
      twin2multicloud db discard-sealed
    """
    from twin2multicloud.app.cli.server import settings_of

    def act() -> int:
        from twin2multicloud.app.cli import discarding as commands

        return commands.discard_sealed(settings_of(data, config), yes, json_output)

    finish(context, json_output, act)


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(serve)
    app.command("open")(open_)
    app.command()(ui)
    app.command()(doctor)
