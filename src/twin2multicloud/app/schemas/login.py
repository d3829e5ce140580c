"""Signing in, and who is signed in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from twin2multicloud.app.schemas.common import Body, Shape, ShortName
from twin2multicloud.app.schemas.keys import DEFAULT_DAYS, LONGEST_DAYS, ScopeName

_USUAL_SCOPES: Final[tuple[ScopeName, ...]] = ("read", "write", "run")
RoleName = Literal["viewer", "operator", "owner"]


class SignInProvider(Shape):
    """Somebody who vouches for people."""

    name: str
    label: str
    kind: Literal["oidc", "google", "microsoft", "github", "saml"]
    url: str = Field(description="Where a browser goes to sign in with it.")


class Providers(Shape):
    """By whom one can sign in. `local`: on this machine only, with a code that the terminal shows."""

    auth: Literal["local", "login"]
    providers: list[SignInProvider]


class LocalCode(Body):
    """The one-time code that a terminal showed."""

    code: Annotated[str, Field(min_length=1, max_length=100)]


class SignedIn(Shape):
    """What to look at next."""

    return_to: str


class LocalLink(Shape):
    """An address for the browser on this machine; it works once, for some minutes."""

    url: str
    lasts_s: int


class SignedOut(Shape):
    """How many browsers were signed out."""

    sessions: int


class MyWorkspace(Shape):
    """A workspace that one is in."""

    id: str
    name: str
    role: RoleName


class Me(Shape):
    """Who asks. `csrf` goes into X-CSRF-Token with every change that a signed-in browser makes; None for a key.
    `key_expires_at` is when the key that asks ends; None without a key, and for one that does not end.
    """

    id: str
    name: str
    email: str
    admin: bool
    scopes: list[ScopeName]
    session: bool
    key: str | None
    key_expires_at: datetime | None = None
    workspaces: list[MyWorkspace]
    csrf: str | None


class DeviceRequest(Body):
    """A command line that wants a key of somebody's: for what, and for how long."""

    client_name: ShortName
    scopes: list[ScopeName] = Field(default_factory=lambda: list(_USUAL_SCOPES), min_length=1, max_length=4)
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = DEFAULT_DAYS


class DeviceStarted(Shape):
    """What a command line shows (`user_code`, `verification_uri`) and what it asks with (`device_code`)."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class DeviceAnswer(Body):
    """What somebody who is signed in says to a command line's request. `workspace`: the key is for that one only."""

    user_code: Annotated[str, Field(min_length=1, max_length=20)]
    allow: bool
    workspace: Annotated[str | None, Field(max_length=32)] = None


class DevicePoll(Body):
    """A command line asks whether somebody agreed."""

    device_code: Annotated[str, Field(min_length=1, max_length=100)]
