"""A rule's webhook, signed with a secret that is given to the sandbox."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.cli.sandboxes import TWIN, bench, until
from twin2multicloud.runtime.handlers.act import SIGNATURE

pytestmark = pytest.mark.slow


@contextmanager
def listener(received: list[tuple[str, bytes]]) -> Iterator[int]:
    """A server that notes signature and body of what it is sent; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append((self.headers.get(SIGNATURE, ""), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_webhook_is_signed_with_its_secret(tmp_path: Path) -> None:
    received: list[tuple[str, bytes]] = []
    with listener(received) as port:
        hook = f'{{url: "http://127.0.0.1:{port}/hook", secret: hook-key}}'
        twin = TWIN.replace('"http://127.0.0.1:9/"', hook).replace("power > 2000", "power > 3990")
        with bench(tmp_path, "aws", twin) as made:
            refused = made("secret", "other", stdin=b"x", code=2)
            assert "no webhook is signed with 'other'; they name: hook-key" in refused.err
            assert "1 to 60,000 characters" in made("secret", "hook-key", code=2).err
            made.send("meter-1", {"power": 3200})
            until(lambda: any("there is no secret 'hook-key'" in e["message"] for e in made.errors()), "not missed")
            assert made("secret", "hook-key", "--json", stdin="schlüssel\n".encode()).json == {"stored": "hook-key"}
            made.send("meter-2", {"power": 3300})
            signature, body = until(lambda: received, "nothing came")[0]
            assert signature == hmac.new("schlüssel".encode(), body, hashlib.sha256).hexdigest()
            alert = json.loads(body)
            assert (alert["rule"], alert["device"]) == ("hook", "meter-2")
            made("down")
            made.up()  # it is kept
            made.send("meter-3", {"power": 3400})
            until(lambda: len(received) == 2, "nothing came")
