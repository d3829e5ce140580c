"""The state server as Terraform's `http` backend meets it, and as somebody meets it who has no business there."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.engine.store_contract import STACK, holder, request, state
from twin2multicloud.deployer.state.access import Grant, StateAccess
from twin2multicloud.deployer.state.errors import LockLostError
from twin2multicloud.deployer.state.server import StateServer
from twin2multicloud.deployer.state.sqlite import SqliteStateStore
from twin2multicloud.runtime.adapters.local.clock import ManualClock


@dataclass
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]


@pytest.fixture
def states(tmp_path: Path) -> Iterator[StateServer]:
    with (
        closing(SqliteStateStore(tmp_path / "states.sqlite", ManualClock(1_700_000_000.0))) as store,
        StateServer(store) as server,
    ):
        yield server


@pytest.fixture
def granted(states: StateServer) -> tuple[Grant, StateAccess]:
    return states.grant(STACK, holder())


def send(
    access: StateAccess,
    method: str,
    body: bytes = b"",
    *,
    query: str = "",
    path: str | None = None,
    headers: dict[str, str] | None = None,
    password: str | None = None,
) -> Answer:
    parts = urlsplit(access.address)
    assert parts.hostname == "127.0.0.1"
    token = base64.b64encode(f"{access.username}:{password or access.password}".encode()).decode()
    sent = {"authorization": f"Basic {token}", **(headers or {})}
    with closing(http.client.HTTPConnection("127.0.0.1", parts.port or 0, timeout=10)) as connection:
        connection.request(method, (path or parts.path) + query, body, sent)
        response = connection.getresponse()
        return Answer(response.status, response.read(), {name.lower(): value for name, value in response.getheaders()})


def lock_body(lock_id: str = "lock-1") -> bytes:
    return msgspec.json.encode(request(lock_id))


def test_a_run_as_terraform_makes_it(states: StateServer, granted: tuple[Grant, StateAccess]) -> None:
    grant, access = granted
    content = state(1, "a")
    assert send(access, "LOCK", lock_body()).status == 200
    assert send(access, "GET").status == 204
    digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
    assert send(access, "POST", content, query="?ID=lock-1", headers={"content-md5": digest}).status == 200
    read = send(access, "GET")
    assert (read.status, read.body, read.headers["content-md5"]) == (200, content, digest)
    assert send(access, "UNLOCK", lock_body()).status == 200
    assert states.store.lock_of(STACK) is None
    assert [version.run_id for version in states.store.history(STACK)] == ["run-1"]
    assert grant.refusals == []


def test_who_comes_second_is_told_who_is_first(states: StateServer, granted: tuple[Grant, StateAccess]) -> None:
    _, first = granted
    grant, second = states.grant(STACK, holder("run-2"))
    send(first, "LOCK", lock_body("lock-1"))
    refused = send(second, "LOCK", lock_body("lock-2"))
    assert refused.status == 423
    assert json.loads(refused.body) == json.loads(lock_body("lock-1"))
    assert "run run-1" in str(grant.refusals[0])


def test_a_write_without_the_lock_is_refused(states: StateServer, granted: tuple[Grant, StateAccess]) -> None:
    grant, access = granted
    assert send(access, "POST", state(1)).status == 409
    send(access, "LOCK", lock_body())
    assert send(access, "POST", state(1), query="?ID=lock-9").status == 409
    states.store.break_lock(STACK)
    lost = send(access, "POST", state(1), query="?ID=lock-1")
    assert (lost.status, lost.body) == (409, f"{STACK}: lock lock-1 is not the stack's: nobody has it now".encode())
    assert isinstance(grant.refusals[-1], LockLostError)
    assert str(grant.refusals[-1]) == lost.body.decode()
    assert states.store.history(STACK) == []
    # Terraform gives back what it believes to have; there is nothing left to say about it.
    assert send(access, "UNLOCK", lock_body()).status == 200


def test_giving_back_a_lost_lock_leaves_its_new_owner_the_lock(
    states: StateServer, granted: tuple[Grant, StateAccess]
) -> None:
    send(granted[1], "LOCK", lock_body("lock-1"))
    states.store.break_lock(STACK)
    states.store.lock(STACK, request("lock-2"), holder("run-2"))
    assert send(granted[1], "UNLOCK", lock_body("lock-1")).status == 200
    lock = states.store.lock_of(STACK)
    assert lock is not None
    assert lock.request.id == "lock-2"


def test_force_unlock_sends_nothing_and_breaks_the_lock(
    states: StateServer, granted: tuple[Grant, StateAccess]
) -> None:
    states.store.lock(STACK, request("dead"), holder("run-0"))
    assert send(granted[1], "UNLOCK").status == 200
    assert states.store.lock_of(STACK) is None


def test_deleting_keeps_the_history(states: StateServer, granted: tuple[Grant, StateAccess]) -> None:
    send(granted[1], "LOCK", lock_body())
    send(granted[1], "POST", state(1, "a"), query="?ID=lock-1")
    assert send(granted[1], "DELETE").status == 423
    assert send(granted[1], "DELETE", query="?ID=lock-1").status == 200
    assert send(granted[1], "GET").status == 204
    assert len(states.store.history(STACK)) == 2


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (state(1, "a"), {"content-md5": base64.b64encode(b"0" * 16).decode()}, 400),
        (state(1, "a"), {"content-md5": "§"}, 400),
        (b"{}", {}, 400),
        (state(1, lineage="lineage-2"), {}, 409),
        (state(0, "b"), {}, 409),
    ],
    ids=["damaged", "no digest at all", "no state", "another lineage", "an older serial"],
)
def test_what_would_spoil_the_state_is_refused(
    states: StateServer, granted: tuple[Grant, StateAccess], content: bytes, headers: dict[str, str], status: int
) -> None:
    send(granted[1], "LOCK", lock_body())
    send(granted[1], "POST", state(1, "kept"), query="?ID=lock-1")
    assert send(granted[1], "POST", content, query="?ID=lock-1", headers=headers).status == status
    assert states.store.content(STACK) == state(1, "kept")


def test_a_lock_without_an_id_is_none(granted: tuple[Grant, StateAccess]) -> None:
    assert send(granted[1], "LOCK", b'{"Who": "me"}').status == 400
    assert send(granted[1], "LOCK", b"[").status == 400


def test_nobody_gets_in_without_the_password(granted: tuple[Grant, StateAccess]) -> None:
    _, access = granted
    assert send(access, "GET", password="guessed").status == 401
    for header in ("", "Bearer x", "Basic §", "Basic " + base64.b64encode(b"\xff").decode()):
        assert send(access, "GET", headers={"authorization": header}).status == 401


def test_a_run_reaches_its_own_stack_only(granted: tuple[Grant, StateAccess]) -> None:
    assert send(granted[1], "GET", path="/states/berlin/L1").status == 403
    assert send(granted[1], "GET", path="/elsewhere").status == 404


def test_a_password_ends_with_its_run(states: StateServer, granted: tuple[Grant, StateAccess]) -> None:
    states.revoke(granted[0])
    assert send(granted[1], "GET").status == 401


def test_every_run_has_another_password_which_nothing_prints(
    states: StateServer, granted: tuple[Grant, StateAccess]
) -> None:
    grant, access = granted
    other = states.grant(STACK, holder())[1]
    assert access.password != other.password
    assert len(access.password) >= 32
    assert access.password not in f"{access!r} {grant!r} {access}"


def test_bodies_are_bounded(tmp_path: Path) -> None:
    with (
        closing(SqliteStateStore(tmp_path / "states.sqlite", ManualClock(0))) as store,
        StateServer(store, max_bytes=1000) as server,
    ):
        grant, access = server.grant(STACK, holder())
        send(access, "LOCK", lock_body())
        assert send(access, "POST", state(1, *("q" * 20)), query="?ID=lock-1").status == 413
        assert "longer than 1000 bytes" in str(grant.refusals[0])
        assert store.history(STACK) == []
