"""People, workspaces, and who has which role where."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.client.paging import Listed, every
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.login import Me
from twin2multicloud.app.schemas.people import (
    Member,
    OwnerInput,
    RoleInput,
    RoleName,
    User,
    UserPatch,
    Workspace,
    WorkspaceInput,
    WorkspacePatch,
)
from twin2multicloud.model.errors import UsageError

_USERS: Final = "/api/v1/users"
_WORKSPACES: Final = "/api/v1/workspaces"


class Users:
    """`/api/v1/users`. A person is given by id, e-mail address, or `@me`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self, search: str | None = None, *, sort: str | None = None, limit: int | None = None) -> Listed[User]:
        """Everybody one may know of, by name (`sort`: `name`, `email`, `created_at`)."""
        return every(self._http, _USERS, Page[User], limit=limit, search=search, sort=sort)

    def get(self, person: str) -> User:
        """One of them."""
        return self._http.get(f"{_USERS}/{quote(person, safe='@')}", User)

    def change(self, user: User, given: UserPatch) -> User:
        """Make somebody an admin or not, shut them out or let them in; `StaleError` if they were changed meanwhile."""
        return self._http.send("PATCH", f"{_USERS}/{user.id}", User, body=given, seen=user.version)

    def delete(self, user: User) -> None:
        """Forget who somebody is."""
        self._http.send("DELETE", f"{_USERS}/{user.id}", type(None), seen=user.version)


class Workspaces:
    """`/api/v1/workspaces` and their members."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(self, *, everything: bool = False, sort: str | None = None, limit: int | None = None) -> Listed[Workspace]:
        """Those one is in, by name (`sort`: `name`, `created_at`); `everything`: all of the installation, for its
        admins.
        """
        return every(self._http, _WORKSPACES, Page[Workspace], limit=limit, all=everything or None, sort=sort)

    def find(self, wanted: str | None) -> str:
        """The id of the workspace with an id or a name; without either the only one that one is in.

        `NotFoundError` without it; `UsageError` where one is in several.
        """
        if wanted is not None and wanted.startswith("wsp_"):
            return wanted
        mine = self._http.get("/api/v1/me", Me).workspaces
        if wanted is None:
            if len(mine) != 1:
                names = ", ".join(f"{each.name} ({each.id})" for each in mine) or "none"
                raise UsageError(f"--workspace: say in which one; you are in {names}")
            return mine[0].id
        found = next((each.id for each in mine if each.name == wanted), None)
        if found is None:
            raise NotFoundError(
                f"you are in no workspace '{wanted[:60]}'; `twin2multicloud workspaces list` shows yours"
            )
        return found

    def get(self, workspace: str) -> Workspace:
        """One of them."""
        return self._http.get(f"{_WORKSPACES}/{workspace}", Workspace)

    def create(self, given: WorkspaceInput) -> Workspace:
        """A new one."""
        return self._http.send("POST", _WORKSPACES, Workspace, body=given)

    def rename(self, workspace: Workspace, name: str) -> Workspace:
        """Give it another name."""
        return self._http.send(
            "PATCH", f"{_WORKSPACES}/{workspace.id}", Workspace, body=WorkspacePatch(name=name), seen=workspace.version
        )

    def delete(self, workspace: Workspace) -> None:
        """Delete one that is empty."""
        self._http.send("DELETE", f"{_WORKSPACES}/{workspace.id}", type(None), seen=workspace.version)

    def adopt(self, workspace: str, owner: str) -> None:
        """As an admin: give one whose owners are all shut out or gone a new one."""
        self._http.send("PUT", f"{_WORKSPACES}/{workspace}/owner", type(None), body=OwnerInput(owner=owner))

    def members(self, workspace: str, *, sort: str | None = None, limit: int | None = None) -> Iterator[Member]:
        """Everybody in it, by name (`sort`: `name`, `email`)."""
        return every(self._http, f"{_WORKSPACES}/{workspace}/members", Page[Member], limit=limit, sort=sort)

    def let_in(self, workspace: str, person: str, role: RoleName) -> Member:
        """Let somebody in, or give them another role."""
        path = f"{_WORKSPACES}/{workspace}/members/{quote(person, safe='@')}"
        return self._http.send("PUT", path, Member, body=RoleInput(role=role))

    def take_out(self, workspace: str, person: str) -> None:
        """Take somebody out, or leave."""
        self._http.send("DELETE", f"{_WORKSPACES}/{workspace}/members/{quote(person, safe='@')}", type(None))
