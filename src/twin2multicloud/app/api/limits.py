"""How often somebody may ask: a bucket of tokens per person, or per address where nobody known asks.

A token in a request says nothing before it was looked up, so a made-up one must not buy a bucket of its own: a request
counts for the address that it comes from until the API has found out who is asking (`known`), and from then on for
that person, by whichever key or session. Buckets live in the memory of a process; several processes each allow as much.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from typing import Final, Generic, TypeVar

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twin2multicloud.app.api import problems
from twin2multicloud.app.api.addresses import client_address, neighbourhood, proxies_of
from twin2multicloud.app.errors import TooManyError
from twin2multicloud.app.settings import Settings
from twin2multicloud.runtime.ports import Clock

MOST: Final = 50_000
"""Buckets of a kind, and known tokens, that are remembered; the longest unused are forgotten first."""
CODES_PER_MINUTE: Final = 10
"""Codes of command lines that somebody who is signed in may try: there are 20⁸, of which a few hold at a time."""
_FOUND: Final = "t2m.known"
_TRY: Final = "t2m.try"
_SESSION_COOKIES: Final = ("t2m_session", "__Host-t2m_session")
_MINUTE_S: Final = 60.0
ValueT = TypeVar("ValueT")


class Recent(Generic[ValueT]):
    """Values by key, of which the most recently used are kept."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[object, ValueT] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: object) -> ValueT | None:
        """A value, which is in use then."""
        found = self._values.get(key)
        if found is not None:
            self._values.move_to_end(key)
        return found

    def put(self, key: object, value: ValueT) -> None:
        """Keep a value."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def drop(self, key: object) -> None:
        """Forget a value."""
        self._values.pop(key, None)


@dataclass(frozen=True)
class Taken:
    """What asking for a token came to: whether there was one, how many are left, when there is one again."""

    policy: str
    per_minute: int
    allowed: bool
    left: int
    wait_s: int


class Buckets:
    """Buckets of one kind: each holds a minute's worth of tokens and fills up evenly."""

    def __init__(self, policy: str, per_minute: int, clock: Clock, most: int = MOST) -> None:
        self._policy = policy
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: Recent[tuple[float, float]] = Recent(most)
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: object) -> Taken:
        """Take a token out of a bucket, if there is one."""
        rate = self._per_minute / _MINUTE_S
        with self._lock:
            now = self._clock.now()
            tokens, at = self._buckets.get(key) or (float(self._per_minute), now)
            # A clock that was set back takes nothing away.
            tokens = min(float(self._per_minute), tokens + max(0.0, now - at) * rate)
            allowed = tokens >= 1
            if allowed:
                tokens -= 1
            self._buckets.put(key, (tokens, now))
        wait = 0 if tokens >= 1 else math.ceil((1 - tokens) / rate)
        return Taken(self._policy, self._per_minute, allowed, int(tokens), wait)


def known(scope: Scope, user_id: str) -> None:
    """The API has found out who is asking."""
    found = scope.get(_FOUND)
    if found is not None:
        found.append(user_id)


def try_login(scope: Scope) -> None:
    """Somebody tries to sign in: `TooManyError` if this address did that too often. It is asked where an attempt
    begins, not for whole paths, so that pages, styles and waiting command lines cost nobody an attempt.
    """
    _try(scope, "login", None, "attempts to sign in from this address")


def try_code(scope: Scope, user_id: str) -> None:
    """Somebody who is signed in tries a code of a command line: `TooManyError` if that was too often."""
    _try(scope, "codes", user_id, "codes")


def _try(scope: Scope, kind: str, key: str | None, what: str) -> None:
    taken: Taken = scope[_TRY](kind, key)
    if not taken.allowed:
        raise TooManyError(
            f"more than {taken.per_minute} {what} in a minute; try again in {taken.wait_s} s",
            details={"retry_after_s": taken.wait_s},
        )


class LimitMiddleware:
    """Refuses with 429 whoever asks too often. Endpoints by which one signs in have a bucket of their own per address
    (`try_login`), so that nobody tries out codes at speed.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings, clock: Clock, most: int = MOST) -> None:
        self._app = app
        self._proxies = proxies_of(settings.trusted_proxies)
        limits = settings.limits
        self._people = Buckets("person", limits.principal_per_minute, clock, most)
        self._addresses = Buckets("address", limits.anonymous_per_minute, clock, most)
        self._logins = Buckets("login", limits.login_per_minute, clock, most)
        self._codes = Buckets("codes", CODES_PER_MINUTE, clock, most)
        self._known: Recent[str] = Recent(most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        credential = _credential(scope["headers"])
        taken = self._take(scope, credential)
        if not taken.allowed:
            response = problems.response(
                429,
                "too-many-requests",
                f"more than {taken.per_minute} requests in a minute; try again in {taken.wait_s} s",
                details={"retry_after_s": taken.wait_s},
                headers={"Retry-After": str(taken.wait_s), **_headers(taken)},
            )
            await response(scope, receive, send)
            return
        found: list[str] = []
        scope[_FOUND] = found
        scope[_TRY] = lambda kind, key: self._take_try(scope, kind, key)

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _headers(taken).items():
                    headers[name] = value
                if credential is not None:
                    self._learn(credential, found, message["status"])
            await send(message)

        await self._app(scope, receive, telling)

    def _take_try(self, scope: Scope, kind: str, key: str | None) -> Taken:
        if kind == "codes":
            return self._codes.take(key)
        return self._logins.take(neighbourhood(client_address(scope, self._proxies)))

    def _take(self, scope: Scope, credential: bytes | None) -> Taken:
        user_id = None if credential is None else self._known.get(credential)
        if user_id is not None:
            return self._people.take(user_id)
        return self._addresses.take(neighbourhood(client_address(scope, self._proxies)))

    def _learn(self, credential: bytes, found: list[str], status: int) -> None:
        if status == 401:
            self._known.drop(credential)
        elif found:
            self._known.put(credential, found[0])


def _headers(taken: Taken) -> dict[str, str]:
    """As draft-ietf-httpapi-ratelimit-headers has them."""
    window = int(_MINUTE_S)
    return {
        "RateLimit-Policy": f'"{taken.policy}";q={taken.per_minute};w={window}',
        "RateLimit": f'"{taken.policy}";r={taken.left};t={taken.wait_s}',
    }


def _credential(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The hash of the key or session that comes with a request."""
    for name, value in headers:
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return hashlib.sha256(value[7:].strip()).digest()
    for name, value in headers:
        if name == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                cookie, _, token = pair.strip().partition("=")
                if cookie in _SESSION_COOKIES and token:
                    return hashlib.sha256(token.encode("latin-1")).digest()
    return None
