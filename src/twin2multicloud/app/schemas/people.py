"""People, workspaces and who has which role where."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from twin2multicloud.app.schemas.common import Answer, Body, ShortName

RoleName = Literal["viewer", "operator", "owner"]
"""What somebody may do; each may do what the ones before may."""
PersonRef = Annotated[
    str,
    Field(
        min_length=3,
        max_length=320,
        pattern=r"^[^\x00-\x20\x7f]+$",
        description="A person's id, e-mail address, or `@me` for oneself.",
        examples=["usr_4qz0m8k2v1x7c9b3n5d6", "ada@example.org", "@me"],
    ),
]


class Person(Answer):
    """Somebody whom you may know of."""

    id: str
    name: str
    email: str


class User(Person):
    """A person as an admin of the installation sees them; to others `admin` and what follows are null."""

    version: int = Field(description="What the ETag says.")
    admin: bool | None = None
    disabled: bool | None = None
    created_at: datetime | None = None
    last_seen_at: datetime | None = None


class UserPatch(Body):
    """What an admin changes of a person. Whoever is disabled cannot sign in; their keys and sessions do not hold."""

    admin: bool | None = None
    disabled: bool | None = None


class WorkspaceInput(Body):
    """A new workspace. Without an owner it is whoever makes it."""

    name: ShortName
    owner: PersonRef | None = None


class WorkspacePatch(Body):
    """Another name."""

    name: ShortName


class OwnerInput(Body):
    """Who is to own a workspace."""

    owner: PersonRef


class Workspace(Answer):
    """Twins, connections and people that belong together. `role` is yours, null for an admin who is not in it."""

    id: str
    name: str
    version: int = Field(description="What the ETag says.")
    role: RoleName | None
    created_at: datetime


class RoleInput(Body):
    """The role that somebody is to have."""

    role: RoleName


class Member(Person):
    """Somebody in a workspace."""

    role: RoleName
    disabled: bool = Field(description="Whether an admin shut them out.")


class TwinMember(Person):
    """Somebody who may do something with a twin. `role` is the higher one of theirs for the twin alone and in its
    workspace.
    """

    role: RoleName
    twin_role: RoleName | None
    workspace_role: RoleName | None
    disabled: bool = Field(description="Whether an admin shut them out.")
