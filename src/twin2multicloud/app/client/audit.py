"""The audit log."""

from __future__ import annotations

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.client.paging import Listed, every
from twin2multicloud.app.schemas.audit import AuditEntry
from twin2multicloud.app.schemas.common import Page


class Audit:
    """`/api/v1/audit`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(
        self,
        *,
        workspace: str | None = None,
        action: str | None = None,
        subject: str | None = None,
        actor: str | None = None,
        since: str | None = None,
        until: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
    ) -> Listed[AuditEntry]:
        """Entries, the newest first, or with `sort="id"` the oldest. `action` is how it begins; moments are as in
        2026-12-01T00:00:00Z.
        """
        query = {"action": action, "subject": subject, "actor": actor, "since": since, "until": until, "sort": sort}
        return every(self._http, "/api/v1/audit", Page[AuditEntry], limit=limit, workspace=workspace, **query)
