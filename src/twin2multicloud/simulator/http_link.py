"""A device's way over HTTP: one request at a time for each device, over a few kept connections for all of them."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import httptools

from twin2multicloud.simulator.agenda import Agenda
from twin2multicloud.simulator.link import (
    ANSWER_TIMEOUT_S,
    CONNECT_TIMEOUT_S,
    Backoff,
    KeyOf,
    Outgoing,
    Owner,
    Target,
    is_command,
)

_CONNECTIONS: Final = 32
_MOST_MESSAGES: Final = 100
_MOST_BYTES: Final = 1 << 20
_LARGEST_ANSWER: Final = 16 << 20
_RETRY: Final = frozenset({408, 429, 500, 502, 503, 504})


class Answer:
    """What came back: a status, 0 if nothing did."""

    __slots__ = ("body", "retry_after_s", "status")

    def __init__(self, status: int = 0, body: bytes = b"", retry_after_s: float = 0.0) -> None:
        self.status = status
        self.body = body
        self.retry_after_s = retry_after_s


Answered = Callable[[Answer], None]


class HttpPool:
    """Connections to one server; requests wait for a free one."""

    def __init__(self, target: Target, agenda: Agenda, connections: int = _CONNECTIONS) -> None:
        self.target = target
        self._agenda = agenda
        self._most = connections
        self._all: set[_Connection] = set()
        self._idle: list[_Connection] = []
        self._waiting: deque[tuple[bytes, Answered]] = deque()
        self._dials: set[asyncio.Task[None]] = set()
        self._stopped = False

    def request(self, head: str, body: bytes, answered: Answered) -> None:
        """POST `body`; `head` is the request line and the headers but Host and Content-Length."""
        host = f"[{self.target.host}]" if ":" in self.target.host else self.target.host
        lines = f"{head}Host: {host}:{self.target.port}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._waiting.append((lines.encode() + body, answered))
        self.serve()

    def serve(self) -> None:
        """Give waiting requests to idle connections, and make more of these if there are too few."""
        while self._waiting and self._idle:
            self._idle.pop().ask(*self._waiting.popleft())
        while not self._stopped and len(self._dials) < min(len(self._waiting), self._most - len(self._all)):
            task = asyncio.get_running_loop().create_task(self._dial())
            self._dials.add(task)
            task.add_done_callback(self._dials.discard)

    def idle(self, connection: _Connection) -> None:
        """A connection is ready for a request."""
        self._all.add(connection)
        self._idle.append(connection)
        self.serve()

    def lost(self, connection: _Connection) -> None:
        """A connection has ended."""
        self._all.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self.serve()

    def check(self, now_s: float) -> None:
        """End connections whose answer is overdue."""
        for connection in list(self._all):
            connection.check(now_s)

    def stop(self) -> None:
        """Close everything."""
        self._stopped = True
        self._waiting.clear()
        for task in self._dials:
            task.cancel()
        for connection in list(self._all):
            connection.close()

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await loop.create_connection(
                    lambda: _Connection(self, self._agenda), self.target.host, self.target.port
                )
        except OSError:
            # Whoever waits hears of it, and asks again later.
            failed, self._waiting = self._waiting, deque()
            for _, answered in failed:
                answered(Answer())


class _Connection(asyncio.Protocol):
    """One connection, one request at a time. The parser's callbacks are `on_…`."""

    def __init__(self, pool: HttpPool, agenda: Agenda) -> None:
        self._pool = pool
        self._agenda = agenda
        self._transport: asyncio.Transport = cast(asyncio.Transport, None)
        self._parser = httptools.HttpResponseParser(self)
        self._answered: Answered | None = None
        self._body: list[bytes] = []
        self._size = 0
        self._retry_after_s = 0.0
        self._asked_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._pool.idle(self)

    def ask(self, request: bytes, answered: Answered) -> None:
        self._answered = answered
        self._body, self._size, self._retry_after_s = [], 0, 0.0
        self._asked_s = self._agenda.now()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the reason makes no difference
        self._pool.lost(self)
        answered, self._answered = self._answered, None
        if answered is not None:
            answered(Answer())

    def check(self, now_s: float) -> None:
        if self._answered is not None and now_s - self._asked_s > ANSWER_TIMEOUT_S:
            self._transport.abort()

    def close(self) -> None:
        self._transport.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"retry-after" and value.isdigit():
            self._retry_after_s = float(value[:6])

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size > _LARGEST_ANSWER:
            self._transport.abort()
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        answer = Answer(self._parser.get_status_code(), b"".join(self._body), self._retry_after_s)
        answered, self._answered = self._answered, None
        if self._parser.should_keep_alive() and not self._transport.is_closing():
            self._parser = httptools.HttpResponseParser(self)
            self._pool.idle(self)
        else:
            self._transport.close()
        if answered is not None:
            answered(answer)


