"""An installation with a front end of one small page, served on a port; windows that speak Flet's protocol to it."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import flet as ft
import httpx2
import msgpack
from flet.messaging.protocol import MessageAction
from websockets import Origin
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.app.backends import Person, Site, site
from tests.patience import PATIENCE_S
from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.auth.cookies import Cookies
from twin2multicloud.app.auth.sessions import NewSession
from twin2multicloud.app.db.tables.people import User
from twin2multicloud.app.front_end.inside import InsideMiddleware, inside_socket
from twin2multicloud.app.front_end.mounted import mount
from twin2multicloud.app.services import local_login, sign_in
from twin2multicloud.app.serving import Server, bound, uvicorn_config
from twin2multicloud.app.settings import Settings
from twin2multicloud.app.ui.access import Access
from twin2multicloud.app.ui.web.connection import Page
from twin2multicloud.app.ui.web.front_end import FrontEnd
from twin2multicloud.app.ui.web.limits import Limits
from twin2multicloud.app.ui.web.sessions import Live

ValueT = TypeVar("ValueT")


@dataclass
class Shown:
    """What the page did: who saw it, what happened to its windows. `work` is done when the button is pressed."""

    by: list[str] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    work: Callable[[ft.Page, Access], Any] = lambda _page, _access: None

    async def page(self, page: ft.Page, access: Access) -> None:
        """One line of text, a field, and a button."""
        self.by.append(access.identity)
        page.title = "A page of the tests"
        page.on_connect = lambda: self.happened.append("connect")
        page.on_disconnect = lambda: self.happened.append("disconnect")
        page.on_close = lambda: self.happened.append("close")
        page.on_route_change = lambda event: self.happened.append(f"route {event.route}")
        count = ft.Text("0")

        async def press() -> None:
            count.value = str(int(count.value) + 1)
            found = self.work(page, access)
            if asyncio.iscoroutine(found):
                await found

        page.add(
            ft.Semantics(identifier="who", content=ft.Text(f"{access.me.name} at {page.route}")),
            ft.Semantics(identifier="mono", content=ft.Text("→ ┌─┐ ▂▅█ ✔ ● αΩ", font_family="Mono")),
            ft.TextField(label="Name"),
            ft.Button("Press", on_click=press),
            ft.Semantics(identifier="count", content=count),
        )


@dataclass
class Place:
    """The installation, and the loop that serves it."""

    site: Site
    settings: Settings
    app: Any
    shown: Shown
    loop: asyncio.AbstractEventLoop

    @property
    def url(self) -> str:
        """Where people reach it."""
        return self.settings.origin

    @property
    def listens(self) -> str:
        """Where it listens; what is in front of it calls it so."""
        return f"http://127.0.0.1:{self.settings.port}"

    @property
    def front_end(self) -> FrontEnd:
        """The front end."""
        found: FrontEnd = self.app.state.front_end
        return found

    @property
    def live(self) -> list[Live]:
        """Its sessions."""
        windows = self.front_end.windows
        return [] if windows is None else self.ask(lambda: list(windows.sessions))

    def ask(self, question: Callable[[], ValueT]) -> ValueT:
        """The answer to something that only the loop may be asked."""

        async def answer() -> ValueT:
            return question()

        return asyncio.run_coroutine_threadsafe(answer(), self.loop).result(PATIENCE_S)

    def sign_in(self, person: Person) -> NewSession:
        """Sign a browser of somebody's in."""
        backend = self.site.backend
        with backend.database.write() as session:
            user = session.get(User, person.user_id)
            assert user is not None
            return sign_in.sign_in(backend, session, user, provider="local", user_agent="test", before=None)

    def cookie(self, made: NewSession) -> str:
        """What that browser sends."""
        names = Cookies.of(self.url)
        return f"{names.session}={made.token}; {names.csrf}={made.csrf}"

    def http(self, cookie: str = "", **headers: str) -> httpx2.Client:
        """A client that follows nothing, and takes what it is given."""
        host = self.url.partition("://")[2]
        return httpx2.Client(
            base_url=self.listens,
            timeout=PATIENCE_S,
            headers={"Host": host, **headers, **({"Cookie": cookie} if cookie else {})},
        )

    def window(self, cookie: str = "", *, origin: str | None = None, client: str = "", **headers: str) -> Window:
        """A WebSocket as a browser's page opens it; `client` is the version that the page is of."""
        return Window(self, cookie, origin or self.url, headers, f"?client={client}" if client else "")


