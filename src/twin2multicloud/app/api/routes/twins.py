"""Twins."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from sqlalchemy import select

from twin2multicloud.app.api.deps import BackendDep, IfMatch, TwinId, WorkspaceQuery, allow, etag
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, each, page
from twin2multicloud.app.auth.access import On, Principal, Scope, the_twin, the_workspace, twin_and_role, visible_twins
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.db.tables.twins import Twin, TwinVersion
from twin2multicloud.app.schemas import twins as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import twins

router = Endpoints(prefix="/twins", tags=["twins"])
_SORTS = {"name": Twin.name, "created_at": Twin.created_at, "updated_at": Twin.updated_at}
_Reader = Annotated[Principal, allow(Scope.READ)]
_Viewer = Annotated[Principal, allow(Scope.READ, Role.VIEWER, On.TWIN)]
_Creator = Annotated[Principal, allow(Scope.WRITE, Role.OPERATOR, On.WORKSPACE)]
_Editor = Annotated[Principal, allow(Scope.WRITE, Role.OPERATOR, On.TWIN)]
_Owner = Annotated[Principal, allow(Scope.WRITE, Role.OWNER, On.TWIN)]
_Number = Annotated[int, Query(ge=1, le=10**9)]


@router.get("")
def list_twins(
    backend: BackendDep,
    principal: _Reader,
    workspace: WorkspaceQuery = None,
    name: Annotated[str | None, Query(max_length=100, description="Exactly this name.")] = None,
    search: Annotated[str | None, Query(max_length=100, description="Part of a name, whatever its case.")] = None,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.TwinSummary]:
    """All twins that you may see."""
    query = select(Twin).where(visible_twins(principal))
    if workspace is not None:
        query = query.where(Twin.workspace_id == workspace)
    if name is not None:
        query = query.where(Twin.name == name)
    if search is not None:
        query = query.where(Twin.name.icontains(search, autoescape=True))
    with backend.database.read() as session:
        return page(
            session,
            query,
            Twin.id,
            _SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="name",
            items=lambda found: twins.summaries(session, found),
        )


@router.post("", status_code=201)
def create_twin(
    backend: BackendDep,
    principal: _Creator,
    given: shapes.TwinInput,
    response: Response,
    workspace: WorkspaceQuery = None,
) -> shapes.Twin:
    """Keep a new twin."""
    checked = twins.check(given)
    with backend.database.write() as session:
        place = the_workspace(session, principal, workspace, Role.OPERATOR)
        twin = twins.create(backend, session, principal, place.id, checked, given.note)
        session.flush()
        shown = twins.whole(session, principal, twin)
    response.headers["ETag"] = etag(shown.version)
    response.headers["Location"] = f"/api/v1/twins/{shown.id}"
    return shown


@router.get("/{twin}")
def show_twin(backend: BackendDep, principal: _Viewer, twin: TwinId, response: Response) -> shapes.Twin:
    """A twin with its newest version."""
    with backend.database.read() as session:
        found, role = twin_and_role(session, principal, twin, Role.VIEWER)
        shown = twins.whole(session, principal, found, role)
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.put("/{twin}")
def revise_twin(
    backend: BackendDep, principal: _Editor, twin: TwinId, given: shapes.TwinInput, seen: IfMatch, response: Response
) -> shapes.Twin:
    """Keep a new version of its definition."""
    checked = twins.check(given)
    with backend.database.write() as session:
        found = the_twin(session, principal, twin, Role.OPERATOR)
        twins.revise(backend, session, principal, found, seen, checked, given.note)
        session.flush()
        shown = twins.whole(session, principal, found)
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.delete("/{twin}", status_code=204)
def delete_twin(backend: BackendDep, principal: _Owner, twin: TwinId, seen: IfMatch) -> None:
    """Forget a twin of which nothing exists any more."""
    with backend.database.write() as session:
        twins.delete(backend, session, principal, the_twin(session, principal, twin, Role.OWNER), seen)


@router.get("/{twin}/versions")
def list_versions(
    backend: BackendDep, principal: _Viewer, twin: TwinId, cursor: Cursor = None, limit: Limit = 50
) -> Page[shapes.TwinVersionSummary]:
    """All versions of a twin, the newest first."""
    with backend.database.read() as session:
        found = the_twin(session, principal, twin, Role.VIEWER)
        return page(
            session,
            twins.versions(found),
            TwinVersion.number,
            {"number": TwinVersion.number},
            sort=None,
            cursor=cursor,
            limit=limit,
            default="-number",
            items=each(twins.version_summary),
        )


@router.get("/{twin}/versions/{number}")
def show_version(backend: BackendDep, principal: _Viewer, twin: TwinId, number: int) -> shapes.TwinVersion:
    """One version, whole."""
    with backend.database.read() as session:
        found = the_twin(session, principal, twin, Role.VIEWER)
        return twins.version_shape(twins.version_of(session, found, number))


@router.get("/{twin}/diff")
def diff_versions(
    backend: BackendDep, principal: _Viewer, twin: TwinId, before: _Number, after: _Number | None = None
) -> shapes.TwinDiff:
    """What changed from one version to another, by default to the newest."""
    with backend.database.read() as session:
        found = the_twin(session, principal, twin, Role.VIEWER)
        first = twins.version_of(session, found, before)
        return twins.diff(first, twins.version_of(session, found, after or found.number))
