"""Who has which role in a workspace and for a twin."""

from __future__ import annotations

from typing import Annotated

from twin2multicloud.app.api.deps import BackendDep, PersonPath, TwinId, WorkspaceId, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, page
from twin2multicloud.app.auth.access import On, Principal, Scope, the_twin, the_workspace
from twin2multicloud.app.db.tables.people import Role, User
from twin2multicloud.app.schemas import people as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import members, users

router = Endpoints(tags=["members"])
_SORTS = {"name": User.name, "email": User.email}
_Inside = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.WORKSPACE)]
_Leaver = Annotated[Principal, allow(Scope.WRITE, Role.VIEWER, On.WORKSPACE)]
_Owner = Annotated[Principal, allow(Scope.WRITE, Role.OWNER, On.WORKSPACE)]
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.TWIN)]
_TwinLeaver = Annotated[Principal, allow(Scope.WRITE, Role.VIEWER, On.TWIN)]
_TwinOwner = Annotated[Principal, allow(Scope.WRITE, Role.OWNER, On.TWIN)]


@router.get("/workspaces/{workspace}/members")
def list_members(
    backend: BackendDep,
    principal: _Inside,
    workspace: WorkspaceId,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.Member]:
    """Everybody in a workspace."""
    with backend.database.read() as session:
        place = the_workspace(session, principal, workspace, Role.VIEWER)
        return page(
            session,
            members.listed(place),
            User.id,
            _SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="name",
            items=lambda found: members.shapes_of(session, place, found),
        )


@router.put("/workspaces/{workspace}/members/{user}")
def put_member(
    backend: BackendDep, principal: _Owner, workspace: WorkspaceId, user: PersonPath, given: shapes.RoleInput
) -> shapes.Member:
    """Let somebody in, or give them another role."""
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OWNER)
        found = users.anybody(session, principal, user)
        members.put(backend, session, principal, place, found, Role(given.role))
        [shown] = members.shapes_of(session, place, [found])
    return shown


@router.delete("/workspaces/{workspace}/members/{user}", status_code=204)
def remove_member(backend: BackendDep, principal: _Leaver, workspace: WorkspaceId, user: PersonPath) -> None:
    """Take somebody out, as an owner, or leave oneself."""
    with backend.database.write() as session:
        found = users.anybody(session, principal, user)
        needed = Role.VIEWER if found.id == principal.user_id else Role.OWNER
        place = the_workspace(session, principal, workspace, needed)
        members.remove(backend, session, principal, place, found)


@router.get("/twins/{twin}/members")
def list_twin_members(
    backend: BackendDep,
    principal: _Viewer,
    twin: TwinId,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.TwinMember]:
    """Everybody who may do something with a twin, by a role for it alone or by one in its workspace."""
    with backend.database.read() as session:
        thing = the_twin(session, principal, twin, Role.VIEWER)
        return page(
            session,
            members.listed_for_twin(thing),
            User.id,
            _SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="name",
            items=lambda found: members.twin_shapes_of(session, thing, found),
        )


@router.put("/twins/{twin}/members/{user}")
def put_twin_member(
    backend: BackendDep, principal: _TwinOwner, twin: TwinId, user: PersonPath, given: shapes.RoleInput
) -> shapes.TwinMember:
    """Give somebody a role for this twin alone."""
    with backend.database.write() as session:
        thing = the_twin(session, principal, twin, Role.OWNER)
        found = users.anybody(session, principal, user)
        members.put_for_twin(backend, session, principal, thing, found, Role(given.role))
        [shown] = members.twin_shapes_of(session, thing, [found])
    return shown


@router.delete("/twins/{twin}/members/{user}", status_code=204)
def remove_twin_member(backend: BackendDep, principal: _TwinLeaver, twin: TwinId, user: PersonPath) -> None:
    """Take somebody's role for this twin alone away, as an owner, or one's own."""
    with backend.database.write() as session:
        found = users.anybody(session, principal, user)
        needed = Role.VIEWER if found.id == principal.user_id else Role.OWNER
        members.remove_for_twin(backend, session, principal, the_twin(session, principal, twin, needed), found)
