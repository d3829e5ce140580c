"""Who may read and write which stack's state, for how long: one grant for each run of a stack."""

from __future__ import annotations

import base64
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from twin2multicloud.deployer.state.errors import StateError
from twin2multicloud.deployer.state.records import Holder

_TOKEN_BYTES: Final = 24


@dataclass(frozen=True)
class StateAccess:
    """What a run needs to reach its stack's state. The password is shown by nothing that prints this."""

    address: str
    username: str
    password: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """The variables that Terraform's `http` backend reads; nothing of them lands in its files."""
        return {
            "TF_HTTP_ADDRESS": self.address,
            "TF_HTTP_LOCK_ADDRESS": self.address,
            "TF_HTTP_UNLOCK_ADDRESS": self.address,
            "TF_HTTP_LOCK_METHOD": "LOCK",
            "TF_HTTP_UNLOCK_METHOD": "UNLOCK",
            "TF_HTTP_USERNAME": self.username,
            "TF_HTTP_PASSWORD": self.password,
            # The server is on this machine: an answer that does not come at once will hardly come, and a run whose
            # engine has died has a state to put into a file.
            "TF_HTTP_RETRY_MAX": "1",
            "TF_HTTP_RETRY_WAIT_MIN": "1",
            "TF_HTTP_RETRY_WAIT_MAX": "1",
        }


@dataclass
class Grant:
    """One run's right to one stack's state. `refusals` collects why the server turned the run away."""

    stack: str
    holder: Holder
    username: str
    password: str = field(repr=False)
    refusals: list[StateError] = field(default_factory=list)


class Grants:
    """The grants that are in force. `token` makes names and passwords and is set by tests only."""

    def __init__(self, token: Callable[[], str] = lambda: secrets.token_urlsafe(_TOKEN_BYTES)) -> None:
        self._token = token
        self._guard = threading.Lock()
        self._grants: dict[str, Grant] = {}

    def give(self, stack: str, holder: Holder) -> Grant:
        """A right that holds until it is taken back."""
        grant = Grant(stack, holder, self._token(), self._token())
        with self._guard:
            self._grants[grant.username] = grant
        return grant

    def take_back(self, grant: Grant) -> None:
        """End a right; what still comes with it is refused."""
        with self._guard:
            self._grants.pop(grant.username, None)

    def of(self, authorization: str) -> Grant | None:
        """The grant that a request's `Authorization` header (basic) proves."""
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            username, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return None
        with self._guard:
            grant = self._grants.get(username)
        if grant is None or not hmac.compare_digest(grant.password.encode(), password.encode()):
            return None
        return grant
