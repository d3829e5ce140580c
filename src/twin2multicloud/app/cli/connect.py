"""Which backend a command talks to: `--server`, a profile, the environment, or none, which is the one in this process.

The first of these that is given counts: `--server`, `--profile`, `T2M_SERVER`, `T2M_PROFILE`, the profile in use, and
without any the embedded backend over the data directory.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn, TypeVar, cast

import typer

from twin2multicloud.app.cli.failures import Session, finish
from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from twin2multicloud.app.cli.profiles import Profile
    from twin2multicloud.app.client.client import Client

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
ServerOption = Annotated[
    str | None, typer.Option("--server", metavar="URL", help="The server to ask; left out: the profile's, or none.")
]
ProfileOption = Annotated[
    str | None, typer.Option("--profile", metavar="NAME", help="A server that `login` has kept; `local` is none.")
]
_PricesServerOption = Annotated[
    str | None,
    typer.Option(
        "--server", metavar="URL", help="Calculate, here, by the prices that this server has in use; left out: by ours."
    ),
]
_PricesProfileOption = Annotated[
    str | None,
    typer.Option("--profile", metavar="NAME", help="The same by a server that `login` has kept; `local` is none."),
]
SERVER: Final = "T2M_SERVER"
KEY: Final = "T2M_API_KEY"
PROFILE: Final = "T2M_PROFILE"
LOCAL: Final = "local"
"""The profile that always exists: no server."""


def needs_backend(command: CommandT) -> CommandT:
    """A command that talks to a backend: it knows `--server` and `--profile`, as the whole command line does."""
    return _knowing(command, ServerOption, ProfileOption)


def may_take_prices(command: CommandT) -> CommandT:
    """A command that calculates by a price book: with `--server` or `--profile` by the one that a server has in use.

    Nothing else makes it ask a server: `BookChoice.of` looks at these options only.
    """
    return _knowing(command, _PricesServerOption, _PricesProfileOption)


def _knowing(command: CommandT, server_option: Any, profile_option: Any) -> CommandT:
    signature = inspect.signature(command, eval_str=True)

    @functools.wraps(command)
    def knowing(context: typer.Context, *, server: str | None, profile: str | None, **given: Any) -> Any:
        session = Session.of(context)
        session.server = server or session.server
        session.profile = profile or session.profile
        return command(context, **given)

    more = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in (("server", server_option), ("profile", profile_option))
    ]
    knowing.__signature__ = signature.replace(parameters=[*signature.parameters.values(), *more])  # type: ignore[attr-defined]
    return cast(CommandT, knowing)


def taken_before(session: Session, arguments: Sequence[str]) -> list[str]:
    """The arguments without `--server` and `--profile` where they stand before the command, which are noted.

    As options of the whole command line they would have every command load what checks options, even for its help.
    """
    rest = list(arguments)
    while rest and rest[0].startswith("--"):
        option, equals, value = rest[0].partition("=")
        if option not in ("--server", "--profile") or (not equals and len(rest) < 2):
            break
        setattr(session, option.removeprefix("--"), value if equals else rest[1])
        del rest[: 1 if equals else 2]
    return rest


def chosen(session: Session) -> Profile | None:
    """The server to talk to, with its key; None for the embedded backend. `UsageError` for a profile that is not."""
    from twin2multicloud.app.cli import profiles

    # A server given on the command line goes before a profile in the environment.
    server = session.server or (None if session.profile else os.environ.get(SERVER) or None)
    key = os.environ.get(KEY) or None
    if server is not None:
        from twin2multicloud.app.client.http import checked_url

        url = checked_url(server)
        return profiles.Profile("", url, key or profiles.key_for(url))
    kept = profiles.load()
    name = session.profile or os.environ.get(PROFILE) or kept.current
    if not name or name == LOCAL:
        return None
    found = kept.named(name)
    return found if key is None else profiles.Profile(found.name, found.server, key)


def client_to(profile: Profile) -> Client:
    """A client of a server; `UsageError` without a key for it."""
    from twin2multicloud.app.client.client import Client
    from twin2multicloud.app.client.http import Http

    if profile.key is None:
        raise UsageError(
            f"there is no key for {profile.server}: `twin2multicloud login --server {profile.server}`, or set {KEY}"
        )
    return Client(Http(profile.server, key=profile.key))


@contextmanager
def connected(context: typer.Context, *, runs: bool = False, served: bool = False) -> Iterator[Client]:
    """A client of the backend that this command talks to. `runs`: without a server they are carried out meanwhile.
    `served`: only a server will do.
    """
    session = Session.of(context)
    profile = chosen(session)
    if profile is not None:
        with client_to(profile) as client:
            yield client
        return
    from twin2multicloud.app.embedded import embedded
    from twin2multicloud.app.settings import read_settings

    settings = read_settings()
    if served:
        from twin2multicloud.app.serving import served as serving

        if serving(settings.data) is None:
            raise UsageError(f"nothing serves {settings.data}; `twin2multicloud serve` does, and --open opens it")
    with embedded(settings, quiet=not session.debug, runs=runs) as client:
        yield client


def with_client(
    context: typer.Context,
    json_output: bool,
    action: Callable[[Client], int],
    *,
    runs: bool = False,
    served: bool = False,
) -> NoReturn:
    """Run what a command does with the backend, and end with its exit code."""

    def act() -> int:
        with connected(context, runs=runs, served=served) as client:
            return action(client)

    finish(context, json_output, act)
