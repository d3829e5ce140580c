"""What endpoints about people and what is theirs ask for."""

from __future__ import annotations

from collections.abc import Mapping

from tests.app import cloud_accounts
from tests.app.scenes import SEEN, V1, Row, Scene
from twin2multicloud.app.db.tables import TwinMember
from twin2multicloud.app.db.tables.people import Role


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
    scene.owner.call("DELETE", f"twins/{scene.twin_id}", headers=SEEN)
    return {}


def _viewer_of_the_twin(scene: Scene) -> Mapping[str, str]:
    viewer = scene.people["viewer"].user_id
    with scene.site.backend.database.read() as session:
        there = session.get(TwinMember, (scene.twin_id, viewer)) is not None
    if not there:
        scene.site.let_in(viewer, scene.twin_id, Role.VIEWER)
    return {"user": "@me"}


PEOPLE: dict[str, Row] = {
    # login
    f"GET {V1}/login/providers": Row(None),
    f"POST {V1}/login/local": Row(None, ok=403, body={"code": "guessed"}),
    f"POST {V1}/login/local/link": Row("admin", on="installation"),
    f"POST {V1}/login/device": Row(None, body={"client_name": "a terminal"}),
    f"POST {V1}/login/device/token": Row(None, ok=400, body={"device_code": "guessed"}),
    f"POST {V1}/login/device/answer": Row("write", ok=403, body={"user_code": "BCDF-GHJK", "allow": True}),
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
    f"GET {V1}/me": Row("read"),
    f"POST {V1}/logout": Row("read", ok=204),
    f"POST {V1}/logout/everywhere": Row("write"),
    # drafts: the viewer's own
    f"GET {V1}/drafts": Row("read"),
    f"POST {V1}/drafts": Row("write", ok=201, body={"title": "mine"}),
    f"GET {V1}/drafts/{{draft}}": Row("read", prepare=_draft_of_the_viewer),
    f"PATCH {V1}/drafts/{{draft}}": Row("write", prepare=_draft_of_the_viewer, body={"step": "two"}, headers=SEEN),
    f"DELETE {V1}/drafts/{{draft}}": Row("write", ok=204, prepare=_draft_of_the_viewer, headers=SEEN),
    # users
    f"GET {V1}/users": Row("read"),
    f"GET {V1}/users/{{user}}": Row("read", path={"user": "@me"}),
    f"PATCH {V1}/users/{{user}}": Row(
        "admin", on="installation", prepare=_somebody, body={"disabled": True}, headers=SEEN
    ),
    f"DELETE {V1}/users/{{user}}": Row("admin", on="installation", ok=204, prepare=_somebody, headers=SEEN),
    # workspaces
    f"GET {V1}/workspaces": Row("read"),
    f"POST {V1}/workspaces": Row("admin", on="installation", ok=201, body={"name": "lisbon"}),
    f"GET {V1}/workspaces/{{workspace}}": Row("read", "viewer", "workspace"),
    f"PATCH {V1}/workspaces/{{workspace}}": Row("write", "owner", "workspace", body={"name": "bonn"}, headers=SEEN),
    f"DELETE {V1}/workspaces/{{workspace}}": Row(
        "write", "owner", "workspace", 204, prepare=_empty_workspace, headers=SEEN
    ),
    f"PUT {V1}/workspaces/{{workspace}}/owner": Row(
        "admin", on="installation", ok=204, prepare=_nobodys_workspace, body={"owner": "@me"}
    ),
    # members
    f"GET {V1}/workspaces/{{workspace}}/members": Row("read", "viewer", "workspace"),
    f"PUT {V1}/workspaces/{{workspace}}/members/{{user}}": Row(
        "write", "owner", "workspace", path={"user": "the-viewer@example.org"}, body={"role": "operator"}
    ),
    f"DELETE {V1}/workspaces/{{workspace}}/members/{{user}}": Row(
        "write", "viewer", "workspace", 204, path={"user": "@me"}
    ),
    f"GET {V1}/twins/{{twin}}/members": Row("read", "viewer", "twin"),
    f"PUT {V1}/twins/{{twin}}/members/{{user}}": Row(
        "write", "owner", "twin", path={"user": "stranger@example.org"}, body={"role": "operator"}
    ),
    f"DELETE {V1}/twins/{{twin}}/members/{{user}}": Row("write", "viewer", "twin", 204, prepare=_viewer_of_the_twin),
    # keys
    f"GET {V1}/keys": Row("read"),
    f"POST {V1}/keys": Row("write", ok=201, body={"name": "mine", "scopes": ["read"]}),
    f"GET {V1}/keys/{{key}}": Row("read", prepare=_key_of_the_viewer),
    f"DELETE {V1}/keys/{{key}}": Row("write", ok=204, prepare=_key_of_the_viewer),
    # connections
    f"GET {V1}/workspaces/{{workspace}}/connections": Row("read", "operator", "workspace"),
    f"POST {V1}/workspaces/{{workspace}}/connections": Row(
        "write", "owner", "workspace", 201, body=cloud_accounts.aws()
    ),
    f"GET {V1}/workspaces/{{workspace}}/connections/{{connection}}": Row(
        "read", "operator", "workspace", prepare=_connection
    ),
    f"PUT {V1}/workspaces/{{workspace}}/connections/{{connection}}": Row(
        "write", "owner", "workspace", prepare=_connection, body=cloud_accounts.aws(), headers=SEEN
    ),
    f"PATCH {V1}/workspaces/{{workspace}}/connections/{{connection}}": Row(
        "write", "owner", "workspace", prepare=_connection, body={"provider": "aws", "name": "new"}, headers=SEEN
    ),
    f"DELETE {V1}/workspaces/{{workspace}}/connections/{{connection}}": Row(
        "write", "owner", "workspace", 204, prepare=_connection, headers=SEEN
    ),
    f"GET {V1}/twins/{{twin}}/connections": Row("read", "viewer", "twin"),
    f"PUT {V1}/twins/{{twin}}/connections": Row("write", "operator", "twin", body={}, headers=SEEN),
    f"POST {V1}/workspaces/{{workspace}}/connections/{{connection}}/check": Row(
        "run", "operator", "workspace", 201, prepare=_connection, body={}
    ),
}
