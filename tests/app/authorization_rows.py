"""What each endpoint asks for. Keep the order of the API: one block per module of routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

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
        return self.site.http.request(
            method, path.format_map(values), params=query, json=row.body, headers=headers, follow_redirects=False
        )

    def status(self, endpoint: str, row: Row, token: str | None) -> int:
        """The status of one call."""
        found: int = self.call(endpoint, row, token).status_code
        return found


_SEEN = {"If-Match": '"1"'}
_V1 = "/api/v1"

ROWS: dict[str, Row] = {
    # about
    f"GET {_V1}/openapi.json": Row(None),
    # health
    "GET /health/live": Row(None),
    "GET /health/ready": Row(None),
    # login
    f"GET {_V1}/login/providers": Row(None),
    f"POST {_V1}/login/local": Row(None, ok=403, body={"code": "guessed"}),
    f"POST {_V1}/login/local/link": Row("admin", on="installation"),
    f"POST {_V1}/login/device": Row(None, body={"client_name": "a terminal"}),
    f"POST {_V1}/login/device/token": Row(None, ok=400, body={"device_code": "guessed"}),
    f"POST {_V1}/login/device/answer": Row("write", ok=404, body={"user_code": "BCDF-GHJK", "allow": True}),
    "GET /login": Row(None),
    "GET /login/device": Row(None, ok=303),
    "GET /login/local": Row(None),
    "GET /login/style.css": Row(None),
    "GET /login/script.js": Row(None),
    "GET /login/{provider}": Row(None, ok=404, path={"provider": "unknown"}),
    "GET /login/{provider}/callback": Row(None, ok=404, path={"provider": "unknown"}, query={"state": "guessed"}),
    "POST /login/{provider}/acs": Row(None, ok=422, path={"provider": "unknown"}),
    "GET /login/{provider}/done": Row(None, ok=404, path={"provider": "unknown"}, query={"state": "guessed"}),
    "GET /login/{provider}/metadata": Row(None, ok=404, path={"provider": "unknown"}),
    # me
    f"GET {_V1}/me": Row("read"),
    f"POST {_V1}/logout": Row("read", ok=204),
    f"POST {_V1}/logout/everywhere": Row("write"),
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
