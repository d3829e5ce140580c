"""Which part of people, workspaces and keys is looked at, and what of it: all of it is in the address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, TypeVar, get_args

from twin2multicloud.app.client.client import Client
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.keys import Key
from twin2multicloud.app.schemas.people import Member, User, Workspace
from twin2multicloud.app.ui import places
from twin2multicloud.app.ui.trail import BEGINNING, Trail

PAGE: Final = 50
Part = Literal["workspaces", "users", "keys", "sessions"]
_MOST: Final = 200
T = TypeVar("T")


@dataclass(frozen=True)
class Look:
    """How somebody looks. `chosen` is the id of the workspace or person whose details are in view; `everything`: all
    workspaces or everybody's keys, as admins see them; `add`: something new is being filled in.
    """

    part: Part = "workspaces"
    chosen: str = ""
    search: str = ""
    everything: bool = False
    ended: bool = False
    add: bool = False
    trail: Trail = BEGINNING

    @classmethod
    def read(cls, address: places.Place) -> Look:
        """From an address; what makes no sense is left out."""
        part = address.path.removeprefix(places.PEOPLE).strip("/")
        query = address.query
        return cls(
            part=part if part in get_args(Part) else "workspaces",  # type: ignore[arg-type]  # it is one of them
            chosen=query.get("chosen", "")[:40],
            search=query.get("search", "")[:200],
            everything=query.get("all") == "yes",
            ended=query.get("ended") == "yes",
            add=query.get("add") == "yes",
            trail=Trail.read(query.get("at", "")),
        )

    @property
    def path(self) -> str:
        """Its address."""
        return places.asked(
            places.people(self.part),
            chosen=self.chosen,
            search=self.search,
            all="yes" if self.everything else "",
            ended="yes" if self.ended else "",
            add="yes" if self.add else "",
            at=str(self.trail),
        )

    @property
    def listed(self) -> Look:
        """Which list it is, whichever of it is in view."""
        return replace(self, chosen="", add=False)

    def changed(self, **fields: object) -> Look:
        """Otherwise looked at, from the start."""
        return replace(self, trail=BEGINNING, add=False, **{"chosen": "", **fields})  # type: ignore[arg-type]  # by name

    def opened(self, chosen: str) -> Look:
        """With somebody's or something's details."""
        return replace(self, chosen=chosen, add=False)

    def turned(self, trail: Trail) -> Look:
        """Another part."""
        return replace(self, trail=trail, chosen="")


def load_users(api: Client, look: Look) -> Page[User]:
    """Those in view, by name."""
    return api.users.list(look.search or None, sort="name", limit=PAGE).part(look.trail.cursor)


def load_workspaces(api: Client, look: Look) -> Page[Workspace]:
    """Those one is in, or all there are."""
    return api.workspaces.list(everything=look.everything, limit=PAGE).part(look.trail.cursor)


@dataclass(frozen=True)
class Inside:
    """A workspace with who is in it; None: whoever looks is not, and may not see that."""

    workspace: Workspace
    members: Sequence[Member] | None


def load_inside(api: Client, workspace: str, *, admin: bool) -> Inside:
    """A workspace, whole; an `admin` of the installation is told of one that they are not in that it is there."""
    try:
        found = api.workspaces.get(workspace)
    except NotFoundError:
        there = api.workspaces.list(everything=True) if admin else iter(())
        known = next((each for each in there if each.id == workspace), None)
        if known is None:
            raise
        return Inside(known, None)
    return Inside(found, None if found.role is None else list(api.workspaces.members(workspace, limit=_MOST)))


@dataclass(frozen=True)
class Keys:
    """Keys in view, and whose they are (id → name), where that is known."""

    keys: Page[Key]
    names: dict[str, str]


def load_keys(api: Client, look: Look) -> Keys:
    """One's own keys, or everybody's; those that hold, or all."""
    asked = api.keys.list(everybody=look.everything, holding=not look.ended, limit=PAGE)
    part = asked.part(look.trail.cursor)
    names = {user.id: user.name for user in api.users.list(limit=_MOST)} if look.everything else {}
    return Keys(part, names)


def holds(key: Key, now: datetime) -> bool:
    """Whether a key can be used."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)
