"""Workspaces."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from twin2multicloud.app.api.deps import BackendDep, IfMatch, WorkspaceId, allow, etag
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, page
from twin2multicloud.app.auth.access import On, Principal, Scope, the_workspace
from twin2multicloud.app.db.tables.people import Role, Workspace
from twin2multicloud.app.errors import NotFoundError
from twin2multicloud.app.schemas import people as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import users, workspaces

router = Endpoints(prefix="/workspaces", tags=["workspaces"])
_SORTS = {"name": Workspace.name, "created_at": Workspace.created_at}
_Reader = Annotated[Principal, allow(Scope.READ)]
_Admin = Annotated[Principal, allow(Scope.ADMIN, on=On.INSTALLATION)]
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.WORKSPACE)]
_Owner = Annotated[Principal, allow(Scope.WRITE, Role.OWNER, On.WORKSPACE)]


@router.get("")
def list_workspaces(
    backend: BackendDep,
    principal: _Reader,
    everything: Annotated[bool, Query(alias="all", description="As an admin: all of the installation.")] = False,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.Workspace]:
    """The workspaces that you are in."""
    with backend.database.read() as session:
        return page(
            session,
            workspaces.listed(principal, everything=everything),
            Workspace.id,
            _SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="name",
            items=lambda found: workspaces.shapes_of(session, principal, found),
        )


@router.post("", status_code=201)
def create_workspace(
    backend: BackendDep, principal: _Admin, given: shapes.WorkspaceInput, response: Response
) -> shapes.Workspace:
    """A new workspace, with its first owner."""
    with backend.database.write() as session:
        owner = users.anybody(session, principal, given.owner or users.ME)
        workspace = workspaces.create(backend, session, principal, given.name, owner)
        session.flush()
        [shown] = workspaces.shapes_of(session, principal, [workspace])
    response.headers["ETag"] = etag(shown.version)
    response.headers["Location"] = f"/api/v1/workspaces/{shown.id}"
    return shown


@router.get("/{workspace}")
def show_workspace(
    backend: BackendDep, principal: _Viewer, workspace: WorkspaceId, response: Response
) -> shapes.Workspace:
    """One of them."""
    with backend.database.read() as session:
        found = the_workspace(session, principal, workspace, Role.VIEWER)
        [shown] = workspaces.shapes_of(session, principal, [found])
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.patch("/{workspace}")
def rename_workspace(
    backend: BackendDep,
    principal: _Owner,
    workspace: WorkspaceId,
    given: shapes.WorkspacePatch,
    seen: IfMatch,
    response: Response,
) -> shapes.Workspace:
    """Give it another name."""
    with backend.database.write() as session:
        found = the_workspace(session, principal, workspace, Role.OWNER)
        workspaces.rename(backend, session, principal, found, seen, given.name)
        session.flush()
        [shown] = workspaces.shapes_of(session, principal, [found])
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.delete("/{workspace}", status_code=204)
def delete_workspace(backend: BackendDep, principal: _Owner, workspace: WorkspaceId, seen: IfMatch) -> None:
    """Delete a workspace that has neither twins nor connections any more."""
    with backend.database.write() as session:
        found = the_workspace(session, principal, workspace, Role.OWNER)
        workspaces.remove(backend, session, principal, found, seen)


@router.put("/{workspace}/owner", status_code=204)
def adopt_workspace(backend: BackendDep, principal: _Admin, workspace: WorkspaceId, given: shapes.OwnerInput) -> None:
    """Give a workspace whose owners are all shut out or gone a new one."""
    with backend.database.write() as session:
        found = session.get(Workspace, workspace)
        if found is None:
            raise NotFoundError(f"there is no workspace {workspace!r}")
        owner = users.anybody(session, principal, given.owner)
        workspaces.adopt(backend, session, principal, found, owner)
