"""A client of streams at the level of ASGI: it takes what is sent when the test wants to."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI

from tests.app.backends import Person, Site
from tests.patience import PATIENCE_S
from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.events.delivery import Delivery, Limits
from twin2multicloud.app.events.log import EventLog, NewEvent
from twin2multicloud.app.events.tailer import Pace
from twin2multicloud.runtime.system_clock import SystemClock


@dataclass
class Client:
    """Server-sent events, as they arrive. It holds as many messages as it may, then the server has to wait."""

    inbox: asyncio.Queue[dict[str, Any]]
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    last_id: int | None = None
    end: str | None = None
    over: bool = False
    retry_ms: int | None = None
    body: bytes = b""

    async def take(self) -> list[dict[str, Any]] | None:
        """The events of one message; None at the end."""
        if self.over:
            return None
        message = await asyncio.wait_for(self.inbox.get(), PATIENCE_S)
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            return []
        self.over = not message.get("more_body", False)
        self.body += message["body"]
        *blocks, self.body = self.body.split(b"\n\n") if self.status == 200 else [self.body]
        return [event for block in blocks for event in self._block(block.decode())]

    def _block(self, block: str) -> list[dict[str, Any]]:
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        if "retry" in fields:
            self.retry_ms = int(fields["retry"])
        if "id" in fields:
            self.last_id = int(fields["id"])
        if fields.get("event") == "end":
            self.end = json.loads(fields["data"])["reason"]
        elif "data" in fields:
            event = json.loads(fields["data"])
            assert event["id"] == self.last_id
            return [event]
        return []

    async def events(self, count: int) -> list[dict[str, Any]]:
        """At least so many events, or all until the end."""
        found: list[dict[str, Any]] = []
        while len(found) < count and (more := await self.take()) is not None:
            found += more
        return found

    async def begun(self) -> Client:
        """This, once it is being told."""
        while self.last_id is None and await self.take() is not None:
            pass
        return self

    async def rest(self) -> list[dict[str, Any]]:
        """All events until the end."""
        return await self.events(1 << 60)


@asynccontextmanager
async def watching(
    app: FastAPI, person: Person, path: str, *, last_id: int | None = None, holds: int = 0, token: str | None = None
) -> AsyncIterator[Client]:
    """A client that is there for as long as the block lasts."""
    client = Client(asyncio.Queue(holds))
    path, _, query = path.partition("?")
    headers = [(b"authorization", f"Bearer {token or person.token}".encode()), (b"host", b"127.0.0.1:8080")]
    if last_id is not None:
        headers.append((b"last-event-id", str(last_id).encode()))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/api/v1/{path}",
        "raw_path": f"/api/v1/{path}".encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1234),
        "server": ("127.0.0.1", 8080),
    }
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Any:
        if asked:
            return asked.pop()
        await client.gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if not client.gone.is_set():
            await client.inbox.put(message)

    task = asyncio.create_task(app(scope, receive, send))
    try:
        yield client
    finally:
        client.gone.set()
        while not client.inbox.empty():
            client.inbox.get_nowait()
        await asyncio.wait_for(task, PATIENCE_S)


@asynccontextmanager
async def serving(site: Site, limits: Limits | None = None, pace: Pace | None = None) -> AsyncIterator[FastAPI]:
    """The site's app in this event loop."""
    backend = site.backend
    app = create_app(backend, Delivery(backend.database, backend.events, backend.clock, limits, pace))
    async with app.router.lifespan_context(app):
        yield app


def write(site: Site, *events: NewEvent) -> None:
    """In one transaction."""
    with site.backend.database.write() as session:
        site.backend.events.add(session, *events)


def writer(site: Site, count: int, run: str, name: str) -> subprocess.Popen[bytes]:
    """A process of its own that writes a run's events, a few at a time; it must be waited for."""
    url = site.backend.database.url.render_as_string(hide_password=False)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.app.streaming", url, site.workspace_id, run, str(count), name]
    )


def _write_all(url: str, workspace: str, run: str, count: str, name: str) -> None:
    database = Database(url)
    log = EventLog(database, SystemClock())
    number = 0
    while number < int(count):
        some = range(number, min(number + 1 + number % 5, int(count)))
        with database.write() as session:
            log.add(
                session,
                *[NewEvent(workspace, "run.line", f"{name} {i}", run_id=run, data={"by": name, "i": i}) for i in some],
            )
        number = some.stop
    database.close()


if __name__ == "__main__":
    _write_all(*sys.argv[1:])
