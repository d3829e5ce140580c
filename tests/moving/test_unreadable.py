"""Stores of another process whose answer is none: a step that fails in order, and may be tried again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from twin2multicloud.blueprint.plan import Place
from twin2multicloud.model.slots import Provider, Slot
from twin2multicloud.moving.move import Store, StoreKind
from twin2multicloud.runtime.failures import StoreError
from twin2multicloud.sandbox.moving.remote import Caller, RemoteHotStore

STORE = Store(StoreKind.HOT, Slot.HOT, Place(Provider.AWS, "aws.dynamodb", "eu-central-1"))


class _Plain(BaseHTTPRequestHandler):
    status = 500

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b"Internal Server Error")

    def log_message(self, *_: object) -> None:
        """Nothing is told."""


@pytest.fixture
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    handler = type("Handler", (_Plain,), {"status": request.param})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("port", [200, 404, 500], indirect=True)
def test_an_answer_that_is_no_json_is_a_store_that_does_not_answer(port: int) -> None:
    store = RemoteHotStore(Caller(port, "token", STORE))
    with pytest.raises(StoreError, match="hot: an answer that cannot be read"):
        store.last("meter")
