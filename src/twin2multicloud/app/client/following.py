"""What following events comes to, whatever waits for them: where it goes on, what is told twice, when it gives up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pydantic import ValidationError

from twin2multicloud.app.client import http
from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.schemas.events import Event, Severity

PATH: Final = "/api/v1/events"
STREAM: Final = f"{PATH}/stream"
_PAUSES_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_GIVE_UP: Final = 30
"""Attempts in a row that told nothing: some five minutes."""


class Following:
    """Events from after one that was seen (0: all there are; None: from now on), each once and none left out, over
    streams that break. `disconnected` is told why one broke and where it goes on, `reconnected` once it does.
    """

    def __init__(
        self,
        url: str,
        about: dict[str, Any],
        after: int | None,
        disconnected: Callable[[str], None] | None,
        reconnected: Callable[[], None] | None,
    ) -> None:
        self._url = url
        self._about = about
        self._cursor = after
        self._disconnected = disconnected
        self._reconnected = reconnected
        self._failures = 0
        self._broken = False

    @property
    def last_id(self) -> str | None:
        """What the next stream goes on after."""
        return None if self._cursor is None else str(self._cursor)

    @property
    def query(self) -> dict[str, Any]:
        """What the next stream is asked for."""
        return {**self._about, "after": self._cursor}

    def take(self, message: http.Event) -> Event | None:
        """The event that a message tells, if it was not told before."""
        self._failures = 0
        if self._broken:
            self._broken = False
            if self._reconnected is not None:
                self._reconnected()
        if message.kind == "message" and message.data:
            event = _event(message.data)
            if self._cursor is None or event.id > self._cursor:
                self._cursor = event.id
                return event
        elif message.id.isdigit():
            self._cursor = max(int(message.id), self._cursor or 0)
        return None

    def ended(self, problem: UnavailableError | None) -> float:
        """A stream has ended, or broken by a problem: the seconds to wait before the next. Raises the problem once
        nobody has answered for minutes.
        """
        self._failures += 1
        if self._failures > _GIVE_UP:
            raise problem or http.DisconnectedError(f"{self._url} ends every stream at once; try again later")
        if problem is not None:
            self._broken = True
            if self._disconnected is not None:
                self._disconnected(f"the connection broke ({problem}); going on after event {self._cursor or 0}")
        return _PAUSES_S[min(self._failures, len(_PAUSES_S)) - 1]


def about(
    workspace: str | None, twin: str | None, run: str | None, kind: str, severity: Severity, stack: str | None
) -> dict[str, Any]:
    """Which events are asked for, as a query."""
    return {
        "workspace": workspace,
        "twin": twin,
        "run": run,
        "kind": kind or None,
        "severity": None if severity == "debug" else severity,
        "stack": stack,
    }


def _event(data: str) -> Event:
    try:
        return Event.model_validate_json(data)
    except ValidationError as error:
        raise http.UnknownAnswerError("the server tells events in a way this version does not know") from error
