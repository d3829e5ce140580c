"""Events for whoever waits in an event loop."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from twin2multicloud.app.client.async_http import AsyncHttp
from twin2multicloud.app.client.following import STREAM, Following, about
from twin2multicloud.app.errors import UnavailableError
from twin2multicloud.app.schemas.events import Event, Severity


class AsyncEvents:
    """The stream of `/api/v1/events`."""

    def __init__(self, http: AsyncHttp) -> None:
        self._http = http

    async def follow(
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
    ) -> AsyncGenerator[Event, None]:
        """As `Events.follow`, in an event loop. It ends at once where its task is cancelled; whoever leaves it
        otherwise closes it (`contextlib.aclosing`).
        """
        following = Following(
            self._http.url, about(workspace, twin, run, kind, severity, stack), after, disconnected, reconnected
        )
        while True:
            problem: UnavailableError | None = None
            try:
                async with aclosing(self._http.stream(STREAM, following.last_id, following.query)) as messages:
                    async for message in messages:
                        event = following.take(message)
                        if event is not None:
                            yield event
            except UnavailableError as error:
                problem = error
            await self._http.pause(following.ended(problem))
