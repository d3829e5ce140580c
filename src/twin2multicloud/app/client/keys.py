"""API keys."""

from __future__ import annotations

from typing import Final

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.client.paging import Listed, every
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.keys import Key, KeyInput, NewKey

_PATH: Final = "/api/v1/keys"


class Keys:
    """`/api/v1/keys`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(
        self,
        *,
        everybody: bool = False,
        user: str | None = None,
        holding: bool = False,
        sort: str | None = None,
        limit: int | None = None,
    ) -> Listed[Key]:
        """One's keys, the newest first; as an admin everybody's, or a person's (by id). `sort`: `created_at`, `name`,
        or one of these with a minus before it.
        """
        query = {"all": everybody or None, "user": user, "holding": holding or None, "sort": sort}
        return every(self._http, _PATH, Page[Key], limit=limit, **query)

    def get(self, key: str) -> Key:
        """One of them."""
        return self._http.get(f"{_PATH}/{key}", Key)

    def create(self, given: KeyInput) -> NewKey:
        """Make one. What it is, is told this once."""
        return self._http.send("POST", _PATH, NewKey, body=given)

    def revoke(self, key: str) -> None:
        """Have it hold no more."""
        self._http.send("DELETE", f"{_PATH}/{key}", type(None))

    def revoke_own(self) -> None:
        """Have the key that asks hold no more, whatever its scopes."""
        self.revoke("@me")
