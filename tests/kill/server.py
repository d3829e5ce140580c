"""Servers that carry out runs until their standard input ends or they are killed.

`python -m tests.kill.server DESCRIPTOR` is their nursery: it has all that they need loaded and forks one whenever it is
told of it over a socket, in a tenth of the time that a new interpreter takes, of which killing needs many.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import uvicorn

from tests.patience import PATIENCE_S
from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.backend import Backend, open_backend
from twin2multicloud.app.runs.children import Manners
from twin2multicloud.app.runs.running import carrying_out_runs
from twin2multicloud.app.settings import read_settings

_LARGEST = 1 << 16


class Nursery:
    """Where servers come from."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.kill.server", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def fork(self, told: Mapping[str, Any], stdin: int, stdout: int) -> int:
        """Begin a server with these as its standard input and output; its process."""
        message = json.dumps({"told": told, "environment": dict(os.environ)}).encode()
        assert len(message) < _LARGEST
        socket.send_fds(self._socket, [message], [stdin, stdout])
        return int(self._socket.recv(_LARGEST))

    def close(self) -> None:
        """It ends, and its servers with it."""
        self._socket.close()
        self._process.wait(PATIENCE_S)


def main() -> None:
    """The nursery's process."""
    ours = socket.socket(fileno=int(sys.argv[1]))
    # Nobody is to wait for those that end.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, _flags, _address = socket.recv_fds(ours, _LARGEST, 2)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            ours.close()
            become_server(json.loads(message), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        ours.send(str(pid).encode())


def become_server(message: Mapping[str, Any], stdin: int, stdout: int) -> None:
    """What a forked process does. Does not return."""
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for descriptor, standard in ((stdin, 0), (stdout, 1)):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(message["environment"])
    code = 1
    try:
        serve(message["told"])
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def serve(told: Mapping[str, Any]) -> None:
    """Carry out runs, and serve the API if told to."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    settings = read_settings(
        data=Path(told["data"]), database_url=told["database_url"], parallel_runs=told["parallel_runs"], port=port
    )
    with (
        listener,
        open_backend(settings) as backend,
        carrying_out_runs(backend, worker=told["worker"], manners=Manners(grace_s=told["grace_s"])),
    ):
        if told["http"]:
            serve_api(backend, listener)
        print(f"ready {port}", flush=True)
        os.read(0, 1)
    print("ended in order", flush=True)


def serve_api(backend: Backend, listener: socket.socket) -> None:
    """Serve the API there."""
    server = uvicorn.Server(uvicorn.Config(create_app(backend), log_level="warning"))
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()


if __name__ == "__main__":
    main()
