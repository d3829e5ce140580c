"""The audit log."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from twin2multicloud.app.api.deps import BackendDep, WorkspaceQuery, allow
from twin2multicloud.app.api.dispatch import Endpoints
from twin2multicloud.app.api.paging import Cursor, Limit, Sort, each, page
from twin2multicloud.app.auth.access import Principal, Scope
from twin2multicloud.app.db.tables.events import AuditEntry
from twin2multicloud.app.schemas import audit as shapes
from twin2multicloud.app.schemas.common import Moment, Page
from twin2multicloud.app.services import audit

router = Endpoints(prefix="/audit", tags=["audit"])
_Reader = Annotated[Principal, allow(Scope.READ)]


@router.get("")
def list_audit_entries(
    backend: BackendDep,
    principal: _Reader,
    workspace: WorkspaceQuery = None,
    action: Annotated[str | None, Query(max_length=60, description="How it begins, such as `connection.`")] = None,
    subject: Annotated[str | None, Query(max_length=200, description="The id of what it was done to.")] = None,
    actor: Annotated[str | None, Query(max_length=320, description="A person's id or address, or a key's id.")] = None,
    since: Annotated[Moment | None, Query(description="From this moment on, with its zone.")] = None,
    until: Annotated[Moment | None, Query(description="Before this moment, with its zone.")] = None,
    sort: Sort = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[shapes.AuditEntry]:
    """Who did what, the newest first: as an admin all, otherwise in the workspaces that you own."""
    wanted = audit.Wanted(workspace, action, subject, actor, since, until)
    with backend.database.read() as session:
        return page(
            session,
            audit.listed(principal, wanted),
            AuditEntry.id,
            {"id": AuditEntry.id},
            sort=sort,
            cursor=cursor,
            limit=limit,
            default="-id",
            items=each(audit.shape),
        )
