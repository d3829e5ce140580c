"""The audit log: who did what to what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.correlation import correlation_id
from twin2multicloud.app.db.tables.events import AuditEntry
from twin2multicloud.app.db.tables.people import Role, WorkspaceMember
from twin2multicloud.app.schemas import audit as shapes


def note(
    backend: Backend,
    session: Session,
    principal: Principal | None,
    action: str,
    subject: str,
    *,
    workspace_id: str | None = None,
    actor: str = "",
    **details: Any,
) -> None:
    """Write an entry, in the transaction that does what it tells. `details` hold no secret."""
    session.add(
        AuditEntry(
            at=backend.now(),
            workspace_id=workspace_id,
            user_id=principal.user_id if principal else None,
            actor=principal.email or principal.name if principal else actor,
            key_id=principal.key_id if principal else None,
            action=action,
            subject=subject,
            correlation_id=correlation_id(),
            details=details,
        )
    )


@dataclass(frozen=True)
class Wanted:
    """Which entries: None for all. `action` is how its name begins, `actor` a person's id, a key's, or an address."""

    workspace: str | None = None
    action: str | None = None
    subject: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def listed(principal: Principal, wanted: Wanted) -> Select[AuditEntry]:
    """Entries that somebody may see: an admin all, an owner those of their workspaces."""
    query = select(AuditEntry)
    if not principal.acts_as_admin:
        owned = select(WorkspaceMember.workspace_id).where(
            WorkspaceMember.user_id == principal.user_id, WorkspaceMember.role == Role.OWNER.value
        )
        if principal.workspace_id is not None:
            owned = owned.where(WorkspaceMember.workspace_id == principal.workspace_id)
        query = query.where(AuditEntry.workspace_id.in_(owned))
    if wanted.workspace is not None:
        query = query.where(AuditEntry.workspace_id == wanted.workspace)
    if wanted.action is not None:
        query = query.where(AuditEntry.action.startswith(wanted.action, autoescape=True))
    if wanted.subject is not None:
        query = query.where(AuditEntry.subject == wanted.subject)
    if wanted.actor is not None:
        query = query.where(
            or_(
                AuditEntry.user_id == wanted.actor,
                AuditEntry.key_id == wanted.actor,
                func.lower(AuditEntry.actor) == wanted.actor.lower(),
            )
        )
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.at < wanted.until)
    return query


def shape(entry: AuditEntry) -> shapes.AuditEntry:
    """An entry as it is told."""
    return shapes.AuditEntry(
        id=entry.id,
        at=entry.at,
        workspace=entry.workspace_id,
        user=entry.user_id,
        actor=entry.actor,
        key=entry.key_id,
        action=entry.action,
        subject=entry.subject,
        correlation_id=entry.correlation_id,
        details=entry.details,
    )
