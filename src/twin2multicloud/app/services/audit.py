"""The audit log: who did what to what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from twin2multicloud.app.auth.access import Principal
from twin2multicloud.app.backend import Backend
from twin2multicloud.app.correlation import correlation_id
from twin2multicloud.app.db.tables.events import AuditEntry


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
            at=datetime.fromtimestamp(backend.clock.now(), UTC),
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
