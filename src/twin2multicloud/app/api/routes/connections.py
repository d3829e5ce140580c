"""Connections to clouds."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response

from twin2multicloud.app.api.deps import BackendDep, IfMatch, TwinId, WorkspaceId, allow, etag
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, each, page
from twin2multicloud.app.auth.access import On, Principal, Scope, the_twin, the_workspace
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.db.tables.twins import Connection
from twin2multicloud.app.schemas import connections as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import connections, twin_connections
from twin2multicloud.model.slots import Provider

router = Endpoints(tags=["connections"])
_SORTS = {"name": Connection.name, "created_at": Connection.created_at, "updated_at": Connection.updated_at}
_ALL = "/workspaces/{workspace}/connections"
_ONE = f"{_ALL}/{{connection}}"
_Operator = Annotated[Principal, allow(Scope.READ, Role.OPERATOR, On.WORKSPACE)]
_Owner = Annotated[Principal, allow(Scope.WRITE, Role.OWNER, On.WORKSPACE)]
_TwinViewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.TWIN)]
_TwinOperator = Annotated[Principal, allow(Scope.WRITE, Role.OPERATOR, On.TWIN)]
_ConnectionId = Annotated[str, Path(pattern=r"^con_[0-9a-z]{1,28}$", examples=["con_4qz0m8k2v1x7c9b3n5d6"])]


@router.get(_ALL)
def list_connections(
    backend: BackendDep,
    principal: _Operator,
    workspace: WorkspaceId,
    provider: Annotated[Provider | None, Query(description="Of this cloud only.")] = None,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.Connection]:
    """The accounts of a workspace, without credentials."""
    with backend.database.read() as session:
        place = the_workspace(session, principal, workspace, Role.OPERATOR)
        return page(
            session,
            connections.listed(place, provider),
            Connection.id,
            _SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="name",
            items=each(connections.shape),
        )


@router.post(_ALL, status_code=201)
def create_connection(
    backend: BackendDep,
    principal: _Owner,
    workspace: WorkspaceId,
    given: shapes.ConnectionInput,
    response: Response,
) -> shapes.Connection:
    """Keep an account with its credentials, which nobody reads back."""
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OWNER)
        shown = connections.shape(connections.create(backend, session, principal, place, given))
    response.headers["ETag"] = etag(shown.version)
    response.headers["Location"] = f"/api/v1/workspaces/{workspace}/connections/{shown.id}"
    return shown


@router.get(_ONE)
def show_connection(
    backend: BackendDep, principal: _Operator, workspace: WorkspaceId, connection: _ConnectionId, response: Response
) -> shapes.Connection:
    """One of them, without credentials."""
    with backend.database.read() as session:
        place = the_workspace(session, principal, workspace, Role.OPERATOR)
        shown = connections.shape(connections.the_connection(session, place, connection))
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.put(_ONE)
def replace_connection(
    backend: BackendDep,
    principal: _Owner,
    workspace: WorkspaceId,
    connection: _ConnectionId,
    given: shapes.ConnectionInput,
    seen: IfMatch,
    response: Response,
) -> shapes.Connection:
    """Replace all of it, credentials too."""
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OWNER)
        found = connections.the_connection(session, place, connection)
        connections.replace(backend, session, principal, found, seen, given)
        shown = connections.shape(found)
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.patch(_ONE)
def change_connection(
    backend: BackendDep,
    principal: _Owner,
    workspace: WorkspaceId,
    connection: _ConnectionId,
    given: shapes.ConnectionPatch,
    seen: IfMatch,
    response: Response,
) -> shapes.Connection:
    """Change its name or configuration; the credentials stay."""
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OWNER)
        found = connections.the_connection(session, place, connection)
        connections.change(backend, session, principal, found, seen, given)
        shown = connections.shape(found)
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.delete(_ONE, status_code=204)
def delete_connection(
    backend: BackendDep, principal: _Owner, workspace: WorkspaceId, connection: _ConnectionId, seen: IfMatch
) -> None:
    """Forget an account that no deployed twin uses."""
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OWNER)
        found = connections.the_connection(session, place, connection)
        connections.remove(backend, session, principal, found, seen)


@router.get("/twins/{twin}/connections")
def show_twin_connections(
    backend: BackendDep, principal: _TwinViewer, twin: TwinId, response: Response
) -> shapes.TwinConnections:
    """Which connections were chosen for a twin; null where it is the workspace's only one."""
    with backend.database.read() as session:
        found = the_twin(session, principal, twin, Role.VIEWER)
        chosen = twin_connections.chosen(session, found)
    response.headers["ETag"] = etag(found.version)
    return shapes.TwinConnections(**{provider.value: each.id for provider, each in chosen.items()})


@router.put("/twins/{twin}/connections")
def choose_twin_connections(
    backend: BackendDep,
    principal: _TwinOperator,
    twin: TwinId,
    given: shapes.TwinConnections,
    seen: IfMatch,
    response: Response,
) -> shapes.TwinConnections:
    """Choose what a twin is deployed with at each cloud; null for the workspace's only connection there."""
    with backend.database.write() as session:
        found = the_twin(session, principal, twin, Role.OPERATOR)
        # Whoever has a role for the twin alone may not use the workspace's accounts by it.
        the_workspace(session, principal, found.workspace_id, Role.OPERATOR)
        wanted = {Provider.AWS: given.aws, Provider.AZURE: given.azure, Provider.GCP: given.gcp}
        twin_connections.choose(backend, session, principal, found, seen, wanted)
    response.headers["ETag"] = etag(found.version)
    return given