class HttpLink:
    """See `Link`. What waits is sent together, up to 100 messages in one request."""

    def __init__(self, owner: Owner, key_of: KeyOf, pool: HttpPool, agenda: Agenda, *, seed: int) -> None:
        self._owner = owner
        self._pool = pool
        self._agenda = agenda
        self._backoff = Backoff(seed, owner.name)
        self._key_of = key_of
        self._waiting: deque[Outgoing] = deque()
        self._asked: list[Outgoing] = []
        self._most = _MOST_MESSAGES
        self._paused = False
        self._closed = False
        self._was_online = False
        self._failed = False

    @property
    def unacked(self) -> int:
        """As `Link.unacked`."""
        return len(self._asked) + len(self._waiting)

    def open(self) -> None:
        """There is nothing to open: the first request shows whether the device is let in."""

    def send(self, message: Outgoing) -> None:
        """As `Link.send`."""
        self._waiting.append(message)
        self._next()

    def drop(self, back_after_s: float) -> None:
        """A device without power sends nothing for a while; it has no connection that could break."""
        self._pause(back_after_s)

    def check(self, now_s: float) -> None:
        """The pool looks after its connections."""

    def leave(self) -> list[Outgoing]:
        """As `Link.leave`. The answer to a request that is under way is not heard any more."""
        left = [*self._asked, *self._waiting]
        self._asked = []
        self._waiting.clear()
        self.close()
        return left

    def close(self) -> None:
        """As `Link.close`."""
        self._closed = True

    def _next(self) -> None:
        if self._asked or self._paused or self._closed or not self._waiting:
            return
        first, size = self._waiting[0], 0
        while self._waiting and len(self._asked) < self._most and self._waiting[0].is_result is first.is_result:
            message = self._waiting[0]
            size += len(message.payload)
            if self._asked and (size > _MOST_BYTES or not message.is_object):
                break
            self._asked.append(self._waiting.popleft())
            if not message.is_object:  # it would spoil an array
                break
        what = "results" if first.is_result else "telemetry"
        head = (
            f"POST /devices/{self._owner.name}/{what} HTTP/1.1\r\n"
            f"Authorization: Bearer {self._key_of(self._owner.name)}\r\nContent-Type: application/json\r\n"
        )
        self._pool.request(head, _body([message.payload for message in self._asked]), self._answered)

    def _answered(self, answer: Answer) -> None:
        messages, self._asked = self._asked, []
        if self._closed:
            return
        if answer.status == 202:
            self._taken(messages, answer.body)
        elif answer.status in (401, 403):
            self._closed = True
            self._owner.refused("unknown device or wrong key")
            return
        elif answer.status == 413 and len(messages) > 1:
            self._most = max(1, len(messages) // 2)
            self._waiting.extendleft(reversed(messages))
        elif answer.status and answer.status not in _RETRY:
            for message in messages:
                self._owner.rejected(message, f"HTTP status {answer.status}")
        else:
            self._failed = True
            self._waiting.extendleft(reversed(messages))
            self._owner.resent(len(messages))
            self._pause(max(answer.retry_after_s, self._backoff.next_s()))
        self._next()

    def _taken(self, messages: list[Outgoing], body: bytes) -> None:
        self._backoff.succeeded()
        if not self._was_online or self._failed:
            self._owner.online(self._was_online)
            self._was_online, self._failed = True, False
        for message in messages:
            self._owner.acked(message)
        for command in _commands(body):
            self._owner.command(command)

    def _pause(self, seconds: float) -> None:
        self._paused = True
        self._agenda.after(seconds, self._resume)

    def _resume(self) -> None:
        self._paused = False
        self._next()


class HttpLinks:
    """See `link.Links`."""

    def __init__(self, target: Target, key_of: KeyOf, agenda: Agenda, *, seed: int) -> None:
        self._pool = HttpPool(target, agenda)
        self._key_of = key_of
        self._agenda = agenda
        self._seed = seed

    def make(self, owner: Owner) -> HttpLink:
        """As `Links.make`."""
        return HttpLink(owner, self._key_of, self._pool, self._agenda, seed=self._seed)

    def check(self, now_s: float) -> None:
        """As `Links.check`."""
        self._pool.check(now_s)

    def stop(self) -> None:
        """As `Links.stop`."""
        self._pool.stop()


def _body(payloads: list[bytes]) -> bytes:
    # An array by itself would be read as many messages.
    if len(payloads) == 1 and payloads[0][:1] != b"[":
        return payloads[0]
    return b"[" + b",".join(payloads) + b"]"


def _commands(body: bytes) -> list[Mapping[str, Any]]:
    try:
        document = json.loads(body)
    except ValueError:
        return []
    found = document.get("commands") if isinstance(document, dict) else None
    return [command for command in found if is_command(command)] if isinstance(found, list) else []
