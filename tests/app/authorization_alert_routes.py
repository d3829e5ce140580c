"""What endpoints about who is told of alerts ask for."""

from __future__ import annotations

from collections.abc import Mapping

from tests.app.scenes import SEEN, V1, Row, Scene
from twin2multicloud.app.db.tables import AlertRoute
from twin2multicloud.app.services import alert_routes


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


ALERT_ROUTES: dict[str, Row] = {
    # alert_routes
    f"GET {V1}/workspaces/{{workspace}}/alert-routes": Row("read", "operator", "workspace"),
    f"POST {V1}/workspaces/{{workspace}}/alert-routes": Row(
        "write",
        "owner",
        "workspace",
        201,
        body={"kind": "webhook", "name": "mine", "url": "https://93.184.215.14/hook"},
    ),
    f"GET {V1}/workspaces/{{workspace}}/alert-routes/{{route}}": Row("read", "operator", "workspace", prepare=a_route),
    f"PATCH {V1}/workspaces/{{workspace}}/alert-routes/{{route}}": Row(
        "write", "owner", "workspace", prepare=a_route, body={"min_severity": "critical"}, headers=SEEN
    ),
    f"DELETE {V1}/workspaces/{{workspace}}/alert-routes/{{route}}": Row(
        "write", "owner", "workspace", 204, prepare=a_route, headers=SEEN
    ),
    f"POST {V1}/workspaces/{{workspace}}/alert-routes/{{route}}/secret": Row(
        "write", "owner", "workspace", prepare=a_route
    ),
    f"POST {V1}/workspaces/{{workspace}}/alert-routes/{{route}}/test": Row(
        "run", "operator", "workspace", prepare=_private_route
    ),
    f"GET {V1}/workspaces/{{workspace}}/alert-routes/{{route}}/notices": Row(
        "read", "operator", "workspace", prepare=a_route
    ),
    f"GET {V1}/workspaces/{{workspace}}/alert-policy": Row("read", "viewer", "workspace"),
    f"PUT {V1}/workspaces/{{workspace}}/alert-policy": Row(
        "write", "owner", "workspace", body={"severities": {"quota": "critical"}}, headers={"If-Match": '"0"'}
    ),
    f"GET {V1}/workspaces/{{workspace}}/mute-rules": Row("read", "viewer", "workspace"),
    f"POST {V1}/workspaces/{{workspace}}/mute-rules": Row("run", "operator", "workspace", 201, body={"minutes": 5}),
    f"DELETE {V1}/workspaces/{{workspace}}/mute-rules/{{rule}}": Row(
        "run", "operator", "workspace", 204, prepare=a_mute_rule
    ),
}
