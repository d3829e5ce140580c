"""The deployer alone: a part of the API, every operation of which is the whole API's, for keys only."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from tests.app import cloud_accounts
from tests.app.authorization_alert_routes import a_mute_rule, a_route
from tests.app.authorization_rows import ROWS
from tests.app.backends import SOCKETS, Site, site
from tests.app.deployments import raised
from tests.app.runners import PLACEMENT, FakeTarget, work_off
from tests.app.scenes import Scene
from tests.app.test_description import check_description
from tests.cli.serving import Place
from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.api.description import operations
from twin2multicloud.app.auth import sessions
from twin2multicloud.app.auth.access import Scope
from twin2multicloud.app.db.tables import User
from twin2multicloud.app.serving import ServedError, alone, held
from twin2multicloud.app.settings import read_settings
from twin2multicloud.model.errors import InvalidInputError

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
V1 = "/api/v1"


@pytest.fixture
def deployer(sqlite_file: str, tmp_path: Path) -> Iterator[Site]:
    """The deployer alone, over SQLite."""
    with site(tmp_path / "data", sqlite_file, only="deployer") as made:
        yield made


def endpoints(here: Site) -> set[str]:
    """Method and path of all there are."""
    return {
        f"{method} {route.path}"
        for route in iter_route_contexts(here.app.routes)
        for method in sorted((route.methods or {"WEBSOCKET"}) - {"HEAD"})
    }


def test_its_paths_are_the_documented_ones_with_all_their_methods(deployer: Site) -> None:
    table = PAGE[PAGE.index("| about | paths |") :]
    told = {
        path if path.startswith(("/health", "/metrics")) else f"{V1}{path}" for path in re.findall(r"`(/[^`]*)`", table)
    }
    there = endpoints(deployer)
    assert {each.partition(" ")[2] for each in there} == told
    assert there == {each for each in ROWS if each.partition(" ")[2] in told}


def test_every_operation_is_that_of_the_whole_api(deployer: Site) -> None:
    """But for browsers' sessions, which it does not take, and examples that need what it has not."""
    settings = deployer.backend.settings.model_copy(update={"only": None})
    whole = create_app(dataclasses.replace(deployer.backend, settings=settings)).openapi()
    document = deployer.http.get(f"{V1}/openapi.json").json()
    for method, path, operation in operations(document):
        theirs = whole["paths"][path][method]
        assert _without_example(operation) == _without_example(theirs), (method, path)
        assert operation.get("security") == (theirs["security"][:1] if "security" in theirs else None)
    parts = document["components"]
    assert set(parts["securitySchemes"]) == {"key"}
    for name, schema in parts["schemas"].items():
        assert schema == whole["components"]["schemas"][name], name
    assert document["info"]["title"] == "Twin2MultiCloud deployer"
    check_description(document)


def _without_example(operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {})
    content = {kind: {**media, "example": None} for kind, media in body.get("content", {}).items()}
    return {**operation, "security": None, "requestBody": {**body, "content": content}}


def test_who_may_is_as_in_the_whole_api(deployer: Site) -> None:
    """All refusals: they change nothing, so one scene does for all endpoints."""
    scene = Scene.of(deployer)
    connection = scene.owner.post(f"workspaces/{deployer.workspace_id}/connections", cloud_accounts.aws(), 201)["id"]
    there = {
        "run": deployer.run(scene.owner, scene.twin_id),
        "alert": raised(deployer, scene.twin_id),
        "connection": connection,
        "key": scene.owner.post("keys", {"name": "mine", "scopes": ["read"]}, 201)["id"],
        **a_route(scene),
        **a_mute_rule(scene),
    }
    by_scope: dict[str | None, str] = {
        scope: deployer.key(scene.owner.user_id, [each for each in Scope if each.value != scope])
        for scope in ("read", "write", "run", "admin")
    }
    session = _browser(deployer, scene.owner.user_id)
    for endpoint in sorted(endpoints(deployer)):
        row = ROWS[endpoint]
        if row.scope is None:
            continue
        row = dataclasses.replace(row, prepare=None, path={**there, **row.path})
        assert scene.status(endpoint, row, None) == 401, endpoint
        assert scene.status(endpoint, row, "t2m_unknown") == 401, endpoint
        browsing = dataclasses.replace(row, headers={**row.headers, **session})
        assert scene.status(endpoint, browsing, None) == 401, endpoint
        assert scene.status(endpoint, row, by_scope[row.scope]) == 403, endpoint
        if row.on in ("workspace", "twin"):
            assert scene.status(endpoint, row, scene.stranger.token) == 404, endpoint
        elif row.on == "installation":
            assert scene.status(endpoint, row, scene.owner.token) == 403, endpoint
        if row.role != "viewer":
            assert scene.status(endpoint, row, scene.people["viewer"].token) == 403, endpoint


