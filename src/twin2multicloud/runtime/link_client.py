"""The one client of all links: sign, POST, retry what may pass, give up aloud."""

from __future__ import annotations

import http.client
import random
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from twin2multicloud.runtime.failures import LinkError, RejectedError
from twin2multicloud.runtime.links import LinksSource, Peer, compress, decompress, sign

_REFUSED_FOR_NOW: Final = frozenset({401, 403, 404, 408, 409, 425, 429})
"""Answers that may pass: clocks and keys are set right, a peer is redeployed, a nonce was used by a duplicate."""

_LONGEST_WAIT_S: Final = 30.0
_TOLD_AT: Final = 2
"""The failed attempt that is told: one alone may be a packet that was lost, two in a row are trouble."""
_HICCUP_S: Final = 1.0
_MAX_ANSWER_BYTES: Final = 16 * 2**20
_CHUNK_BYTES: Final = 64 * 2**10


@dataclass(frozen=True)
class Answer:
    """What a peer said, and what the request weighed: with headers, and its body as sent."""

    status: int
    body: bytes
    wire_bytes: int
    body_bytes: int


@dataclass
class LinkStats:
    """What was posted over one link so far. Moments are of the wall clock."""

    posts: int = 0
    wire_bytes: int = 0
    retries: int = 0
    last_success: float | None = None
    last_error: str = ""
    last_error_at: float | None = None

    @property
    def failing(self) -> bool:
        """The latest attempt did not get through."""
        return self.last_error_at is not None and self.last_error_at > (self.last_success or 0.0)


Troubled = Callable[[LinkError, int], None]
"""Told, once a POST, that an attempt failed (which one of them) and that another follows."""


@dataclass(frozen=True)
class Retry:
    """How often and how patiently: full jitter up to `first_s · 2ⁿ`, at most `most_s`."""

    attempts: int = 4
    first_s: float = 0.2
    most_s: float = 5.0


