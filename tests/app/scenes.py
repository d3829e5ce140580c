"""People with their roles around a twin, and calls of endpoints as each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
from starlette.testclient import WebSocketDenialResponse

from tests.app.backends import SOCKETS, Person, Site
from twin2multicloud.app.db.tables.people import Role

V1 = "/api/v1"
SEEN = {"If-Match": '"1"'}


@dataclass(frozen=True)
class Row:
    """`scope` None: public. `path` gives values for the path's parameters beyond {twin} and {workspace}; `query`,
    `body` and `headers` make the call one that works; `ok` is its status then.
    """

    scope: Literal["read", "write", "run", "admin"] | None
    role: Literal["viewer", "operator", "owner"] = "viewer"
    on: Literal["nothing", "workspace", "twin", "installation"] = "nothing"
    ok: int = 200
    path: Mapping[str, str] = field(default_factory=dict)
    prepare: Callable[[Scene], Mapping[str, str]] | None = None
    """Makes what the call needs; more values for the path's parameters. It is called before every call."""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """A workspace with one person per role, a twin, an admin who is in no workspace, and a stranger in another one."""

    site: Site
    people: Mapping[str, Person]
    admin: Person
    stranger: Person
    twin_id: str
    other_workspace_id: str

    @property
    def owner(self) -> Person:
        """Who owns the workspace."""
        return self.people["owner"]

    @classmethod
    def of(cls, site: Site) -> Scene:
        """Set it."""
        other = site.workspace("rome")
        people = {role.value: site.person(f"the-{role.value}", role) for role in Role}
        stranger = site.person("stranger", workspace_id=other)
        admin = site.person("admin", None, admin=True)
        twin = people["owner"].create_twin()["id"]
        return cls(site, people, admin, stranger, twin, other)

    def call(self, endpoint: str, row: Row, token: str | None) -> Any:
        """One call as whoever has that token."""
        method, _, path = endpoint.partition(" ")
        more = row.prepare(self) if row.prepare else {}
        values = {"twin": self.twin_id, "workspace": self.site.workspace_id, **row.path, **more}
        headers = {**row.headers, **({} if token is None else {"Authorization": f"Bearer {token}"})}
        query = dict(row.query)
        if row.on == "workspace" and "{workspace}" not in path:
            query["workspace"] = self.site.workspace_id
        if method == "WEBSOCKET":
            return self._handshake(path.format_map(values), headers)
        return self.site.http.request(
            method,
            path.format_map(values),
            params=query,
            json=_filled(row.body, values),
            headers=headers,
            follow_redirects=False,
        )

    def _handshake(self, path: str, headers: Mapping[str, str]) -> Any:
        try:
            with self.site.http.websocket_connect(f"{SOCKETS}{path}", headers=headers):
                return httpx2.Response(101)
        except WebSocketDenialResponse as refusal:
            return refusal

    def status(self, endpoint: str, row: Row, token: str | None) -> int:
        """The status of one call."""
        found: int = self.call(endpoint, row, token).status_code
        return found


def _filled(body: Any, values: Mapping[str, str]) -> Any:
    """The body with what `prepare` made in the place of texts such as "{optimization}"."""
    if isinstance(body, dict):
        return {key: _filled(value, values) for key, value in body.items()}
    return values.get(body[1:-1], body) if isinstance(body, str) and body[:1] == "{" else body
