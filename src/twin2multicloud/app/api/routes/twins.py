"""Twins."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from twin2multicloud.app.api.deps import BackendDep, IfMatch, TwinId, WorkspaceQuery, allow, etag
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, each, page
from twin2multicloud.app.auth.access import On, Principal, Scope, the_twin, the_workspace, twin_and_role
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.db.tables.twins import Twin, TwinVersion
from twin2multicloud.app.schemas import twins as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import twins
from twin2multicloud.app.services.summaries import summaries
from twin2multicloud.app.services.twin_lists import SORTS, Wanted, listed
from twin2multicloud.model.slots import Provider

router = Endpoints(prefix="/twins", tags=["twins"])
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
    cloud: Annotated[Provider | None, Query(description="Only those that are placed there, at least in part.")] = None,
    life: Annotated[shapes.Life | None, Query(description="Only those of which this is true at a target.")] = None,
    attention: Annotated[bool | None, Query(description="Only those that need it, or do not.")] = None,
    health: Annotated[shapes.Health | None, Query(description="Only those that did so when looked at last.")] = None,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.TwinSummary]:
    """All twins that you may see. They are sorted by name, created_at, updated_at, usd, devices or alerts."""
    at = backend.now()
    wanted = Wanted(workspace, name, search, cloud, life, attention, health)
    with backend.database.read() as session:
        return page(
            session,
            listed(principal, wanted, sort, at),
            Twin.id,
            SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="name",
            items=lambda found: summaries(session, found, at),
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
        shown = twins.whole(session, principal, twin, backend.now())
    response.headers["ETag"] = etag(shown.version)
    response.headers["Location"] = f"/api/v1/twins/{shown.id}"
    return shown


@router.get("/{twin}")
def show_twin(backend: BackendDep, principal: _Viewer, twin: TwinId, response: Response) -> shapes.Twin:
    """A twin with its newest version."""
    with backend.database.read() as session:
        found, role = twin_and_role(session, principal, twin, Role.VIEWER)
        shown = twins.whole(session, principal, found, backend.now(), role)
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
        shown = twins.whole(session, principal, found, backend.now())
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
