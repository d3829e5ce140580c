"""What endpoints need of a browser: its cookies, its address, how often it may try to sign in."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from fastapi import Depends, Response
from starlette.requests import HTTPConnection

from twin2multicloud.app.api.addresses import client_address, proxies_of
from twin2multicloud.app.api.deps import backend_of
from twin2multicloud.app.api.limits import try_login
from twin2multicloud.app.auth.cookies import Cookie, Cookies
from twin2multicloud.app.auth.sessions import NewSession
from twin2multicloud.app.backend import Backend

ATTEMPT_LASTS: Final = timedelta(minutes=10)


class Browser:
    """Whoever is at the other end, as a browser."""

    def __init__(self, connection: HTTPConnection, backend: Backend) -> None:
        self._connection = connection
        self._backend = backend
        self._names = Cookies.of(backend.settings.origin)

    @property
    def address(self) -> str:
        """Where it is; behind a proxy what that says, if it is one of the `trusted_proxies`."""
        return client_address(self._connection.scope, proxies_of(self._backend.settings.trusted_proxies))

    @property
    def user_agent(self) -> str:
        """What it calls itself."""
        return self._connection.headers.get("user-agent", "")

    @property
    def session(self) -> str | None:
        """The session's token."""
        return self._connection.cookies.get(self._names.session)

    @property
    def csrf(self) -> str | None:
        """The session's second token."""
        return self._connection.cookies.get(self._names.csrf)

    @property
    def attempt(self) -> str | None:
        """By what it is known while it signs in."""
        return self._connection.cookies.get(self._names.attempt)

    def remember(self, response: Response, token: str) -> None:
        """Have the response give it a name while it signs in."""
        _set(response, self._names.make(self._names.attempt, token, ATTEMPT_LASTS))

    def sign_in(self, response: Response, made: NewSession) -> None:
        """Have the response give it a session."""
        _set(response, self._names.make(self._names.session, made.token, made.lasts))
        _set(response, self._names.make(self._names.csrf, made.csrf, made.lasts))
        _set(response, self._names.make(self._names.attempt, None))

    def sign_out(self, response: Response) -> None:
        """Have the response take it away."""
        _set(response, self._names.make(self._names.session, None))
        _set(response, self._names.make(self._names.csrf, None))


def _set(response: Response, cookie: Cookie) -> None:
    response.headers["Cache-Control"] = "no-store"
    response.set_cookie(
        cookie.name,
        cookie.value or "",
        max_age=int(cookie.lasts.total_seconds()),
        path="/",
        secure=cookie.secure,
        httponly=cookie.http_only,
        # Lax, not strict: whoever follows a link from elsewhere, or comes back from a provider, is signed in.
        samesite="lax",
    )


async def _browser(connection: HTTPConnection) -> Browser:
    return Browser(connection, backend_of(connection))


BrowserDep = Annotated[Browser, Depends(_browser)]


async def _may_try(connection: HTTPConnection) -> None:
    try_login(connection.scope)


LIMITED = Depends(_may_try)
"""For endpoints by which one signs in: so many tries a minute from an address (`limits.login_per_minute`)."""
