"""What the client does when servers or connections fail: repeats what may be repeated, tells the rest, leaks no key."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from twin2multicloud.app.client.callers import BrowserSession
from twin2multicloud.app.client.client import Client
from twin2multicloud.app.client.http import DisconnectedError, Http, Pauses, checked_url
from twin2multicloud.app.errors import BackendError, NotFoundError, TooManyError, UnavailableError
from twin2multicloud.app.schemas.problems import Problem
from twin2multicloud.app.schemas.twins import TwinInput
from twin2multicloud.model.errors import InfeasibleError, PriceError, Twin2MultiCloudError, UsageError

KEY = "t2m_a-very-secret-key"
EMPTY: dict[str, Any] = {"items": [], "next": None}


class Scripted:
    """A server that answers as it was told; what it was asked, and how long was waited."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx2.Request] = []
        self.waited: list[float] = []

    def client(self) -> Client:
        return Client(
            Http("http://127.0.0.1:1", key=KEY, transport=httpx2.MockTransport(self), pauses=Pauses(self.waited.append))
        )

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def problem(
    status: int, name: str = "unavailable", exit_code: int = 6, headers: Mapping[str, str] | None = None
) -> httpx2.Response:
    body = Problem(
        type=f"urn:twin2multicloud:problem:{name}",
        title="",
        status=status,
        detail="not now",
        correlation_id="c0ffee00",
        exit_code=exit_code,
    )
    return httpx2.Response(status, json=body.model_dump(), headers=headers)


def test_looking_is_repeated_until_it_succeeds() -> None:
    server = Scripted(
        httpx2.ConnectError("refused"),
        problem(503, headers={"retry-after": "2"}),
        httpx2.ReadError("reset"),
        httpx2.Response(200, json=EMPTY),
    )
    assert list(server.client().twins.list()) == []
    assert server.waited == [0.2, 2.0, pytest.approx(3.2)]
    assert all(request.headers["authorization"] == f"Bearer {KEY}" for request in server.asked)


def test_whoever_cannot_wait_asks_once() -> None:
    server = Scripted(problem(429, "too-many-requests", headers={"retry-after": "1"}))
    http = Http(
        "http://127.0.0.1:1", transport=httpx2.MockTransport(server), pauses=Pauses(server.waited.append), tries=1
    )
    with pytest.raises(TooManyError):
        http.get("/api/v1/me", dict)
    assert server.waited == []


@pytest.mark.parametrize(
    "failure", [httpx2.ReadError("reset"), httpx2.ReadTimeout("slow"), problem(503), httpx2.Response(502)]
)
def test_what_may_have_been_done_is_not_repeated(failure: httpx2.Response | Exception) -> None:
    server = Scripted(failure)
    with pytest.raises(UnavailableError):
        server.client().twins.create(TwinInput(source="name: x"))
    assert len(server.asked) == 1


@pytest.mark.parametrize("failure", [httpx2.ReadTimeout("slow"), httpx2.Response(504)])
def test_what_takes_too_long_is_not_asked_a_second_time(failure: httpx2.Response | Exception) -> None:
    server = Scripted(failure)
    with pytest.raises(UnavailableError, match=r"in time|504"):
        server.client().twins.advice("twn_1")
    assert len(server.asked) == 1


def test_what_was_never_sent_or_never_taken_is_repeated() -> None:
    server = Scripted(httpx2.ConnectError("refused"), problem(429, "too-many-requests", headers={"retry-after": "1"}))
    server.answers.append(problem(404, "not-found"))
    with pytest.raises(NotFoundError, match="not now"):
        server.client().twins.delete("twn_1", 1)
    assert len(server.asked) == 3
    assert server.asked[-1].headers["if-match"] == '"1"'


def test_with_an_idempotency_key_everything_is() -> None:
    server = Scripted(httpx2.ReadError("reset"), httpx2.Response(200, json={"a": 1}))
    assert server.client().http.send("POST", "/x", dict, idempotency_key="once") == {"a": 1}
    assert [request.headers["idempotency-key"] for request in server.asked] == ["once", "once"]


def test_a_long_wait_is_told_not_waited() -> None:
    server = Scripted(problem(429, "too-many-requests", headers={"retry-after": "60"}))
    with pytest.raises(TooManyError):
        list(server.client().twins.list())
    assert server.waited == []