def _browser(here: Site, user_id: str) -> dict[str, str]:
    """What the browser of somebody who is signed in sends."""
    with here.backend.database.write() as session:
        made = sessions.begin(
            session,
            session.get_one(User, user_id),
            provider="local",
            user_agent="",
            now=here.backend.now(),
            lasts=timedelta(hours=1),
            make_token=here.backend.make_token,
        )
    return {"Cookie": f"t2m_session={made.token}", "X-CSRF-Token": made.csrf, "Origin": here.backend.settings.origin}


def test_a_twin_goes_its_way(deployer: Site) -> None:
    olga = deployer.person("olga")
    twin = olga.create_twin()
    placed = olga.call(
        "PUT", f"twins/{twin['id']}/placement", code=200, json={"placement": PLACEMENT}, headers={"If-Match": '"1"'}
    ).json()
    assert placed["twin"]["current"]["placement"] == PLACEMENT
    for kind, left in (("deploy", "deployed"), ("destroy", "draft")):
        run = olga.post(f"twins/{twin['id']}/runs", {"kind": kind}, 201)["id"]
        target = FakeTarget(deployer)
        work_off(deployer, target)
        assert olga.get(f"runs/{run}")["status"] == "awaiting-approval"
        olga.post(f"runs/{run}/decision", {"agreed": True})
        work_off(deployer, target)
        assert olga.get(f"runs/{run}")["status"] == "succeeded"
        assert olga.get(f"twins/{twin['id']}")["life"].get("sandbox", "draft") == left
    told = olga.call("GET", f"twins/{twin['id']}/events/stream?after=0&follow=false", code=200).text
    assert "awaiting" in told
    with deployer.http.websocket_connect(
        f"{SOCKETS}{V1}/events/socket", headers={"Authorization": f"Bearer {olga.token}"}
    ):
        pass


def test_what_it_has_not_is_said_to_be_elsewhere(deployer: Site) -> None:
    olga = deployer.person("olga", admin=True)
    for method, path in (
        ("POST", f"{V1}/optimize"),
        ("GET", f"{V1}/offers"),
        ("POST", f"{V1}/prices/refresh"),
        ("GET", f"{V1}/users"),
        ("POST", f"{V1}/logout"),
        ("GET", "/login"),
    ):
        answer = olga.call(method, path, code=404)
        assert answer.headers["content-type"] == "application/problem+json"
        assert f"no {path} here" in answer.json()["detail"]
        assert "the deployer alone" in answer.json()["detail"]
        assert "twin2multicloud serve" in answer.json()["detail"]
    twin = olga.get("twins/twn_0", 404)
    assert "deployer" not in twin["detail"]


def test_keys_of_others_are_asked_for_where_it_can_be_reached_from_elsewhere() -> None:
    with pytest.raises(InvalidInputError, match="reachable from elsewhere"):
        read_settings(only="deployer", host="0.0.0.0")
    given = read_settings(only="deployer", host="0.0.0.0", auth="login", public_url="http://deployer:8080")
    assert given.origin == "http://deployer:8080"


def test_on_postgresql_any_number_is_served_beside_a_whole_backend(tmp_path: Path) -> None:
    url = "postgresql://nobody@nowhere/none"
    whole = read_settings(data=tmp_path, database_url=url)
    part = whole.model_copy(update={"only": "deployer"})
    with held(part), held(whole), held(part), pytest.raises(ServedError), held(whole):
        pass
    embedded = read_settings(data=tmp_path, only="deployer")
    with held(embedded), pytest.raises(ServedError), alone(embedded, "serve"):
        pass


def test_it_has_nothing_for_a_browser_to_open(tmp_path: Path) -> None:
    refused = Place(tmp_path)("serve", "--only", "deployer", "--open")
    assert (refused.code, "the deployer alone has no pages" in refused.err) == (2, True)
