"""Who is asking, and getting a key by somebody's agreement in a browser (RFC 8628)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from twin2multicloud.app.client.http import Http
from twin2multicloud.app.errors import BackendError, ForbiddenError
from twin2multicloud.app.schemas.keys import NewKey
from twin2multicloud.app.schemas.login import (
    DeviceAnswer,
    DevicePoll,
    DeviceRequest,
    DeviceStarted,
    LocalLink,
    Me,
    Providers,
    SignedOut,
)

_PATH: Final = "/api/v1/login"
_WAITING: Final = "authorization_pending"
_SLOWER: Final = "slow_down"
_SLOWER_BY_S: Final = 5


class Login:
    """`/api/v1/login` and `/api/v1/me`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def me(self) -> Me:
        """Who the key stands for, and in which workspaces they are."""
        return self._http.get("/api/v1/me", Me)

    def providers(self) -> Providers:
        """By whom one can sign in there."""
        return self._http.get(f"{_PATH}/providers", Providers)

    def local_link(self, return_to: str | None = None) -> LocalLink:
        """An address that signs the browser on that machine in, once, and then opens a path."""
        return self._http.send("POST", f"{_PATH}/local/link", LocalLink, query={"return_to": return_to})

    def log_out(self) -> None:
        """Sign the browser out whose session asks. With a key there is nothing to sign out of."""
        self._http.send("POST", "/api/v1/logout", type(None))

    def log_out_everywhere(self, *, keys: bool = False) -> SignedOut:
        """Sign out of all browsers; with `keys` revoke all one's API keys, too, the one that asks as well."""
        return self._http.send("POST", "/api/v1/logout/everywhere", SignedOut, query={"keys": keys or None})

    def begin_device(self, asked: DeviceRequest) -> DeviceStarted:
        """Ask for a key; somebody has to agree to the code in a browser."""
        return self._http.send("POST", f"{_PATH}/device", DeviceStarted, body=asked)

    def answer_device(self, answer: DeviceAnswer) -> None:
        """Say whether a command line that shows a code gets a key of one's own."""
        self._http.send("POST", f"{_PATH}/device/answer", type(None), body=answer)

    def wait_device(self, started: DeviceStarted, waiting: Callable[[float], None] = lambda _: None) -> NewKey:
        """The key, once somebody agreed. `waiting` is told every second how many seconds are left.

        Raises `ForbiddenError` if nobody did in time, or somebody said no.
        """
        interval, left = float(started.interval), float(started.expires_in)
        while left > 0:
            for _ in range(max(1, round(interval))):
                waiting(left)
                self._http.pause(1.0)
                left -= 1.0
            try:
                return self._http.send(
                    "POST", f"{_PATH}/device/token", NewKey, body=DevicePoll(device_code=started.device_code)
                )
            except BackendError as error:
                reason = error.details.get("error")
                if reason == _SLOWER:
                    interval = max(interval + _SLOWER_BY_S, float(error.details.get("interval", 0)))
                elif reason is not None and reason != _WAITING:
                    raise ForbiddenError(str(error)) from error
                elif reason is None:
                    raise
        raise ForbiddenError("nobody agreed in time; `twin2multicloud login` asks again")
