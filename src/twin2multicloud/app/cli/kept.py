"""Commands that know both kinds of twins: those that a backend keeps, and those deployed from a directory."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

import typer

from twin2multicloud.app.cli.connect import chosen, connected
from twin2multicloud.app.cli.deploy_options import DEFAULT_DIRECTORY, Target
from twin2multicloud.app.cli.failures import Session, finish, say
from twin2multicloud.app.cli.terminal import printable
from twin2multicloud.app.cli.which import Place, embedded_database, place_of, target_said
from twin2multicloud.model.errors import UsageError

if TYPE_CHECKING:
    from twin2multicloud.app.client.client import Client

_PLACED: Final = "a kept twin is placed by `twin2multicloud twins place TWIN SLOT=WHAT`"
_ACCOUNT: Final = "a kept twin uses the accounts that `twin2multicloud connections choose TWIN` says"
INSTEAD: Final[Mapping[str, str]] = {
    "--placement": _PLACED,
    "--pin": _PLACED,
    "--providers": "`twin2multicloud twins optimize TWIN --providers CLOUD,… --take` places a kept twin so",
    "--azure-subscription": _ACCOUNT,
    "--gcp-project": _ACCOUNT,
    "--prices": "a kept twin is priced with the book that its backend's settings name (T2M_PRICES)",
    "--items-per-s": "the backend copies as fast as both ends allow",
}
"""What to do instead of giving an option that only a deployment from a directory takes."""


def either(
    context: typer.Context,
    json_output: bool,
    twin: str | None,
    directory: Path | None,
    *,
    here: Callable[[], int],
    there: Callable[[Client, str], int],
    only_here: Mapping[str, object] | None = None,
    detach: bool = False,
    definition: bool = False,
    runs: bool = True,
) -> NoReturn:
    """Run what a command does and end with its exit code: `here` with a directory, `there` with a backend and the name
    of the twin that it keeps.

    `only_here` are options (spelling → value) that a backend does not take. `definition`: with a directory TWIN names
    a definition; otherwise nothing but a kept twin can be named. `runs`: without a server runs are carried out
    meanwhile.
    """

    def act() -> int:
        kept = _kept(context, twin, directory, definition=definition)
        if kept is not None:
            _refuse(only_here or {})
            with connected(context, runs=runs and not detach) as client:
                return there(client, kept)
        if detach:
            raise UsageError("--detach: only the run of a kept twin goes on by itself; `twins create` keeps a twin")
        if twin is not None and not definition:
            raise UsageError(
                f"{printable(twin)[:100]}: this takes the twin that is deployed from the directory (--dir), whatever "
                "its name; leave TWIN out, or name a kept twin"
            )
        return here()

    finish(context, json_output, act)


def in_run(
    kind: str, target: Target | None, *, offline: bool = False, dry_run: bool = False, **given: Any
) -> Callable[[Client, str], int]:
    """What a command does with a kept twin where that is a run: `given` is what `StartRequest` takes."""

    def there(client: Client, name: str) -> int:
        from twin2multicloud.app.cli.kept_runs import carry_out
        from twin2multicloud.app.cli.run_request import StartRequest

        said = target_said(target, offline=offline)
        return carry_out(client, StartRequest(kind, name, "", **given), said, dry_run=dry_run)

    return there


def _kept(context: typer.Context, twin: str | None, directory: Path | None, *, definition: bool) -> str | None:
    """The backend's twin that is meant; None if none of its is. `UsageError` for a name that nobody knows."""
    session = Session.of(context)
    place = place_of(
        twin,
        directory=directory is not None,
        asked=bool(session.server or session.profile),
        server=lambda: chosen(session) is not None,
    )
    if place is not Place.EITHER or twin is None:
        return twin if place is Place.BACKEND else None
    unknown = _unknown_here(context, twin)
    if unknown is None:
        if definition and _is_scenario(twin):
            say(f"'{twin}' is a kept twin here; --dir {DEFAULT_DIRECTORY} means the built-in one of that name")
        return twin
    if not definition:
        raise UsageError(f"{unknown} (without TWIN, what is deployed from the directory is meant)")
    if not _is_scenario(twin):
        from twin2multicloud.model.names import unknown as told
        from twin2multicloud.model.scenarios import scenario_names

        raise UsageError(
            f"{told('built-in twin', twin, scenario_names())}. A file without a suffix needs its directory: "
            f"./{printable(twin)}. Nor is it kept: {unknown}"
        )
    return None


def _unknown_here(context: typer.Context, twin: str) -> str | None:
    """Why the embedded backend keeps no such twin; None if it does. It is not opened for that: with a directory nothing
    of it is wanted.
    """
    nobody = f"there is no twin '{printable(twin)[:100]}'"
    database = embedded_database()
    if database is None:
        return f"{nobody}; `twin2multicloud twins create FILE` keeps one"
    if _people_sign_in():
        return f"{nobody} that could be seen without signing in; `twin2multicloud login --server URL` does"
    from twin2multicloud.app.cli.kept_lookup import UnknownTablesError, is_served, kept_twins

    if is_served(database.data):
        return _unknown_to(context, twin)
    try:
        there = kept_twins(database.url)
    except UnknownTablesError:
        return _unknown_to(context, twin)  # which says what is wrong with the database
    if twin in there or twin in there.values():
        return None
    from twin2multicloud.model.names import nearest

    guess = nearest(twin, there.values())
    return (
        f"{nobody}{f'; did you mean {guess!r}?' if guess else '; `twin2multicloud twins list` shows those there are'}"
    )


def _unknown_to(context: typer.Context, twin: str) -> str | None:
    """The same, by the backend itself."""
    from twin2multicloud.app.errors import NotFoundError

    with connected(context) as client:
        try:
            client.twins.get(client.twins.find(twin))
        except NotFoundError as error:
            return str(error)
    return None


def _people_sign_in() -> bool:
    if not any(os.environ.get(name) for name in ("T2M_AUTH", "T2M_CONFIG")):
        return False  # which is the default; settings take a moment to load
    from twin2multicloud.app.settings import read_settings

    return read_settings().auth != "local"


def _is_scenario(twin: str) -> bool:
    from twin2multicloud.model.scenarios import scenario_names

    return twin in scenario_names()


def _refuse(given: Mapping[str, object]) -> None:
    """`UsageError` for the first of the options that was given."""
    for name, value in given.items():
        if value not in (None, (), [], False):
            raise UsageError(f"{name}: {INSTEAD[name]}; with --dir DIR a deployment of your own is meant")
