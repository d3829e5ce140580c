"""What each endpoint asks for. Keep the order of the API: one block per module of routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
from starlette.testclient import WebSocketDenialResponse

from tests.app import cloud_accounts
from tests.app.backends import SOCKETS, TWIN, Person, Site
from tests.app.deployments import locked, raised, saved
from tests.app.runners import place, work_off
from twin2multicloud.app.api import cost_examples
from twin2multicloud.app.db.tables import AlertRoute, Run, Twin, TwinMember, TwinVersion
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.services import alert_routes, price_findings, reveals
from twin2multicloud.model.slots import Provider
from twin2multicloud.optimizer.pricing.fetching.findings import PriceFinding


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


def _run(scene: Scene) -> dict[str, str]:
    """The twin's run: a new one, unless one is under way."""
    known = scene.owner.get(f"twins/{scene.twin_id}/runs")["items"]
    for run in known:
        if run["ended_at"] is None:
            return {"run": run["id"]}
    place(scene.site, scene.twin_id)
    return {"run": scene.owner.post(f"twins/{scene.twin_id}/runs", {"kind": "deploy"}, 201)["id"]}


def _planned_run(scene: Scene) -> dict[str, str]:
    found = _run(scene)
    work_off(scene.site)
    return found


def _failed_run(scene: Scene) -> dict[str, str]:
    found = _run(scene)
    scene.owner.post(f"runs/{found['run']}/cancel")
    return found


def _telling_run(scene: Scene) -> dict[str, str]:
    """A run that the operator asked for, and that has something to show."""
    place(scene.site, scene.twin_id)
    found = scene.site.run(scene.people["operator"], scene.twin_id, "succeeded")
    with scene.site.backend.database.read() as session:
        reveals.keep(scene.site.backend, session.get_one(Run, found), ["eva: one-time"])
    return {"run": found}


def _placed(scene: Scene) -> dict[str, str]:
    place(scene.site, scene.twin_id)
    return {}


def _revised(scene: Scene) -> dict[str, str]:
    """A second version, of a twin whose ETag is 1."""
    with scene.site.backend.database.write() as session:
        twin = session.get_one(Twin, scene.twin_id)
        twin.version = 1
        if twin.number == 1:
            first = session.get_one(TwinVersion, (twin.id, 1))
            facts = {column.name: getattr(first, column.name) for column in TwinVersion.__table__.columns}
            session.add(TwinVersion(**{**facts, "number": 2}))
            twin.number = 2
    return {}


def _two_states(scene: Scene) -> dict[str, str]:
    saved(scene.site, scene.twin_id, "clouds", "L3-hot", 2)
    return {}


def _locked(scene: Scene) -> dict[str, str]:
    locked(scene.site, scene.twin_id, "clouds", "L3-hot", "one")
    return {}


def _alert(scene: Scene) -> dict[str, str]:
    return {"alert": raised(scene.site, scene.twin_id)}


def a_route(scene: Scene) -> Mapping[str, str]:
    body = {"kind": "webhook", "name": scene.site.backend.make_id("x"), "url": "https://93.184.215.14/hook"}
    made = scene.owner.post(f"workspaces/{scene.site.workspace_id}/alert-routes", body, 201)
    return {"route": made["id"]}


def _private_route(scene: Scene) -> Mapping[str, str]:
    """One that is refused before anything is sent, since a test sends to nobody."""
    found = a_route(scene)
    with scene.site.backend.database.write() as session:
        route = session.get_one(AlertRoute, found["route"])
        alert_routes.discard_address(scene.site.backend, route)
    return found


def a_mute_rule(scene: Scene) -> Mapping[str, str]:
    made = scene.owner.post(f"workspaces/{scene.site.workspace_id}/mute-rules", {"minutes": 5}, 201)
    return {"rule": made["id"]}


def _somebody(scene: Scene) -> Mapping[str, str]:
    return {"user": scene.site.person(f"somebody-{scene.site.backend.make_id('x')}", Role.VIEWER).user_id}


def _key_of_the_viewer(scene: Scene) -> Mapping[str, str]:
    made = scene.people["viewer"].post("keys", {"name": "mine", "scopes": ["read"]}, 201)
    return {"key": made["id"]}


