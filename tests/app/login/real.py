"""A real OpenID provider in a process of its own (`oidc-provider` of npm), and an installation served on a port."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from twin2multicloud.app.api.app import create_app
from twin2multicloud.app.backend import Backend, open_backend
from twin2multicloud.app.settings import read_settings

_LIBRARY = Path(".tools/standins/oidc-provider/node_modules/oidc-provider/lib/index.js")
_SCRIPT = Path(__file__).parent / "provider.mjs"


@contextmanager
def real_provider() -> Iterator[str]:
    """The provider's issuer. Skips where it cannot be had."""
    node = shutil.which("node")
    if node is None or not _LIBRARY.exists():
        pytest.skip("no OpenID provider on this machine (`make tools` or scripts/oidc-provider brings one)")
    process = subprocess.Popen(
        [node, "--no-warnings", str(_SCRIPT), str(_LIBRARY.resolve())],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        port = process.stdout.readline().strip()
        assert port, "the OpenID provider did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def register(issuer: str, redirect_uri: str) -> dict[str, str]:
    """A new client of the provider's: its id and secret."""
    body = json.dumps({"redirect_uris": [redirect_uri], "scope": "openid email profile groups"}).encode()
    request = urllib.request.Request(f"{issuer}/reg", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        made = json.load(answer)
    return {"client_id": made["client_id"], "client_secret": made["client_secret"]}


@contextmanager
def served_site(directory: Path, database_url: str, issuer: str | None, **settings: Any) -> Iterator[Backend]:
    """An installation on a port of its own, in real time; with an issuer one of whose people can sign in."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    if issuer is not None:
        client = register(issuer, f"http://127.0.0.1:{port}/login/uni/callback")
        scopes = ["openid", "email", "profile", "groups"]
        settings |= {"auth": "login", "oidc": {"uni": {"issuer": issuer, "label": "Uni", "scopes": scopes, **client}}}
    given = read_settings(data=directory, database_url=database_url, port=port, **settings)
    with open_backend(given) as backend:
        server = uvicorn.Server(uvicorn.Config(create_app(backend), log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield backend
        finally:
            server.should_exit = True
            thread.join(timeout=10)
            listener.close()
