"""Events: listed, and followed over connections that break."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from pydantic import ValidationError

from twin2multicloud.app.client.http import DisconnectedError, Http, UnknownAnswerError
from twin2multicloud.app.client.paging import every
from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.events import Event, Severity

_PATH: Final = "/api/v1/events"
_PAUSES_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_GIVE_UP: Final = 30
"""Attempts in a row that told nothing: some five minutes."""


class Events:
    """`/api/v1/events`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def list(
        self,
        *,
        workspace: str | None = None,
        twin: str | None = None,
        run: str | None = None,
        kind: str = "",
        severity: Severity = "debug",
        stack: str | None = None,
        after: int | None = None,
        before: int | None = None,
        newest: bool = False,
        limit: int | None = None,
    ) -> Iterator[Event]:
        """Events that may be seen, the oldest first, or the newest. `kind` is how their kind begins, `severity` the
        least; `after` and `before` are ids of events.
        """
        query = _about(workspace, twin, run, kind, severity, stack)
        query |= {"after": after, "before": before, "newest": newest or None}
        return every(self._http, _PATH, Page[Event], limit=limit, **query)

    def follow(
        self,
        *,
        workspace: str | None = None,
        twin: str | None = None,
        run: str | None = None,
        kind: str = "",
        severity: Severity = "debug",
        stack: str | None = None,
        after: int | None = None,
        disconnected: Callable[[str], None] | None = None,
    ) -> Iterator[Event]:
        """Events as they happen, from after one that was seen (0: all there are; None: from now on). Each once and none
        left out, however often the connection breaks; `disconnected` is told when it does. Ends never by itself.

        Raises the error that permission ended with, and `DisconnectedError` once nobody has answered for minutes.
        """
        query = _about(workspace, twin, run, kind, severity, stack)
        cursor, failures = after, 0
        while True:
            problem: UnavailableError | None = None
            try:
                for message in self._http.stream(
                    f"{_PATH}/stream", None if cursor is None else str(cursor), {**query, "after": cursor}
                ):
                    failures = 0
                    if message.kind == "message" and message.data:
                        event = _event(message.data)
                        if cursor is None or event.id > cursor:
                            cursor = event.id
                            yield event
                    elif message.id.isdigit():
                        cursor = max(int(message.id), cursor or 0)
            except UnavailableError as error:
                problem = error
            failures += 1
            if failures > _GIVE_UP:
                raise problem or DisconnectedError(f"{self._http.url} ends every stream at once; try again later")
            if disconnected is not None and problem is not None:
                disconnected(f"the connection broke ({problem}); going on after event {cursor or 0}")
            self._http.pause(_PAUSES_S[min(failures, len(_PAUSES_S)) - 1])


def _about(
    workspace: str | None, twin: str | None, run: str | None, kind: str, severity: Severity, stack: str | None
) -> dict[str, Any]:
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
        raise UnknownAnswerError("the server tells events in a way this version does not know") from error
