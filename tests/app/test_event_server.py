"""Streams from a real server, over real connections."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from tests.app.backends import Person, Site
from tests.app.streaming import write
from tests.patience import PATIENCE_S
from twin2multicloud.app.api.app import create_app, end_streams
from twin2multicloud.app.events.delivery import Delivery, Limits
from twin2multicloud.app.events.log import NewEvent


class Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        end_streams(self.config.app)  # type: ignore[arg-type]
        await super().shutdown(sockets)


@contextmanager
def served(site: Site, limits: Limits) -> Iterator[tuple[Server, Any, int]]:
    """A server in a thread; it lets go of connections whose other end takes nothing."""
    backend = site.backend
    app = create_app(backend, Delivery(backend.database, backend.events, backend.clock, limits))
    server = Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=int(PATIENCE_S)))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1_000)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
        thread.start()
        try:
            until(lambda: server.started)
            yield server, app, listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def ask(port: int, person: Person, path: str, buffer: int | None = None) -> socket.socket:
    found = socket.socket()
    if buffer is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    found.settimeout(PATIENCE_S)
    found.connect(("127.0.0.1", port))
    found.sendall(
        f"GET /api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nAuthorization: Bearer {person.token}\r\n\r\n".encode()
    )
    return found


def test_a_server_that_stops_does_not_wait_for_streams(sqlite_site: Site) -> None:
    owner = sqlite_site.person("olga")
    with served(sqlite_site, Limits()) as (server, app, port), ask(port, owner, "events/stream?after=0") as client:
        until(lambda: app.state.delivery.watching)
        begun = time.monotonic()
        server.should_exit = True
        told = b""
        while not told.endswith(b"\r\n0\r\n\r\n"):
            told += client.recv(65_536) or b"(closed)"
        assert b'event: end\ndata: {"reason":"stopping"}\n\n' in told
        assert b"transfer-encoding: chunked" in told
    assert time.monotonic() - begun < PATIENCE_S / 2


def test_a_connection_that_takes_nothing_is_given_up(sqlite_site: Site) -> None:
    owner = sqlite_site.person("olga")
    run = sqlite_site.run(owner)
    event = NewEvent(sqlite_site.workspace_id, "run.line", "x" * 10_000, run_id=run)
    with (
        served(sqlite_site, Limits(tick_s=0.05, stuck_s=0.3)) as (server, app, port),
        ask(port, owner, f"runs/{run}/events/stream?after=0", buffer=4_096),
    ):
        until(lambda: app.state.delivery.watching)
        for _ in range(20):
            write(sqlite_site, *[event] * 50)
        until(lambda: app.state.delivery.figures.ended["stuck"])
        assert app.state.delivery.watching == 0
        until(lambda: not server.server_state.connections)