class Window:
    """The other end of a window's WebSocket."""

    def __init__(self, place: Place, cookie: str, origin: str, headers: dict[str, str], query: str = "") -> None:
        host = headers.pop("Host", place.url.partition("://")[2])
        self.place = place
        self._open = ExitStack()
        opening = connect(
            f"ws://{host}/ui/ws{query}",
            sock=socket.create_connection(("127.0.0.1", place.settings.port)),
            origin=Origin(origin),
            additional_headers={**headers, **({"Cookie": cookie} if cookie else {})},
            max_size=None,
            compression=None,
            open_timeout=PATIENCE_S,
            ping_interval=None,
        )
        self.socket: ClientConnection = self._open.enter_context(opening)
        self.session_id = ""

    def send(self, action: MessageAction, body: Any) -> None:
        """One message of Flet's."""
        self.socket.send(b"\x00" + msgpack.packb([action.value, body]))

    def take(self, *actions: MessageAction) -> Any:
        """The body of the next message of such a kind."""
        while True:
            data = self.socket.recv(timeout=PATIENCE_S)
            assert isinstance(data, bytes)
            action, body = msgpack.unpackb(data[1:], strict_map_key=False)
            if not actions or MessageAction(action) in actions:
                return body

    def register(self, session_id: str = "", route: str = "/") -> Window:
        """Ask for a session; the answer's id is kept."""
        page = {"route": route, "web": True}
        self.send(MessageAction.REGISTER_CLIENT, {"session_id": session_id, "page_name": "", "page": page})
        self.session_id = self.take(MessageAction.REGISTER_CLIENT)["session_id"]
        return self

    @property
    def live(self) -> Live:
        """The server's side of it."""
        return next(each for each in self.place.live if each.session.id == self.session_id)

    def press(self, times: int = 1) -> None:
        """The button, once it is there."""
        page = self.live.session.page
        until(lambda: len(page.controls) == 5)
        for _ in range(times):
            self.send(MessageAction.CONTROL_EVENT, {"target": page.controls[3]._i, "name": "click", "data": None})

    def code(self) -> int:
        """What it is closed with."""
        with suppress(ConnectionClosed):
            while True:
                self.socket.recv(timeout=PATIENCE_S)
        assert self.socket.close_code is not None
        return self.socket.close_code

    def vanish(self) -> None:
        """As where a cable is pulled out: nothing is said, the connection is reset."""
        self.socket.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close_socket()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()


@contextmanager
def place(
    directory: Path, database_url: str, windows: Limits | None = None, page: Page | None = None, **settings: Any
) -> Iterator[Place]:
    """The installation on a port of its own, as `serve` serves it. Its clock is the tests'."""
    listener, given = bound(Settings(port=0))
    shown = Shown()
    began: list[asyncio.AbstractEventLoop] = []
    with listener, inside_socket() as inside, site(directory, database_url, port=given.port, **settings) as made:
        made.http.base_url = made.backend.settings.origin
        app = create_app(made.backend)
        mount(app, made.backend.settings, inside.path, page or shown.page, windows)
        config = uvicorn_config(InsideMiddleware(app, inside.path), made.backend.settings)
        server = Server(config, app, lambda: began.append(asyncio.get_running_loop()))
        thread = threading.Thread(target=server.run, args=([listener, inside.listener],))
        thread.start()
        try:
            until(lambda: began)
            yield Place(made, made.backend.settings, app, shown, began[0])
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def let_in(there: Place, path: str | None = None) -> str:
    """The local user's one-time address."""
    local_login.prepare(there.site.backend, "lena")
    return local_login.link(there.site.backend, path)


def until(true: Callable[[], object]) -> None:
    """Wait for something."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)
