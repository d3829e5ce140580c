"""Events over a WebSocket: one message in, which says what is wanted, then arrays of events out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import Final

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from twin2multicloud.app.api.streams import Beat, End, Wanted, parts
from twin2multicloud.app.errors import BackendError
from twin2multicloud.app.events.delivery import Delivery
from twin2multicloud.app.schemas.events import Subscription

_ASKED_WITHIN_S: Final = 10.0
_ASKED_MOST: Final = 4_096
DONE: Final = 1000
STOPPING: Final = 1001
AGAIN: Final = 1013
INVALID: Final = 4400
SILENT: Final = 4408
_CODES: Final = {"done": DONE, "stopping": STOPPING, "lifetime": AGAIN, "lost": AGAIN, "unavailable": AGAIN}
_REASON_MOST: Final = 120
"""Bytes of a close frame's reason: 123 at most."""


async def tell_socket(socket: WebSocket, delivery: Delivery, resolve: Callable[[Subscription], Wanted]) -> None:
    """Accept, be asked, tell. `resolve` checks what is asked for and raises a `BackendError` where it may not be. An
    empty array says that the socket works. It is closed with a code: 1000 when all was told, 1001 when the server
    stops, 1013 when the client should come again, 4000 + the status of HTTP otherwise (4408: it asked for nothing).
    """
    await socket.accept()
    try:
        await _tell(socket, delivery, resolve)
    except WebSocketDisconnect:
        delivery.figures.ended["left"] += 1
    except TimeoutError:
        delivery.figures.ended["stuck"] += 1


async def _tell(socket: WebSocket, delivery: Delivery, resolve: Callable[[Subscription], Wanted]) -> None:
    try:
        async with asyncio.timeout(_ASKED_WITHIN_S):
            text = await socket.receive_text()
        if len(text) > _ASKED_MOST:
            raise ValueError(f"the first message has more than {_ASKED_MOST} characters")
        asked = Subscription.model_validate_json(text)
    except TimeoutError:
        await _close(socket, SILENT, "nothing was asked for")
        return
    except KeyError:
        await _close(socket, INVALID, "the first message must be text")
        return
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        await _close(socket, INVALID, f"{where}: {first['msg']}" if where else first["msg"])
        return
    except ValueError as error:
        await _close(socket, INVALID, str(error))
        return
    try:
        wanted = await run_in_threadpool(resolve, asked)
        await _send_all(socket, delivery, wanted)
    except BackendError as error:
        code = AGAIN if error.status in (429, 503) else 4000 + error.status
        await _close(socket, code, str(error))


async def _send_all(socket: WebSocket, delivery: Delivery, wanted: Wanted) -> None:
    listening = asyncio.create_task(_listen(socket))
    sending = asyncio.create_task(_send(socket, delivery, wanted))
    try:
        await asyncio.wait((listening, sending), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (listening, sending):
            task.cancel()
        await asyncio.wait((listening, sending))
    if not sending.cancelled():
        sending.result()
    else:
        raise WebSocketDisconnect


async def _send(socket: WebSocket, delivery: Delivery, wanted: Wanted) -> None:
    async with aclosing(parts(delivery, wanted)) as found:
        async for part in found:
            async with asyncio.timeout(delivery.limits.stuck_s):
                if isinstance(part, End):
                    delivery.figures.ended[part.reason] += 1
                    await _close(socket, _CODES.get(part.reason, 4000 + part.status), part.reason)
                else:
                    await socket.send_text("[]" if isinstance(part, Beat) else part.text)


async def _listen(socket: WebSocket) -> None:
    """Whatever else a client says is of no interest, only that it leaves is."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    if socket.application_state is WebSocketState.CONNECTED:
        told = reason.encode()[:_REASON_MOST].decode(errors="ignore")
        with suppress(WebSocketDisconnect):
            await socket.close(code, told)
