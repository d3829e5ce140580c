"""What `login`, `logout` and `profiles` do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from twin2multicloud.app.cli import profiles
from twin2multicloud.app.cli.connect import LOCAL, SERVER
from twin2multicloud.app.cli.failures import say
from twin2multicloud.app.cli.profiles import Profile
from twin2multicloud.app.cli.records import NONE, known, print_table
from twin2multicloud.app.cli.terminal import print_json
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import Http, checked_url
from twin2multicloud.app.errors import UnauthenticatedError
from twin2multicloud.model.errors import Twin2MultiCloudError, UsageError

_SCOPES: Final = ("read", "write", "run", "admin")
_LONGEST_KEY: Final = 500


@dataclass(frozen=True)
class LoginRequest:
    """What was asked for."""

    server: str | None
    profile: str | None
    key: bool
    scopes: tuple[str, ...]
    days: int
    open_browser: bool
    json_output: bool


def login(request: LoginRequest) -> int:
    """`login`."""
    import os

    server = request.server or os.environ.get(SERVER)
    if not server and request.profile:
        server = profiles.load().named(request.profile).server
    if not server:
        raise UsageError("--server: say where to sign in, such as --server https://twins.example.org")
    url = checked_url(server)
    name = profiles.check_name(request.profile or _name_of(url))
    key = _given_key() if request.key else _asked_key(url, request)
    with Client(Http(url, key=key)) as client:
        me = client.login.me()  # a key that does not hold is not kept
    profiles.save(profiles.load().with_profile(Profile(name, url, key, me.key_expires_at)))
    if request.json_output:
        print_json({"profile": name, "server": url, "expires_at": _json_time(me.key_expires_at)})
    else:
        say(
            f"✓ signed in to {url} as {me.name}; the profile '{name}' is in use from now on "
            "(`twin2multicloud profiles use local` goes back)"
        )
        if me.key_expires_at is not None:
            say(f"the key holds until {_day(me.key_expires_at)}; `twin2multicloud login` gets another one")
    return 0


def logout(name: str | None, json_output: bool) -> int:
    """`logout`."""
    kept = profiles.load()
    profile = kept.named(name or kept.current) if name or kept.current else None
    if profile is None:
        raise UsageError("no profile is in use, so there is nothing to sign out of")
    problem = _revoke(profile)
    profiles.save(kept.without(profile.name))
    if json_output:
        print_json({"forgotten": profile.name, "revoked": problem is None})
    elif problem is None:
        say(f"✓ the key for {profile.server} is revoked, and '{profile.name}' forgotten here")
    else:
        say(f"▲ '{profile.name}' is forgotten here, but its key may still hold there: {problem}")
    return 0


def _revoke(profile: Profile) -> str | None:
    """Have the profile's key hold no more; why that could not be done."""
    try:
        with Client(Http(profile.server, key=profile.key)) as client:
            client.keys.revoke_own()
    except UnauthenticatedError:
        return None  # it holds no more already
    except Twin2MultiCloudError as error:
        return str(error)
    return None


def list_profiles(json_output: bool) -> int:
    """`profiles list`."""
    kept = profiles.load()
    if json_output:
        print_json(
            [
                {
                    "name": each.name,
                    "server": each.server,
                    "current": each.name == kept.current,
                    "expires_at": _json_time(each.expires_at),
                }
                for each in kept.profiles.values()
            ]
        )
        return 0
    rows = [("●" if not kept.current else "", LOCAL, "the backend in this process", "")]
    rows += [
        (
            "●" if each.name == kept.current else "",
            each.name,
            each.server,
            NONE if each.expires_at is None else _day(each.expires_at),
        )
        for each in kept.profiles.values()
    ]
    print_table(("", "name", "server", "key holds until"), rows, "")
    return 0


def use(name: str) -> int:
    """`profiles use`."""
    profiles.save(profiles.load().using("" if name == LOCAL else name))
    say(f"✓ '{name}' is in use")
    return 0


def remove(name: str) -> int:
    """`profiles remove`."""
    profiles.save(profiles.load().without(name))
    say(f"✓ '{name}' is forgotten here; its key still holds there")
    return 0


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _json_time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _name_of(url: str) -> str:
    host = urlsplit(url).hostname or ""
    return "".join(sign if sign.isalnum() and sign.isascii() else "-" for sign in host).strip("-") or "server"


def _given_key() -> str:
    if sys.stdin.isatty():
        import getpass

        key = getpass.getpass("API key: ").strip()
    else:
        key = sys.stdin.read(_LONGEST_KEY + 1).strip()
    if not key or len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError("--key: standard input is no API key; pass what `keys create` printed")
    return key


def _asked_key(url: str, request: LoginRequest) -> str:
    """The key that somebody who sees the code agrees to."""
    import socket
    import webbrowser

    from twin2multicloud.app.schemas.login import DeviceRequest

    given: dict[str, object] = {
        "client_name": f"command line on {socket.gethostname()}"[:60],
        "days": request.days,
    }
    if request.scopes:
        known(request.scopes, "--scope", _SCOPES)
        given["scopes"] = list(request.scopes)
    with Client(Http(url)) as client:
        started = client.login.begin_device(DeviceRequest.model_validate(given))
        say(f"open {started.verification_uri} and type the code {started.user_code}")
        say(f"or open {started.verification_uri_complete}")
        if request.open_browser and sys.stderr.isatty():
            webbrowser.open(started.verification_uri_complete)
        with _waiting() as told:
            return client.login.wait_device(started, told).token


@contextmanager
def _waiting() -> Iterator[Callable[[float], None]]:
    """Shows on a terminal that somebody is waited for, and for how long yet."""
    shown = sys.stderr.isatty()

    def tell(left: float) -> None:
        if shown:
            minutes, seconds = divmod(round(left), 60)
            sys.stderr.write(f"\rwaiting for somebody to agree; the code holds for {minutes}:{seconds:02} more ")
            sys.stderr.flush()

    try:
        yield tell
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
