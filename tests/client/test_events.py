"""Following events: each once and none left out, however often the connection breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

import httpx2
import pytest

from tests.client.test_http import Scripted, problem
from twin2multicloud.app.client.http import DisconnectedError, UnknownAnswerError
from twin2multicloud.app.errors import UnauthenticatedError


def told(number: int) -> str:
    event = {
        "id": number,
        "at": "2026-11-26T08:00:00Z",
        "workspace": "wsp_1",
        "twin": None,
        "run": None,
        "kind": "said",
        "severity": "info",
        "stack": "",
        "message": f"ä {number}",
        "data": {},
    }
    return f"id: {number}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n"


class Breaking(httpx2.SyncByteStream):
    """A body that breaks off after what there is of it."""

    def __init__(self, *parts: str, breaks: bool = False) -> None:
        self._parts, self._breaks = parts, breaks

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            # Broken anywhere, even within a letter.
            content = part.encode()
            yield from (content[at : at + 7] for at in range(0, len(content), 7))
        if self._breaks:
            raise httpx2.ReadError("reset")


def stream(*parts: str, breaks: bool = False) -> httpx2.Response:
    return httpx2.Response(
        200, headers={"content-type": "text/event-stream"}, stream=Breaking("retry: 2000\n\n", *parts, breaks=breaks)
    )


def end(reason: str) -> str:
    return f'event: end\ndata: {{"reason":"{reason}"}}\n\n'


def test_it_goes_on_where_it_broke_off() -> None:
    server = Scripted(
        stream(told(3), told(4), told(5)[:40], breaks=True),
        httpx2.ConnectError("refused"),
        problem(503),
        stream("id: 9\n\n", end("lifetime")),  # a beat: there is nothing up to 9
        stream(told(9), told(12), end("stopping")),
        stream(told(13)),
    )
    broken: list[str] = []
    follow = server.client().events.follow(run="run_1", after=2, disconnected=broken.append)
    assert [event.id for event in islice(follow, 4)] == [3, 4, 12, 13]
    assert [request.headers.get("last-event-id") for request in server.asked] == ["2", "4", "4", "4", "9", "12"]
    assert all(request.url.params["run"] == "run_1" for request in server.asked)
    assert len(broken) == 3, "a stream that ends in order is no news"
    assert "going on after event 4" in broken[0]


def test_from_now_on_is_where_the_first_beat_is() -> None:
    server = Scripted(stream("id: 7\n\n", breaks=True), stream(told(8)))
    assert next(server.client().events.follow()).message == "ä 8"
    assert [request.headers.get("last-event-id") for request in server.asked] == [None, "7"]


def test_permission_that_ends_is_told() -> None:
    server = Scripted(stream(told(1), end("unauthenticated")), problem(401, "unauthenticated"))
    follow = server.client().events.follow(after=0)
    assert next(follow).id == 1
    with pytest.raises(UnauthenticatedError):
        next(follow)


def test_nobody_is_asked_forever() -> None:
    server = Scripted(*[httpx2.ConnectError("refused")] * 100)
    with pytest.raises(DisconnectedError, match="cannot be reached"):
        next(server.client().events.follow(after=0))
    assert len(server.asked) == 31
    assert 200 < sum(server.waited) < 400


def test_what_is_no_stream_of_ours_is_told() -> None:
    for answer in (httpx2.Response(200, text="<html>"), stream("data: {}\n\n")):
        server = Scripted(answer)
        with pytest.raises(UnknownAnswerError):
            next(server.client().events.follow(after=0))
