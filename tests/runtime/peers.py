"""HTTP peers on loopback that misbehave as told, byte by byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from twin2multicloud.runtime.handlers.receive import Receive

Request = tuple[dict[str, str], bytes]
Behaviour = Callable[[socket.socket, Request], bool]
"""Answers one request on a connection; whether the connection stays open."""


class Peer:
    """A server of raw sockets: each request is met by the next behaviour, the last one stays."""

    def __init__(self, *behaviours: Behaviour) -> None:
        self.behaviours = list(behaviours)
        self.requests: list[Request] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as file:
            while (request := _read(file)) is not None:
                with self._lock:
                    self.requests.append(request)
                    behave = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
                if not behave(connection, request):
                    break

    @property
    def served(self) -> int:
        """Connections that are open at the other end, too."""
        with self._lock:
            return sum(thread.is_alive() for thread in self._threads[1:])

    def close(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        for thread in self._threads:
            thread.join(5)


def _read(file: object) -> Request | None:
    line = file.readline()  # type: ignore[attr-defined]
    if not line:
        return None
    headers = {}
    while (line := file.readline().strip()) != b"":  # type: ignore[attr-defined]
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    return headers, file.read(int(headers.get("content-length", "0")))  # type: ignore[attr-defined]


@contextmanager
def peer(*behaviours: Behaviour) -> Iterator[Peer]:
    """A peer while it is needed."""
    made = Peer(*behaviours)
    try:
        yield made
    finally:
        made.close()


def answers(status: int, body: bytes = b'{"accepted":3}', *headers: str) -> Behaviour:
    """A whole answer; the connection is kept."""

    def behave(connection: socket.socket, _request: Request) -> bool:
        lines = [f"HTTP/1.1 {status} Whatever", f"content-length: {len(body)}", *headers, "", ""]
        connection.sendall("\r\n".join(lines).encode() + body)
        return True

    return behave


def sends(content: bytes, *, keep: bool = False) -> Behaviour:
    """These bytes and nothing else."""

    def behave(connection: socket.socket, _request: Request) -> bool:
        connection.sendall(content)
        return keep

    return behave


def resets(connection: socket.socket, _request: Request) -> bool:
    """A reset instead of an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    return False


def closes(_connection: socket.socket, _request: Request) -> bool:
    """The end of the connection instead of an answer."""
    return False


def then_closes(behaviour: Behaviour) -> Behaviour:
    """A whole answer that promises to keep the connection, which is closed all the same."""

    def behave(connection: socket.socket, request: Request) -> bool:
        behaviour(connection, request)
        return False

    return behave


def hangs(connection: socket.socket, _request: Request) -> bool:
    """No answer at all, until the client has enough."""
    connection.recv(1)
    return False


@contextmanager
def receiving(receive: Receive) -> Iterator[str]:
    """A real HTTP server in front of a receiver; its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = receive(self.path.removeprefix("/links/"), headers, body)
            content = answer.body
            self.send_response(answer.status)
            for name, value in {**answer.headers, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(5)
