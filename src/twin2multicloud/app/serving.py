"""Serving the app from this process: where it listens, who else must not, and how others find it.

Whoever serves a data directory holds `server.lock` in it and, once it listens, writes `server.json` beside; the lock is
the system's and ends with the process, so that a file left behind by one that was killed misleads nobody.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.types import ASGIApp

from twin2multicloud.app.api.app import create_app, end_streams, load
from twin2multicloud.app.backend import Backend, open_backend
from twin2multicloud.app.data_directory import LOCK_FILE
from twin2multicloud.app.db import revision
from twin2multicloud.app.db.database import Database
from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.loading import settled
from twin2multicloud.app.services import local_login
from twin2multicloud.app.services.housekeeping import tidying
from twin2multicloud.app.settings import Settings
from twin2multicloud.held import HeldFile, holder_id, is_held
from twin2multicloud.model.errors import Twin2MultiCloudError

FILE: Final = "server.json"
_START_S: Final = 20.0
_GRACE_S: Final = 5
_BACKLOG: Final = 512
_TAKES_NOTHING_S: Final = 60
"""How long the other end of a connection may take nothing before the system gives it up."""
_MESSAGE_MOST: Final = 5 << 20
"""Bytes of a message that comes over a WebSocket: more than the front end takes, which says itself that one is too
large; streams of events take less.
"""


class ServedError(Twin2MultiCloudError):
    """Another process serves the same data already, or the port is taken (exit code 6)."""

    exit_code = 6


class Served(msgspec.Struct, frozen=True):
    """A backend that is being served: where, and by which process."""

    url: str
    pid: int


def served(data: Path) -> Served | None:
    """Who serves a data directory now; None if nobody does, or not yet."""
    if not is_held(data / LOCK_FILE):
        return None
    try:
        return msgspec.json.decode((data / FILE).read_bytes(), type=Served)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


@contextmanager
def held(settings: Settings) -> Iterator[None]:
    """What is served is ours alone within the block, but for a deployer alone on PostgreSQL, of which there may be any
    number, also beside a whole backend with the same data directory; `ServedError` where somebody is in the way.
    """
    with nullcontext() if _beside(settings) else alone(settings, "serve"):
        yield


def _beside(settings: Settings) -> bool:
    return settings.only == "deployer" and settings.url.startswith("postgres")


@contextmanager
def alone(settings: Settings, doing: str) -> Iterator[None]:
    """Nobody else serves this data or this SQLite file within the block; `ServedError` where somebody does already."""
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = [settings.data / LOCK_FILE]
    database = Database(settings.url)
    if database.is_sqlite:
        file = Path(str(database.url.database))
        files.append(file.with_name(f"{file.name}.lock"))
    database.close()
    with ExitStack() as stack:
        for file in dict.fromkeys(files):
            stack.enter_context(_hold(file, settings.data, doing))
        yield


def _hold(file: Path, data: Path, doing: str) -> HeldFile:
    pause = threading.Event()
    # Whoever only looks whether it is held, holds it for an instant.
    for _ in range(5):
        held = HeldFile.take(file)
        if held is not None:
            return held
        pause.wait(0.05)
    other = served(data)
    who = f"process {holder_id(file) or 'unknown'}"
    where = f" at {other.url}" if other is not None else ""
    raise ServedError(
        f"{doing}: {who} serves {file.parent}{where} already; stop that one first, or use another --data directory"
    )


def prepare(backend: Backend) -> None:
    """Make the tables of a new database, and the local user where nobody signs in; `MigrationError` where an older or
    newer version of the program made the tables.
    """
    if revision.of(backend.database) is None:
        from twin2multicloud.app.db import migrate

        migrate.upgrade(backend.database)
    else:
        revision.check(backend.database)
    if backend.settings.auth == local_login.PROVIDER:
        local_login.prepare(backend)


@contextmanager
def open_app(settings: Settings) -> Iterator[tuple[Backend, FastAPI]]:
    """The backend and its API, over a database that is made if it is new."""
    with open_backend(settings) as backend:
        prepare(backend)
        yield backend, create_app(backend)


def bound(settings: Settings) -> tuple[socket.socket, Settings]:
    """A socket that listens where the settings say, and the settings with the port that was found; `ServedError` if
    the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Closing a connection waits until what was written has been taken, which may be never. Connections inherit this.
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1_000 * _TAKES_NOTHING_S)
    try:
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ServedError(
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}); choose another --port, or 0 "
            "for any that is free"
        ) from error
    listener.set_inheritable(True)
    return listener, settings.model_copy(update={"port": listener.getsockname()[1]})


