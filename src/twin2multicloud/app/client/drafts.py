"""Drafts: what one is writing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.client.paging import every
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.drafts import Draft, DraftInput, DraftPatch, DraftSummary

_PATH: Final = "/api/v1/drafts"


class Drafts:
    """`/api/v1/drafts`, of which everybody sees their own only."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(
        self,
        *,
        workspace: str | None = None,
        twin: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
    ) -> Iterator[DraftSummary]:
        """One's drafts, what was saved last first (`sort`: `title`, `created_at`, `updated_at`)."""
        return every(self._http, _PATH, Page[DraftSummary], limit=limit, workspace=workspace, twin=twin, sort=sort)

    def get(self, draft: str) -> Draft:
        """One of them, whole."""
        return self._http.get(f"{_PATH}/{draft}", Draft)

    def create(self, given: DraftInput, workspace: str | None = None) -> Draft:
        """Keep a new one. `ConflictError` for whoever has a hundred."""
        return self._http.send("POST", _PATH, Draft, body=given, query={"workspace": workspace})

    def save(self, there: Draft, changes: DraftPatch) -> Draft:
        """Keep what is different from `there`. `StaleError` if it was saved elsewhere meanwhile: `get` tells what is
        there now, and `keep_both` keeps this beside it.
        """
        return self._http.send("PATCH", f"{_PATH}/{there.id}", Draft, body=changes, seen=there.version)

    def keep_both(self, there: Draft, changes: DraftPatch, title: str) -> Draft:
        """Keep `there` with changes as a draft of its own, once it was saved elsewhere. The other one stays."""
        names = DraftInput.model_fields.keys()
        mine = there.model_dump(include=set(names)) | changes.changes() | {"title": title}
        return self.create(DraftInput.model_validate(mine), there.workspace)

    def delete(self, there: DraftSummary) -> None:
        """Forget one; `StaleError` if it was saved elsewhere meanwhile."""
        self._http.send("DELETE", f"{_PATH}/{there.id}", type(None), seen=there.version)
