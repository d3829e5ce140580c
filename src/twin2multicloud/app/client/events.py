"""Events: listed, and followed over connections that break."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twin2multicloud.app.client.following import PATH, STREAM, Following, about
from twin2multicloud.app.client.http import Http
from twin2multicloud.app.client.paging import every
from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.schemas.common import Page
from twin2multicloud.app.schemas.events import Event, Severity


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
        query = about(workspace, twin, run, kind, severity, stack)
        query |= {"after": after, "before": before, "newest": newest or None}
        return every(self._http, PATH, Page[Event], limit=limit, **query)

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
        reconnected: Callable[[], None] | None = None,
    ) -> Iterator[Event]:
        """Events as they happen, from after one that was seen (0: all there are; None: from now on). Each once and none
        left out, however often the connection breaks; `disconnected` is told when it does, `reconnected` when there is
        one again. Ends never by itself.

        Raises the error that permission ended with, and `DisconnectedError` once nobody has answered for minutes.
        """
        following = Following(
            self._http.url, about(workspace, twin, run, kind, severity, stack), after, disconnected, reconnected
        )
        while True:
            problem: UnavailableError | None = None
            try:
                for message in self._http.stream(STREAM, following.last_id, following.query):
                    event = following.take(message)
                    if event is not None:
                        yield event
            except UnavailableError as error:
                problem = error
            self._http.pause(following.ended(problem))
