"""Streams of the API for many who watch at once in one event loop: no thread waits for any of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

import httpx2

from twin2multicloud.app.client.callers import BrowserSession, headers_of
from twin2multicloud.app.client.http import (
    STREAM_TIMEOUT,
    Event,
    base_url,
    checked_url,
    given,
    problem_of,
    stream_headers,
    told,
    uses_proxies,
)


class AsyncHttp:
    """A server's streams, as `client.http.Http` has its API. It is of the event loop that it is first used in."""

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        browser: BrowserSession | None = None,
        socket: str | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.url = checked_url(url, private=socket is not None)
        self._sleep = sleep
        self._caller = headers_of(key, browser)
        if transport is None and socket is not None:
            transport = httpx2.AsyncHTTPTransport(uds=socket, verify=False)
        self._http = httpx2.AsyncClient(
            base_url=base_url(self.url, socket),
            timeout=STREAM_TIMEOUT,
            follow_redirects=False,  # a key goes to no other server
            trust_env=uses_proxies(self.url, socket),
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"AsyncHttp({self.url})"

    def act_as(self, browser: BrowserSession) -> None:
        """Send what a browser has now with requests from now on."""
        self._caller = headers_of(None, browser)

    async def stream(
        self, path: str, last_id: str | None, query: Mapping[str, Any] | None = None
    ) -> AsyncGenerator[Event, None]:
        """A stream's messages, from after `last_id`, once: it ends when the server ends it, and raises
        `DisconnectedError` when the connection breaks. Close it (`aclosing`) where it is left before its end.
        """
        headers = {**self._caller, **stream_headers(last_id)}
        with told(self.url):
            async with self._http.stream("GET", path, params=given(query), headers=headers) as answer:
                if answer.status_code != 200:
                    await answer.aread()
                    raise problem_of(self.url, answer)
                async for message in httpx2.EventSource(answer):
                    yield Event(message.event, message.data, message.id)

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await self._sleep(seconds)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()
