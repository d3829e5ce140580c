"""Tells the callers of a server apart.

Terraform makes one connection for each `provider` block of each run, configures it, and expects that configuration to
hold for what it asks over it. A plugin serves one block; an attached server serves them all, and gRPC names its
callers on a Unix socket alike. So callers connect to a socket before the server's, and are led to it through one with
a name.
"""

from __future__ import annotations

import selectors
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

_CHUNK: Final = 1 << 16
_LOOK_S: Final = 0.05
"""How often the reception looks whether it is to close, which is how long closing may take."""


@contextmanager
def reception(front: Path, back: Path, left: Callable[[str], None]) -> Iterator[None]:
    """Lead callers from one socket to another; `left` is told who has gone, by the name that gRPC gives them."""
    numbers = count()

    class Guide(socketserver.BaseRequestHandler):
        """Serves one caller for as long as the connection lasts."""

        def handle(self) -> None:
            name = back.with_name(f"{back.name}.{next(numbers)}")
            with socket.socket(socket.AF_UNIX) as inside:
                inside.bind(str(name))
                try:
                    inside.connect(str(back))
                    _pass_on(self.request, inside)
                except ConnectionError:
                    pass  # either end may go at any time, and that is all there is to say
                finally:
                    name.unlink(missing_ok=True)
                    left(f"unix:{name}")

    with _Server(str(front), Guide) as server:
        thread = threading.Thread(target=server.serve_forever, args=(_LOOK_S,), name=f"standin-{front.name}")
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True  # a caller that stays does not keep us
    request_queue_size = 128


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    """Copy what either end sends to the other, until one has ended."""
    with selectors.DefaultSelector() as ready:
        ready.register(one, selectors.EVENT_READ, other)
        ready.register(other, selectors.EVENT_READ, one)
        while True:
            for key, _events in ready.select():
                source, target = key.fileobj, key.data
                assert isinstance(source, socket.socket)
                data = source.recv(_CHUNK)
                if not data:
                    return
                target.sendall(data)
