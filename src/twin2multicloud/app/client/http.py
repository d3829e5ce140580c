"""Requests to the API: the only module that knows which HTTP library is used.

What may be repeated without harm is, when a connection breaks or the server says to come again; what may not is told
as it is. So is an answer that does not come in time: asked again, a question that takes long would take longer. A key
is sent to its own server only, and appears in no error and in no `repr`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, TypeAdapter, ValidationError

from twin2multicloud.app.client.callers import BrowserSession, headers_of
from twin2multicloud.app.client.problems import error_of
from twin2multicloud.app.errors import BackendError, UnavailableError
from twin2multicloud.model.errors import UsageError

ModelT = TypeVar("ModelT")
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

ALLOW_HTTP: Final = "T2M_ALLOW_HTTP"
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_AGAIN: Final = frozenset({502, 503})
"""Not 504, which is a proxy that did not get an answer in time."""
_UNCHANGED: Final = 304
_TRIES: Final = 4
_LONGEST_PAUSE_S: Final = 10.0
_TIMEOUT: Final = httpx2.Timeout(240.0, connect=10.0)
"""Advice about a large twin may take minutes where a server has much to do."""
STREAM_TIMEOUT: Final = httpx2.Timeout(45.0, connect=10.0)
"""Streams say something every 15 seconds even if nothing happens."""
_WRITING_TIMEOUT: Final = httpx2.Timeout(300.0, connect=10.0)


class DisconnectedError(UnavailableError):
    """The server does not answer, or the connection to it broke (exit code 6)."""


class UnknownAnswerError(BackendError):
    """Whoever answers is not Twin2MultiCloud, or of a version that this one does not know (exit code 6)."""

    name = "unknown-answer"


@dataclass(frozen=True)
class Event:
    """A message of a stream: what it is, its text, and the id to go on after."""

    kind: str
    data: str
    id: str


@dataclass(frozen=True)
class Pauses:
    """How this process waits; tests set another."""

    sleep: Callable[[float], None] = time.sleep


class Http:
    """A server's API, called with a key, as a browser that is signed in, or as nobody. `socket` is a unix socket to
    reach it by; what may be repeated is tried `tries` times. Threads may share it.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str | None = None,
        browser: BrowserSession | None = None,
        socket: str | None = None,
        transport: httpx2.BaseTransport | None = None,
        pauses: Pauses | None = None,
        tries: int = _TRIES,
    ) -> None:
        self.url = checked_url(url, private=socket is not None)
        self._sleep = (pauses or Pauses()).sleep
        self._tries = tries
        self._caller = headers_of(key, browser)
        if transport is None and socket is not None:
            # Nobody is to be told apart at a socket that only this user can open; reading who vouches for whom takes a
            # tenth of a short command.
            transport = httpx2.HTTPTransport(uds=socket, verify=False)
        self._http = httpx2.Client(
            base_url=base_url(self.url, socket),
            timeout=_TIMEOUT,
            follow_redirects=False,  # a key goes to no other server
            trust_env=uses_proxies(self.url, socket),
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"Http({self.url})"

    def act_as(self, browser: BrowserSession) -> None:
        """Send what a browser has now with requests from now on."""
        self._caller = headers_of(None, browser)

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def get(self, path: str, shape: type[ModelT], **query: Any) -> ModelT:
        """What is at a path. Queries that are None are left out."""
        return self.send("GET", path, shape, query=query)

    def send(
        self,
        method: Method,
        path: str,
        shape: type[ModelT],
        *,
        body: BaseModel | Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        seen: int | None = None,
        idempotency_key: str | None = None,
        harmless: bool = False,
    ) -> ModelT:
        """One request; its answer in a shape (`type(None)` for none). `seen` is the version that a change is made from;
        `harmless` is a question, of which nothing is kept, however often it is asked.

        Raises the error that the server tells, `DisconnectedError` without an answer.
        """
        headers = dict(self._caller)
        if seen is not None:
            headers["If-Match"] = f'"{seen}"'
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        request = self._http.build_request(method, path, params=given(query), headers=headers, json=_json(body))
        answer = self._answer(request, repeatable=method == "GET" or idempotency_key is not None or harmless)
        return self._shaped(answer, shape)

    def get_unless(self, path: str, shape: type[ModelT], tag: str) -> ModelT | None:
        """What is at a path; None if that is what an ETag told."""
        request = self._http.build_request("GET", path, headers={**self._caller, "If-None-Match": tag})
        answer = self._answer(request, repeatable=True)
        return None if answer.status_code == _UNCHANGED else self._shaped(answer, shape)

    def text(self, path: str, **query: Any) -> str:
        """What is at a path, as text."""
        headers = {**self._caller, "Accept": "*/*"}
        request = self._http.build_request("GET", path, params=given(query), headers=headers)
        return self._answer(request, repeatable=True).text

    def content(self, path: str, **query: Any) -> bytes:
        """What is at a path, as it is. It may take a while to write."""
        headers = {**self._caller, "Accept": "*/*"}
        request = self._http.build_request("GET", path, params=given(query), headers=headers, timeout=_WRITING_TIMEOUT)
        return self._answer(request, repeatable=True).content

    def pieces(self, path: str, **query: Any) -> Iterator[bytes]:
        """What is at a path, as it is and piece by piece, however large; once: `DisconnectedError` where the connection
        breaks in between.
        """
        headers = {**self._caller, "Accept": "*/*"}
        with (
            told(self.url),
            self._http.stream("GET", path, params=given(query), headers=headers, timeout=_WRITING_TIMEOUT) as answer,
        ):
            if answer.status_code != 200:
                answer.read()
                raise problem_of(self.url, answer)
            yield from answer.iter_bytes()

    def ask_text(self, path: str, body: BaseModel) -> str:
        """The answer to a question of which nothing is kept, as text."""
        headers = {**self._caller, "Accept": "*/*"}
        request = self._http.build_request("POST", path, headers=headers, json=_json(body))
        return self._answer(request, repeatable=True).text

    def date(self) -> str | None:
        """The server's own time, as its `Date` header says it."""
        header: str | None = self._once(self._http.build_request("GET", "/health/live")).headers.get("date")
        return header

    def stream(self, path: str, last_id: str | None, query: Mapping[str, Any] | None = None) -> Iterator[Event]:
        """A stream's messages, from after `last_id`, once: it ends when the server ends it, and raises
        `DisconnectedError` when the connection breaks.
        """
        headers = {**self._caller, **stream_headers(last_id)}
        with (
            told(self.url),
            self._http.stream("GET", path, params=given(query), headers=headers, timeout=STREAM_TIMEOUT) as answer,
        ):
            if answer.status_code != 200:
                answer.read()
                raise problem_of(self.url, answer)
            for message in httpx2.EventSource(answer):
                yield Event(message.event, message.data, message.id)

    def pause(self, seconds: float) -> None:
        """Wait."""
        self._sleep(seconds)

    def _answer(self, request: httpx2.Request, *, repeatable: bool) -> httpx2.Response:
        for attempt in range(self._tries):
            last = attempt == self._tries - 1
            pause = 0.2 * 4**attempt
            try:
                answer = self._once(request)
            except DisconnectedError as error:
                # What could not even connect was not done, so that it may be sent again whatever it is.
                cause = error.__cause__
                connected = not isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout)
                if last or (connected and not repeatable) or isinstance(cause, httpx2.ReadTimeout):
                    raise
            else:
                unchanged = answer.status_code == _UNCHANGED and "If-None-Match" in request.headers
                if answer.is_success or unchanged:
                    return answer
                wait = _told_pause(answer)
                again = (answer.status_code in _AGAIN and repeatable) or answer.status_code == 429
                if last or not again or (wait or 0) > _LONGEST_PAUSE_S:
                    raise problem_of(self.url, answer)
                pause = wait or pause
            self._sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _once(self, request: httpx2.Request) -> httpx2.Response:
        with told(self.url):
            return self._http.send(request)

    def _shaped(self, answer: httpx2.Response, shape: type[ModelT]) -> ModelT:
        if shape is type(None):
            return None
        try:
            return TypeAdapter(shape).validate_json(answer.content)
        except ValidationError as error:
            raise UnknownAnswerError(
                f"{self.url} answered in a way this version does not know ({error.error_count()} problems); "
                "is it Twin2MultiCloud, and of the same version?"
            ) from error


