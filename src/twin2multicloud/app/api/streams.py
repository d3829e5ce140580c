"""Streams of events over HTTP (server-sent events) and WebSocket: when they beat, are checked again, and end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy.exc import DBAPIError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from twin2multicloud.app.errors import BackendError
from twin2multicloud.app.events.delivery import Delivery, Watcher
from twin2multicloud.app.events.selection import Selection
from twin2multicloud.app.events.shape import Batch

_RETRY_MS: Final = 2_000
_GOLDEN: Final = 0.618_033_988_75


@dataclass(frozen=True)
class Wanted:
    """What a stream tells, to whom, and how its permission is found again: `check` raises a `BackendError` where it is
    gone, and gives what may be seen now.
    """

    selection: Selection
    after: int | None
    follow: bool
    holder: str
    check: Callable[[], Selection]


@dataclass(frozen=True)
class Beat:
    """Nothing happened up to `cursor`."""

    cursor: int


@dataclass(frozen=True)
class End:
    """The last of a stream. `reason` is "done", "lifetime", "stopping", "lost", "unavailable" (of which all but the
    first mean: come again), or the name of the error that permission ended with.
    """

    reason: str
    status: int = 200
    """The error's."""


Part = Batch | Beat | End


async def parts(delivery: Delivery, wanted: Wanted) -> AsyncGenerator[Part]:
    """What a stream tells, in order; `End` comes last. Raises what `Delivery.watch` does before the first part."""
    if not wanted.follow:
        async with aclosing(delivery.past(wanted.selection, wanted.after)) as past:
            async for batch in past:
                yield batch
        yield End("done")
        return
    async with delivery.watch(wanted.selection, wanted.after, wanted.holder) as watcher:
        yield Beat(watcher.cursor)
        async with aclosing(_followed(delivery, watcher, wanted)) as followed:
            async for part in followed:
                yield part


async def _followed(delivery: Delivery, watcher: Watcher, wanted: Wanted) -> AsyncGenerator[Part]:
    limits = delivery.limits
    clock = asyncio.get_running_loop().time
    # Streams that began together neither end nor are checked together.
    spread = watcher.number * _GOLDEN % 1
    end = clock() + limits.lifetime_s * (0.8 + 0.2 * spread)
    check = clock() + limits.recheck_s * (0.5 + 0.5 * spread)
    beat = clock() + limits.heartbeat_s
    while True:
        try:
            batch = await watcher.next()
            now = clock()
            if now >= check:
                check = now + limits.recheck_s
                watcher.move(await run_in_threadpool(wanted.check))
        except BackendError as error:
            # What was just read is not told any more.
            yield End(error.name, error.status)
            return
        except DBAPIError:
            yield End("unavailable")
            return
        if batch is not None:
            beat = now + limits.heartbeat_s
            yield batch
        elif now >= beat:
            beat = now + limits.heartbeat_s
            yield Beat(watcher.cursor)
        if watcher.ended is not None:
            yield End(watcher.ended)
            return
        if now >= end:
            yield End("lifetime")
            return


class EventStream(Response):
    """Server-sent events: each with its id; a beat tells the id up to which there was nothing; `event: end` comes last
    and says why. A client that takes nothing for a while is let go; it can go on after the last id it has seen.
    """

    def __init__(self, delivery: Delivery, wanted: Wanted) -> None:
        self.status_code = 200
        self.background = None
        self.media_type = "text/event-stream"
        # A proxy must neither keep nor collect what is sent.
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._delivery = delivery
        self._wanted = wanted

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        telling = asyncio.create_task(self._tell(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((telling, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (telling, leaving):
                task.cancel()
            await asyncio.wait((telling, leaving))
        if not telling.cancelled():
            telling.result()

    async def _tell(self, send: Send) -> None:
        stuck_s = self._delivery.limits.stuck_s
        ended = self._delivery.figures.ended
        begun = False
        try:
            async with aclosing(parts(self._delivery, self._wanted)) as found:
                async for part in found:
                    async with asyncio.timeout(stuck_s):
                        if not begun:
                            begun = True
                            await send(
                                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
                            )
                            await send(_body(b"retry: %d\n\n" % _RETRY_MS))
                        await send(_body(_framed(part), more=not isinstance(part, End)))
                    if isinstance(part, End):
                        ended[part.reason] += 1
        except TimeoutError:
            ended["stuck"] += 1
        except asyncio.CancelledError:
            ended["left"] += 1
            raise


def _framed(part: Part) -> bytes:
    if isinstance(part, Batch):
        return part.sse
    if isinstance(part, Beat):
        return b"id: %d\n\n" % part.cursor
    return b"event: end\ndata: %b\n\n" % msgspec.json.encode({"reason": part.reason})


def _body(content: bytes, more: bool = True) -> dict[str, object]:
    return {"type": "http.response.body", "body": content, "more_body": more}


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
