"""A server of price lists on this machine that can be told to fail, in every way that a server on the network does."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Fault:
    """What is wrong with one answer. `status` instead of 200, with `retry_after` as its header; the body `cut_at` so
    many bytes; `drop` the connection before a word; `pause_s` before each block of `block` bytes; another `body`, or
    `extra` bytes of length announced than there are.
    """

    status: int = 200
    retry_after: str = ""
    cut_at: int | None = None
    drop: bool = False
    pause_s: float = 0.0
    block: int = 4096
    body: bytes | None = None
    extra: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    path: str
    headers: Mapping[str, str]


Route = Callable[[str], bytes | None]


class FaultyPriceServer:
    """Serves `files` by path (with its query), and by `route` what is not among them. Answers have an ETag and can be
    continued by range, unless `plain`. `fault` says what goes wrong the next times that a path is asked for; "*" is
    any.
    """

    def __init__(
        self, files: Mapping[str, bytes] | None = None, route: Route | None = None, *, plain: bool = False
    ) -> None:
        self.files = dict(files or {})
        self.route = route
        self.plain = plain
        self.asked: list[Asked] = []
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def fault(self, path: str, *faults: Fault) -> None:
        self._faults[path].extend(faults)

    def paths(self) -> list[str]:
        return [each.path for each in self.asked]

    def start(self) -> None:
        """Serve, at the port that it had before, if it was killed."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer._answer(self)

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def get_request(self) -> tuple[socket.socket, object]:
                accepted, address = super().get_request()
                with outer._lock:
                    outer._open.add(accepted)
                return accepted, address

            def handle_error(self, *args: object) -> None:
                pass

        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def kill(self) -> None:
        """End at once, and with it all that is being answered."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            self._open.clear()
        self._server = None

    def close(self) -> None:
        if self._server is not None:
            self.kill()

    # -- answering -----------------------------------------------------------------------------------------------------

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        with self._lock:
            self.asked.append(Asked(handler.path, dict(handler.headers.items())))
            waiting = self._faults[handler.path] or self._faults["*"]
            fault = waiting.popleft() if waiting else Fault()
        if fault.drop:
            handler.close_connection = True
            return
        body = self.files.get(handler.path)
        if body is None and self.route is not None:
            body = self.route(handler.path)
        status = fault.status
        if body is None and fault.body is None and status == 200:
            status, body = 404, b"not here"
        body = fault.body if fault.body is not None else body or b""
        headers: dict[str, str] = dict(fault.headers)
        if status == 200 and not self.plain:
            status, body, headers = self._conditional(handler, body, headers)
        if fault.retry_after:
            headers["Retry-After"] = fault.retry_after
        self._send(handler, status, body, headers, fault)

    def _conditional(
        self, handler: BaseHTTPRequestHandler, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {"ETag": etag, **headers}
        if handler.headers.get("If-None-Match") == etag:
            return 304, b"", headers
        wanted = handler.headers.get("Range", "")
        if wanted.startswith("bytes=") and handler.headers.get("If-Range", etag) == etag:
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            if start >= len(body):
                return 416, b"", {**headers, "Content-Range": f"bytes */{len(body)}"}
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return 206, body[start:], headers
        return 200, body, headers

    def _send(
        self, handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: Mapping[str, str], fault: Fault
    ) -> None:
        with suppress(OSError):
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            if status != 304:
                handler.send_header("Content-Length", str(len(body) + fault.extra))
            handler.end_headers()
            sent = body if fault.cut_at is None else body[: fault.cut_at]
            for start in range(0, len(sent), fault.block):
                if fault.pause_s:
                    time.sleep(fault.pause_s)
                handler.wfile.write(sent[start : start + fault.block])
            if fault.cut_at is not None or fault.extra:
                handler.close_connection = True
                handler.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def serving(
    files: Mapping[str, bytes] | None = None, route: Route | None = None, *, plain: bool = False
) -> Iterator[FaultyPriceServer]:
    server = FaultyPriceServer(files, route, plain=plain)
    try:
        yield server
    finally:
        server.close()
