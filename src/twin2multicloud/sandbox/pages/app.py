"""The Starlette apps of the two pages.

Each is one page, its static files and a few JSON answers, and can be mounted anywhere: the pages use relative URLs
only. The callables are called on the event loop and must not block. Nothing here changes anything; pages are read
only, load nothing from elsewhere, and a strict content security policy holds them to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twin2multicloud.dashboards.units import unit_suffixes
from twin2multicloud.runtime.failures import LinkError, RejectedError, StoreError
from twin2multicloud.runtime.times import to_epoch

STATIC: Final = Path(__file__).parent / "static"
QUERY_BYTES: Final = 16 * 1024
QUERY_TIMEOUT_S: Final = 15.0

_HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-cache"),
)

_Name = Annotated[str, msgspec.Meta(max_length=256)]
_Names = Annotated[list[_Name], msgspec.Meta(max_length=200)]


class Query(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A question of a dashboard. Which keys a kind understands is said in docs/dashboards.md."""

    kind: Literal["history", "last", "state", "alerts", "rates"]
    device: _Name = ""
    devices: _Names = []
    fields: _Names = []
    start: _Name | float | None = None
    end: _Name | float | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    entity: _Name = ""
    model: _Name = ""
    after: _Name = ""
    rules: _Names = []


def dashboard_app(
    dashboards: Callable[[], list[dict[str, Any]]],
    query: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]],
    alerts: Callable[[], list[dict[str, Any]]],
    twin: Callable[[], dict[str, Any]],
) -> Starlette:
    """The live dashboard page of a twin.

    `dashboards` are Grafana's JSON (`grafana_dashboards`). `query` answers history, last, state and rates; it may
    raise `RejectedError` or `ValueError` (the question is wrong) and `StoreError`, `LinkError`, `OSError` (no answer
    now), whose messages the page shows. `alerts` is the list of all alerts that are kept. `twin` is
    `{"name": text, "time": the twin's time in seconds since 1970, "speed": its seconds per second of ours}`.
    """

    async def answer_dashboards(_: Request) -> Response:
        return _json({"dashboards": dashboards(), "units": unit_suffixes()})

    async def answer_twin(_: Request) -> Response:
        return _json(twin())

    async def answer_query(request: Request) -> Response:
        try:
            asked = msgspec.json.decode(await _body(request, QUERY_BYTES), type=Query)
            if asked.kind == "alerts":
                return _json(_chosen(alerts(), asked))
            wanted = {key: value for key, value in msgspec.to_builtins(asked).items() if value is not None}
            return _json(await asyncio.wait_for(query(wanted), QUERY_TIMEOUT_S))
        except TimeoutError:
            return _error(504, f"no answer within {QUERY_TIMEOUT_S:.0f} s")
        except (RejectedError, ValueError, RecursionError) as error:
            return _error(400, str(error) or "the query makes no sense")
        except (StoreError, LinkError, OSError) as error:
            return _error(502, str(error) or "the store can not be reached")
        except ClientDisconnect:
            return _error(400, "the client went away")

    return _app(
        "dashboard.html",
        Route("/api/dashboards", answer_dashboards),
        Route("/api/twin", answer_twin),
        Route("/api/query", answer_query, methods=["POST"]),
    )


def console_app(status: Callable[[], dict[str, Any]]) -> Starlette:
    """The console page of a simulated cloud; `status` gives a `CloudStatus` document as plain data."""

    async def answer_status(_: Request) -> Response:
        return _json(status())

    return _app("console.html", Route("/api/status", answer_status))


def _app(page: str, *routes: Route) -> Starlette:
    async def answer_page(_: Request) -> Response:
        return FileResponse(STATIC / page)

    return Starlette(
        routes=[Route("/", answer_page), *routes, Mount("/static", StaticFiles(directory=STATIC))],
        middleware=[Middleware(_SafeHeaders)],
    )


class _SafeHeaders:
    """Adds the security headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


async def _body(request: Request, most: int) -> bytes:
    """The request's body; a `ValueError` as soon as it is longer than `most` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise ValueError(f"a query has at most {most} bytes")
    return bytes(body)


def _chosen(found: Sequence[dict[str, Any]], asked: Query) -> list[dict[str, Any]]:
    """Alerts of the rules, devices and times asked for, the latest first. An alert that is active is always told,
    however long ago it began."""
    start, end = _moment(asked.start, float("-inf")), _moment(asked.end, float("inf"))
    chosen = [
        (time, alert)
        for alert in found
        if (not asked.rules or alert.get("rule") in asked.rules)
        and (not asked.devices or alert.get("device") in asked.devices)
        and ((time := _moment(alert.get("time"), 0.0)) < end)
        and (time >= start or alert.get("active"))
    ]
    chosen.sort(key=lambda pair: pair[0], reverse=True)
    return [alert for _, alert in chosen[: asked.limit or 100]]


def _moment(value: object, missing: float) -> float:
    """Seconds since 1970 of RFC 3339 text, or of a number: seconds, or milliseconds if above 10¹¹."""
    if isinstance(value, str):
        return to_epoch(value)
    if isinstance(value, int | float):
        return value / 1000 if value > 1e11 else float(value)
    return missing


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


def _error(status: int, message: str) -> Response:
    return Response(msgspec.json.encode({"error": message[:500]}), status, media_type="application/json")
