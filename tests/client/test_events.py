"""Following events: each once and none left out, however often the connection breaks; in a thread and in a loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import httpx2
import pytest

from tests.client.test_http import KEY, Scripted, problem
from twin2multicloud.app.client.async_events import AsyncEvents
from twin2multicloud.app.client.async_http import AsyncHttp
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


class Breaking(httpx2.SyncByteStream, httpx2.AsyncByteStream):
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

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in iter(self):
            yield part


def stream(*parts: str, breaks: bool = False) -> httpx2.Response:
    return httpx2.Response(
        200, headers={"content-type": "text/event-stream"}, stream=Breaking("retry: 2000\n\n", *parts, breaks=breaks)
    )


def end(reason: str) -> str:
    return f'event: end\ndata: {{"reason":"{reason}"}}\n\n'


Follow = Callable[..., Iterator[Any]]


def in_a_thread(server: Scripted, **given: Any) -> Iterator[Any]:
    yield from server.client().events.follow(**given)


def in_a_loop(server: Scripted, **given: Any) -> Iterator[Any]:
    async def waited(seconds: float) -> None:
        server.waited.append(seconds)

    with asyncio.Runner() as runner:
        http = AsyncHttp("http://127.0.0.1:1", key=KEY, transport=httpx2.MockTransport(server), sleep=waited)
        found = AsyncEvents(http).follow(**given)

        async def following() -> Any:
            return await anext(found)

        try:
            while True:
                yield runner.run(following())
        finally:
            runner.run(found.aclose())
            runner.run(http.close())


@pytest.fixture(params=[in_a_thread, in_a_loop])
def follow(request: pytest.FixtureRequest) -> Follow:
    found: Follow = request.param
    return found


def test_it_goes_on_where_it_broke_off(follow: Follow) -> None:
    server = Scripted(
        stream(told(3), told(4), told(5)[:40], breaks=True),
        httpx2.ConnectError("refused"),
        problem(503),
        stream("id: 9\n\n", end("lifetime")),  # a beat: there is nothing up to 9
        stream(told(9), told(12), end("stopping")),
        stream(told(13)),
    )
    broken: list[str] = []
    found = follow(
        server, run="run_1", after=2, disconnected=broken.append, reconnected=lambda: broken.append("there again")
    )
    assert [event.id for event in islice(found, 4)] == [3, 4, 12, 13]
    assert [request.headers.get("last-event-id") for request in server.asked] == ["2", "4", "4", "4", "9", "12"]
    assert all(request.url.params["run"] == "run_1" for request in server.asked)
    assert broken.pop() == "there again"
    assert len(broken) == 3, "a stream that ends in order is no news"
    assert "going on after event 4" in broken[0]
    assert all(request.headers["authorization"] == f"Bearer {KEY}" for request in server.asked)


def test_from_now_on_is_where_the_first_beat_is(follow: Follow) -> None:
    server = Scripted(stream("id: 7\n\n", breaks=True), stream(told(8)))
    assert next(follow(server)).message == "ä 8"
    assert [request.headers.get("last-event-id") for request in server.asked] == [None, "7"]


def test_permission_that_ends_is_told(follow: Follow) -> None:
    server = Scripted(stream(told(1), end("unauthenticated")), problem(401, "unauthenticated"))
    found = follow(server, after=0)
    assert next(found).id == 1
    with pytest.raises(UnauthenticatedError):
        next(found)


def test_nobody_is_asked_forever(follow: Follow) -> None:
    server = Scripted(*[httpx2.ConnectError("refused")] * 100)
    with pytest.raises(DisconnectedError, match="cannot be reached"):
        next(follow(server, after=0))
    assert len(server.asked) == 31
    assert 200 < sum(server.waited) < 400


def test_what_is_no_stream_of_ours_is_told(follow: Follow) -> None:
    for answer in (httpx2.Response(200, text="<html>"), stream("data: {}\n\n")):
        server = Scripted(answer)
        with pytest.raises(UnknownAnswerError):
            next(follow(server, after=0))


def test_in_a_loop_it_ends_at_once_wherever_it_waits() -> None:
    silent = asyncio.Event()

    class Silent(httpx2.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"id: 1\n\n"
            await silent.wait()

    def listening() -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, stream=Silent())

    async def main() -> None:
        for answer in (listening(), httpx2.ConnectError("refused")):
            http = AsyncHttp("http://127.0.0.1:1", transport=httpx2.MockTransport(Scripted(answer)))

            async def all_of_them(http: AsyncHttp = http) -> None:
                async for _ in AsyncEvents(http).follow(after=0):
                    pass

            before = asyncio.all_tasks()
            task = asyncio.create_task(all_of_them())
            await asyncio.sleep(0.05)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait_for(task, 5)
            assert task.cancelled()
            assert asyncio.all_tasks() == before
            await http.close()

    asyncio.run(main())
