"""A backend over a real database, and people who call its API."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.app.in_process import in_process
from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.auth.access import Scope
from twin2multicloud.app.auth.key_form import new_key
from twin2multicloud.app.auth.tokens import token_hash
from twin2multicloud.app.backend import Backend, open_backend
from twin2multicloud.app.db.tables import ApiKey, Run, TwinMember, User, Workspace, WorkspaceMember
from twin2multicloud.app.db.tables.people import Role
from twin2multicloud.app.settings import read_settings

URL = "http://127.0.0.1:8080"
SOCKETS = "ws://127.0.0.1:8080"
"""Where sockets are; the test client would take another host."""
START = datetime(2026, 11, 26, 8, 0, tzinfo=UTC)

TWIN = """\
name: greenhouse
workload: {message_interval_s: 10, message_size_bytes: 150}
device_types:
  sensor:
    fields:
      temperature: {type: double, unit: "°C", min: -20, max: 60, simulate: {base: 21}}
devices:
  - {type: sensor, count: 3, name: "sensor-{n}", within: house}
graph:
  models: {House: {}}
  entities: [{id: house, model: House}]
"""


class Clock:
    """A time that tests set."""

    def __init__(self) -> None:
        self.time = START.timestamp()

    def now(self) -> float:
        """Seconds since 1970."""
        return self.time

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds


@dataclass
class Person:
    """Somebody who calls the API with a key of theirs."""

    user_id: str
    token: str
    http: TestClient

    def call(self, method: str, path: str, *, code: int | None = None, **options: Any) -> Any:
        """One request as this person; its response, which must have this code if one is given."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        answer = in_process(self.http).request(
            method, path if path.startswith("/") else f"/api/v1/{path}", headers=headers, **options
        )
        if code is not None:
            assert answer.status_code == code, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def get(self, path: str, code: int = 200, **options: Any) -> Any:
        """The JSON of a GET."""
        return self.call("GET", path, code=code, **options).json()

    def post(self, path: str, body: Any = None, code: int = 200, **options: Any) -> Any:
        """The JSON of a POST's answer; None if it has none."""
        answer = self.call("POST", path, code=code, json=body, **options)
        return answer.json() if answer.content else None

    def create_twin(self, name: str = "greenhouse", **more: Any) -> Any:
        """A twin of one's own."""
        source = TWIN.replace("name: greenhouse", f"name: {name}")
        return self.post("twins", {"source": source, **more}, 201)


@dataclass
class Site:
    """A backend, its API, and who is there."""

    backend: Backend
    clock: Clock
    http: TestClient
    workspace_id: str = ""
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def app(self) -> FastAPI:
        """What is served."""
        assert isinstance(self.http.app, FastAPI)
        return self.http.app

    def person(
        self,
        name: str,
        role: Role | None = Role.OWNER,
        *,
        admin: bool = False,
        scopes: Sequence[Scope] = tuple(Scope),
        workspace_id: str | None = None,
    ) -> Person:
        """Somebody with a role in a workspace (by default the one there is) and a key."""
        backend = self.backend
        user_id = backend.make_id("usr")
        now = datetime.fromtimestamp(self.clock.now(), UTC)
        with backend.database.write() as session:
            session.add(
                User(
                    id=user_id,
                    subject=f"test|{name}",
                    email=f"{name}@example.org",
                    name=name,
                    admin=admin,
                    created_at=now,
                )
            )
            session.flush()
            if role is not None:
                session.add(
                    WorkspaceMember(workspace_id=workspace_id or self.workspace_id, user_id=user_id, role=role.value)
                )
        return Person(user_id, self.key(user_id, scopes), self.http)

    def key(
        self,
        user_id: str,
        scopes: Sequence[Scope] = tuple(Scope),
        *,
        lasts: timedelta | None = None,
        workspace_id: str | None = None,
    ) -> str:
        """A key of somebody."""
        token = new_key()
        now = datetime.fromtimestamp(self.clock.now(), UTC)
        with self.backend.database.write() as session:
            session.add(
                ApiKey(
                    id=self.backend.make_id("key"),
                    key_hash=token_hash(token),
                    prefix=token[:10],
                    user_id=user_id,
                    workspace_id=workspace_id,
                    name="test",
                    scopes=[scope.value for scope in scopes],
                    created_at=now,
                    expires_at=None if lasts is None else now + lasts,
                )
            )
        return token

    def workspace(self, name: str) -> str:
        """One more workspace; its id."""
        found = self.backend.make_id("wsp")
        with self.backend.database.write() as session:
            session.add(Workspace(id=found, name=name, created_at=datetime.fromtimestamp(self.clock.now(), UTC)))
        return found

    def run(self, person: Person, twin_id: str | None = None, status: str = "applying") -> str:
        """A run of a twin, or of the workspace; its id."""
        found = self.backend.make_id("run")
        with self.backend.database.write() as session:
            session.add(
                Run(
                    id=found,
                    workspace_id=self.workspace_id,
                    twin_id=twin_id,
                    number=next(self._numbers),
                    kind="deploy",
                    target="sandbox",
                    status=status,
                    request={},
                    request_hash="",
                    created_by=person.user_id,
                    created_at=datetime.fromtimestamp(self.clock.now(), UTC),
                )
            )
        return found

    def let_in(self, user_id: str, twin_id: str, role: Role) -> None:
        """Give somebody a role for one twin."""
        with self.backend.database.write() as session:
            session.add(TwinMember(twin_id=twin_id, user_id=user_id, role=role.value))


@contextmanager
def site(directory: Path, database_url: str, **settings: Any) -> Iterator[Site]:
    """A backend over a migrated database, with a workspace and nobody in it yet."""
    clock = Clock()
    # A thread optimizes: processes would have to be started anew for every test.
    given = read_settings(**{"data": directory, "database_url": database_url, "optimizer_processes": 0, **settings})
    with (
        open_backend(given, clock) as backend,
        TestClient(create_app(backend), base_url=URL) as http,
    ):
        made = Site(backend, clock, http)
        made.workspace_id = made.workspace("berlin")
        yield made
