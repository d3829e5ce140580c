"""API keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field

from twin2multicloud.app.schemas.common import Answer, Body, ShortName

DEFAULT_DAYS: Final = 90
LONGEST_DAYS: Final = 366

ScopeName = Literal["read", "write", "run", "admin"]


class KeyInput(Body):
    """A key to be made: what it may be used for, at most what you may yourself; and where, everywhere without
    `workspace`.
    """

    name: ShortName
    scopes: Annotated[list[ScopeName], Field(min_length=1, max_length=4)]
    workspace: Annotated[str | None, Field(pattern=r"^wsp_[0-9a-z]{1,28}$")] = None
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS, description="How long it holds.")] = DEFAULT_DAYS


class Key(Answer):
    """A key, without what it is: `prefix` are its first characters. `made_with` is the key that made it, if one did:
    it is revoked along with that.
    """

    id: str
    name: str
    prefix: str
    user: str
    scopes: list[str]
    workspace: str | None
    made_with: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewKey(Key):
    """A key that was just made. `token` is told this once and never again."""

    token: str