def _draft_of_the_viewer(scene: Scene) -> Mapping[str, str]:
    return {"draft": scene.people["viewer"].post("drafts", {"title": "mine"}, 201)["id"]}


def _connection(scene: Scene) -> Mapping[str, str]:
    body = cloud_accounts.aws(scene.site.backend.make_id("x"))
    return {"connection": scene.owner.post(f"workspaces/{scene.site.workspace_id}/connections", body, 201)["id"]}


def _nobodys_workspace(scene: Scene) -> Mapping[str, str]:
    return {"workspace": scene.site.workspace(scene.site.backend.make_id("x"))}


def _empty_workspace(scene: Scene) -> Mapping[str, str]:
    scene.owner.call("DELETE", f"twins/{scene.twin_id}", headers=_SEEN)
    return {}


def _viewer_of_the_twin(scene: Scene) -> Mapping[str, str]:
    viewer = scene.people["viewer"].user_id
    with scene.site.backend.database.read() as session:
        there = session.get(TwinMember, (scene.twin_id, viewer)) is not None
    if not there:
        scene.site.let_in(viewer, scene.twin_id, Role.VIEWER)
    return {"user": "@me"}


_SEEN = {"If-Match": '"1"'}
_SMALL = {"workload": {"devices": 10, "message_interval_s": 60, "message_size_bytes": 100}}


def _case(label: str, **constraints: Any) -> dict[str, Any]:
    return {"label": label, "constraints": constraints}


def _proposed(scene: Scene) -> Mapping[str, str]:
    made = scene.owner.post(f"twins/{scene.twin_id}/optimize", {"alternatives": False}, 201)
    return {"optimization": made["id"]}


def _odd_price(scene: Scene) -> Mapping[str, str]:
    backend = scene.site.backend
    odd = PriceFinding("jump", Provider.AWS, "aws.sqs.requests", "eu-central-1", "dearer", ((0, 1.0),), ((0, 2.0),))
    with backend.database.write() as session:
        price_findings.keep(backend, session, price_findings.Found([odd], {}))
    return {"finding": odd.id}


def _priced(scene: Scene) -> Mapping[str, str]:
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


def _a_budget(scene: Scene) -> Mapping[str, str]:
    scene.owner.call("PUT", f"twins/{scene.twin_id}/budget", code=200, json={"usd_per_month": 50})
    return {}


_V1 = "/api/v1"
_BILL = {**cost_examples.REQUESTS["BillInput"]}
_TO_NOW = {"follow": "false"}


