"""Every endpoint, asked by everybody: an endpoint without a row here fails the test, and so does a row without one.

A row says what an endpoint asks for, in words of its own (never read from the code), and how to call it so that
whoever may does get an answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts

from tests.app.authorization_rows import ROWS
from tests.app.backends import Site, site
from tests.app.scenes import Scene
from twin2multicloud.app.auth.access import Scope

_RANKS = {"viewer": 0, "operator": 1, "owner": 2}


def test_every_endpoint_has_a_row(sqlite_site: Site) -> None:
    there = {
        f"{method} {route.path}"
        for route in iter_route_contexts(sqlite_site.app.routes)
        for method in sorted((route.methods or {"WEBSOCKET"}) - {"HEAD"})
    }
    assert there == set(ROWS)


@pytest.fixture
def scene(sqlite_file: str, tmp_path: Path) -> Iterator[Scene]:
    with site(tmp_path / "data", sqlite_file) as made:
        yield Scene.of(made)


@pytest.mark.parametrize("endpoint", [name for name, row in ROWS.items() if row.scope is not None])
def test_who_may(endpoint: str, scene: Scene) -> None:
    """Refusals first, since they change nothing; then whoever may, at the lowest rank that may."""
    row = ROWS[endpoint]
    assert row.scope is not None
    assert scene.status(endpoint, row, None) == 401
    assert scene.status(endpoint, row, "t2m_unknown") == 401
    expired = scene.site.key(scene.owner.user_id, lasts=timedelta(hours=1))
    revoked_later = scene.site.key(scene.owner.user_id, [scope for scope in Scope if scope.value != row.scope])
    elsewhere = scene.site.key(scene.owner.user_id, workspace_id=scene.other_workspace_id)
    assert scene.status(endpoint, row, revoked_later) == 403
    if row.on in ("workspace", "twin"):
        assert scene.status(endpoint, row, elsewhere) == 404
        assert scene.status(endpoint, row, scene.stranger.token) == 404
        for role, person in scene.people.items():
            if _RANKS[role] < _RANKS[row.role]:
                assert scene.status(endpoint, row, person.token) == 403, role
        allowed = next(scene.people[role] for role in _RANKS if _RANKS[role] >= _RANKS[row.role])
    elif row.on == "installation":
        assert scene.status(endpoint, row, scene.owner.token) == 403
        allowed = scene.admin
    else:
        allowed = scene.people["viewer"]
    assert scene.status(endpoint, row, allowed.token) == row.ok
    scene.site.clock.pass_by(3600)
    assert scene.status(endpoint, row, expired) == 401


@pytest.mark.parametrize("endpoint", [name for name, row in ROWS.items() if row.scope is None])
def test_public_ones_tell_nobody_anything(endpoint: str, scene: Scene) -> None:
    row = ROWS[endpoint]
    answer = scene.call(endpoint, row, None)
    assert answer.status_code == row.ok
    assert scene.twin_id not in answer.text
    assert scene.owner.user_id not in answer.text
