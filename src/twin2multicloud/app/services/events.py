"""Events: which of them somebody may see, and how long they are kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal, role_in, the_run, the_twin
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.db.tables.events import Event
from twin2multicloud.app.db.tables.people import Role, TwinMember, WorkspaceMember
from twin2multicloud.app.db.tables.twins import Twin
from twin2multicloud.app.events.log import Severity
from twin2multicloud.app.events.selection import Seen, Selection
from twin2multicloud.app.schemas import events as shapes

PRUNED_AT_ONCE: Final = 5_000


def selected(
    session: Session,
    principal: Principal,
    *,
    workspace: str | None = None,
    twin: str | None = None,
    run: str | None = None,
    stack: str | None = None,
    kind: str = "",
    severity: Severity = "debug",
) -> Selection:
    """Those of the events that are asked for which may be seen. `NotFoundError` for a twin or run that may not."""
    seen: Seen | None = None
    if run is not None:
        the_run(session, principal, run, Role.VIEWER)
    if twin is not None:
        the_twin(session, principal, twin, Role.VIEWER)
    if run is None and twin is None and (workspace is None or role_in(session, principal, workspace) is None):
        seen = seen_by(session, principal)
    return Selection(seen, workspace, twin, run, stack, kind, severity)


def seen_by(session: Session, principal: Principal) -> Seen:
    """All that somebody may see events of."""
    workspaces = select(WorkspaceMember.workspace_id).where(WorkspaceMember.user_id == principal.user_id)
    twins = select(TwinMember.twin_id).where(TwinMember.user_id == principal.user_id)
    if principal.workspace_id is not None:
        workspaces = workspaces.where(WorkspaceMember.workspace_id == principal.workspace_id)
        twins = twins.join(Twin, Twin.id == TwinMember.twin_id).where(Twin.workspace_id == principal.workspace_id)
    return Seen(frozenset(session.scalars(workspaces)), frozenset(session.scalars(twins)))


def shape(event: Event) -> shapes.Event:
    """As it is told."""
    return shapes.Event(
        id=event.id,
        at=event.at,
        workspace=event.workspace_id,
        twin=event.twin_id,
        run=event.run_id,
        kind=event.kind,
        severity=event.severity,
        stack=event.stack,
        message=event.message,
        data=event.data,
    )


def prune(backend: Backend, session: Session) -> int:
    """Delete the oldest of the events that have been kept long enough, not too many at once, since nobody else writes
    meanwhile; how many these were. To be called again at once while that is `PRUNED_AT_ONCE`.
    """
    kept_from = backend.now() - timedelta(days=backend.settings.keep_events_days)
    oldest = session.execute(select(Event.id, Event.at).order_by(Event.id).limit(PRUNED_AT_ONCE)).all()
    old = [number for number, at in oldest if at < kept_from]
    if old:
        session.execute(delete(Event).where(Event.id <= old[-1], Event.at < kept_from))
    return len(old)
