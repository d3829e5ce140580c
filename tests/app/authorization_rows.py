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
            method,
            path.format_map(values),
            params=query,
            json=_filled(row.body, values),
            headers=headers,
            follow_redirects=False,
        )

    def status(self, endpoint: str, row: Row, token: str | None) -> int:
        """The status of one call."""
        found: int = self.call(endpoint, row, token).status_code
        return found


def _filled(body: Any, values: Mapping[str, str]) -> Any:
    """The body with what `prepare` made in the place of texts such as "{optimization}"."""
    if isinstance(body, dict):
        return {key: _filled(value, values) for key, value in body.items()}
    return values.get(body[1:-1], body) if isinstance(body, str) and body[:1] == "{" else body


_SEEN = {"If-Match": '"1"'}
_SMALL = {"workload": {"devices": 10, "message_interval_s": 60, "message_size_bytes": 100}}


def _case(label: str, **constraints: Any) -> dict[str, Any]:
    return {"label": label, "constraints": constraints}


def _proposed(scene: Scene) -> Mapping[str, str]:
    made = scene.owner.post(f"twins/{scene.twin_id}/optimize", {"alternatives": False}, 201)
    return {"optimization": made["id"]}


def _placed(scene: Scene) -> Mapping[str, str]:
    twin = scene.owner.get(f"twins/{scene.twin_id}")
    if twin["current"]["placement"] is None:
        scene.owner.call(
            "PUT",
            f"twins/{twin['id']}/placement",
            code=200,
            json=_proposed(scene),
            headers={"If-Match": f'"{twin["version"]}"'},
        )
    return {}


_V1 = "/api/v1"

ROWS: dict[str, Row] = {
    # about
    f"GET {_V1}/openapi.json": Row(None),
    # health
    "GET /health/live": Row(None),
    "GET /health/ready": Row(None),
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
    # placements
    f"POST {_V1}/twins/{{twin}}/optimize": Row("write", "operator", "twin", 201, body={"alternatives": False}),
    f"GET {_V1}/twins/{{twin}}/optimizations": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/optimizations/{{optimization}}": Row("read", "viewer", "twin", prepare=_proposed),
    f"PUT {_V1}/twins/{{twin}}/placement": Row(
        "write", "operator", "twin", prepare=_proposed, body={"optimization": "{optimization}"}, headers=_SEEN
    ),
    f"GET {_V1}/twins/{{twin}}/bill": Row("read", "viewer", "twin", prepare=_placed),
    # prices
    f"GET {_V1}/prices/books": Row("read"),
    f"GET {_V1}/prices/books/{{number}}": Row("read", path={"number": "1"}, prepare=_proposed),
    # catalogue
    f"GET {_V1}/workloads": Row("read"),
    f"GET {_V1}/workloads/{{name}}": Row("read", path={"name": "smart-home"}),
    f"POST {_V1}/definitions/check": Row("read", body={"source": TWIN}),
    f"GET {_V1}/offers": Row("read"),
    f"GET {_V1}/regions": Row("read"),
    f"GET {_V1}/prices": Row("read"),
    f"GET {_V1}/prices/meters": Row("read"),
    f"GET {_V1}/prices/meters/{{meter}}": Row("read", path={"meter": "aws.egress.internet"}),
    f"POST {_V1}/prices/validate": Row("read", body={"files": {"x.toml": ""}}),
    # optimizing
    f"POST {_V1}/optimize": Row("read", body=_SMALL),
    f"POST {_V1}/optimize/batch": Row("read", body={"items": [_SMALL]}),
    f"POST {_V1}/compare": Row("read", body={**_SMALL, "cases": [_case("any"), _case("eu", residency=["EU"])]}),
    f"POST {_V1}/override": Row("read", body={**_SMALL, "overrides": {"L5": "aws"}}),
    f"POST {_V1}/sensitivity": Row("read", body={**_SMALL, "fields": ["devices"], "factors": [1, 2]}),
    f"POST {_V1}/report": Row("read", body=_SMALL),
}
