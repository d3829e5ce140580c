"""The client of all links against peers that misbehave: what is tried again, how patiently, and what is given up."""

from __future__ import annotations

import gzip
import itertools
import random
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
from tests.runtime.parts import NOW, Link, key
from tests.runtime.peers import (
    Behaviour,
    Request,
    answers,
    closes,
    hangs,
    peer,
    resets,
    sends,
    then_closes,
)
from twin2multicloud.runtime.failures import LinkError
from twin2multicloud.runtime.link_client import Answer, LinkClient, Retry
from twin2multicloud.runtime.links import verify

OK = answers(202)
CONTENT = b'[{"one":1}]'


class Client:
    """A link client whose waiting is written down instead of done."""

    def __init__(self, directory: Path, url: str, *, attempts: int = 4, timeout_s: float = 0.3) -> None:
        self.link = Link(directory, "persist", url)
        self.waits: list[float] = []
        self.asked: list[tuple[float, float]] = []
        self.nonces = itertools.count()
        self.client = LinkClient(
            self.link.source,
            retry=Retry(attempts, 0.2, 5.0),
            timeout_s=timeout_s,
            now=lambda: NOW,
            sleep=self.waits.append,
            uniform=self._uniform,
            nonce=lambda: f"{next(self.nonces):024}",
        )

    def _uniform(self, low: float, high: float) -> float:
        self.asked.append((low, high))
        return (low + high) / 2

    def post(self, content: bytes = CONTENT) -> Answer:
        return self.client.post("persist", content, content_type="application/json")

    def close(self) -> None:
        self.client.close()
        self.link.close()


@contextmanager
def client_of(directory: Path, url: str, *, attempts: int = 4, timeout_s: float = 0.3) -> Iterator[Client]:
    made = Client(directory, url, attempts=attempts, timeout_s=timeout_s)
    try:
        yield made
    finally:
        made.close()


def test_a_post_is_signed_and_compressed(tmp_path: Path) -> None:
    with peer(OK) as there, client_of(tmp_path, f"{there.url}/base/") as here:
        answer = here.post(b"[]" * 1000)
        ((headers, body),) = there.requests
        assert gzip.decompress(body) == b"[]" * 1000
        assert (answer.status, answer.body, answer.body_bytes) == (202, b'{"accepted":3}', len(body))
        assert answer.wire_bytes > len(body) + 200
        assert verify("persist", headers, body, [key()], now=NOW, nonces=here.link.nonces) == ""
        assert here.waits == []
        stats = here.client.stats("persist")
        assert (stats.posts, stats.retries, stats.wire_bytes, stats.failing) == (1, 0, answer.wire_bytes, False)


PASSING: dict[str, Behaviour] = {
    "500": answers(500),
    "502": answers(502),
    "503": answers(503, b"later", "retry-after: 3"),
    "429": answers(429),
    "408": answers(408),
    "401, keys are being rotated": answers(401),
    "404, the peer is being redeployed": answers(404),
    "409, the nonce was used by a duplicate": answers(409),
    "a redirection": answers(307, b"", "location: http://127.0.0.1:1/"),
    "reset": resets,
    "closed": closes,
    "silence": hangs,
    "no HTTP": sends(b"hello, who is there?\r\n\r\n"),
    "a status that is none": sends(b"HTTP/1.1 abc\r\n\r\n"),
    "headers cut off": sends(b"HTTP/1.1 202 Accepted\r\ncontent-le"),
    "body cut off": sends(b'HTTP/1.1 202 Accepted\r\ncontent-length: 100\r\n\r\n{"accepted"'),
    "chunk cut off": sends(b"HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n10\r\nabc"),
    "chunks without end": sends(b"HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"),
    "a length that is huge": sends(b"HTTP/1.1 202 Accepted\r\ncontent-length: 99999999999\r\n\r\nabc", keep=True),
    "headers without end": sends(b"HTTP/1.1 202 Accepted\r\n" + b"a: b\r\n" * 200 + b"\r\n"),
    "broken gzip": sends(b"HTTP/1.1 202 Accepted\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\nabc"),
}


@pytest.mark.parametrize("behaviour", PASSING.values(), ids=PASSING)
def test_what_may_pass_is_tried_again(tmp_path: Path, behaviour: Behaviour) -> None:
    with peer(behaviour, OK) as there, client_of(tmp_path, there.url) as here:
        assert here.post().status == 202
        assert len(here.waits) == 1
        assert len({headers["t2m-nonce"] for headers, _ in there.requests}) == len(there.requests) == 2
        assert len({body for _, body in there.requests}) == 1


