"""Events over a WebSocket."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from tests.app.backends import SOCKETS, Person, Site
from tests.app.streaming import write
from tests.patience import PATIENCE_S
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.events.log import NewEvent


def socket_of(person: Person) -> WebSocketTestSession:
    return person.http.websocket_connect(
        f"{SOCKETS}/api/v1/events/socket", headers={"Authorization": f"Bearer {person.token}"}
    )


def close_code(session: WebSocketTestSession) -> int:
    try:
        while True:
            session.receive_text()
    except WebSocketDisconnect as closed:
        return closed.code


def test_events_come_in_arrays_after_one_message_that_asks_for_them(here: Site, owner: Person) -> None:
    run = here.run(owner)
    events = [NewEvent(here.workspace_id, "run.line", "", run_id=run, data={"i": n}) for n in range(5)]
    write(here, *events[:3])
    with socket_of(owner) as session:
        session.send_text(json.dumps({"run": run, "after": 0}))
        assert session.receive_json() == []
        found = session.receive_json()
        threading.Thread(target=write, args=(here, *events[3:])).start()
        while len(found) < 5:
            found += session.receive_json()
    assert [event["data"]["i"] for event in found] == [0, 1, 2, 3, 4]
    assert set(found[0]) == {
        "id", "at", "workspace", "twin", "run", "kind", "severity", "stack", "message", "data",
    }  # fmt: skip
    with socket_of(owner) as session:
        session.send_text(json.dumps({"run": run, "after": found[2]["id"], "follow": False}))
        assert [event["data"]["i"] for event in session.receive_json()] == [3, 4]
        assert close_code(session) == 1000


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("{", 4400),
        ('{"colour": "red"}', 4400),
        ('{"severity": "loud"}', 4400),
        ('{"kind": "' + "x" * 5_000 + '"}', 4400),
        ('{"twin": "twn_1a2b3c"}', 4404),
        ('{"run": "run_1a2b3c"}', 4404),
    ],
)
def test_what_cannot_be_told_closes_the_socket_with_a_code(sqlite_site: Site, asked: str, code: int) -> None:
    with socket_of(sqlite_site.person("olga")) as session:
        session.send_text(asked)
        assert close_code(session) == code


def test_bytes_are_no_question(sqlite_site: Site) -> None:
    with socket_of(sqlite_site.person("olga")) as session:
        session.send_bytes(b"{}")
        assert close_code(session) == 4400


def test_a_socket_ends_when_the_server_stops(sqlite_site: Site) -> None:
    app: Any = sqlite_site.http.app
    with socket_of(sqlite_site.person("olga", Role.VIEWER)) as session:
        session.send_text("{}")
        assert session.receive_json() == []
        assert app.state.delivery.watching == 1
        assert sqlite_site.http.portal is not None
        sqlite_site.http.portal.call(app.state.delivery.stop)
        assert close_code(session) == 1001


def test_whoever_leaves_is_watched_for_no_longer(sqlite_site: Site) -> None:
    app: Any = sqlite_site.http.app
    with socket_of(sqlite_site.person("olga")) as session:
        session.send_text("{}")
        assert session.receive_json() == []
        session.close()
        deadline = time.monotonic() + PATIENCE_S
        while app.state.delivery.watching and time.monotonic() < deadline:
            time.sleep(0.01)
    assert app.state.delivery.figures.ended["left"] == 1