def uvicorn_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How the app is served."""
    return uvicorn.Config(
        app,
        log_config=None,  # `logs` has everything in one stream
        access_log=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        server_header=False,
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=_MESSAGE_MOST,
        ws_per_message_deflate=False,  # it would be done anew for each who watches
        timeout_keep_alive=75,
        timeout_graceful_shutdown=_GRACE_S,
    )


class Server(uvicorn.Server):
    """Says when it listens, and ends an app's streams before it waits for requests to end."""

    def __init__(self, config: uvicorn.Config, app: Starlette | None, ready: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        self._app = app
        self._ready = ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals end it in order. uvicorn raises them once more then, which would leave no time to tidy up."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As it is, and then tell."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As it is, without waiting for streams, which would not end by themselves."""
        if self._app is not None:
            end_streams(self._app)
        await super().shutdown(sockets)


def serve(settings: Settings, ready: Callable[[Backend, Settings], None]) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are finished. `ready` is called once it listens."""
    with held(settings), ExitStack() as stack:
        listener, settings = bound(settings)
        stack.enter_context(listener)
        backend, app = stack.enter_context(open_app(settings))

        def begun() -> None:
            stack.enter_context(announced(settings))
            ready(backend, settings)

        serve_on(listener, settings, backend, app, begun)


def serve_optimizer(settings: Settings, ready: Callable[[Settings], None]) -> None:
    """Serve the optimizer alone, which keeps nothing, until SIGINT or SIGTERM."""
    from twin2multicloud.app.api.optimizer_app import create_optimizer_app

    listener, settings = bound(settings)
    with listener:
        app = create_optimizer_app(settings)
        load(app)
        settled()
        Server(uvicorn_config(app, settings), None, lambda: ready(settings)).run([listener])


def serve_on(
    listener: socket.socket, settings: Settings, backend: Backend, app: FastAPI, ready: Callable[[], None]
) -> None:
    """Serve an app on a socket, carry out runs and collect alerts, until a signal."""
    load(app)
    with _runs(backend), tidying(backend), front_end(app, settings) as (whole, listeners):
        settled()
        Server(uvicorn_config(whole, settings), app, ready).run([listener, *listeners])


@contextmanager
def front_end(app: FastAPI, settings: Settings) -> Iterator[tuple[ASGIApp, list[socket.socket]]]:
    """The app with the front end, and what else it listens on for it; a part of the backend has none."""
    if settings.only is not None:
        yield app, []
        return
    from twin2multicloud.app.front_end.inside import InsideMiddleware, inside_socket
    from twin2multicloud.app.front_end.mounted import mount

    with inside_socket() as inside:
        mount(app, settings, inside.path)
        yield InsideMiddleware(app, inside.path), [inside.listener]


@contextmanager
def announced(settings: Settings) -> Iterator[None]:
    """Others of this machine find the server within the block: whoever holds the data directory."""
    if _beside(settings):
        yield
        return
    file = settings.data / FILE
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(Served(settings.origin, os.getpid())))
    draft.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def _runs(backend: Backend) -> Iterator[None]:
    # Imported for whoever serves: what carries out runs takes a second to load.
    from twin2multicloud.app.monitoring.collecting import collecting_alerts
    from twin2multicloud.app.monitoring.notifying import telling_people
    from twin2multicloud.app.runs.bill_schedule import reading_bills
    from twin2multicloud.app.runs.running import carrying_out_runs

    with carrying_out_runs(backend), telling_people(backend), collecting_alerts(backend), reading_bills(backend):
        yield


class InThread:
    """The app in a thread of this process, on a unix socket that only this user can open. Start it with `with`."""

    def __init__(self, app: FastAPI, directory: Path) -> None:
        self.socket = directory / "api.sock"
        self._server = Server(
            uvicorn.Config(
                app,
                uds=str(self.socket),
                log_level="error",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                loop="asyncio",
                http="httptools",
                ws="none",
                timeout_graceful_shutdown=1,
            ),
            app,
        )
        self._listener = socket.socket(socket.AF_UNIX)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), name="backend", daemon=True)

    def __enter__(self) -> Self:
        self._listener.bind(str(self.socket))
        self._thread.start()
        pause = threading.Event()
        for _ in range(int(_START_S / 0.005)):
            if self._server.started:
                return self
            if not self._thread.is_alive():
                break
            pause.wait(0.005)
        raise UnavailableError(f"the backend did not start in this process within {_START_S:.0f} s")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()