ROWS: dict[str, Row] = {
    # about
    f"GET {_V1}/openapi.json": Row(None),
    # events
    f"GET {_V1}/events": Row("read"),
    f"GET {_V1}/events/stream": Row("read", query=_TO_NOW),
    f"WEBSOCKET {_V1}/events/socket": Row("read", ok=101),
    f"GET {_V1}/twins/{{twin}}/events": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/events/stream": Row("read", "viewer", "twin", query=_TO_NOW),
    f"GET {_V1}/runs/{{run}}/events": Row("read", "viewer", "twin", prepare=_run),
    f"GET {_V1}/runs/{{run}}/events/stream": Row("read", "viewer", "twin", prepare=_run, query=_TO_NOW),
    # health
    "GET /health/live": Row(None),
    "GET /health/ready": Row(None),
    # login
    f"GET {_V1}/login/providers": Row(None),
    f"POST {_V1}/login/local": Row(None, ok=403, body={"code": "guessed"}),
    f"POST {_V1}/login/local/link": Row("admin", on="installation"),
    f"POST {_V1}/login/device": Row(None, body={"client_name": "a terminal"}),
    f"POST {_V1}/login/device/token": Row(None, ok=400, body={"device_code": "guessed"}),
    f"POST {_V1}/login/device/answer": Row("write", ok=403, body={"user_code": "BCDF-GHJK", "allow": True}),
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
    f"POST {_V1}/twins/{{twin}}/versions/{{number}}/restore": Row(
        "write", "operator", "twin", path={"number": "1"}, prepare=_revised, body={}, headers=_SEEN
    ),
    f"GET {_V1}/twins/{{twin}}/diff": Row("read", "viewer", "twin", query={"before": "1"}),
    # drafts: the viewer's own
    f"GET {_V1}/drafts": Row("read"),
    f"POST {_V1}/drafts": Row("write", ok=201, body={"title": "mine"}),
    f"GET {_V1}/drafts/{{draft}}": Row("read", prepare=_draft_of_the_viewer),
    f"PATCH {_V1}/drafts/{{draft}}": Row("write", prepare=_draft_of_the_viewer, body={"step": "two"}, headers=_SEEN),
    f"DELETE {_V1}/drafts/{{draft}}": Row("write", ok=204, prepare=_draft_of_the_viewer, headers=_SEEN),
    # runs
    f"GET {_V1}/runs": Row("read"),
    f"GET {_V1}/targets": Row("read"),
    f"GET {_V1}/twins/{{twin}}/runs": Row("read", "viewer", "twin"),
    f"POST {_V1}/twins/{{twin}}/runs": Row("run", "operator", "twin", 201, prepare=_placed, body={"kind": "deploy"}),
    f"GET {_V1}/runs/{{run}}": Row("read", "viewer", "twin", prepare=_run),
    f"GET {_V1}/runs/{{run}}/log": Row("read", "viewer", "twin", prepare=_run),
    f"POST {_V1}/runs/{{run}}/decision": Row("run", "operator", "twin", prepare=_planned_run, body={"agreed": True}),
    f"POST {_V1}/runs/{{run}}/cancel": Row("run", "operator", "twin", prepare=_run),
    f"POST {_V1}/runs/{{run}}/reveal": Row("run", "operator", "twin", prepare=_telling_run),
    f"POST {_V1}/workspaces/{{workspace}}/connections/{{connection}}/check": Row(
        "run", "operator", "workspace", 201, prepare=_connection, body={}
    ),
    f"POST {_V1}/prices/refresh": Row("run", "operator", "workspace", 201),
    f"POST {_V1}/runs/{{run}}/retry": Row("run", "operator", "twin", 201, prepare=_failed_run),
    # operating
    f"GET {_V1}/twins/{{twin}}/status": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/health/history": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/outputs": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/links": Row("read", "operator", "twin"),
    f"GET {_V1}/twins/{{twin}}/proof": Row("read", "operator", "twin", 409),
    # watching: nothing runs, so the definition tells
    f"GET {_V1}/twins/{{twin}}/devices": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/devices/{{device}}/history": Row("read", "viewer", "twin", path={"device": "sensor-1"}),
    f"GET {_V1}/twins/{{twin}}/rates": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/rules": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/graph": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/dashboards": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/costs": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/costs/history": Row("read", "viewer", "twin"),
    f"POST {_V1}/twins/{{twin}}/dashboards/query": Row("read", "viewer", "twin", 409, body={"kind": "rates"}),
    # bills
    f"GET {_V1}/twins/{{twin}}/bills": Row("read", "viewer", "twin"),
    f"POST {_V1}/twins/{{twin}}/bills": Row("write", "operator", "twin", 201, body=_BILL),
    f"POST {_V1}/twins/{{twin}}/bills/fetch": Row(
        "run", "operator", "twin", 409, body=cost_examples.REQUESTS["BillFetch"]
    ),
    f"GET {_V1}/twins/{{twin}}/bills/sources": Row("read", "viewer", "twin"),
    f"PUT {_V1}/twins/{{twin}}/bills/sources/{{cloud}}": Row(
        "run", "operator", "twin", 409, body=cost_examples.REQUESTS["BillSourceInput"], path={"cloud": "aws"}
    ),
    f"DELETE {_V1}/twins/{{twin}}/bills/sources/{{cloud}}": Row("run", "operator", "twin", 204, path={"cloud": "aws"}),
    f"POST {_V1}/twins/{{twin}}/bills/simulated": Row("read", "viewer", "twin", 409, body={}),
    f"GET {_V1}/twins/{{twin}}/budget": Row("read", "viewer", "twin", prepare=_a_budget),
    f"PUT {_V1}/twins/{{twin}}/budget": Row("write", "operator", "twin", body={"usd_per_month": 50}),
    f"DELETE {_V1}/twins/{{twin}}/budget": Row("write", "operator", "twin", 204),
    f"GET {_V1}/twins/{{twin}}/validation": Row("read", "viewer", "twin", 409),
    # states
    f"GET {_V1}/twins/{{twin}}/states": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/states/{{stack}}": Row("read", "viewer", "twin", path={"stack": "L3-hot"}),
    f"POST {_V1}/twins/{{twin}}/states/{{stack}}/rollback": Row(
        "run", "owner", "twin", path={"stack": "L3-hot"}, prepare=_two_states, body={"version": 1}
    ),
    f"POST {_V1}/twins/{{twin}}/states/{{stack}}/unlock": Row(
        "run", "owner", "twin", 204, path={"stack": "L3-hot"}, prepare=_locked, body={"lock": "one", "force": True}
    ),
    # sandboxes: there is none, which only those are told who may know
    f"GET {_V1}/twins/{{twin}}/errors": Row("read", "viewer", "twin", 409),
    f"GET {_V1}/twins/{{twin}}/logs": Row("read", "operator", "twin", 409),
    f"GET {_V1}/twins/{{twin}}/dead-letters": Row("read", "operator", "twin", 409),
    f"GET {_V1}/twins/{{twin}}/dead-letters/{{letter}}": Row("read", "operator", "twin", 409, path={"letter": "one"}),
    f"POST {_V1}/twins/{{twin}}/dead-letters/replay": Row("run", "operator", "twin", 409, body={"all": True}),
    f"POST {_V1}/twins/{{twin}}/dead-letters/drop": Row("run", "operator", "twin", 409, body={"all": True}),
    f"POST {_V1}/twins/{{twin}}/faults": Row("run", "operator", "twin", 409, body={"kind": "outage"}),
    f"DELETE {_V1}/twins/{{twin}}/faults": Row("run", "operator", "twin", 409),
    f"POST {_V1}/twins/{{twin}}/commands": Row(
        "run", "operator", "twin", 409, body={"device": "sensor-1", "name": "blink"}
    ),
    f"GET {_V1}/twins/{{twin}}/meters": Row("read", "viewer", "twin", 409),
    # alerts
    f"GET {_V1}/alerts": Row("read"),
    f"GET {_V1}/twins/{{twin}}/alerts": Row("read", "viewer", "twin"),
    f"GET {_V1}/alerts/{{alert}}": Row("read", "viewer", "twin", prepare=_alert),
    f"POST {_V1}/alerts/{{alert}}/acknowledge": Row("run", "operator", "twin", prepare=_alert),
    f"POST {_V1}/alerts/{{alert}}/mute": Row("run", "operator", "twin", prepare=_alert, body={"minutes": 5}),
    f"POST {_V1}/alerts/{{alert}}/unmute": Row("run", "operator", "twin", prepare=_alert),
    # alert_routes
    f"GET {_V1}/workspaces/{{workspace}}/alert-routes": Row("read", "operator", "workspace"),
    f"POST {_V1}/workspaces/{{workspace}}/alert-routes": Row(
        "write",
        "owner",
        "workspace",
        201,
        body={"kind": "webhook", "name": "mine", "url": "https://93.184.215.14/hook"},
    ),
    f"GET {_V1}/workspaces/{{workspace}}/alert-routes/{{route}}": Row("read", "operator", "workspace", prepare=a_route),
    f"PATCH {_V1}/workspaces/{{workspace}}/alert-routes/{{route}}": Row(
        "write", "owner", "workspace", prepare=a_route, body={"min_severity": "critical"}, headers=_SEEN
    ),
    f"DELETE {_V1}/workspaces/{{workspace}}/alert-routes/{{route}}": Row(
        "write", "owner", "workspace", 204, prepare=a_route, headers=_SEEN
    ),
    f"POST {_V1}/workspaces/{{workspace}}/alert-routes/{{route}}/secret": Row(
        "write", "owner", "workspace", prepare=a_route
    ),
    f"POST {_V1}/workspaces/{{workspace}}/alert-routes/{{route}}/test": Row(
        "run", "operator", "workspace", prepare=_private_route
    ),
    f"GET {_V1}/workspaces/{{workspace}}/alert-routes/{{route}}/notices": Row(
        "read", "operator", "workspace", prepare=a_route
    ),
    f"GET {_V1}/workspaces/{{workspace}}/alert-policy": Row("read", "viewer", "workspace"),
    f"PUT {_V1}/workspaces/{{workspace}}/alert-policy": Row(
        "write", "owner", "workspace", body={"severities": {"quota": "critical"}}, headers={"If-Match": '"0"'}
    ),
    f"GET {_V1}/workspaces/{{workspace}}/mute-rules": Row("read", "viewer", "workspace"),
    f"POST {_V1}/workspaces/{{workspace}}/mute-rules": Row("run", "operator", "workspace", 201, body={"minutes": 5}),
    f"DELETE {_V1}/workspaces/{{workspace}}/mute-rules/{{rule}}": Row(
        "run", "operator", "workspace", 204, prepare=a_mute_rule
    ),
    # users
    f"GET {_V1}/users": Row("read"),
    f"GET {_V1}/users/{{user}}": Row("read", path={"user": "@me"}),
    f"PATCH {_V1}/users/{{user}}": Row(
        "admin", on="installation", prepare=_somebody, body={"disabled": True}, headers=_SEEN
    ),
    f"DELETE {_V1}/users/{{user}}": Row("admin", on="installation", ok=204, prepare=_somebody, headers=_SEEN),
    # workspaces
    f"GET {_V1}/workspaces": Row("read"),
    f"POST {_V1}/workspaces": Row("admin", on="installation", ok=201, body={"name": "lisbon"}),
    f"GET {_V1}/workspaces/{{workspace}}": Row("read", "viewer", "workspace"),
    f"PATCH {_V1}/workspaces/{{workspace}}": Row("write", "owner", "workspace", body={"name": "bonn"}, headers=_SEEN),
    f"DELETE {_V1}/workspaces/{{workspace}}": Row(
        "write", "owner", "workspace", 204, prepare=_empty_workspace, headers=_SEEN
    ),
    f"PUT {_V1}/workspaces/{{workspace}}/owner": Row(
        "admin", on="installation", ok=204, prepare=_nobodys_workspace, body={"owner": "@me"}
    ),
    # members
    f"GET {_V1}/workspaces/{{workspace}}/members": Row("read", "viewer", "workspace"),
    f"PUT {_V1}/workspaces/{{workspace}}/members/{{user}}": Row(
        "write", "owner", "workspace", path={"user": "the-viewer@example.org"}, body={"role": "operator"}
    ),
    f"DELETE {_V1}/workspaces/{{workspace}}/members/{{user}}": Row(
        "write", "viewer", "workspace", 204, path={"user": "@me"}
    ),
    f"GET {_V1}/twins/{{twin}}/members": Row("read", "viewer", "twin"),
    f"PUT {_V1}/twins/{{twin}}/members/{{user}}": Row(
        "write", "owner", "twin", path={"user": "stranger@example.org"}, body={"role": "operator"}
    ),
    f"DELETE {_V1}/twins/{{twin}}/members/{{user}}": Row("write", "viewer", "twin", 204, prepare=_viewer_of_the_twin),
    # keys
    f"GET {_V1}/keys": Row("read"),
    f"POST {_V1}/keys": Row("write", ok=201, body={"name": "mine", "scopes": ["read"]}),
    f"GET {_V1}/keys/{{key}}": Row("read", prepare=_key_of_the_viewer),
    f"DELETE {_V1}/keys/{{key}}": Row("write", ok=204, prepare=_key_of_the_viewer),
    # connections
    f"GET {_V1}/workspaces/{{workspace}}/connections": Row("read", "operator", "workspace"),
    f"POST {_V1}/workspaces/{{workspace}}/connections": Row(
        "write", "owner", "workspace", 201, body=cloud_accounts.aws()
    ),
    f"GET {_V1}/workspaces/{{workspace}}/connections/{{connection}}": Row(
        "read", "operator", "workspace", prepare=_connection
    ),
    f"PUT {_V1}/workspaces/{{workspace}}/connections/{{connection}}": Row(
        "write", "owner", "workspace", prepare=_connection, body=cloud_accounts.aws(), headers=_SEEN
    ),
    f"PATCH {_V1}/workspaces/{{workspace}}/connections/{{connection}}": Row(
        "write", "owner", "workspace", prepare=_connection, body={"provider": "aws", "name": "new"}, headers=_SEEN
    ),
    f"DELETE {_V1}/workspaces/{{workspace}}/connections/{{connection}}": Row(
        "write", "owner", "workspace", 204, prepare=_connection, headers=_SEEN
    ),
    f"GET {_V1}/twins/{{twin}}/connections": Row("read", "viewer", "twin"),
    f"PUT {_V1}/twins/{{twin}}/connections": Row("write", "operator", "twin", body={}, headers=_SEEN),
    # audit
    f"GET {_V1}/audit": Row("read"),
    # placements
    f"POST {_V1}/twins/{{twin}}/optimize": Row("write", "operator", "twin", 201, body={"alternatives": False}),
    f"GET {_V1}/twins/{{twin}}/optimizations": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/optimizations/{{optimization}}": Row("read", "viewer", "twin", prepare=_proposed),
    f"PUT {_V1}/twins/{{twin}}/placement": Row(
        "write", "operator", "twin", prepare=_proposed, body={"optimization": "{optimization}"}, headers=_SEEN
    ),
    f"GET {_V1}/twins/{{twin}}/bill": Row("read", "viewer", "twin", prepare=_priced),
    f"GET {_V1}/twins/{{twin}}/standing": Row("read", "viewer", "twin"),
    f"GET {_V1}/twins/{{twin}}/advice": Row("read", "viewer", "twin", 409),
    f"GET {_V1}/twins/{{twin}}/choices": Row("read", "viewer", "twin", query={"slot": "L5"}),
    f"POST {_V1}/twins/{{twin}}/preview": Row(
        "read", "viewer", "twin", prepare=_proposed, body={"optimization": "{optimization}"}
    ),
    f"GET {_V1}/twins/{{twin}}/export": Row("read", "viewer", "twin", query={"kind": "definition"}),
    # prices
    f"GET {_V1}/prices/books": Row("read"),
    f"GET {_V1}/prices/books/{{number}}": Row("read", path={"number": "1"}, prepare=_proposed),
    f"GET {_V1}/prices/ages": Row("read"),
    f"GET {_V1}/prices/findings": Row("read"),
    f"GET {_V1}/prices/listed-regions": Row("read"),
    f"POST {_V1}/prices/findings/{{finding}}": Row(
        "admin",
        on="installation",
        path={"finding": "8b0c7c1f9a3d5e60"},
        prepare=_odd_price,
        body={"decision": "reject", "note": "wait and see"},
    ),
    # catalogue
    f"GET {_V1}/workloads": Row("read"),
    f"GET {_V1}/workloads/{{name}}": Row("read", path={"name": "smart-home"}),
    f"GET {_V1}/definitions/fields": Row("read"),
    f"POST {_V1}/definitions/check": Row("read", body={"source": TWIN}),
    f"GET {_V1}/offers": Row("read"),
    f"GET {_V1}/regions": Row("read"),
    f"GET {_V1}/prices": Row("read"),
    f"GET {_V1}/prices/book": Row("read"),
    f"GET {_V1}/prices/meters": Row("read"),
    f"GET {_V1}/prices/meters/{{meter}}": Row("read", path={"meter": "aws.egress.internet"}),
    f"POST {_V1}/prices/validate": Row("read", body={"files": {"x.toml": ""}}),
    # optimizing
    f"POST {_V1}/optimize": Row("read", body=_SMALL),
    f"POST {_V1}/optimize/batch": Row("read", body={"items": [_SMALL]}),
    f"POST {_V1}/optimize/frontier": Row("read", body={**_SMALL, "against": "latency"}),
    f"POST {_V1}/compare": Row("read", body={**_SMALL, "cases": [_case("any"), _case("eu", residency=["EU"])]}),
    f"POST {_V1}/override": Row("read", body={**_SMALL, "overrides": {"L5": "aws"}}),
    f"POST {_V1}/sensitivity": Row("read", body={**_SMALL, "fields": ["devices"], "factors": [1, 2]}),
    f"POST {_V1}/optimize/uncertainty": Row(
        "read", body={**_SMALL, "uncertain": {"devices": {"low": 100, "high": 200}}, "samples": 10}
    ),
    f"POST {_V1}/optimize/breakeven": Row(
        "read", body={**_SMALL, "along": "devices", "start": 10, "end": 20, "points": 2}
    ),
    f"POST {_V1}/report": Row("read", body=_SMALL),
}