def test_a_browser_is_called_as_with_what_it_has_now() -> None:
    server = Scripted(httpx2.Response(200, json=EMPTY), httpx2.Response(200, json=EMPTY), httpx2.Response(204))
    origin = "https://twins.example.org"
    browser = BrowserSession("s=1", "c1", origin, {"X-From": "192.0.2.7"})
    client = Client(Http(origin, browser=browser, transport=httpx2.MockTransport(server)))
    list(client.twins.list())
    client.http.act_as(BrowserSession("s=2", "c2", origin))
    list(client.twins.list())
    client.twins.delete("twn_1", 1)
    sent = [[each.headers.get(name) for name in ("cookie", "x-csrf-token", "origin")] for each in server.asked]
    assert sent == [["s=1", "c1", origin], ["s=2", "c2", origin], ["s=2", "c2", origin]]
    assert [each.headers.get("x-from") for each in server.asked] == ["192.0.2.7", None, None]
    assert not any("authorization" in each.headers for each in server.asked)
    assert not re.search("s=1|c1", f"{browser!r} {client!r} {client.http!r}")


def test_no_error_holds_the_key() -> None:
    server = Scripted(*[httpx2.ConnectError("refused")] * 4)
    client = server.client()
    with pytest.raises(DisconnectedError, match=r"http://127\.0\.0\.1:1 cannot be reached") as told:
        list(client.twins.list())
    assert KEY not in f"{client!r} {client.http!r} {told.value!r} {vars(told.value)}"


@pytest.mark.parametrize(
    ("name", "exit_code", "kind"),
    [
        ("infeasible", 3, InfeasibleError),
        ("unusable", 2, UsageError),
        ("prices", 5, PriceError),
        ("new", 8, BackendError),
    ],
)
def test_errors_end_as_they_would_without_a_server(name: str, exit_code: int, kind: type[Twin2MultiCloudError]) -> None:
    with pytest.raises(kind, match="not now") as told:
        list(Scripted(problem(409, name, exit_code)).client().twins.list())
    assert told.value.exit_code == exit_code


def test_a_defect_names_what_the_log_is_searched_for() -> None:
    with pytest.raises(BackendError, match="correlation id c0ffee00") as told:
        list(Scripted(problem(500, "internal", 70)).client().twins.list())
    assert told.value.exit_code == 70


def answered(status: int, **more: object) -> Callable[[], httpx2.Response]:
    return lambda: httpx2.Response(status, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (answered(200, text="<html>"), "answered in a way this version does not know"),
        (answered(404, text="<html>"), "or something before it, answered with status 404"),
        (answered(302, headers={"location": "https://elsewhere.example"}), "https://elsewhere.example"),
    ],
)
def test_servers_that_are_not_ours_are_told_apart(answer: Callable[[], httpx2.Response], told: str) -> None:
    server = Scripted(answer())
    with pytest.raises(Twin2MultiCloudError, match=told):
        list(server.client().twins.list())
    assert len(server.asked) == 1, "the key goes to no other server"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://twins.example.org/", "https://twins.example.org"),
        ("twins.example.org", "https://twins.example.org"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_servers_have_urls(url: str, found: str) -> None:
    assert checked_url(url) == found


@pytest.mark.parametrize(
    "url", ["http://twins.example.org", "ftp://x", "https://", "https://a:b@c", "https://c/path", "https://c:99999"]
)
def test_a_key_is_not_sent_in_clear_nor_anywhere_odd(url: str) -> None:
    with pytest.raises(UsageError, match="server: "):
        checked_url(url)


def test_at_a_socket_nothing_travels_and_the_name_is_the_public_one(tmp_path: Path) -> None:
    received: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                received.append(connection.recv(65_536))
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

        thread = threading.Thread(target=answer)
        thread.start()
        http = Http("https://twins.example.org", socket=str(tmp_path / "s"))
        assert http.get("/x", dict) == {}
        thread.join()
        http.close()
    assert b"host: twins.example.org\r\n" in received[0].lower()
    assert http.url == "https://twins.example.org"


def test_where_the_network_is_ones_own_http_may_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T2M_ALLOW_HTTP", "1")
    assert checked_url("http://backend:8080") == "http://backend:8080"
