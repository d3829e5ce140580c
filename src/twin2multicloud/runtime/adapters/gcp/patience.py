"""How long calls may take, and which are made again. Known without any SDK, since configurations name it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from google.api_core.retry import Retry


class Patience(msgspec.Struct, frozen=True):
    """How long a call may take: each attempt, and all attempts together, in seconds."""

    attempt_s: float = 10.0
    total_s: float = 25.0

    @property
    def retry(self) -> Retry:
        """For calls that may be made again: after 0.1 s, then ever later up to 2 s, with jitter."""
        from google.api_core import exceptions
        from google.api_core.retry import Retry, if_exception_type
        from requests.exceptions import RequestException

        # Throttling (429) is not among them: the caller, who holds the message, waits as long as the service asks.
        passing = (
            exceptions.Aborted,
            exceptions.BadGateway,
            exceptions.DeadlineExceeded,
            exceptions.GatewayTimeout,
            exceptions.InternalServerError,
            exceptions.ServiceUnavailable,
            RequestException,
        )
        return Retry(
            predicate=if_exception_type(*passing), initial=0.1, maximum=2.0, multiplier=2.0, timeout=self.total_s
        )

    def again(self) -> dict[str, Any]:
        """Keyword arguments of a client's call that may be repeated."""
        return {"timeout": self.attempt_s, "retry": self.retry}

    def once(self) -> dict[str, Any]:
        """Keyword arguments of a call whose repetition would be taken for somebody else's."""
        return {"timeout": self.attempt_s, "retry": None}
