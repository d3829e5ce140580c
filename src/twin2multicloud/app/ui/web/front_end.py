"""The front end as an ASGI application: the page at any address that nothing else has, the client's files, windows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from secrets import token_urlsafe
from threading import Lock
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from starlette.requests import HTTPConnection, Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from twin2multicloud.app.errors import BackendError
from twin2multicloud.app.ui.web.client_files import ClientFiles
from twin2multicloud.app.ui.web.door import Door
from twin2multicloud.app.ui.web.index import index, policy
from twin2multicloud.app.ui.web.limits import Limits
from twin2multicloud.app.ui.web.packed import Packed
from twin2multicloud.app.ui.web.paths import PREFIX

if TYPE_CHECKING:
    from twin2multicloud.app.ui.web.connection import Page
    from twin2multicloud.app.ui.web.windows import Windows

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_SIGNED_OUT: Final = 4401
_AGAIN: Final = 1013
_OTHER_VERSION: Final = 4426
_ELSEWHERE: Final = 1008
_LONGEST_PATH: Final = 1_900
_LOG: Final = logging.getLogger("twin2multicloud.ui")


class FrontEnd:
    """Serves the front end to whoever the door lets in. `page` finds what shows it in a window; it is called once, and
    loads Flet. `cache` is where compressed files are kept, `frames` which origins' pages may be shown within it.

    Nothing is loaded before somebody comes. Close it at the end, in the loop that served it.
    """

    def __init__(
        self,
        door: Door,
        page: Callable[[], Page],
        cache: Path,
        limits: Limits | None = None,
        frames: tuple[str, ...] = (),
        make_nonce: Callable[[], str] = lambda: token_urlsafe(16),
    ) -> None:
        self._door = door
        self._find_page = page
        self._cache = cache
        self._limits = limits or Limits()
        self._frames = frames
        self._make_nonce = make_nonce
        self._lock = Lock()
        self._closed = False
        self._executor = ThreadPoolExecutor(thread_name_prefix="front-end")
        self._client: ClientFiles | None = None
        self._packed: Packed | None = None
        self._windows: Windows | None = None
        self._preparing: asyncio.Future[Windows] | None = None

    @property
    def windows(self) -> Windows | None:
        """Its windows; None before anybody came."""
        return self._windows

    def close(self) -> None:
        """End all sessions. To be called in the loop that served it."""
        self._closed = True
        if self._packed is not None:
            self._packed.close()
        if self._windows is not None:
            self._windows.sessions.end_all()
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "websocket":
            await self._window(WebSocket(scope, receive, send))
            return
        client = await self._prepared()
        request = Request(scope, receive)
        if scope["path"].startswith(PREFIX):
            response = self._file(request, client)
        else:
            response = await self._index(request, client)
        await response(scope, receive, send)

    async def _prepared(self) -> ClientFiles:
        """The client's files. The first who asks has the rest be prepared as well, without waiting for it."""
        client = self._client
        if client is None:
            client = await asyncio.to_thread(self._files)
        if self._preparing is None and not self._closed:
            self._preparing = asyncio.get_running_loop().run_in_executor(self._executor, self._load_windows)
            if self._packed is not None:
                self._packed.begin()
        return client

    def _files(self) -> ClientFiles:
        with self._lock:
            if self._client is None:
                client = ClientFiles()
                self._packed = Packed(client, self._cache)
                self._client = client
            return self._client

    def _load_windows(self) -> Windows:
        from twin2multicloud.app.ui.web.windows import Windows

        with self._lock:
            if self._windows is None:
                self._windows = Windows(self._find_page(), self._limits, self._executor)
            return self._windows

    def _file(self, request: Request, client: ClientFiles) -> Response:
        version, _, name = request.scope["path"].removeprefix(PREFIX).partition("/")
        file = client.get(name) if version == client.version else None
        if file is None:
            return Response("There is no such file of the front end.\n", 404, media_type="text/plain")
        headers = {
            "Cache-Control": _FOR_EVER,
            "Vary": "Accept-Encoding",
            "Content-Type": file.media_type,
        }
        # A part of a file is a part of it as it is.
        encodings = () if "range" in request.headers else _encodings(request)
        found = self._packed.get(file, encodings) if self._packed is not None else None
        encoding, source = found if found is not None else ("", file.source)
        headers["ETag"] = f'"{file.digest}{encoding and "-"}{encoding}"'
        if encoding:
            headers["Content-Encoding"] = encoding
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if isinstance(source, bytes):
            return Response(source, headers=headers)
        return FileResponse(source, headers=headers)

    async def _index(self, request: Request, client: ClientFiles) -> Response:
        try:
            access = await self._door.admit(request)
        except BackendError as error:
            return self._door.refusal(error)
        if access is None:
            return RedirectResponse(
                f"/login?return_to={quote(_path(request), safe='')}", 303, {"Cache-Control": "no-store"}
            )
        await access.close()
        nonce = self._make_nonce()
        return Response(
            index(client.base, nonce),
            headers={"Cache-Control": "no-cache", "Content-Security-Policy": policy(nonce, self._frames)},
            media_type="text/html",
        )

    async def _window(self, socket: WebSocket) -> None:
        if socket.headers.get("host", "").lower() not in self._door.hosts:
            await socket.close(_ELSEWHERE)
            return
        if socket.headers.get("origin") not in self._door.origins:
            await socket.close(_ELSEWHERE)
            return
        try:
            access = await self._door.admit(socket)
        except BackendError as error:
            _LOG.warning("a window was put off: %s", error)
            await _refuse(socket, _AGAIN)
            return
        if access is None:
            await _refuse(socket, _SIGNED_OUT)
            return
        known = socket.query_params.get("client")
        if known is not None and known != (await self._prepared()).version:
            await access.close()
            await _refuse(socket, _OTHER_VERSION)
            return
        windows = self._windows
        if windows is None:
            windows = await asyncio.to_thread(self._load_windows)

        async def still_in() -> bool:
            found = await self._door.admit(socket)
            if found is None:
                return False
            await found.close()
            return found.identity == access.identity

        await windows.show(socket, access, still_in)


async def _refuse(socket: WebSocket, code: int) -> None:
    """Close with a code that the page is told; of a WebSocket that was never accepted it learns nothing."""
    await socket.accept()
    await socket.close(code)


def _path(request: HTTPConnection) -> str:
    """What was asked for, as it was."""
    path = request.scope.get("raw_path", b"").decode("latin-1") or quote(request.scope["path"])
    query = request.scope["query_string"].decode("latin-1")
    whole = f"{path.partition('?')[0]}?{query}" if query else path.partition("?")[0]
    return whole if len(whole) <= _LONGEST_PATH else "/"


def _encodings(request: Request) -> set[str]:
    """What the browser takes."""
    given = request.headers.get("accept-encoding", "").lower().split(",")
    return {
        name.strip()
        for name, _, weight in (each.partition(";") for each in given)
        if weight.strip() not in ("q=0", "q=0.0")
    }