@pytest.mark.parametrize("behaviour", PASSING.values(), ids=PASSING)
def test_what_does_not_pass_is_given_up_aloud(tmp_path: Path, behaviour: Behaviour) -> None:
    with peer(behaviour) as there, client_of(tmp_path, there.url, attempts=2, timeout_s=0.1) as here:
        with pytest.raises(LinkError) as caught:
            here.post()
        assert caught.value.retryable, "the batch stays where it is"
        assert len(there.requests) == 2
        stats = here.client.stats("persist")
        assert (stats.posts, stats.retries, stats.failing) == (0, 2, True)
        assert stats.last_error == str(caught.value)
        assert key().secret not in str(caught.value)


@pytest.mark.parametrize("status", [400, 405, 410, 413, 415, 422])
def test_what_no_repetition_changes_is_not_tried_again(tmp_path: Path, status: int) -> None:
    with peer(answers(status, b'{"error":"too odd"}')) as there, client_of(tmp_path, there.url) as here:
        with pytest.raises(LinkError, match="too odd") as caught:
            here.post()
        assert (caught.value.retryable, caught.value.status) == (False, status)
        assert (len(there.requests), here.waits) == (1, [])


def test_waits_grow_and_are_spread(tmp_path: Path) -> None:
    with peer(answers(500)) as there, client_of(tmp_path, there.url, attempts=8) as here:
        with pytest.raises(LinkError):
            here.post()
        assert here.asked == [(0.0, longest) for longest in (0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0)]
        assert len(here.waits) == 7


@pytest.mark.parametrize(
    ("header", "wait"), [("3", 3.0), ("0", 0.1), ("100000", 30.0), ("soon", 0.1), ("-5", 0.1), ("１", 0.1), ("", 0.1)]
)
def test_retry_after(tmp_path: Path, header: str, wait: float) -> None:
    behaviour = answers(429, b"", f"retry-after: {header}")
    with peer(behaviour, OK) as there, client_of(tmp_path, there.url) as here:
        here.post()
        assert here.waits == pytest.approx([wait])


def test_retry_after_reaches_the_queue(tmp_path: Path) -> None:
    with (
        peer(answers(503, b"", "retry-after: 7")) as there,
        client_of(tmp_path, there.url, attempts=1) as here,
        pytest.raises(LinkError) as caught,
    ):
        here.post()
    assert caught.value.retry_after_s == 7.0


# ── Connections ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_connection_is_kept(tmp_path: Path) -> None:
    with peer(OK) as there, client_of(tmp_path, there.url) as here:
        for _ in range(5):
            here.post()
        assert there.connections == 1


