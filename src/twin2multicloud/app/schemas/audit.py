"""Entries of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from twin2multicloud.app.schemas.common import Answer


class AuditEntry(Answer):
    """Who (`user`, by `key` if it was with one) did what (`action`) to what (`subject`)."""

    id: int
    at: datetime
    workspace: str | None
    user: str | None
    actor: str
    key: str | None
    action: str
    subject: str
    correlation_id: str
    details: dict[str, Any]
