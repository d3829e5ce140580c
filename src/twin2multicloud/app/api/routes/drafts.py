"""Drafts."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response

from twin2multicloud.app.api.deps import BackendDep, IfMatch, WorkspaceQuery, allow, etag
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, each, page
from twin2multicloud.app.auth.access import Principal, Scope
from twin2multicloud.app.db.tables.drafts import Draft
from twin2multicloud.app.schemas import drafts as shapes
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.services import drafts

router = Endpoints(prefix="/drafts", tags=["drafts"])
_SORTS = {"title": Draft.title, "created_at": Draft.created_at, "updated_at": Draft.updated_at}
_Reader = Annotated[Principal, allow(Scope.READ)]
_Writer = Annotated[Principal, allow(Scope.WRITE)]
_DraftId = Annotated[str, Path(pattern=r"^drf_[0-9a-z]{1,28}$", examples=["drf_4qz0m8k2v1x7c9b3n5d6"])]
_TwinFilter = Annotated[str | None, Query(pattern=r"^twn_[0-9a-z]{1,28}$", description="Only of this twin.")]


@router.get("")
def list_drafts(
    backend: BackendDep,
    principal: _Reader,
    workspace: WorkspaceQuery = None,
    twin: _TwinFilter = None,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.DraftSummary]:
    """Your drafts, what you wrote last first."""
    with backend.database.read() as session:
        return page(
            session,
            drafts.listed(principal, workspace, twin),
            Draft.id,
            _SORTS,
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="-updated_at",
            items=each(drafts.summary),
        )


@router.post("", status_code=201)
def create_draft(
    backend: BackendDep,
    principal: _Writer,
    given: shapes.DraftInput,
    response: Response,
    workspace: WorkspaceQuery = None,
) -> shapes.Draft:
    """Keep what you are writing. It is yours alone until you make a twin of it."""
    with backend.database.write() as session:
        made = drafts.create(backend, session, principal, workspace, given)
        session.flush()
        shown = drafts.shape(made)
    response.headers["ETag"] = etag(shown.version)
    response.headers["Location"] = f"/api/v1/drafts/{shown.id}"
    return shown


@router.get("/{draft}")
def show_draft(backend: BackendDep, principal: _Reader, draft: _DraftId, response: Response) -> shapes.Draft:
    """One of your drafts, whole."""
    with backend.database.read() as session:
        shown = drafts.shape(drafts.the_draft(session, principal, draft))
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.patch("/{draft}")
def save_draft(
    backend: BackendDep,
    principal: _Writer,
    draft: _DraftId,
    given: shapes.DraftPatch,
    seen: IfMatch,
    response: Response,
) -> shapes.Draft:
    """Keep what is different now. 412 if another browser of yours saved it meanwhile; neither is lost by that."""
    with backend.database.write() as session:
        found = drafts.the_draft(session, principal, draft)
        drafts.save(backend, session, found, seen, given)
        session.flush()
        shown = drafts.shape(found)
    response.headers["ETag"] = etag(shown.version)
    return shown


@router.delete("/{draft}", status_code=204)
def delete_draft(backend: BackendDep, principal: _Writer, draft: _DraftId, seen: IfMatch) -> None:
    """Forget a draft."""
    with backend.database.write() as session:
        drafts.remove(session, drafts.the_draft(session, principal, draft), seen)