@pytest.mark.parametrize("status", [200, 202, 204])
def test_answers_of_every_length_leave_the_connection_usable(tmp_path: Path, status: int) -> None:
    bodies = [b"", b"1", b"x" * 65_536, b"y" * 200_000] if status != 204 else [b""]
    with peer(*[answers(status, body) for body in bodies]) as there, client_of(tmp_path, there.url) as here:
        assert [here.post().body for _ in bodies] == bodies
        assert there.connections == 1
    chunked = sends(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", keep=True)
    with peer(chunked) as there, client_of(tmp_path, there.url) as here:
        assert [here.post().body for _ in range(3)] == [b"abcde"] * 3
        assert there.connections == 1


def test_a_connection_that_the_peer_closed_meanwhile_is_no_failure(tmp_path: Path) -> None:
    with peer(then_closes(OK)) as there, client_of(tmp_path, there.url) as here:
        for _ in range(3):
            assert here.post().status == 202
            while there._open[-1].fileno() >= 0:
                threading.Event().wait(0.005)
        assert here.waits == []
        assert here.client.stats("persist").retries == 0
        assert there.connections == 3


def test_a_new_connection_that_is_closed_at_once_is_one(tmp_path: Path) -> None:
    with peer(OK, closes, closes, OK) as there, client_of(tmp_path, there.url) as here:
        here.post()
        assert here.post().status == 202  # the kept one is closed, so is the new one, the third answers
        assert (len(here.waits), there.connections) == (1, 3)


def test_nobody_there(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with client_of(tmp_path, url) as here, pytest.raises(LinkError) as caught:
        here.post()
    assert caught.value.retryable
    assert caught.value.status is None


def test_a_byte_now_and_then_does_not_hold_a_sender_for_ever(tmp_path: Path) -> None:
    def trickles(connection: socket.socket, _request: Request) -> bool:
        connection.sendall(b"HTTP/1.1 202 Accepted\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"x")
            threading.Event().wait(0.02)
        return False

    with (
        peer(trickles) as there,
        client_of(tmp_path, there.url, attempts=1, timeout_s=0.1) as here,
        pytest.raises(LinkError, match="no answer in time"),
    ):
        here.post()


def test_an_answer_without_end_takes_no_memory(tmp_path: Path) -> None:
    sent: list[int] = []

    def floods(connection: socket.socket, _request: Request) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        chunk = b"100000\r\n" + b"x" * 2**20 + b"\r\n"
        for _ in range(200):
            connection.sendall(chunk)
            sent.append(len(chunk))
        return False

    with (
        peer(floods) as there,
        client_of(tmp_path, there.url, attempts=1, timeout_s=5.0) as here,
        pytest.raises(LinkError, match="more than"),
    ):
        here.post()
    assert sum(sent) < 40 * 2**20


def test_threads_have_connections_of_their_own(tmp_path: Path) -> None:
    def delayed(connection: socket.socket, request: Request) -> bool:
        threading.Event().wait(random.Random(len(request[1])).uniform(0, 0.01))
        return OK(connection, request)

    with peer(delayed) as there, client_of(tmp_path, there.url, timeout_s=5.0) as here:
        barrier = threading.Barrier(8)

        def work(_number: int) -> list[int]:
            barrier.wait(5)
            return [here.post().status for _ in range(20)]

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == [[202] * 20] * 8
        assert here.client.stats("persist").posts == len(there.requests) == 160
        assert there.connections == 8


def test_closing_ends_the_connections_of_all_threads(tmp_path: Path) -> None:
    with peer(OK) as there, client_of(tmp_path, there.url, timeout_s=5.0) as here:
        barrier = threading.Barrier(4)

        def work(_number: int) -> int:
            barrier.wait(5)
            return here.post().status

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(work, range(4))) == [202] * 4
            assert there.served == 4
            here.client.close()
            here.client.close()
            deadline = time.monotonic() + PATIENCE_S
            while there.served and time.monotonic() < deadline:
                time.sleep(0.01)
            assert there.served == 0
            # Who posts all the same gets through, on a connection that the next closing ends.
            assert list(pool.map(work, range(4))) == [202] * 4
        assert there.connections == 8


# ── Wiring ──────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_peer_that_moved_is_found_again(tmp_path: Path) -> None:
    with peer(answers(404)) as old, peer(OK) as new, client_of(tmp_path, old.url) as here:
        here.link.source.document()
        here.link.url = new.url
        here.link.write(key())
        assert here.post().status == 202
        assert (len(old.requests), len(new.requests)) == (1, 1)


def test_a_key_that_was_rotated_is_found(tmp_path: Path) -> None:
    def only_new(connection: socket.socket, request: Request) -> bool:
        return (OK if request[0]["t2m-key-id"] == "key-2" else answers(401))(connection, request)

    with peer(only_new) as there, client_of(tmp_path, there.url) as here:
        here.link.source.document()
        here.link.write(key(2))
        assert here.post().status == 202
        assert [headers["t2m-key-id"] for headers, _ in there.requests] == ["key-1", "key-2"]


@pytest.mark.parametrize("document", ["{}", '{"out":{"persist":{"url":"http://127.0.0.1:1","keys":[]}}}'])
def test_a_link_that_is_not_wired_yet(tmp_path: Path, document: str) -> None:
    with peer(OK) as there, client_of(tmp_path, there.url) as here:
        here.link.secrets.put("links", document)
        with pytest.raises(LinkError, match="not wired") as caught:
            here.post()
        assert caught.value.retryable
        here.link.write(key())
        assert here.post().status == 202


def test_what_was_half_said_is_not_said_on(tmp_path: Path) -> None:
    """An interrupt in the middle of a request leaves no connection behind that the next request would use."""

    class Stop(BaseException):
        pass

    with peer(OK) as there, client_of(tmp_path, there.url) as here:
        here.post()
        interrupt: list[BaseException] = [Stop()]
        read = here.client._read

        def interrupted(response: object) -> bytes:
            if interrupt:
                raise interrupt.pop()
            return read(response)  # type: ignore[arg-type]

        here.client._read = interrupted  # type: ignore[method-assign]
        with pytest.raises(Stop):
            here.post()
        assert here.post().body == b'{"accepted":3}'
        assert there.connections == 2
