"""Acquisition by HTTPS, for devices that wake, send and sleep: it stands for IoT Core's and IoT Hub's HTTPS endpoints.

    POST /devices/{device}/telemetry   one message (any JSON object), or an array of up to 100
    POST /devices/{device}/results     answers to commands, likewise

with `Authorization: Bearer <device key>`. 202 says that the messages are safe; after telemetry it brings the commands
that wait for the device: {"commands": [{"id", "name", "payload"}]}. What is sent need not be JSON to be taken: what
can not be used ends in the dead-letter store like any other message, so a device never retries it for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from twin2multicloud.runtime.envelope import RawMessage, messages_in
from twin2multicloud.runtime.failures import ErrorKind, ErrorReport, StoreError
from twin2multicloud.runtime.ports import Clock, Command, Reporter
from twin2multicloud.sandbox.gateway.commands import commands_body
from twin2multicloud.sandbox.gateway.counters import Counters
from twin2multicloud.sandbox.gateway.intake import Intake

MOST_MESSAGES: Final = 100
"""Messages in one request."""

_JSON: Final = "application/json"


class _Receipt:
    """Waits until every message of a request is stored, or one is refused."""

    def __init__(self, count: int) -> None:
        self._left = count
        self.done: asyncio.Future[StoreError | None] = asyncio.get_running_loop().create_future()

    def stored(self, number: int) -> None:
        """One more is safe."""
        del number
        self._left -= 1
        if not self._left and not self.done.done():
            self.done.set_result(None)

    def refused(self, number: int, error: StoreError) -> None:
        """The whole request has to be sent again."""
        del number
        if not self.done.done():
            self.done.set_result(error)


class HttpGateway:
    """Routes of a Starlette app that take devices' messages.

    `pending` gives the commands that wait for a device; it is called in the event loop and must be quick.
    """

    def __init__(
        self,
        authenticate: Callable[[str, bytes], bool],
        intake: Intake,
        *,
        clock: Clock,
        reporter: Reporter,
        pending: Callable[[str], Sequence[Command]] = lambda _device: (),
        counters: Counters | None = None,
        message_bytes: int = 262_144,
        body_bytes: int = 4 << 20,
        component: str = "gateway",
    ) -> None:
        self.counters = counters or Counters()
        self._authenticate = authenticate
        self._intake = intake
        self._clock = clock
        self._reporter = reporter
        self._pending = pending
        self._message_bytes = message_bytes
        self._body_bytes = body_bytes
        self._component = component

    def routes(self) -> list[Route]:
        """The two routes, to be mounted where the sandbox likes."""
        return [
            Route("/devices/{device}/telemetry", self._telemetry, methods=["POST"]),
            Route("/devices/{device}/results", self._results, methods=["POST"]),
        ]

    async def _telemetry(self, request: Request) -> Response:
        return await self._take(request, "telemetry")

    async def _results(self, request: Request) -> Response:
        return await self._take(request, "result")

    async def _take(self, request: Request, kind: str) -> Response:
        device: str = request.path_params["device"]
        refusal = self._who(request, device)
        if refusal is not None:
            self.counters.refused_requests += 1
            return refusal
        if self._intake.is_full:
            self.counters.refused_requests += 1
            return _error(429, "too many messages wait to be stored", retry_after_s=1)
        try:
            body = await self._body(request)
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            return self._too_large(f"a request holds at most {self._body_bytes:,} bytes")
        payloads = messages_in(body)
        if len(payloads) > MOST_MESSAGES:
            return self._too_large(f"a request holds at most {MOST_MESSAGES} messages, not {len(payloads)}")
        if any(len(payload) > self._message_bytes for payload in payloads):
            return self._too_large(f"a message holds at most {self._message_bytes:,} bytes")
        self.counters.requests += 1
        if payloads:
            failure = await self._store(device, payloads, kind)
            if failure is not None:
                wait_s = max(1, round(failure.retry_after_s or 1))
                return _error(503, "messages can not be stored at the moment", retry_after_s=wait_s)
        return Response(self._answer(device, kind), 202, media_type=_JSON)

    def _answer(self, device: str, kind: str) -> bytes:
        waiting = self._pending(device) if kind == "telemetry" else ()
        self.counters.commands += len(waiting)
        return commands_body(waiting)

    def _who(self, request: Request, device: str) -> Response | None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            answer = _error(401, "send the device's key: Authorization: Bearer <key>")
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        if not self._authenticate(device, key.strip().encode()):
            self._report(
                ErrorKind.UNKNOWN_DEVICE, device, "refused: the twin has no such device, or this is not its key"
            )
            return _error(403, "the twin has no such device, or this is not its key")
        if request.headers.get("content-encoding", "identity") != "identity":
            return _error(415, "send the body uncompressed")
        return None

    async def _body(self, request: Request) -> bytes | None:
        """The request's body; None if it is too large, read no further than that takes."""
        length = request.headers.get("content-length", "")
        if length.isdecimal() and (len(length) > 12 or int(length) > self._body_bytes):
            return None
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > self._body_bytes:
                return None
            parts.append(part)
        return b"".join(parts)

    async def _store(self, device: str, payloads: Sequence[bytes], kind: str) -> StoreError | None:
        receipt = _Receipt(len(payloads))
        now = self._clock.now()
        for payload in payloads:
            self._intake.put(RawMessage(device, payload, now, kind), receipt)
            self.counters.bytes += len(payload)
        if kind == "telemetry":
            self.counters.messages += len(payloads)
        else:
            self.counters.results += len(payloads)
        failure = await receipt.done
        if failure is None:
            self.counters.acknowledged += len(payloads)
        else:
            self.counters.unacknowledged += len(payloads)
        return failure

    def _too_large(self, why: str) -> Response:
        self.counters.refused_requests += 1
        return _error(413, why)

    def _report(self, kind: ErrorKind, device: str, message: str) -> None:
        report = ErrorReport(
            layer="L1", severity="warning", kind=kind, message=message, component=self._component, device=device[:128]
        )
        self._reporter.report([report])


def _error(status: int, message: str, *, retry_after_s: int | None = None) -> Response:
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return Response(msgspec.json.encode({"error": message}), status, headers, media_type=_JSON)