class LinkClient:
    """Posts to peers over kept-alive connections, one per peer and thread.

    `timeout_s` is how long a peer may be silent; all of an answer's body may take three times that. `now` is the wall
    clock (signatures); `sleep`, `uniform`, `nonce` and `monotonic` are there for tests to set.
    """

    def __init__(
        self,
        links: LinksSource,
        *,
        retry: Retry = Retry(),
        timeout_s: float = 10.0,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        uniform: Callable[[float, float], float] = random.uniform,
        nonce: Callable[[], str] = lambda: secrets.token_hex(12),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._links = links
        self._retry = retry
        self._timeout_s = timeout_s
        self._now = now
        self._sleep = sleep
        self._uniform = uniform
        self._nonce = nonce
        self._monotonic = monotonic
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: set[http.client.HTTPConnection] = set()
        self._stats: dict[str, LinkStats] = {}

    def stats(self, link: str) -> LinkStats:
        """What was posted over a link."""
        return self._stats.setdefault(link, LinkStats())

    def close(self) -> None:
        """Close every connection, when nobody posts any more. (The next post would open one again.)"""
        with self._lock:
            connections, self._open = self._open, set()
        for connection in connections:
            connection.close()

    def post(
        self,
        link: str,
        content: bytes,
        *,
        content_type: str,
        meta: str = "",
        packed: bool = False,
        troubled: Troubled = lambda _error, _attempt: None,
    ) -> Answer:
        """Deliver `content` over a link; `packed` content is gzip already and travels as it is.

        `troubled` hears of the second failed attempt, or of the first after which it takes longer to be sure: a peer
        that was silent to the end of its time, or asks to be left alone.

        Raises `LinkError` when every attempt failed (then `retryable`), or at once for an answer that no repetition
        will change. Whether the peer had any effect is not known after a time-out: peers are idempotent.
        """
        body, encoding = (content, "") if packed else (compress(content), "gzip")
        told = False
        for attempt in range(1, self._retry.attempts + 1):
            try:
                answer = self._once(link, body, encoding, content_type, meta)
                with self._lock:
                    stats = self.stats(link)
                    stats.posts += 1
                    stats.wire_bytes += answer.wire_bytes
                    stats.last_success = self._now()
                return answer
            except LinkError as error:
                with self._lock:
                    stats = self.stats(link)
                    stats.retries += 1
                    stats.last_error, stats.last_error_at = str(error), self._now()
                if not error.retryable or attempt == self._retry.attempts:
                    raise
                longest = min(self._retry.first_s * 2 ** (attempt - 1), self._retry.most_s)
                wait = self._uniform(0.0, longest)
                if error.retry_after_s is not None:
                    wait = max(wait, min(error.retry_after_s, _LONGEST_WAIT_S))
                was_silent = isinstance(error.__cause__, TimeoutError)
                if not told and (attempt >= _TOLD_AT or was_silent or wait > _HICCUP_S):
                    told = True
                    troubled(error, attempt)
                self._sleep(wait)
        raise AssertionError("unreachable")

    def _once(self, link: str, body: bytes, encoding: str, content_type: str, meta: str) -> Answer:
        peer = self._links.document().out.get(link)
        if peer is None or not peer.keys:
            self._links.forget()
            raise LinkError(f"link {link} is not wired yet", retryable=True)
        try:
            return self._exchange(link, peer, body, encoding, content_type, meta)
        except _StaleError:
            # The peer had closed a connection that was kept from before: that says nothing about the peer.
            return self._exchange(link, peer, body, encoding, content_type, meta)

    def _exchange(self, link: str, peer: Peer, body: bytes, encoding: str, content_type: str, meta: str) -> Answer:
        headers = sign(link, peer.keys[0], body, now=self._now(), nonce=self._nonce(), encoding=encoding, meta=meta)
        headers |= {"content-type": content_type, "accept-encoding": "gzip"}
        where = urlsplit(peer.url)
        path = f"{where.path.rstrip('/')}/links/{link}"
        connection = self._connection(where.scheme, where.netloc)
        kept = connection.sock is not None
        try:
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            with response:  # closes it, should it not be read to its end
                answer = self._read(response)
            if response.headers.get("content-encoding") == "gzip":
                answer = decompress(answer, "gzip")
        except (OSError, http.client.HTTPException, RejectedError) as error:
            self._drop(where.netloc)
            closed = isinstance(error, ConnectionResetError | BrokenPipeError)  # RemoteDisconnected is one
            reason = "no answer in time" if isinstance(error, TimeoutError) else (str(error) or type(error).__name__)
            raise (_StaleError if kept and closed else LinkError)(f"link {link}: {reason}", retryable=True) from error
        except BaseException:
            self._drop(where.netloc)  # half way through a request it is of no use to the next one
            raise
        wire = len(body) + len(path) + sum(len(name) + len(value) + 4 for name, value in headers.items()) + 60
        if response.status < 300:
            return Answer(response.status, answer, wire, len(body))
        if response.status in (401, 403, 404):
            # The peer may have moved, or its keys may have been rotated.
            self._links.forget()
        said = answer[:200].decode("utf-8", "replace")
        raise LinkError(
            f"link {link}: {response.status} {said}",
            # A redirection is none of our receivers': something stands before it that will go away.
            retryable=response.status >= 500 or response.status < 400 or response.status in _REFUSED_FOR_NOW,
            status=response.status,
            retry_after_s=_seconds(response.headers.get("retry-after")),
        )

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """An answer's body, to its end: one that was cut off is an error and not a short answer."""
        if response.length is None and not response.chunked:
            raise http.client.HTTPException("an answer that does not say how long it is")
        deadline = self._monotonic() + 3 * self._timeout_s
        parts: list[bytes] = []
        size = 0
        while size + (response.length or 0) <= _MAX_ANSWER_BYTES:
            # One read of the socket at a time, so that a peer that sends a byte now and then meets the deadline.
            part = response.read1(_CHUNK_BYTES)
            parts.append(part)
            size += len(part)
            if not part and response.length:
                raise http.client.IncompleteRead(b"", response.length)
            if not part or response.length == 0:
                response.read()  # nothing; the connection is free for the next request
                return b"".join(parts)
            if self._monotonic() > deadline:
                raise TimeoutError
        raise http.client.HTTPException(f"an answer of more than {_MAX_ANSWER_BYTES} bytes")

    def _connection(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        kept: dict[str, http.client.HTTPConnection] = self._local.__dict__.setdefault("connections", {})
        if netloc not in kept:
            make = _SecureConnection if scheme == "https" else _Connection
            kept[netloc] = make(netloc, timeout=self._timeout_s)
        with self._lock:
            self._open.add(kept[netloc])
        return kept[netloc]

    def _drop(self, netloc: str) -> None:
        connection = self._local.__dict__.setdefault("connections", {}).pop(netloc)
        with self._lock:
            self._open.discard(connection)
        connection.close()


class _StaleError(LinkError):
    """A kept connection turned out to be closed before any answer came."""


class _Connection(http.client.HTTPConnection):
    """Sends a request in one piece: headers that come alone wake the peer for nothing."""

    _pieces: list[bytes] | None = None

    def request(self, *arguments: Any, **named: Any) -> None:
        pieces: list[bytes] = []
        self._pieces = pieces
        try:
            super().request(*arguments, **named)
        finally:
            self._pieces = None
        self.send(b"".join(pieces))

    def send(self, data: Any) -> None:
        if self._pieces is None:
            super().send(data)
        else:
            self._pieces.append(data)


class _SecureConnection(_Connection, http.client.HTTPSConnection):
    """The same over TLS."""


def _seconds(text: str | None) -> float | None:
    """Seconds of a Retry-After header; its date form is not used by any of our peers."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