@contextmanager
def told(url: str) -> Iterator[None]:
    """The library's errors as ours within the block, without headers."""
    try:
        yield
    except httpx2.SSEError as error:
        raise UnknownAnswerError(f"{url} does not tell events as Twin2MultiCloud does") from error
    except httpx2.TimeoutException as error:
        raise DisconnectedError(f"{url} did not answer in time; try again") from error
    except httpx2.TransportError as error:
        raise DisconnectedError(
            f"{url} cannot be reached ({_reason(error)}); is it served there? `twin2multicloud doctor` tells"
        ) from error


def problem_of(url: str, answer: httpx2.Response) -> Exception:
    """The error that an answer tells, which was read."""
    if 300 <= answer.status_code < 400:
        return UsageError(f"{url} sends elsewhere ({answer.headers.get('location', '')[:200]}); give that server's URL")
    return error_of(answer.status_code, answer.content)


def stream_headers(last_id: str | None) -> dict[str, str]:
    """What is sent to be told a stream, from after an event."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    return headers if last_id is None else {**headers, "Last-Event-ID": last_id}


def base_url(url: str, socket: str | None) -> str:
    """What requests to a server are made to: at a unix socket nothing is encrypted, whatever is in front elsewhere."""
    return url if socket is None else f"http://{urlsplit(url).netloc}"


def uses_proxies(url: str, socket: str | None) -> bool:
    """Whether a server is far enough away for the environment's proxies."""
    return socket is None and urlsplit(url).hostname not in LOOPBACK


def checked_url(url: str, *, private: bool = False) -> str:
    """A server's URL without its path; `UsageError` for one that is none, or that a key would travel to in clear. At a
    `private` socket nothing travels.
    """
    parts = urlsplit(url if "://" in url else f"https://{url}")
    try:
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None or parts.password is not None:
        raise UsageError(f"server: {url[:100]!r} is not a URL such as https://twins.example.org")
    clear = parts.scheme == "http" and parts.hostname not in LOOPBACK and not private
    if clear and os.environ.get(ALLOW_HTTP, "") in ("", "0"):
        raise UsageError(
            f"server: a key would be sent to {parts.netloc} in clear; use https://, or set {ALLOW_HTTP}=1 where the "
            "network is yours alone"
        )
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise UsageError(f"server: leave out what follows the host in {url[:100]!r}")
    return f"{parts.scheme}://{parts.netloc}"


def given(query: Mapping[str, Any] | None) -> dict[str, Any]:
    """A query without what is None."""
    return {name: value for name, value in (query or {}).items() if value is not None}


def _json(body: BaseModel | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return body.model_dump(mode="json", exclude_unset=True) if isinstance(body, BaseModel) else body


def _told_pause(answer: httpx2.Response) -> float | None:
    header = answer.headers.get("retry-after", "")
    return float(header) if header.isdecimal() else None


def _reason(error: httpx2.TransportError) -> str:
    text = str(error) or type(error).__name__
    return text[:200]
