"""Several processes that serve one socket, over one PostgreSQL: `python -m twin2multicloud.app.workers FD` is one.

The one that began holds the data directory and the socket, starts the others, starts one anew that ended by itself, and
ends them all in order. One whose parent is gone ends by itself: its standard input ends.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

from twin2multicloud.app import logs
from twin2multicloud.app.backend import open_backend
from twin2multicloud.app.serving import announced, bound, held, open_app, prepare, serve_on
from twin2multicloud.app.settings import Settings, read_settings
from twin2multicloud.model.errors import UsageError

_LOOK_S: Final = 0.2
_AGAIN_S: Final = 1.0
_PATIENCE_S: Final = 30.0


def serve_with(settings: Settings, count: int, ready: Callable[[Settings], None]) -> None:
    """Serve with `count` processes until SIGINT or SIGTERM. `UsageError` where the database is not PostgreSQL."""
    if not settings.url.startswith("postgres"):
        raise UsageError("--workers: several processes need PostgreSQL; set T2M_DATABASE_URL, or serve with one")
    with held(settings), ExitStack() as stack:
        with open_backend(settings) as backend:
            prepare(backend)  # once, before they all look
        listener, settings = bound(settings)
        stack.enter_context(listener)
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            before = signal.signal(number, lambda *_: ended.set())
            stack.callback(signal.signal, number, before)
        workers = [_start(settings, listener) for _ in range(count)]
        stack.callback(_end, workers)
        stack.enter_context(announced(settings))
        ready(settings)
        while not ended.wait(_LOOK_S):
            for place, worker in enumerate(workers):
                if worker.poll() is not None:
                    ended.wait(_AGAIN_S)  # one that cannot even begin is not begun as fast as that goes
                    workers[place] = _start(settings, listener)


def _start(settings: Settings, listener: socket.socket) -> subprocess.Popen[bytes]:
    environment = {
        **os.environ,
        "T2M_DATA": str(settings.data),
        "T2M_HOST": settings.host,
        "T2M_PORT": str(settings.port),
        **({} if settings.only is None else {"T2M_ONLY": settings.only}),
    }
    return subprocess.Popen(  # noqa: S603  ourselves
        [sys.executable, "-m", "twin2multicloud.app.workers", str(listener.fileno())],
        stdin=subprocess.PIPE,
        pass_fds=[listener.fileno()],
        env=environment,
        # Ctrl-C at the terminal is for the one that began.
        start_new_session=True,
    )


def _end(workers: list[subprocess.Popen[bytes]]) -> None:
    for worker in workers:
        if worker.poll() is None:
            worker.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE_S
    for worker in workers:
        try:
            worker.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
        if worker.stdin is not None:
            worker.stdin.close()


def main() -> None:
    """One of them, on a socket that it inherits."""
    settings = read_settings()
    logs.configure(settings.log_format)
    with socket.socket(fileno=int(sys.argv[1])) as listener, open_app(settings) as (backend, app):
        threading.Thread(target=_orphaned, daemon=True).start()
        serve_on(listener, settings, backend, app, lambda: None)


def _orphaned() -> None:
    """Ask for the end once nobody holds the other end of standard input."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
