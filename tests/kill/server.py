"""`python -m tests.kill.server JSON`: a server that carries out runs, until its standard input ends or it is killed."""

from __future__ import annotations

import json
import socket
import sys
import threading
from pathlib import Path

import uvicorn

from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.backend import Backend, open_backend
from twin2multicloud.app.runs.children import Manners
from twin2multicloud.app.runs.running import carrying_out_runs
from twin2multicloud.app.settings import read_settings


def main() -> None:
    told = json.loads(sys.argv[1])
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
            serve(backend, listener)
        print(f"ready {port}", flush=True)
        sys.stdin.read()


def serve(backend: Backend, listener: socket.socket) -> None:
    """Serve the API there."""
    server = uvicorn.Server(uvicorn.Config(create_app(backend), log_level="warning"))
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()


if __name__ == "__main__":
    main()
