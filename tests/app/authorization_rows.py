"""What each endpoint asks for. Keep the order of the API: one block per module of routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
from starlette.testclient import WebSocketDenialResponse

from tests.app.backends import TWIN, Person, Site
from twin2multicloud.app.db.tables.people import Role


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
            method, path.format_map(values), params=query, json=row.body, headers=headers, follow_redirects=False
        )

    def _handshake(self, path: str, headers: Mapping[str, str]) -> Any:
        try:
            with self.site.http.websocket_connect(path, headers=headers):
                return httpx2.Response(101)
        except WebSocketDenialResponse as refusal:
            return refusal

    def status(self, endpoint: str, row: Row, token: str | None) -> int:
        """The status of one call."""
        found: int = self.call(endpoint, row, token).status_code
        return found


_SEEN = {"If-Match": '"1"'}
_V1 = "/api/v1"
_TO_NOW = {"follow": "false"}


def _a_run(scene: Scene) -> Mapping[str, str]:
    return {"run": scene.site.run(scene.owner, scene.twin_id)}


ROWS: dict[str, Row] = {
    # about
    f"GET {_V1}/openapi.json": Row(None),
    # events
    f"GET {_V1}/events": Row("read"),
    f"GET {_V1}/events/stream": Row("read", query=_TO_NOW),
    f"WEBSOCKET {_V1}/events/socket": Row("read", ok=101),
    f"GET {_V1}/twins/{{twin}}/events": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/events/stream": Row("read", "viewer", "twin", query=_TO_NOW),
    f"GET {_V1}/runs/{{run}}/events": Row("read", "viewer", "twin", prepare=_a_run),
    f"GET {_V1}/runs/{{run}}/events/stream": Row("read", "viewer", "twin", prepare=_a_run, query=_TO_NOW),
    # health
    "GET /health/live": Row(None),
    "GET /health/ready": Row(None),
    # metrics
    "GET /metrics": Row("admin", on="installation"),
    # twins
    f"GET {_V1}/twins": Row("read"),
    f"POST {_V1}/twins": Row(
        "write", "operator", "workspace", 201, body={"source": TWIN.replace("greenhouse", "other")}
    ),
    f"GET {_V1}/twins/{{twin}}": Row("read", "viewer", "twin"),
    f"PUT {_V1}/twins/{{twin}}": Row("write", "operator", "twin", body={"source": TWIN}, headers=_SEEN),
    f"DELETE {_V1}/twins/{{twin}}": Row("write", "owner", "twin", 204, headers=_SEEN),
    f"GET {_V1}/twins/{{twin}}/versions": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/versions/{{number}}": Row("read", "viewer", "twin", path={"number": "1"}),
    f"GET {_V1}/twins/{{twin}}/diff": Row("read", "viewer", "twin", query={"before": "1"}),
}
